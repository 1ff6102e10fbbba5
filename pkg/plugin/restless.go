package plugin

import (
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
func (a asking) restless(statuses []frame.Trace) (notices []data.Notice) {
	for _, of := range byJob(statuses) {
		moves, looks := moved(of)
		if moves < fewestMoves || float64(moves) <= movesPerLook*float64(looks) {
			continue
		}
		labels := of[0].Labels
		notices = append(notices, warning("The bottleneck of job %s moved at %d of %d looks: it moves faster than Flink reports, which fetches metrics every %s. What is told of single moments is chance; metrics.fetcher.update-interval sets the pace.",
			labels["job"], moves, looks, a.cluster(labels["cluster"]).keeper.LastPace().Fetch))
	}
	return notices
}

// byJob groups traces that follow each other.
func byJob(traces []frame.Trace) (groups [][]frame.Trace) {
	for i, trace := range traces {
		last := len(groups) - 1
		if i > 0 && trace.Labels["job"] == traces[i-1].Labels["job"] && trace.Labels["cluster"] == traces[i-1].Labels["cluster"] {
			groups[last] = append(groups[last], trace)
		} else {
			groups = append(groups, []frame.Trace{trace})
		}
	}
	return groups
}

// moved counts the looks at a job, and at how many of them other tasks were its
// root causes than at the look before.
func moved(tasks []frame.Trace) (moves, looks int) {
	roots := map[time.Time]string{}
	for _, task := range tasks {
		for i, at := range task.Times {
			if task.Values[i] == float32(diagnosis.Bottleneck) {
				roots[at] += task.Labels["task"] + "\x00"
			}
		}
	}
	var before string
	for i, at := range tasks[0].Times {
		if i > 0 && roots[at] != before {
			moves++
		}
		before = roots[at]
		looks++
	}
	return moves, looks
}
