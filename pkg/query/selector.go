package query

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// all is what Grafana sends where a variable stands at "All".
const all = "$__all"

// Selectors choose among names: ids, exact names, or /regular expressions/.
// None at all, or Grafana's "All", choose everything.
type Selectors []Selector

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
// are [Error].
func ReadSelectors(texts []string) (read Selectors, err error) {
	for _, text := range texts {
		if text == all {
			return nil, nil
		}
		if text == "" || slices.ContainsFunc(read, func(s Selector) bool { return s.text == text }) {
			continue // a variable without a value, or a name that is there twice
		}
		selector, err := readSelector(text)
		if err != nil {
			return nil, err
		}
		read = append(read, selector)
	}
	return read, nil
}

func readSelector(text string) (Selector, error) {
	if len(text) < 2 || !strings.HasPrefix(text, "/") || !strings.HasSuffix(text, "/") {
		return Selector{text: text}, nil
	}
	regex, err := regexp.Compile(text[1 : len(text)-1])
	if err != nil {
		return Selector{}, badQuery("The regular expression %s does not compile (%s): Go's syntax is wanted.", text, err)
	}
	return Selector{text: text, regex: regex}, nil
}

// Choose reports whether something of that name or id is chosen.
func (s Selectors) Choose(name, id string) bool {
	return len(s) == 0 || slices.ContainsFunc(s, func(selector Selector) bool { return selector.matches(name, id) })
}

// Exactly reports whether something is chosen by its very name or id.
func (s Selectors) Exactly(name, id string) bool {
	return slices.ContainsFunc(s, func(selector Selector) bool { return selector.exact() && selector.matches(name, id) })
}

// exact reports whether the selector is an id or an exact name.
func (s Selector) exact() bool { return s.regex == nil }

func (s Selector) matches(name, id string) bool {
	if s.regex != nil {
		return s.regex.MatchString(name)
	}
	return s.text == name || (id != "" && s.text == id)
}

// matchesAny reports whether the selector matches one of the jobs.
func (s Selector) matchesAny(jobs []job.Info) bool {
	return slices.ContainsFunc(jobs, func(info job.Info) bool { return s.matches(info.Name, info.ID) })
}

// matchAll reports whether each selector matches one of the jobs.
func matchAll(selectors Selectors, jobs []history.Job) bool {
	return !slices.ContainsFunc(selectors, func(selector Selector) bool {
		return !slices.ContainsFunc(jobs, func(each history.Job) bool {
			return slices.ContainsFunc(namesOf(each), func(name string) bool { return selector.matches(name, each.ID) })
		})
	})
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
