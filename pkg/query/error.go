package query

import (
	"fmt"
	"strings"
)

// ErrorKind is what is wrong with a query.
type ErrorKind int

// The kinds of errors.
const (
	// BadQuery is a query that cannot be answered as it is written.
	BadQuery ErrorKind = iota + 1
	// NotFound is a query for something that is not there.
	NotFound
)

// Error is a sentence for the person who wrote the query.
type Error struct {
	Kind ErrorKind
	Text string
}

// Error is the sentence.
func (e *Error) Error() string { return e.Text }

func badQuery(format string, values ...any) error {
	return &Error{BadQuery, fmt.Sprintf(format, values...)}
}

func notFound(format string, values ...any) error {
	return &Error{NotFound, fmt.Sprintf(format, values...)}
}

// noJob is the one wording for a job that is not there.
func noJob(name string, results []clusterResult) error {
	var all []string
	for name := range candidatesOf(results) {
		all = append(all, name)
	}
	names := withoutRepeats(all)
	if len(names) == 0 {
		return notFound("There are no jobs in this time range, so none is named %q.", shortened(name))
	}
	return notFound("There is no job %q in this time range: there is %s.", shortened(name), listed(names))
}

// noTask is the one wording for a task that is not there.
func noTask(name string) error {
	return notFound("There is no task %q in the jobs chosen.", shortened(name))
}

// noCluster is the one wording for a cluster that is not there.
func noCluster(name string, known []string) error {
	return notFound("There is no cluster %q in this data source: it has %s.", shortened(name), strings.Join(known, ", "))
}

// maxListed is how many names a sentence lists.
const maxListed = 5

// listed joins names, the first few of many.
func listed(names []string) string {
	first := make([]string, min(len(names), maxListed))
	for i := range first {
		first[i] = shortened(names[i])
	}
	if len(names) <= maxListed {
		return strings.Join(first, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(first, ", "), len(names)-maxListed)
}

// withoutRepeats keeps the first of equal names, in their order.
func withoutRepeats(names []string) (kept []string) {
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			kept = append(kept, name)
		}
	}
	return kept
}

// maxQuoted is how many characters of what a user typed a sentence has.
const maxQuoted = 100

func shortened(text string) string {
	text = text[:min(len(text), 10*maxQuoted)] // of a text of any length no more is read
	if runes := []rune(text); len(runes) > maxQuoted {
		return string(runes[:maxQuoted]) + "…"
	}
	return text
}
