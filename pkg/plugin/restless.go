package plugin

import (
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

const (
	// inARow is for how many fetches in a row a bottleneck is judged: 5 min of
	// Flink's default. What was restless for as long was restless in a range of
	// hours.
	inARow = 30
	// fewestMoves make a pattern.
	fewestMoves = 4
	// movesPerFetch is the part of fetches at which a bottleneck that looks can
	// follow moves at most: a phase lasts three of them.
	movesPerFetch = 1.0 / 3
)

// restless tells of jobs whose bottleneck moves about as often as anyone can
// look: what a timeline then shows between two looks is chance.
func (a asking) restless(statuses frame.Past) (notices []data.Notice) {
	for _, tasks := range statuses.Jobs() {
		tasks = frame.Aligned(tasks)
		columns := make([][]float32, len(tasks))
		for i, task := range tasks {
			columns[i] = task.Values
		}
		labels := tasks[0].Labels
		looks := rootsOf(tasks[0].Times, columns, func(status float32) bool { return status == float32(diagnosis.Bottleneck) })
		notices = append(notices, a.restlessJob(labels["cluster"], labels["job"], looks)...)
	}
	return notices
}

// restlessOfLate tells the same of a job as it was at the end of its rows.
func (a asking) restlessOfLate(cluster, name string, rows spaced) []data.Notice {
	if len(rows.Times) == 0 {
		return nil
	}
	since := rows.Times[len(rows.Times)-1].Add(-inARow * a.cluster(cluster).keeper.LastPace().Fetch)
	first, _ := slices.BinarySearchFunc(rows.Times, since, time.Time.Compare)
	columns := make([][]float32, len(rows.Tasks))
	for i, task := range rows.Tasks {
		columns[i] = task.Measures[0][first:]
	}
	return a.restlessJob(cluster, name, rootsOf(rows.Times[first:], columns, func(severity float32) bool { return severity > 0 }))
}

// restlessJob tells it of one job. Metrics that are never fetched move nothing.
func (a asking) restlessJob(cluster, name string, looks []rootsAt) []data.Notice {
	of := a.cluster(cluster)
	fetch := of.keeper.LastPace().Fetch
	if len(looks) == 0 || fetch == 0 {
		return nil
	}
	moves := mostMoves(looks, inARow*fetch, of.apart())
	fetches := 1 + int(min(looks[len(looks)-1].at.Sub(looks[0].at), inARow*fetch)/fetch)
	if moves < fewestMoves || float64(moves) <= movesPerFetch*float64(fetches) {
		return nil
	}
	return []data.Notice{warning("The bottleneck of job %s moved at %d of %d looks: it moves faster than Flink reports, which fetches metrics every %g s. What is told of single moments is chance; metrics.fetcher.update-interval sets the pace.",
		name, moves, fetches, fetch.Seconds())}
}

// mostMoves counts how often within a time the root causes were others than at
// the look before, where that is most. Looks follow each other that are that far
// apart at most: some are left out that say the same. What moved between others,
// such as means of minutes, nobody saw move.
func mostMoves(looks []rootsAt, within, apart time.Duration) (most int) {
	var moves []time.Time
	for i := 1; i < len(looks); i++ {
		before, now := looks[i-1], looks[i]
		if now.roots == before.roots || now.at.Sub(before.at) > apart {
			continue
		}
		moves = append(moves, now.at)
		for now.at.Sub(moves[0]) >= within {
			moves = moves[1:]
		}
		most = max(most, len(moves))
	}
	return most
}

// rootsAt is a number for the set of tasks that were root causes at a look.
type rootsAt struct {
	at    time.Time
	roots int
}

// rootsOf are those of the looks at which they were known, given a column a
// task: there was one, or each task was measured and none.
func rootsOf(times []time.Time, columns [][]float32, root func(float32) bool) (looks []rootsAt) {
	for i, at := range times {
		roots, measured := 0, true
		for n, column := range columns {
			if root(column[i]) {
				roots = roots*len(columns) + n + 1
			}
			measured = measured && column[i] == column[i]
		}
		if roots != 0 || measured {
			looks = append(looks, rootsAt{at, roots})
		}
	}
	return looks
}
