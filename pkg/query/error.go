package query

import "fmt"

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
