package plugin

import (
	"context"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const (
	// settled is how old a time is of which Prometheus has all samples, also
	// where others scrape for it and pass on what they have.
	settled = 2 * time.Minute
	// mostlyKept is for how long what it tells of such a time is kept: it does not
	// change, but what Flink and the history know of the graph may.
	mostlyKept = 5 * time.Minute
)

// question is what a Prometheus is asked: to equal ones there is one answer.
type question struct {
	what     string
	of       history.Key
	from, to int64 // in milliseconds, as Prometheus tells times
	step     time.Duration
}

func questionOf(what string, of history.Key, over history.Span, step time.Duration) question {
	return question{what, of, over.From.UnixMilli(), over.To.UnixMilli(), step}
}

// answerTo is the answer to a question: of all who ask at once one does, and
// what cannot change is kept. Nobody may change it.
func answerTo[T any](ctx context.Context, d distant, about question, ask func(context.Context) (T, error)) (T, error) {
	got, began, err := d.told.Get(ctx, about, func(ctx context.Context) (told, error) {
		beside := &heard{}
		answer, err := ask(context.WithValue(ctx, hearing{}, beside))
		return told{answer, beside, d.believed(about, beside)}, err
	})
	heardIn(ctx).shared(got.beside, began)
	answer, _ := got.answer.(T) // there is none beside some errors
	return answer, heardIn(ctx).of(err)
}

// believed is for how long an answer is: as long as a look where another may
// come soon.
func (d distant) believed(about question, beside *heard) time.Duration {
	if beside.passing || time.Since(time.UnixMilli(about.to)) < settled {
		return d.maxAge
	}
	return mostlyKept
}
