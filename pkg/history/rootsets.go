package history

import (
	"context"
	"slices"
	"time"

	"github.com/jellydator/ttlcache/v3"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

const (
	// maxRootSets is of how many jobs and times root sets are kept. Each has about a
	// hundred, of about 100 bytes.
	maxRootSets = 1000
	// endSlack is how far apart two ends may be to share what was read.
	endSlack = 5 * time.Minute
)

// Turns is for how long turns of tasks are looked at.
type Turns int

// The two.
const (
	// FastTurns are those that show within two windows of [diagnosis.FlappingWindow].
	FastTurns Turns = iota
	// SlowTurns are those that show within [diagnosis.AlternationWindow].
	SlowTurns
)

// part is the part of the time up to an end in which such turns show, of slow ones what is
// before that of fast ones, and how far apart its points are. That of fast ones is what
// [Streaks.Find] reads first.
func (t Turns) part(end time.Time, fetch time.Duration) (Range, time.Duration) {
	step := max(fetch, stages[0].step)
	middle := end.Add(-2 * diagnosis.FlappingWindow(fetch)).Truncate(3 * step)
	if t == SlowTurns {
		return Range{From: end.Add(-diagnosis.AlternationWindow(fetch)).Truncate(3 * step), To: middle}, 3 * step
	}
	return Range{From: middle.Add(time.Millisecond), To: end}, step
}

// RootSets finds which tasks were root causes before the built-in history begins, and
// keeps it: whether tasks take turns shows only over some time. It is safe for
// concurrent use.
type RootSets struct {
	kept *ttlcache.Cache[rootSetsKey, keptRootSets]
}

// rootSetsKey is a job, by its id, and until when about its root sets were read.
type rootSetsKey struct {
	job   string
	turns Turns
	end   time.Time
}

// keptRootSets are the sets that were read, or why they could not be.
type keptRootSets struct {
	sets []diagnosis.RootSet
	err  error
}

// NewRootSets returns one that has found nothing yet.
func NewRootSets() *RootSets {
	return &RootSets{kept: ttlcache.New(
		ttlcache.WithCapacity[rootSetsKey, keptRootSets](maxRootSets),
		ttlcache.WithDisableTouchOnHit[rootSetsKey, keptRootSets](),
	)}
}

// Known are the sets of a job up to a time, if they were found before; or the error, if
// the source failed lately.
func (r *RootSets) Known(job Job, turns Turns, end time.Time) (sets []diagnosis.RootSet, known bool, err error) {
	item := r.kept.Get(rootSetsKey{job.ID, turns, end.Truncate(endSlack)})
	if item == nil {
		return nil, false, nil
	}
	return item.Value().sets, true, item.Value().err
}

// Find reads the sets of a job up to a time from the source, as far back as such turns
// show. fetch is the cluster's metric interval. What the source warns of is left out, as
// in [Streaks.Find].
func (r *RootSets) Find(ctx context.Context, source Source, of Moment, turns Turns, end time.Time, fetch time.Duration) ([]diagnosis.RootSet, error) {
	r.kept.DeleteExpired()
	var found keptRootSets
	if turns == SlowTurns {
		var known bool
		if found.sets, known, found.err = r.Known(of.Job, FastTurns, end); !known {
			found.sets, found.err = r.Find(ctx, source, of, FastTurns, end, fetch)
		}
		if found.err != nil {
			return found.sets, found.err
		}
	}
	age := streakAge
	over, step := turns.part(end, fetch)
	over.From = later(over.From, of.Began)
	if over.From.Before(over.To) {
		summaries, warnings, err := source.Summaries(ctx, Query{Job: of.Job, Range: over, Step: step, Columns: []diagnosis.Column{diagnosis.RootSeverity}})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			age = failureAge
		case len(warnings) > 0:
			age = partAge
		}
		found = keptRootSets{slices.Concat(rootSetsOf(summaries), found.sets), err}
	}
	r.kept.Set(rootSetsKey{of.Job.ID, turns, end.Truncate(endSlack)}, found, age)
	return found.sets, found.err
}

// rootSetsOf are those of some summaries, whose first column is the severity.
func rootSetsOf(summaries Summaries) []diagnosis.RootSet {
	ids, columns := make([]string, len(summaries.Tasks)), make([][]float64, len(summaries.Tasks))
	for i, task := range summaries.Tasks {
		ids[i], columns[i] = task.ID, task.Columns[0]
	}
	return diagnosis.RootSets(summaries.At, ids, columns, func(severity float64) bool { return severity > 0 })
}
