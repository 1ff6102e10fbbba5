package history

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jellydator/ttlcache/v3"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

const (
	// maxStreakJobs is of how many jobs streaks are kept, and maxStreaks how many of
	// each task: the present, and some moments.
	maxStreakJobs = 2000
	maxStreaks    = 4
	// streakAge is after how long it is tried whether a streak reaches further back, and
	// partAge if not all that there was could be read, or it may not have been there yet.
	streakAge = time.Hour
	partAge   = 5 * time.Minute
	// settling is how long it may take until a source has what was scraped: what is
	// newer may only be missing yet.
	settling = 3 * time.Minute
	// failureAge is how long a source that failed is not read again for a job.
	failureAge = 30 * time.Second
)

// stage is how far back from where a streak is known to begin a source is read, and
// how far apart the points are: the further back, the less it matters.
type stage struct{ back, step time.Duration }

// stages are read one after the other, as long as a streak goes on. Each has about a
// hundred points. The last is the bound.
var stages = []stage{
	{10 * time.Minute, 10 * time.Second},
	{time.Hour, 30 * time.Second},
	{6 * time.Hour, 2 * time.Minute},
	{24 * time.Hour, 10 * time.Minute},
	{7 * 24 * time.Hour, time.Hour},
}

// Root is a task that is a root cause at a moment.
type Root struct {
	// Task is its id.
	Task string
	// Since is when it became one, as far as that is known.
	Since time.Time
	// Pause is the longest that does not end its streak; 0 for as long as a burst
	// explains. It is set for a task that takes turns.
	Pause time.Duration
}

// Moment is a job at a time.
type Moment struct {
	Job Job
	// Began is when the job began, before which nothing is read; zero if that is not
	// known.
	Began time.Time
	At    time.Time
	// MaxGap is how far apart two samples of the job may be that follow each other.
	MaxGap time.Duration
}

// Beginning is when a task became a root cause, and has been one since.
type Beginning struct {
	At time.Time
	// Seen is set where the source has the task before that, as no root cause: else it
	// may have been one for longer.
	Seen bool
}

// Streaks finds since when tasks have been root causes, beyond what was sampled, and
// keeps it: that takes some queries to the source, and is wanted with each refresh. It
// is safe for concurrent use.
type Streaks struct {
	mu   sync.Mutex
	jobs *ttlcache.Cache[string, *jobStreaks]
}

// jobStreaks are those of one job.
type jobStreaks struct {
	tasks map[rootKey][]streak
	// failed is why the source could not be read, which is so until a time.
	failed error
	until  time.Time
}

// rootKey is a task, and the pause that does not end its streak.
type rootKey struct {
	task  string
	pause time.Duration
}

// streak is a time all through which a task was a root cause, and until when it need
// not be tried whether that began earlier.
type streak struct {
	Beginning
	upTo, until time.Time
}

// NewStreaks returns one that has found nothing yet.
func NewStreaks() *Streaks {
	return &Streaks{jobs: ttlcache.New(
		ttlcache.WithTTL[string, *jobStreaks](streakAge), ttlcache.WithCapacity[string, *jobStreaks](maxStreakJobs),
	)}
}

// Known is since when the roots have been root causes, by task, of those of which that
// was found before. complete is set if there is nothing to find for now, or if the
// source failed lately, which is the error then.
func (s *Streaks) Known(of Moment, roots []Root) (since map[string]Beginning, complete bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs.DeleteExpired()
	kept, now := s.of(of.Job), time.Now()
	since, complete = map[string]Beginning{}, true
	for _, root := range roots {
		found := kept.joined(of, root)
		if found != nil {
			since[root.Task] = found.Beginning
		}
		complete = complete && found != nil && now.Before(found.until)
	}
	if !complete && now.Before(kept.until) {
		return since, true, kept.failed
	}
	return since, complete, nil
}

// of are the streaks of a job.
func (s *Streaks) of(job Job) *jobStreaks {
	if kept := s.jobs.Get(job.ID); kept != nil {
		return kept.Value()
	}
	return s.jobs.Set(job.ID, &jobStreaks{tasks: map[rootKey][]streak{}}, ttlcache.DefaultTTL).Value()
}

// joined is the streak that a root's goes on from, which then reaches to the moment;
// nil if none is kept.
func (k *jobStreaks) joined(of Moment, root Root) *streak {
	kept := k.tasks[rootKey{root.Task, root.Pause}]
	for i := range kept {
		each := &kept[i]
		// Times that are read from another clock may be off by a little. A job that keeps
		// its id may have begun anew.
		if each.At.Before(of.Began) || root.Since.Before(each.At.Add(-time.Second)) || root.Since.Sub(each.upTo) > max(of.MaxGap, root.Pause) {
			continue
		}
		if of.At.After(each.upTo) {
			each.upTo = of.At
		}
		return each
	}
	return nil
}

// keep keeps a streak that reaches to the moment. The newest comes first.
func (k *jobStreaks) keep(of Moment, root Root, since Beginning, age time.Duration) {
	key, now := rootKey{root.Task, root.Pause}, time.Now()
	if now.Sub(since.At) < settling {
		age = partAge
	}
	kept := slices.DeleteFunc(k.tasks[key], func(each streak) bool { return !each.At.Before(since.At) && !each.upTo.After(of.At) })
	k.tasks[key] = slices.Insert(kept[:min(len(kept), maxStreaks-1)], 0, streak{since, of.At, now.Add(age)})
}

// Find reads from the source since when the roots have been root causes, by task. It
// reads until each streak has begun, or a bound is reached: the beginning of the job or
// of the data, or seven days. What the source warns of is left out, as it is about
// ranges that nobody chose. If it fails, the error comes beside what it had until then.
func (s *Streaks) Find(ctx context.Context, source Source, of Moment, roots []Root) (since map[string]Beginning, err error) {
	w, asked := walk{of: of}, roots
	roots, w.since = s.begin(of, roots)
	anchor := of.Began
	for _, root := range roots {
		anchor = later(anchor, root.Since)
	}
	w.open = slices.Clone(roots)
	end, age := anchor, streakAge
	for i := 0; i < len(stages) && len(w.open) > 0 && end.After(of.Began); i++ {
		from := anchor.Add(-stages[i].back).Truncate(stages[min(i+1, len(stages)-1)].step)
		from = later(from, of.Began)
		var warnings Warnings
		if warnings, err = w.read(ctx, source, Range{From: from, To: end}, stages[i].step); ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if len(warnings) > 0 || err != nil {
			age = partAge
		}
		if err != nil {
			break
		}
		s.join(&w)
		end = from
	}
	s.keep(of, roots, w.since, age, err)
	for _, root := range asked {
		if err != nil && !w.since[root.Task].At.Before(root.Since) {
			delete(w.since, root.Task)
		}
	}
	return w.since, err
}

// begin are the roots since when they are known to have been root causes.
func (s *Streaks) begin(of Moment, roots []Root) (begun []Root, since map[string]Beginning) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.of(of.Job)
	begun, since = slices.Clone(roots), map[string]Beginning{}
	for i := range begun {
		root := &begun[i]
		since[root.Task] = Beginning{At: root.Since}
		if found := kept.joined(of, *root); found != nil && !found.At.After(root.Since) {
			root.Since, since[root.Task] = found.At, found.Beginning
		}
	}
	return begun, since
}

// join ends the walk for those roots whose streaks go on from one that is kept.
func (s *Streaks) join(w *walk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.of(w.of.Job)
	w.open = slices.DeleteFunc(w.open, func(root Root) bool {
		root.Since = w.since[root.Task].At
		found := kept.joined(w.of, root)
		if found == nil || !found.At.Before(root.Since) {
			return false
		}
		w.since[root.Task] = found.Beginning
		return true
	})
}

// keep keeps what was found, unless the source failed before anything was.
func (s *Streaks) keep(of Moment, roots []Root, since map[string]Beginning, age time.Duration, failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.of(of.Job)
	nothing := !slices.ContainsFunc(roots, func(root Root) bool { return since[root.Task].At.Before(root.Since) })
	if failed != nil && nothing {
		kept.failed, kept.until = failed, time.Now().Add(failureAge)
		return
	}
	for _, root := range roots {
		kept.keep(of, root, since[root.Task], age)
	}
}

// walk goes back in time, stage by stage.
type walk struct {
	of    Moment
	open  []Root // those whose streak may go on before what was read
	since map[string]Beginning
	// at and pauses are those of all points so far, and severities those of each task.
	at         []diagnosis.Instant
	pauses     []time.Duration
	severities map[string][]float64
}

// read reads the points before those that were read, and follows the streaks of the
// open roots through all.
func (w *walk) read(ctx context.Context, source Source, over Range, step time.Duration) (Warnings, error) {
	query := Query{Job: w.of.Job, Range: Range{From: over.From.Add(time.Millisecond), To: over.To}, Step: step, Columns: []diagnosis.Column{diagnosis.RootSeverity}}
	if !over.From.After(w.of.Began) {
		query.From = over.From
	}
	summaries, warnings, err := source.Summaries(ctx, query)
	if err != nil {
		return warnings, err
	}
	if len(w.at) == 0 && time.Since(over.To) < settling {
		w.settle(&summaries)
	}
	w.add(summaries, step)
	w.open = slices.DeleteFunc(w.open, func(root Root) bool {
		since := w.since[root.Task]
		if earlier := later(w.streak(root), over.From); earlier.Before(since.At) {
			since = Beginning{At: earlier}
		}
		ended := since.At.Sub(over.From) > max(root.Pause, diagnosis.MaxInterruption(step))
		since.Seen = since.Seen || ended && w.seenBefore(root.Task, since.At)
		w.since[root.Task] = since
		return ended
	})
	return warnings, nil
}

// seenBefore reports whether the task is known at the last point up to a time.
func (w *walk) seenBefore(task string, since time.Time) bool {
	for i := len(w.at) - 1; i >= 0; i-- {
		if at := w.at[i]; !at.At.After(since) {
			return !math.IsNaN(w.severities[task][i]) && (at.MaxGap == 0 || since.Sub(at.At) <= at.MaxGap)
		}
	}
	return false
}

// settle leaves out the newest points of which nothing is known yet: what they lack is
// no interruption.
func (w *walk) settle(of *Summaries) {
	unknown := func(point int) bool {
		return !slices.ContainsFunc(w.open, func(root Root) bool {
			task := of.Task(root.Task)
			return task != nil && !math.IsNaN(task.Columns[0][point])
		})
	}
	count := len(of.At)
	for count > 0 && unknown(count-1) && time.Since(of.At[count-1].At) < settling {
		count--
	}
	of.At = of.At[:count]
	for _, task := range of.Tasks {
		task.Columns[0] = task.Columns[0][:count]
	}
	if count > 0 {
		of.At[count-1].MaxGap = max(of.At[count-1].MaxGap, settling)
	}
}

// add puts points before those that were read.
func (w *walk) add(earlier Summaries, step time.Duration) {
	pauses := make([]time.Duration, len(earlier.At))
	for i := range earlier.At {
		at := &earlier.At[i]
		if at.MaxGap > 0 {
			at.MaxGap = max(at.MaxGap, 2*step) // shorter ones of one source are not filled from another
		}
		interval := step
		if !at.From.IsZero() {
			interval = min(step, at.At.Sub(at.From)) // means may overlap, and samples be closer
		}
		pauses[i] = diagnosis.MaxInterruption(interval)
	}
	severities := map[string][]float64{}
	for _, root := range w.open {
		column := slices.Repeat([]float64{math.NaN()}, len(earlier.At))
		if task := earlier.Task(root.Task); task != nil {
			column = task.Columns[0]
		}
		severities[root.Task] = slices.Concat(column, w.severities[root.Task])
	}
	w.at, w.pauses, w.severities = slices.Concat(earlier.At, w.at), slices.Concat(pauses, w.pauses), severities
}

// streak is since when a root has been one, by the points that were read and what is
// known beside them.
func (w *walk) streak(root Root) time.Time {
	var streak diagnosis.Streak
	severities := w.severities[root.Task]
	for i, at := range w.at {
		if !at.At.After(root.Since) {
			streak.AddWithin(at, severities[i], max(root.Pause, w.pauses[i]))
		}
	}
	return streak.AddWithin(diagnosis.Instant{At: root.Since}, 1, max(root.Pause, diagnosis.MaxInterruption(stages[0].step)))
}
