package history

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jellydator/ttlcache/v3"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

const (
	// maxRootSetJobs is of how many jobs root sets are kept, and maxRootSets how many lists
	// of each and of each look-back: for the present and for some moments. A list has up to
	// 160 sets, of about 100 bytes each.
	maxRootSetJobs = 500
	maxRootSets    = 3
	// freshFor is for how long after the end of a list it stands for what follows: where
	// there are no samples, the end is always the present.
	freshFor = 5 * time.Minute
)

// Lookback is how far back turns of tasks are looked for.
type Lookback int

// The look-backs.
const (
	// ShortLookback is two windows of [diagnosis.FlappingWindow].
	ShortLookback Lookback = iota
	// LongLookback is [diagnosis.AlternationWindow].
	LongLookback
)

// part is the time that is read for a look-back from an end, and how far apart its points
// are: for the long one what is before the short one. What is read for the short one is
// what [Streaks.Find] reads first.
func (l Lookback) part(end time.Time, fetch time.Duration) (Range, time.Duration) {
	step := max(fetch, stages[0].step)
	middle := end.Add(-2 * diagnosis.FlappingWindow(fetch)).Truncate(3 * step)
	if l == LongLookback {
		return Range{From: end.Add(-diagnosis.AlternationWindow(fetch)).Truncate(3 * step), To: middle}, 3 * step
	}
	return Range{From: middle.Add(time.Millisecond), To: end}, step
}

// RootSets finds which tasks were root causes before the built-in history begins, and
// keeps it: whether tasks take turns shows only over some time. It is safe for
// concurrent use.
type RootSets struct {
	mu   sync.Mutex
	jobs *ttlcache.Cache[string, *jobRootSets] // by the job's id
}

// jobRootSets are the lists of a job, which has begun then: one may keep its id and begin
// anew. The newest that was read comes first.
type jobRootSets struct {
	began time.Time
	lists [LongLookback + 1][]rootSetList
}

// rootSetList is what was read up to an end, or why it could not be read, and until when it
// need not be read again.
type rootSetList struct {
	end, until time.Time
	sets       []diagnosis.RootSet
	err        error
}

// NewRootSets returns one that has found nothing yet.
func NewRootSets() *RootSets {
	return &RootSets{jobs: ttlcache.New(
		ttlcache.WithTTL[string, *jobRootSets](streakAge), ttlcache.WithCapacity[string, *jobRootSets](maxRootSetJobs),
	)}
}

// Known are the sets of a job up to a time, if they were found before, or those up to a
// little earlier. fresh is set if they need not be read again for now. err is why the source
// could not be read lately.
func (r *RootSets) Known(of Moment, lookback Lookback, end time.Time) (sets []diagnosis.RootSet, fresh bool, err error) {
	list := r.known(of, lookback, end)
	if !list.end.After(end.Add(-freshFor)) || !time.Now().Before(list.until) {
		return list.sets, false, nil
	}
	return list.sets, true, list.err
}

// known is the newest list that ends at the time or up to twice freshFor before it; one
// without an end if there is none.
func (r *RootSets) known(of Moment, lookback Lookback, end time.Time) (newest rootSetList) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range r.of(of).lists[lookback] {
		if !list.end.After(end) && end.Sub(list.end) <= 2*freshFor && list.end.After(newest.end) {
			newest = list
		}
	}
	return newest
}

// of are the lists of a job.
func (r *RootSets) of(moment Moment) *jobRootSets {
	if kept := r.jobs.Get(moment.Job.ID); kept != nil && kept.Value().began.Equal(moment.Began) {
		return kept.Value()
	}
	return r.jobs.Set(moment.Job.ID, &jobRootSets{began: moment.Began}, ttlcache.DefaultTTL).Value()
}

// Find reads the sets of a job up to a time from the source, as far as the look-back goes.
// fetch is the cluster's metric interval. What the source warns of is left out, as in
// [Streaks.Find].
func (r *RootSets) Find(ctx context.Context, source Source, of Moment, lookback Lookback, end time.Time, fetch time.Duration) ([]diagnosis.RootSet, error) {
	found := rootSetList{end: end, until: time.Now().Add(streakAge)}
	if lookback == LongLookback {
		found = r.known(of, ShortLookback, end)
		if !found.end.After(end.Add(-freshFor)) {
			if _, err := r.Find(ctx, source, of, ShortLookback, end, fetch); err != nil {
				return nil, err
			}
			found = r.known(of, ShortLookback, end)
		}
	}
	over, step := lookback.part(found.end, fetch)
	if over.From = later(over.From, of.Began); over.From.Before(over.To) {
		summaries, warnings, err := source.Summaries(ctx, Query{Job: of.Job, Range: over, Step: step, Columns: []diagnosis.Column{diagnosis.RootSeverity}})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			found.until = time.Now().Add(failureAge)
		case len(warnings) > 0:
			found.until = earlier(found.until, time.Now().Add(partAge))
		}
		found.sets, found.err = slices.Concat(rootSetsOf(summaries), found.sets), err
	}
	r.keep(of, lookback, found)
	return found.sets, found.err
}

func (r *RootSets) keep(of Moment, lookback Lookback, found rootSetList) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs.DeleteExpired()
	lists := &r.of(of).lists[lookback]
	*lists = slices.DeleteFunc(*lists, func(list rootSetList) bool { return list.end.Equal(found.end) })
	*lists = slices.Insert((*lists)[:min(len(*lists), maxRootSets-1)], 0, found)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// rootSetsOf are those of some summaries, whose first column is the severity.
func rootSetsOf(summaries Summaries) []diagnosis.RootSet {
	ids, columns := make([]string, len(summaries.Tasks)), make([][]float64, len(summaries.Tasks))
	for i, task := range summaries.Tasks {
		ids[i], columns[i] = task.ID, task.Columns[0]
	}
	return diagnosis.RootSets(summaries.At, ids, columns, func(severity float64) bool { return severity > 0 })
}
