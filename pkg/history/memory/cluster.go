package memory

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// ErrNoAnswer stands for whatever was the reason that a task did not answer.
var ErrNoAnswer = errors.New("the task did not answer")

// Cluster is the history of one cluster. It implements [history.Recent].
type Cluster struct {
	store *Store
	place string
}

var _ history.Recent = (*Cluster)(nil)

// Add keeps a verdict's snapshot and summary, and reports whether it did. restarts
// are those of the job, NaN if unknown, and maxGap is how long after the sample the
// next one may be that follows it. A sample that equals the job's last is left out
// until half a minute after that, and so is one that is not newer. Of the verdict
// nothing is changed, and nothing held.
func (c *Cluster) Add(verdict *diagnosis.Verdict, restarts float64, maxGap time.Duration) (kept bool) {
	if verdict == nil || verdict.Snapshot == nil {
		return false
	}
	snapshot := verdict.Snapshot
	if snapshot.At.IsZero() || snapshot.Graph == nil || len(snapshot.Graph.Tasks) != len(snapshot.Tasks) {
		return false
	}
	sample := newSample(verdict, restarts, maxGap)
	c.write(snapshot.At, func(store *Store, at time.Duration) {
		kept = store.add(jobKey{c.place, snapshot.Job.ID}, sample, at)
	})
	return kept
}

// Answered notes whether the cluster's REST API answered a request.
func (c *Cluster) Answered(at time.Time, answered bool) {
	c.write(at, func(store *Store, at time.Duration) {
		store.setUp(c.place, store.up[c.place].add(at, answered, maxAnswerGap))
	})
}

// Listed notes that all jobs that the cluster had at a time are sampled, but for
// others. maxGap is how long after that the next time may be that follows it.
func (c *Cluster) Listed(at time.Time, others []job.Info, maxGap time.Duration) {
	c.write(at, func(store *Store, at time.Duration) {
		store.changeListing(c.place, func(of *listing) { of.add(at, others, maxGap) })
	})
}

// Complete reports whether it is known which jobs the cluster had all through the
// range, and none of those that were not sampled is wanted, of which the id, the name
// without a number and the type are known.
func (c *Cluster) Complete(over history.Range, wanted func(job.Info) bool) (complete bool) {
	c.read(func(store *Store, clock clock) {
		of := store.listings[c.place]
		complete = of != nil && of.complete(clock.position(over.From), clock.position(over.To), wanted)
	})
	return complete
}

// write calls do, which may change the store, at a time that was just read from
// the clock, unless nothing is kept.
func (c *Cluster) write(now time.Time, do func(store *Store, at time.Duration)) {
	pool := c.store.pool
	pool.mu.Lock()
	defer pool.mu.Unlock()
	store, at := c.store.current(), pool.clock.observe(now)
	store.used = at
	pool.expire(at)
	if store.limits.Retention > 0 && store.limits.MaxBytes > 0 {
		do(store, at)
	}
}

// read calls do while the store and the clock do not change.
func (c *Cluster) read(do func(store *Store, clock clock)) {
	pool := c.store.pool
	pool.mu.Lock()
	defer pool.mu.Unlock()
	do(c.store.current(), pool.clock)
}

// readJob calls do with a job's series, if there is one.
func (c *Cluster) readJob(id string, do func(series *series, clock clock)) {
	c.read(func(store *Store, clock clock) {
		if series := store.jobs[jobKey{c.place, id}]; series != nil {
			do(series, clock)
		}
	})
}

// rows are the samples that a query selects.
func (c *Cluster) rows(query history.Query) (all []rows) {
	c.readJob(query.Job.ID, func(series *series, clock clock) {
		all = series.rows(clock.position(query.From), clock.position(query.To), clock)
	})
	return all
}

// Window identifies the samples of a job in a range: equal windows have the same, which
// do not change any more.
type Window struct {
	of          *series
	first, last time.Duration
	wall        int64 // that the positions are read with
}

// Window is that of the samples that a query selects; some is false if there are none.
func (c *Cluster) Window(query history.Query) (window Window, some bool) {
	all := c.rows(query)
	if len(all) == 0 {
		return window, false
	}
	first, last := &all[0], &all[len(all)-1]
	return Window{first.of, first.heads[first.from].at, last.heads[last.end-1].at, first.clock.wall.UnixNano()}, true
}

// Find is a job of any time that is kept, as it was last known.
func (c *Cluster) Find(jobID string) (found history.Job, ok bool) {
	c.readJob(jobID, func(series *series, clock clock) {
		found, ok = series.job(math.MinInt64, math.MaxInt64, clock)
	})
	return found, ok
}

// Jobs lists the jobs that were sampled in the range.
func (c *Cluster) Jobs(ctx context.Context, over history.Range) (jobs []history.Job, _ history.Warnings, _ error) {
	c.read(func(store *Store, clock clock) {
		from, to := clock.position(over.From), clock.position(over.To)
		for key, series := range store.jobs {
			if key.cluster != c.place {
				continue
			}
			if job, found := series.job(from, to, clock); found {
				jobs = append(jobs, job)
			}
		}
	})
	slices.SortFunc(jobs, func(a, b history.Job) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	})
	return jobs, nil, ctx.Err()
}

// Covers reports whether the samples of at least one job follow each other all
// through the range.
func (c *Cluster) Covers(over history.Range) (covers bool) {
	c.read(func(store *Store, clock clock) {
		from, to := clock.position(over.From), clock.position(over.To)
		for key, series := range store.jobs {
			covers = covers || key.cluster == c.place && series.covers(from, to)
		}
	})
	return covers
}

// MaxGap is the longest max gap of the samples that describe a moment, by which the
// metric interval of that time is known even if Flink is away; 0 where there is none.
func (c *Cluster) MaxGap(at time.Time) (longest time.Duration) {
	c.read(func(store *Store, clock clock) {
		for key, series := range store.jobs {
			if key.cluster != c.place {
				continue
			}
			if newest, found := series.newest(clock.position(at), clock); found {
				longest = max(longest, newest.heads[newest.end-1].facts.maxGap)
			}
		}
	})
	return longest
}

// Ended is when the newest sample of a job up to a time was taken, if the job had
// ended by then; else zero.
func (c *Cluster) Ended(jobID string, at time.Time) (ended time.Time) {
	c.readJob(jobID, func(series *series, clock clock) {
		newest, _ := series.newest(clock.position(at), clock)
		if newest.end == 0 {
			return
		}
		if head := newest.heads[newest.end-1]; head.facts.Job.State.Terminal() {
			ended = clock.time(head.at)
		}
	})
	return ended
}

// At is the verdict on the newest sample at or before a time, nil if that is
// older than its max gap.
func (c *Cluster) At(ctx context.Context, of history.Job, at time.Time) (*diagnosis.Verdict, history.Warnings, error) {
	var newest rows
	var found bool
	c.readJob(of.ID, func(series *series, clock clock) {
		newest, found = series.newest(clock.position(at), clock)
	})
	if !found || ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	return c.store.pool.verdicts.at(newest, newest.end-1), nil, nil
}

// Summaries reads the columns asked for. It has a point for each sample, so that
// the query's step means nothing.
func (c *Cluster) Summaries(ctx context.Context, query history.Query) (summaries history.Summaries, _ history.Warnings, _ error) {
	all := c.rows(query)
	points := 0
	for _, rows := range all {
		points += rows.end - rows.from
	}
	tasks, columns := tasksOf(all, len(query.Columns), points)
	summaries = history.Summaries{At: make([]diagnosis.Instant, 0, points), Jobs: make([]diagnosis.JobSummary, 0, points), Tasks: tasks}
	for _, rows := range all {
		if ctx.Err() != nil {
			return history.Summaries{}, nil, ctx.Err()
		}
		for i, task := range rows.tasks() {
			for n, column := range query.Columns {
				rows.column(columns[task.ID][n][len(summaries.At):], i, column)
			}
		}
		for row := rows.from; row < rows.end; row++ {
			summaries.At = append(summaries.At, rows.heads[row].instant(rows.clock))
			summaries.Jobs = append(summaries.Jobs, rows.summary(row, query.Records))
		}
	}
	if len(query.Figures) > 0 {
		c.addFigures(query.Job.ID, all, summaries.Jobs)
	}
	return summaries, nil, ctx.Err()
}

// tasksOf are the tasks of some rows, those of the latest graph first, and their
// columns by id, in which nothing is known yet.
func tasksOf(all []rows, wanted, points int) (tasks []history.TaskSummaries, columns map[string][][]float64) {
	columns = map[string][][]float64{}
	for _, rows := range slices.Backward(all) {
		for _, task := range rows.heads[rows.end-1].facts.Graph.Tasks {
			if columns[task.ID] != nil {
				continue
			}
			of := make([][]float64, wanted)
			for n := range of {
				of[n] = slices.Repeat([]float64{math.NaN()}, points)
			}
			columns[task.ID] = of
			tasks = append(tasks, history.TaskSummaries{ID: task.ID, Name: task.Name, Columns: of})
		}
	}
	return tasks, columns
}

// Roots are the sets of a job's tasks that were root causes at the samples in a
// range, where they are known, and since when those of the last sample are, by id.
func (c *Cluster) Roots(jobID string, over history.Range) (sets []diagnosis.RootSet, since map[string]time.Time) {
	all := c.rows(history.Query{Job: history.Job{ID: jobID}, Range: over})
	if len(all) == 0 {
		return nil, nil
	}
	last := &all[len(all)-1]
	since = map[string]time.Time{}
	for _, cause := range last.heads[last.end-1].roots.causes {
		since[last.tasks()[cause.task].ID] = last.clock.time(cause.since)
	}
	return rootSets(all), since
}

// Unbroken is since when the samples of a job follow each other, up to the newest at
// or before a time; zero where there are none.
func (c *Cluster) Unbroken(jobID string, at time.Time) (since time.Time) {
	all := c.rows(history.Query{Job: history.Job{ID: jobID}, Range: history.Range{To: at}})
	var next *head
	for _, rows := range slices.Backward(all) {
		for row := rows.end - 1; row >= rows.from; row-- {
			before := &rows.heads[row]
			if next != nil && next.at-next.from-before.at > before.facts.maxGap {
				return since
			}
			next, since = before, rows.clock.time(before.at-before.from)
		}
	}
	return since
}

// Snapshots restores each sample.
func (c *Cluster) Snapshots(ctx context.Context, query history.Query, visit func(history.Snapshot) bool) (history.Warnings, error) {
	for _, rows := range c.rows(query) {
		for row := rows.from; row < rows.end; row++ {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if !visit(history.Snapshot{Snapshot: rows.snapshot(row), MaxGap: rows.heads[row].facts.maxGap}) {
				return nil, nil
			}
		}
	}
	return nil, ctx.Err()
}

// Up reports whether the cluster's REST API answered.
func (c *Cluster) Up(over history.Range, step time.Duration) (at []diagnosis.Instant, up []float64) {
	var all uptime
	var by clock
	c.read(func(store *Store, clock clock) { all, by = slices.Clone(store.up[c.place]), clock })
	return all.points(by.position(over.From), by.position(over.To), max(step, time.Second), by)
}
