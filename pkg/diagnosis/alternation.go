package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Alternation is a bottleneck that takes turns between tasks for so long each that
// samples can follow it: what is shown of one moment is whose turn it is.
type Alternation struct {
	// From and To bound the time looked at.
	From, To time.Time
	// Turns are those of each task that takes turns, by its id.
	Turns map[string]Turn
	// Pause is the longest time between two turns of a task that follow each other.
	Pause time.Duration
}

// Turn is when a task was the root cause.
type Turn struct {
	// Since is when the first of its turns began, and Share for how much of the time
	// looked at it was.
	Since time.Time
	Share float64
}

const (
	// leastTurn and mostTurn bound the share of time of a task that takes turns: less
	// is chance, and more a root cause that is there always.
	leastTurn, mostTurn = 0.1, 0.9
	// mostTogether is for how much of its time a task that takes turns may be a root
	// cause beside another of them: two that are about equally slow do not take turns.
	mostTogether = 0.6
	// manyReturns are so many that it takes turns though both are root causes in the
	// samples in between, as where turns are about as long as a sample.
	manyReturns = 3
	// slowWindows is over how many windows turns are looked for that are longer than one
	// shows, slowRuns how many of the last of them are looked at, and slowReturns how often
	// tasks must have come back in these.
	slowWindows, slowRuns, slowReturns = 12, 6, 2
)

// AlternationWindow is how far back from the end [FindAlternation] looks at sets.
func AlternationWindow(fetch time.Duration) time.Duration {
	return slowWindows * FlappingWindow(fetch)
}

// FindAlternation judges the root causes of a job's tasks over the last window of time
// up to the present: alternates is set where the bottleneck has moved from one task to
// another and back. Where the window shows too few turns, as they are long, those of the
// last twelve windows count, if the last turn is at most twice as long as those before. A
// bottleneck that has moved for good is none, and neither is one that comes and goes alone.
// The turns begin with the first of those that follow each other within such a window,
// however long ago.
func FindAlternation(sets []RootSet, window time.Duration) (found Alternation, alternates bool) {
	recent := within(sets, window)
	if found, alternates = turnsOf(recent, sets, window); alternates || len(recent) == len(sets) {
		return found, alternates
	}
	slow, longest := slowTurns(within(sets, slowWindows*window), window)
	pause := 2 * longest
	if off := pause % window; off > 0 {
		pause += window - off // so that it does not change with each sample
	}
	return turnsOf(slow, sets, max(window, pause))
}

// within are the sets of the last window of time.
func within(sets []RootSet, window time.Duration) []RootSet {
	first := 0
	for first < len(sets) && sets[len(sets)-1].At.At.Sub(sets[first].At.At) > window {
		first++
	}
	return sets[first:]
}

// slowTurns are the sets of the last turns, and how long the longest was; none if tasks have
// not come back often enough, or the last turn goes on for much longer. pause is the longest
// time between two turns.
func slowTurns(sets []RootSet, pause time.Duration) (of []RootSet, longest time.Duration) {
	type run struct {
		ids   []string // which are root causes all through it
		begin time.Time
	}
	var runs []run
	var before time.Time // the last set of some root cause
	for _, set := range sets {
		if len(set.IDs) == 0 {
			continue
		}
		if set.At.begin().Sub(before) > pause {
			runs = nil
		}
		before = set.At.At
		if n := len(runs); n > 0 {
			if both := common(runs[n-1].ids, set.IDs); len(both) > 0 {
				runs[n-1].ids = both
				continue
			}
		}
		runs = append(runs, run{set.IDs, set.At.begin()})
	}
	runs = runs[max(0, len(runs)-slowRuns):]
	returns := 0
	for i := range runs {
		if slices.ContainsFunc(runs[:max(0, i-1)], func(earlier run) bool { return len(common(earlier.ids, runs[i].ids)) > 0 }) {
			returns++
		}
		if i > 1 {
			longest = max(longest, runs[i].begin.Sub(runs[i-1].begin))
		}
	}
	if returns < slowReturns || before.Sub(runs[len(runs)-1].begin) > 2*longest {
		return nil, 0
	}
	begin := runs[0].begin
	if earliest := runs[1].begin.Add(-longest); begin.Before(earliest) {
		begin = earliest
	}
	first := slices.IndexFunc(sets, func(set RootSet) bool { return !set.At.begin().Before(begin) })
	return sets[max(first, 0):], longest
}

// common are the ids that are in both.
func common(a, b []string) (both []string) {
	for _, id := range a {
		if slices.Contains(b, id) {
			both = append(both, id)
		}
	}
	return both
}

// turnsOf are the turns that these sets show, the last of all sets that are known. pause is
// the longest time between two turns.
func turnsOf(sets, all []RootSet, pause time.Duration) (found Alternation, alternates bool) {
	if len(sets) < 3 {
		return found, false
	}
	found = Alternation{From: sets[0].At.begin(), To: sets[len(sets)-1].At.At, Turns: map[string]Turn{}, Pause: pause}
	// By task: for how long it was a root cause, whether another took over from it, and
	// how often it took over again.
	lengths, handedOver, cameBack := map[string]time.Duration{}, map[string]bool{}, map[string]int{}
	total := time.Duration(0)
	var before []string // the last that were root causes
	for i, set := range sets {
		length := lengthOf(sets, i)
		total += length
		for _, id := range set.IDs {
			lengths[id] += length
			if handedOver[id] && !slices.Contains(before, id) {
				cameBack[id]++
			}
		}
		if len(set.IDs) == 0 {
			continue
		}
		for _, id := range before {
			handedOver[id] = handedOver[id] || !slices.Contains(set.IDs, id)
		}
		before = set.IDs
	}
	for id, length := range lengths {
		if share := float64(length) / float64(max(total, 1)); handedOver[id] && share >= leastTurn && share <= mostTurn {
			found.Turns[id] = Turn{Share: share}
		}
	}
	for id, shared := range together(sets, found.Turns) {
		if float64(shared) > mostTogether*float64(lengths[id]) && cameBack[id] < manyReturns {
			delete(found.Turns, id)
		}
	}
	for id, turn := range found.Turns {
		alternates = alternates || cameBack[id] > 0
		turn.Since = firstTurn(all, id, pause)
		found.Turns[id] = turn
	}
	return found, alternates && len(found.Turns) > 1
}

// lengthOf is how long the set of that index was there: since the one before, unless
// nothing is known of the time between.
func lengthOf(sets []RootSet, i int) time.Duration {
	at := sets[i].At
	if i == 0 || sets[i-1].At.gapUntil(at.At) {
		return at.At.Sub(at.begin())
	}
	return at.At.Sub(sets[i-1].At.At)
}

// firstTurn is when the first of the turns of a task began that follow each other, with
// no longer pause than that.
func firstTurn(sets []RootSet, id string, pause time.Duration) (since time.Time) {
	for i := len(sets) - 1; i >= 0; i-- {
		if !slices.Contains(sets[i].IDs, id) {
			continue
		}
		if !since.IsZero() && since.Sub(sets[i].At.At) > pause {
			break
		}
		since = sets[i].At.begin()
	}
	return since
}

// together is for how long each task was a root cause beside another of these.
func together(sets []RootSet, of map[string]Turn) map[string]time.Duration {
	shared := map[string]time.Duration{}
	for i, set := range sets {
		among := 0
		for _, id := range set.IDs {
			if _, found := of[id]; found {
				among++
			}
		}
		for _, id := range set.IDs {
			if _, found := of[id]; found && among > 1 {
				shared[id] += lengthOf(sets, i)
			}
		}
	}
	return shared
}

// Turn is when a task was the root cause, by its id, if it takes turns.
func (a *Alternation) Turn(id string) (turn Turn, takes bool) {
	if a == nil {
		return turn, false
	}
	turn, takes = a.Turns[id]
	return turn, takes
}

// Explain describes the turns of a job's tasks, the longest first, for one of them;
// empty for a task that takes none.
func (a *Alternation) Explain(snapshot *job.Snapshot, task int) string {
	own, takes := a.Turn(snapshot.Graph.Tasks[task].ID)
	if !takes {
		return ""
	}
	type turn struct {
		name  string
		share float64
	}
	var others []turn
	for i, other := range snapshot.Graph.Tasks {
		if of, found := a.Turns[other.ID]; found && i != task {
			others = append(others, turn{other.Name, of.Share})
		}
	}
	slices.SortStableFunc(others, func(a, b turn) int { return cmp.Compare(b.share, a.share) })
	var texts []string
	for _, other := range others {
		texts = append(texts, fmt.Sprintf("%s %.0f %%", other.name, 100*other.share))
	}
	return fmt.Sprintf(" It takes turns: over the last %s, %s was the root cause %.0f %% of the time, %s.",
		minutes(a.To.Sub(a.From)), snapshot.Graph.Tasks[task].Name, 100*own.Share, strings.Join(texts, ", "))
}

// AdviseAlternating returns what to do about a task that takes turns with others.
func AdviseAlternating(name string) string {
	return fmt.Sprintf("Speed up %s and those that it takes turns with: each holds the job back for its part of the time. Where a window fires at fixed times, spreading its firing evens the load out.", name)
}

// minutes is a length of time in words.
func minutes(length time.Duration) string {
	if length < 2*time.Minute {
		return seconds(length)
	}
	return fmt.Sprintf("%.0f min", length.Minutes())
}
