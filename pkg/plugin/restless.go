package plugin

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const (
	// inARow is how many looks are judged together: what was restless for five
	// minutes of an hour was restless.
	inARow = 30
	// fewestMoves make a pattern.
	fewestMoves = 4
	// movesPerLook is the part of looks at which a bottleneck that looks can
	// follow moves at most: a phase lasts three of them.
	movesPerLook = 1.0 / 3
)

// restless tells of jobs whose bottleneck moves about as often as anyone can
// look: what a timeline then shows between two looks is chance.
func (a asking) restless(statuses frame.Past) (notices []data.Notice) {
	for _, tasks := range statuses.Jobs() {
		labels := tasks[0].Labels
		notices = append(notices, a.restlessJob(labels["cluster"], labels["job"], rootsOf(tasks))...)
	}
	return notices
}

// restlessJob tells the same of one job, given a number for the root causes at
// each look.
func (a asking) restlessJob(cluster, name string, roots []int) []data.Notice {
	moves, looks := moved(roots)
	if moves < fewestMoves || float64(moves) <= movesPerLook*float64(looks) {
		return nil
	}
	return []data.Notice{warning("The bottleneck of job %s moved at %d of %d looks: it moves faster than Flink reports, which fetches metrics every %g s. What is told of single moments is chance; metrics.fetcher.update-interval sets the pace.",
		name, moves, looks, a.cluster(cluster).keeper.LastPace().Fetch.Seconds())}
}

// moved counts at how many of some looks in a row the root causes were others
// than at the look before, where those are most.
func moved(roots []int) (most, looks int) {
	looks = min(len(roots), inARow)
	moves := 0
	for i := 1; i < len(roots); i++ {
		moves += btoi(roots[i] != roots[i-1])
		if i >= looks {
			moves -= btoi(roots[i-looks+1] != roots[i-looks])
		}
		most = max(most, moves)
	}
	return most, looks
}

// rootsOf has a number for each set of tasks that were the root causes at a
// look.
func rootsOf(tasks []frame.Trace) []int {
	times := tasks[0].Times
	roots := make([]int, len(times))
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
	return roots
}

// latestRoots has them for the last looks in a row.
func latestRoots(rows history.Rows) []int {
	first := max(len(rows.Times)-inARow, 0)
	roots := make([]int, len(rows.Times)-first)
	for n, task := range rows.Tasks {
		for i, severity := range task.Measures[0][first:] {
			if severity > 0 {
				roots[i] = roots[i]*len(rows.Tasks) + n + 1
			}
		}
	}
	return roots
}

// place is where the time at i stands in the job's times: mostly at i as well.
func place(times, of []time.Time, i int) (at int, found bool) {
	if i < len(times) && times[i].Equal(of[i]) {
		return i, true
	}
	return slices.BinarySearchFunc(times, of[i], time.Time.Compare)
}
