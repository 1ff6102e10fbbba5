package history_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// minutely is a past that tells of some minutes after the start, until it fails.
type minutely struct {
	name    string
	minutes []int
	fails   error
	asked   *[]history.Span
}

func (p minutely) Jobs(context.Context, history.Span) ([]history.Job, error) { return nil, p.fails }

func (p minutely) Rows(_ context.Context, _ history.Key, over history.Span, _ time.Duration, measures ...history.Measure) (rows history.Rows, err error) {
	for _, at := range p.times(over) {
		rows.Times, rows.Jobs = append(rows.Times, at), append(rows.Jobs, history.JobRow{Source: job.Source(p.name)})
	}
	if len(measures) > 0 {
		*p.asked = append(*p.asked, over)
	}
	return rows, p.fails
}

func (p minutely) Snapshots(_ context.Context, _ history.Key, over history.Span, _ time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		for _, at := range p.times(over) {
			if !yield(&job.Snapshot{At: at, Source: job.Source(p.name)}, nil) {
				return
			}
		}
		if p.fails != nil {
			yield(nil, p.fails)
		}
	}
}

func (p minutely) times(over history.Span) (times []time.Time) {
	for _, minute := range p.minutes {
		if at := began.Add(time.Duration(minute) * time.Minute); !at.Before(over.From) && !at.After(over.To) {
			times = append(times, at)
		}
	}
	return times
}

// Each past tells of the time that those before it do not reach back to, by
// rows and by snapshots alike.
func TestPasts(t *testing.T) {
	away := errors.New("away")
	for name, c := range map[string]struct {
		near, far   []int
		from, to    int
		nearly, off error
		want        []string // minute by minute, who tells of it
		fails       error
		asked       bool // the far one
	}{
		"nobody knows":              {from: 0, to: 9, asked: true},
		"the near one reaches back": {near: []int{0, 1, 2}, far: []int{0, 1, 2}, from: 0, to: 2, want: []string{"near", "near", "near"}},
		"by less than a step":       {near: []int{1, 2}, far: []int{0, 1, 2}, from: 0, to: 2, want: []string{"", "near", "near"}},
		"the far one reaches back":  {near: []int{3, 4}, far: []int{0, 1, 2, 3, 4}, from: 0, to: 4, want: []string{"far", "far", "far", "near", "near"}, asked: true},
		"the far one alone knows":   {far: []int{0, 1}, from: 0, to: 4, want: []string{"far", "far"}, asked: true},
		"a moment":                  {far: []int{0, 1}, from: 1, to: 1, want: []string{"", "far"}, asked: true},
		"a hole in the near one":    {near: []int{2, 4}, far: []int{0, 1, 2, 3, 4}, from: 0, to: 4, want: []string{"far", "far", "near", "", "near"}, asked: true},
		"the far one is away":       {near: []int{3, 4}, off: away, from: 0, to: 4, want: []string{"", "", "", "near", "near"}, fails: away, asked: true},
		"the near one fails":        {nearly: away, far: []int{0, 1}, from: 0, to: 4, fails: away},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []history.Span
			pasts := history.Pasts{minutely{"near", c.near, c.nearly, new([]history.Span)}, minutely{"far", c.far, c.off, &asked}}
			over := history.Span{From: began.Add(time.Duration(c.from) * time.Minute), To: began.Add(time.Duration(c.to) * time.Minute)}
			rows, err := pasts.Rows(t.Context(), history.Key{}, over, time.Minute, history.BusyMax)
			byRows := make([]string, len(c.want))
			for i, at := range rows.Times {
				byRows[int(at.Sub(began).Minutes())] = string(rows.Jobs[i].Source)
			}
			if !slices.Equal(byRows, c.want) || !errors.Is(err, c.fails) || (len(asked) > 0) != c.asked {
				t.Errorf("rows are of %q, %v; the far one was asked for %v", byRows, err, asked)
			}
			bySnapshots, err := make([]string, len(c.want)), error(nil)
			for snapshot, failed := range pasts.Snapshots(t.Context(), history.Key{}, over, time.Minute) {
				if failed != nil {
					err = failed
					continue
				}
				bySnapshots[int(snapshot.At.Sub(began).Minutes())] = string(snapshot.Source)
			}
			if !slices.Equal(bySnapshots, c.want) || !errors.Is(err, c.fails) {
				t.Errorf("snapshots are of %q, %v", bySnapshots, err)
			}
		})
	}
}

// Who takes no more snapshots is given none, whichever past they are of; and
// nothing is known where there is no past.
func TestPastsEndEarly(t *testing.T) {
	pasts := history.Pasts{minutely{name: "near", minutes: []int{3, 4}}, minutely{name: "far", minutes: []int{0, 1, 2}}}
	over := history.Span{From: began, To: began.Add(time.Hour)}
	for most := range 5 {
		taken := 0
		for range pasts.Snapshots(t.Context(), history.Key{}, over, time.Minute) {
			if taken++; taken > most {
				break
			}
		}
		if taken != most+1 {
			t.Errorf("%d snapshots, want %d", taken, most+1)
		}
	}
	for range history.Pasts(nil).Snapshots(t.Context(), history.Key{}, over, time.Minute) {
		t.Error("a snapshot of nothing")
	}
}
