package diagnosis

import (
	"math"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Averager averages the snapshots of one job over time. A subtask's shares and rates
// are weighted by how long they were measured. Another number of tasks or subtasks
// begins it anew, as what was before says nothing of the job as it is; and so do, in two
// samples running, root causes none of which was one before, unless they take turns. The
// zero value averages nothing yet.
type Averager struct {
	turns    Turns
	from     time.Time
	newest   *job.Snapshot
	pools    []job.Answer // the newest that are known
	subtasks [][]weighted
	rates    []spread // of true rates, by task
	sources  spread   // of what all sources emit
	arrivals []arrivals
	samples  int
	// roots are the root causes of the samples, with 2 or more for those that are known
	// to be; elsewhere is for how many samples they have been others, and moves how
	// often they became others.
	roots            map[string]int
	elsewhere, moves int
}

// fewMoves is how often root causes move at most until they are taken to take turns.
const fewMoves = 2

// weighted are the sums of a subtask, each with the seconds that it was known for.
type weighted struct {
	idle, busy, backpressured, in, out sum
}

// Average is how a job's subtasks spent their time on average over some samples.
type Average struct {
	// Snapshot has the averages. Its From and To bound the samples.
	Snapshot *job.Snapshot
	// Samples is how many were averaged.
	Samples int
	// Swing is the standard deviation of what all sources emit, relative to the mean;
	// NaN with less than two samples.
	Swing float64
	// Alternates is set where the root causes have moved more than twice.
	Alternates bool
	// Errors are, by task, how far its true rate may be off, relative to it: the
	// standard error of the mean over the samples; NaN with less than two.
	Errors []float64
	// Backlogs are, by task, what sources have still to read.
	Backlogs []Backlog
}

// Backlog is what a source has still to read.
type Backlog struct {
	// Records is how many there are; NaN where the source does not report it.
	Records float64
	// Arriving is how many more there are a second; NaN with less than three samples.
	Arriving float64
}

const (
	// caughtUp is how much of a source's records, by how long it takes to read them,
	// wait at most where it keeps up: some always do.
	caughtUp = 10 * time.Second
	// longestCatchUp is beyond what time a source is taken never to catch up.
	longestCatchUp = 365 * 24 * time.Hour
)

// NeverCatchesUp is in the place of the time that it takes to read what is pending where
// that is not known, or grows.
const NeverCatchesUp time.Duration = -1

// CatchUp is how long it takes to read what is pending of a source that emits so many
// records a second.
func (b Backlog) CatchUp(rate float64) time.Duration {
	if b.Records <= rate*caughtUp.Seconds() && b.Arriving <= rate*(1+little) {
		return 0
	}
	seconds := b.Records / (rate - b.Arriving)
	if !(seconds >= 0 && seconds <= longestCatchUp.Seconds()) {
		return NeverCatchesUp
	}
	return time.Duration(seconds * float64(time.Second))
}

// Add adds the verdict on a snapshot, which is newer than those before. maxGap is as in
// [Instant].
func (a *Averager) Add(verdict *Verdict, maxGap time.Duration) {
	snapshot := verdict.Snapshot
	if snapshot.From.IsZero() {
		return // nothing was measured
	}
	fresh := a.newest == nil || !sameSubtasks(a.newest, snapshot)
	if fresh {
		a.moves, a.roots = 0, nil
	}
	if moved := a.moved(verdict); fresh || moved {
		*a = Averager{
			moves: a.moves, roots: a.roots,
			turns: Turns{From: snapshot.From}, from: snapshot.From, rates: make([]spread, len(snapshot.Tasks)),
			arrivals: make([]arrivals, len(snapshot.Tasks)), subtasks: make([][]weighted, len(snapshot.Tasks)),
		}
		for i := range snapshot.Tasks {
			a.subtasks[i] = make([]weighted, len(snapshot.Tasks[i].Subtasks))
		}
	}
	_, own := a.turns.Add(Instant{At: snapshot.At, From: snapshot.From, MaxGap: maxGap})
	if own <= 0 {
		return
	}
	a.newest, a.samples = snapshot, a.samples+1
	if snapshot.Answers != nil {
		a.pools = snapshot.Answers
	}
	emitted := 0.0
	for i := range snapshot.Tasks {
		load := &snapshot.Tasks[i]
		for n := range load.Subtasks {
			a.subtasks[i][n].add(&load.Subtasks[n], own.Seconds())
		}
		rate := rateOf(snapshot, i)
		if snapshot.Graph.Tasks[i].Source() {
			emitted += rate
		}
		a.rates[i].add(rate / float64(load.Busy.Max))
		a.arrivals[i].add(snapshot.To.Sub(a.from).Seconds(), rate, snapshot.Lag(i).Pending)
	}
	a.sources.add(emitted)
}

// moved notes a verdict's root causes and reports whether they have become others. One
// that is listed beside a known one in two samples is another of them, as in a near tie;
// in a single sample it may be what they move to.
func (a *Averager) moved(verdict *Verdict) bool {
	if len(verdict.Roots) == 0 {
		return false
	}
	roots := map[string]int{}
	same := len(a.roots) == 0
	for _, root := range verdict.Roots {
		id := verdict.Snapshot.Graph.Tasks[root.Task].ID
		roots[id] = 2
		same = same || a.roots[id] >= 2
	}
	switch {
	case len(a.roots) == 0:
		a.roots = roots
		return false
	case same:
		for id := range roots {
			a.roots[id]++
		}
		a.elsewhere = 0
		return false
	}
	if a.elsewhere++; a.elsewhere < 2 {
		return false
	}
	a.roots, a.elsewhere = roots, 0
	a.moves++
	return a.moves <= fewMoves
}

// sameSubtasks reports whether two snapshots have the same tasks with as many subtasks.
func sameSubtasks(a, b *job.Snapshot) bool {
	return slices.EqualFunc(a.Graph.Tasks, b.Graph.Tasks, func(a, b job.Task) bool { return a.ID == b.ID }) &&
		slices.EqualFunc(a.Tasks, b.Tasks, func(a, b job.TaskLoad) bool { return len(a.Subtasks) == len(b.Subtasks) })
}

// rateOf is how many records a second a task processes: those that it reads, of a
// source those that it emits.
func rateOf(snapshot *job.Snapshot, task int) float64 {
	if snapshot.Graph.Tasks[task].Source() {
		return snapshot.Tasks[task].RecordsOut
	}
	return snapshot.Tasks[task].RecordsIn
}

// Average is that of the snapshots so far; ok is false where there is none.
func (a *Averager) Average() (of Average, ok bool) {
	if a.newest == nil {
		return of, false
	}
	loads := make([][]job.SubtaskLoad, len(a.subtasks))
	for i := range a.subtasks {
		loads[i] = slices.Clone(a.newest.Tasks[i].Subtasks)
		for n := range loads[i] {
			a.subtasks[i][n].fill(&loads[i][n])
		}
	}
	newest := a.newest
	averaged := job.FromLoads(job.Snapshot{Job: newest.Job, Graph: newest.Graph, At: newest.At, From: a.from, To: newest.To, Source: newest.Source}, loads)
	averaged.Answers = a.pools
	of = Average{Snapshot: averaged, Samples: a.samples, Swing: a.sources.relative(), Alternates: a.moves > fewMoves}
	for i := range a.rates {
		of.Errors = append(of.Errors, a.rates[i].relative()/math.Sqrt(float64(a.samples)))
		of.Backlogs = append(of.Backlogs, a.arrivals[i].backlog())
	}
	return of, true
}

func (w *weighted) add(load *job.SubtaskLoad, seconds float64) {
	w.idle.add(float64(load.Idle), seconds)
	w.busy.add(float64(load.Busy), seconds)
	w.backpressured.add(float64(load.Backpressured), seconds)
	w.in.add(load.RecordsIn, seconds)
	w.out.add(load.RecordsOut, seconds)
}

// fill puts the averages in the place of the newest values. What is not known at
// present stays so where it never was.
func (w *weighted) fill(load *job.SubtaskLoad) {
	load.Shares = job.Shares{Idle: job.Share(w.idle.mean()), Busy: job.Share(w.busy.mean()), Backpressured: job.Share(w.backpressured.mean())}
	load.RecordsIn, load.RecordsOut = w.in.mean(), w.out.mean()
	if load.Known() && load.Busy.Known() {
		load.Why = ""
	}
}

// sum is of values with weights.
type sum struct{ values, weights float64 }

func (s *sum) add(value, weight float64) {
	if !math.IsNaN(value) {
		s.values, s.weights = s.values+value*weight, s.weights+weight
	}
}

// mean is NaN where no value was known.
func (s *sum) mean() float64 { return s.values / s.weights }

// spread is how far values are from their mean (Welford's algorithm).
type spread struct {
	count         int
	mean, squares float64
}

func (s *spread) add(value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	s.count++
	off := value - s.mean
	s.mean += off / float64(s.count)
	s.squares += off * (value - s.mean)
}

// relative is the standard deviation, relative to the mean; NaN of less than two.
func (s *spread) relative() float64 {
	if s.count < 2 || s.mean == 0 {
		return math.NaN()
	}
	return math.Sqrt(s.squares/float64(s.count-1)) / s.mean
}

// arrivals are the records that a source has to read, over time: what it has emitted and
// what is pending. That grows as fast as records arrive, whatever the source emits.
type arrivals struct {
	trend
	begun                       bool
	before, rate, read, pending float64
}

func (a *arrivals) add(at, rate, pending float64) {
	if !math.IsNaN(rate) {
		a.rate = rate
	}
	if a.begun {
		a.read += a.rate * (at - a.before)
	}
	a.begun, a.before = true, at
	if !math.IsNaN(pending) {
		a.pending = pending
		a.trend.add(at, a.read+pending)
	}
}

func (a *arrivals) backlog() Backlog {
	if a.count == 0 {
		return Backlog{Records: math.NaN(), Arriving: math.NaN()}
	}
	return Backlog{Records: a.pending, Arriving: a.slope()}
}

// trend is how a value grows over time: the line with the least squares.
type trend struct {
	count                    int
	at, value, atAt, atValue float64 // sums
}

func (t *trend) add(at, value float64) {
	t.count++
	t.at, t.value, t.atAt, t.atValue = t.at+at, t.value+value, t.atAt+at*at, t.atValue+at*value
}

// slope is by how much it grows a second; NaN of less than three values.
func (t *trend) slope() float64 {
	if t.count < 3 {
		return math.NaN()
	}
	n := float64(t.count)
	return (n*t.atValue - t.at*t.value) / (n*t.atAt - t.at*t.at)
}
