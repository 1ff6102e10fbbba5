package plugin

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// patterns choose among names: ids, exact names, or /regular expressions/.
// None at all, or Grafana's "All", choose everything.
type patterns []pattern

// pattern is one of them.
type pattern struct {
	text  string
	regex *regexp.Regexp // nil for an id or exact name
}

// all is what Grafana sends where a variable stands at "All".
const all = "$__all"

// UnmarshalJSON reads a list of texts, or one text alone, and compiles the
// regular expressions. Go's expressions take time linear in the name.
func (p *patterns) UnmarshalJSON(source []byte) error {
	texts, err := oneOrMore(source)
	if err != nil {
		return err
	}
	*p, err = readPatterns(texts)
	return err
}

// oneOrMore reads a list of texts, or one text alone.
func oneOrMore(source []byte) (texts []string, err error) {
	if err = json.Unmarshal(source, &texts); err == nil {
		return texts, nil
	}
	var single string
	if json.Unmarshal(source, &single) != nil {
		return nil, err
	}
	return []string{single}, nil
}

// readPatterns compiles the texts. Grafana's "All" among them chooses all.
func readPatterns(texts []string) (read patterns, err error) {
	for _, text := range texts {
		if text == all {
			return nil, nil
		}
		if text == "" || slices.ContainsFunc(read, func(p pattern) bool { return p.text == text }) {
			continue // a variable without a value, or a name told twice
		}
		compiled, err := readPattern(text)
		if err != nil {
			return nil, err
		}
		read = append(read, compiled)
	}
	return read, nil
}

func readPattern(text string) (pattern, error) {
	if len(text) < 2 || !strings.HasPrefix(text, "/") || !strings.HasSuffix(text, "/") {
		return pattern{text: text}, nil
	}
	regex, err := regexp.Compile(text[1 : len(text)-1])
	if err != nil {
		return pattern{}, wrong("The regular expression %s does not compile (%s): Go's syntax is wanted.", text, err)
	}
	return pattern{text: text, regex: regex}, nil
}

// choose tells whether something of that name or id is chosen.
func (p patterns) choose(name, id string) bool {
	if len(p) == 0 {
		return true
	}
	for _, pattern := range p {
		if pattern.matches(name, id) {
			return true
		}
	}
	return false
}

// exactly tells whether something is chosen by its very name or id.
func (p patterns) exactly(name, id string) bool {
	for _, pattern := range p {
		if pattern.regex == nil && pattern.matches(name, id) {
			return true
		}
	}
	return false
}

func (p pattern) matches(name, id string) bool {
	if p.regex != nil {
		return p.regex.MatchString(name)
	}
	return p.text == name || (id != "" && p.text == id)
}
