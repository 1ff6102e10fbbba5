package plugin

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

const (
	// fewestMoves make a pattern.
	fewestMoves = 4
	// movesPerLook is the part of looks at which a bottleneck that looks can
	// follow moves at most: a phase lasts three of them.
	movesPerLook = 1.0 / 3
)

// restless tells of jobs whose bottleneck moves about as often as anyone can
// look: what a timeline then shows between two looks is chance.
func (a asking) restless(statuses frame.Past) (notices []data.Notice) {
	for _, of := range statuses.Jobs() {
		moves, looks := moved(of)
		if moves < fewestMoves || float64(moves) <= movesPerLook*float64(looks) {
			continue
		}
		labels := of[0].Labels
		notices = append(notices, warning("The bottleneck of job %s moved at %d of %d looks: it moves faster than Flink reports, which fetches metrics every %g s. What is told of single moments is chance; metrics.fetcher.update-interval sets the pace.",
			labels["job"], moves, looks, a.cluster(labels["cluster"]).keeper.LastPace().Fetch.Seconds()))
	}
	return notices
}

// moved counts the looks at a job, and at how many of them other tasks were its
// root causes than at the look before.
func moved(tasks []frame.Trace) (moves, looks int) {
	times := tasks[0].Times
	roots := make([]int, len(times)) // each set of tasks has a number
	for n, task := range tasks {
		for i, value := range task.Values {
			if value != float32(diagnosis.Bottleneck) {
				continue
			}
			if at, found := place(times, task.Times, i); found {
				roots[at] = roots[at]*len(tasks) + n + 1
			}
		}
	}
	for i := 1; i < len(roots); i++ {
		moves += btoi(roots[i] != roots[i-1])
	}
	return moves, len(roots)
}

// place is where the time at i stands in the job's times: mostly at i as well.
func place(times, of []time.Time, i int) (at int, found bool) {
	if i < len(times) && times[i].Equal(of[i]) {
		return i, true
	}
	return slices.BinarySearchFunc(times, of[i], time.Time.Compare)
}
