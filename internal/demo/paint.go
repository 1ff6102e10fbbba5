package demo

import "fmt"

// painter tells whether to use colours.
type painter bool

// fill gives the text a background, #rrggbb, with black or white letters on
// it, whichever can be read. Any other colour leaves it as it is.
func (p painter) fill(text, colour string) string {
	var r, g, b int
	if !p {
		return text
	}
	if n, err := fmt.Sscanf(colour, "#%02x%02x%02x", &r, &g, &b); n != 3 || err != nil {
		return text
	}
	letters := "38;2;0;0;0"
	if 299*r+587*g+114*b < 128_000 { // the eye's weights of red, green and blue
		letters = "38;2;255;255;255"
	}
	return fmt.Sprintf("\x1b[%s;48;2;%d;%d;%dm%s\x1b[0m", letters, r, g, b, text)
}

// strong is for headings.
func (p painter) strong(text string) string {
	if !p {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}
