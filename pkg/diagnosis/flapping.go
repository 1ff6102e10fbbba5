package diagnosis

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// flappingFetches is over how many fetches in a row a bottleneck is judged:
	// 5 min of Flink's default. That much flapping is reported in a range of hours
	// too.
	flappingFetches = 30
	// minFlappingMoves make a pattern.
	minFlappingMoves = 4
	// maxMovesPerFetch is the share of fetches above which samples cannot follow a
	// bottleneck that moves: its phases are shorter than three fetches.
	maxMovesPerFetch = 1.0 / 3
)

// Flapping is a bottleneck that moves about as often as metrics are fetched:
// which task it is at a single moment is chance.
type Flapping struct {
	// Moves is at how many of Fetches it moved.
	Moves, Fetches int
}

// FlappingWindow is how far back from the end [FindFlapping] needs sets to judge the
// present.
func FlappingWindow(fetch time.Duration) time.Duration { return flappingFetches * fetch }

// FindFlapping judges the root causes of a job's tasks over time. fetch is the
// cluster's metric interval; where it is 0 nothing moves. found is false for a
// bottleneck that samples can follow.
func FindFlapping(sets []RootSet, fetch time.Duration) (flapping Flapping, found bool) {
	if len(sets) == 0 || fetch == 0 {
		return flapping, false
	}
	window := FlappingWindow(fetch)
	flapping.Moves = maxMoves(sets, window, job.MetricInterval{Fetch: fetch}.MaxGap())
	flapping.Fetches = 1 + int(min(sets[len(sets)-1].At.At.Sub(sets[0].At.At), window)/fetch)
	return flapping, flapping.Moves >= minFlappingMoves && float64(flapping.Moves) > maxMovesPerFetch*float64(flapping.Fetches)
}

// RootSet is the set of a job's tasks that were root causes at a time.
type RootSet struct {
	At Instant
	// Tasks is a number for them: the same for the same tasks, 0 for none.
	Tasks int
	// IDs are those of the tasks, as far as they are known. Nobody may change them.
	IDs []string
}

// RootSets are those of the times at which the root causes are known: some task is
// one, or all were measured and none is. There is a column of severities, or of
// status codes, for each task, and isRoot reports whether a value means a root cause.
// ids are those of the tasks; nil where none are wanted.
func RootSets(at []Instant, ids []string, columns [][]float64, isRoot func(float64) bool) (sets []RootSet) {
	for i := range at {
		set, measured := RootSet{At: at[i]}, true
		for n, column := range columns {
			if isRoot(column[i]) {
				set.Tasks = set.Tasks*len(columns) + n + 1
				if ids != nil {
					set.IDs = append(set.IDs, ids[n])
				}
			}
			measured = measured && !math.IsNaN(column[i])
		}
		if set.Tasks == 0 && !measured {
			continue
		}
		if last := len(sets) - 1; last >= 0 && sets[last].Tasks == set.Tasks {
			set.IDs = sets[last].IDs // one list for all of a run
		}
		sets = append(sets, set)
	}
	return sets
}

// maxMoves is the highest number of changes of the root causes within any window
// of that length. A change across a gap, or between means of minutes, does not
// count, and one from a task to another counts once though a sample in between has both.
func maxMoves(sets []RootSet, within, maxGap time.Duration) (most int) {
	var moves []time.Time
	moved := false // from the sample before the last one to the last one
	for i := 1; i < len(sets); i++ {
		before, now := sets[i-1], sets[i]
		arrives := moved && i > 1 && sets[i-2].Tasks != now.Tasks
		moved = false
		if now.Tasks == before.Tasks || before.At.gapUntil(now.At.At) || now.At.At.Sub(before.At.At) > maxGap || arrives {
			continue
		}
		moved = true
		moves = append(moves, now.At.At)
		for now.At.At.Sub(moves[0]) >= within {
			moves = moves[1:]
		}
		most = max(most, len(moves))
	}
	return most
}
