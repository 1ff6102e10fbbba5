package accuracy

import _ "embed"

// introduction opens the page on the figures.
//
//go:embed introduction.md
var introduction string
