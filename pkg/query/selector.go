package query

import (
	"context"
	"encoding/json"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// all is what Grafana sends where a variable stands at "All".
const all = "$__all"

const (
	// maxSelectors is how many names and expressions a query has of each kind; a
	// dashboard's variable at "All" sends every name.
	maxSelectors = 5000
	// maxExpressions and maxExpressionBytes bound the regular expressions among them, and
	// maxInstructions what they compile to: each is matched with every name.
	maxExpressions     = 200
	maxExpressionBytes = 64 << 10
	maxInstructions    = 10_000
)

// Selectors choose among names: ids, exact names, or /regular expressions/.
// None at all, or Grafana's "All", choose everything.
type Selectors struct {
	// all are in the query's order. exact are their texts: an expression is a name, too,
	// of what is called so.
	all         []Selector
	exact       map[string]bool
	expressions []Selector
	// blank is set where one is empty, as a variable without a value is.
	blank bool
}

// Selector is one of them.
type Selector struct {
	text  string
	regex *regexp.Regexp // nil for an id or exact name
}

// UnmarshalJSON reads a list of texts, or one text alone, and compiles the
// regular expressions. Go's expressions take time linear in the name.
func (s *Selectors) UnmarshalJSON(source []byte) error {
	texts, err := textOrTexts(source)
	if err != nil {
		return err
	}
	*s, err = ReadSelectors(texts)
	return err
}

// ReadSelectors compiles the texts. Grafana's "All" among them chooses all. Errors
// are [Error]: they also refuse what would take too long.
func ReadSelectors(texts []string) (read Selectors, err error) {
	if slices.Contains(texts, all) {
		return Selectors{}, nil
	}
	seen := map[string]bool{}
	size := expressionSize{}
	for _, text := range texts {
		read.blank = read.blank || text == ""
		if text == "" || seen[text] {
			continue
		}
		if seen[text] = true; len(seen) > maxSelectors {
			return Selectors{}, badQuery("The query has %d names and expressions of one kind, and %d are the most: choose with a regular expression, such as /orders-.*/.", len(texts), maxSelectors)
		}
		selector, err := readSelector(text, &size)
		if err != nil {
			return Selectors{}, err
		}
		read.add(selector)
	}
	return read, nil
}

func (s *Selectors) add(selector Selector) {
	s.all = append(s.all, selector)
	if !selector.exact() {
		s.expressions = append(s.expressions, selector)
	}
	if s.exact == nil {
		s.exact = map[string]bool{}
	}
	s.exact[selector.text] = true
}

func readSelector(text string, size *expressionSize) (Selector, error) {
	if len(text) < 2 || !strings.HasPrefix(text, "/") || !strings.HasSuffix(text, "/") {
		return Selector{text: text}, nil
	}
	source := text[1 : len(text)-1]
	if err := size.add(source); err != nil {
		return Selector{}, err
	}
	regex, err := regexp.Compile(source)
	if err != nil {
		return Selector{}, badQuery("The regular expression %s does not compile (%s): Go's syntax is wanted.", shortened(text), shortened(err.Error()))
	}
	return Selector{text: text, regex: regex}, nil
}

// expressionSize is how much the regular expressions of a query are so far.
type expressionSize struct{ count, bytes, instructions int }

// add counts an expression. Errors are [Error]: it is too much with the others.
func (s *expressionSize) add(source string) error {
	s.count, s.bytes = s.count+1, s.bytes+len(source)
	if s.count > maxExpressions || s.bytes > maxExpressionBytes {
		return badQuery("The query has more than %d regular expressions, or more than %d KiB of them: join them, or name what is chosen.", maxExpressions, maxExpressionBytes>>10)
	}
	if parsed, err := syntax.Parse(source, syntax.Perl); err == nil {
		s.instructions += instructions(parsed)
	}
	if s.instructions > maxInstructions {
		return badQuery("The regular expression %s is too large, with all repetitions and others in the query: use * or + in place of {0,1000}.", shortened("/"+source+"/"))
	}
	return nil
}

// instructions is about how many a parsed expression compiles to; more than
// [maxInstructions] are not counted.
func instructions(of *syntax.Regexp) (count int) {
	count = 1 + len(of.Rune)
	for _, part := range of.Sub {
		count = min(count+instructions(part), maxInstructions+1)
	}
	if of.Op == syntax.OpRepeat {
		count *= max(of.Min, of.Max, 1)
	}
	return min(count, maxInstructions+1)
}

// some reports whether there are any.
func (s Selectors) some() bool { return len(s.all) > 0 }

// Choose reports whether something of that name or id is chosen.
func (s Selectors) Choose(name, id string) bool {
	return !s.some() || s.Exactly(name, id) || slices.ContainsFunc(s.expressions, func(selector Selector) bool { return selector.matches(name, id) })
}

// Exactly reports whether something is chosen by its very name or id.
func (s Selectors) Exactly(name, id string) bool {
	return s.exact[name] || id != "" && s.exact[id]
}

// exact reports whether the selector is an id or an exact name.
func (s Selector) exact() bool { return s.regex == nil }

func (s Selector) matches(name, id string) bool {
	if s.regex != nil {
		return s.regex.MatchString(name)
	}
	return s.text == name || (id != "" && s.text == id)
}

// matching are the selectors that match one of the jobs, by their texts. It ends with
// its caller.
func (s Selectors) matching(ctx context.Context, jobs func(yield func(name, id string) bool)) map[string]bool {
	matching, left := map[string]bool{}, slices.Clone(s.expressions)
	for name, id := range jobs {
		if ctx.Err() != nil || len(matching) == len(s.all) {
			break
		}
		for _, text := range []string{name, id} {
			if text != "" && s.exact[text] {
				matching[text] = true
			}
		}
		left = slices.DeleteFunc(left, func(selector Selector) bool {
			found := selector.matches(name, id)
			if found {
				matching[selector.text] = true
			}
			return found
		})
	}
	return matching
}

// matchingOne goes through the texts of those that match one name or id.
func (s Selectors) matchingOne(name, id string) func(yield func(text string) bool) {
	return func(yield func(text string) bool) {
		if s.exact[name] && !yield(name) || id != "" && s.exact[id] && !yield(id) {
			return
		}
		for _, selector := range s.expressions {
			if selector.matches(name, id) && !yield(selector.text) {
				return
			}
		}
	}
}

// matchAll reports whether each selector matches one of the jobs.
func (s Selectors) matchAll(ctx context.Context, jobs []history.Job) bool {
	return len(s.matching(ctx, func(yield func(name, id string) bool) {
		for _, each := range jobs {
			for _, name := range namesOf(each) {
				if !yield(name, each.ID) {
					return
				}
			}
		}
	})) == len(s.all)
}

// Types are the types of job that a query is about, none for all: a batch job is
// rightly held back by its slowest task, so default alerts leave it out.
type Types []job.Type

// UnmarshalJSON reads a list of STREAMING and BATCH, in any case, or one of them
// alone.
func (t *Types) UnmarshalJSON(source []byte) error {
	texts, err := textOrTexts(source)
	if err != nil {
		return err
	}
	*t = nil
	for _, text := range texts {
		read := job.Type(strings.ToUpper(text))
		if read != job.Streaming && read != job.Batch {
			return badQuery("There is no job type %q: choose STREAMING or BATCH.", shortened(text))
		}
		*t = append(*t, read)
	}
	return nil
}

// Choose reports whether the query is about jobs of that type. It is about a job
// whose type Flink does not report (before 1.14).
func (t Types) Choose(of job.Type) bool {
	return len(t) == 0 || of == "" || slices.Contains(t, of)
}

// textOrTexts reads a list of texts, or one text alone.
func textOrTexts(source []byte) (texts []string, err error) {
	if err = json.Unmarshal(source, &texts); err == nil {
		return texts, nil
	}
	var single string
	if json.Unmarshal(source, &single) != nil {
		return nil, err
	}
	return []string{single}, nil
}

// text is the same for the same names and expressions.
func (s Selectors) text() string {
	texts := make([]string, len(s.all))
	for i, each := range s.all {
		texts[i] = each.text
	}
	return strings.Join(texts, "\x00")
}
