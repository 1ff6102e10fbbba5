package query

import (
	"sync/atomic"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// seriesChoice bounds the series of a range to [frame.MaxSeries]. If there are more, the
// first pass keeps only the worst value of each; then the worst series are chosen, and
// a second pass reads those with all their points. So memory is bounded by the answer,
// however many series there are.
type seriesChoice struct {
	measure diagnosis.Measure
	begun   atomic.Int64 // series, over all jobs
	// full is set where there were more than are compared.
	full atomic.Bool
	// chosen are those of too many, by their labels; nil before they are chosen.
	chosen  map[string]bool
	leftOut int
}

// maxCompared is how many series of subtasks are compared to find the worst.
const maxCompared = 25_000

// begins reports whether another series may begin where so many of a job have that are
// not counted yet.
func (c *seriesChoice) begins(uncounted int) bool {
	if c.chosen == nil && c.begun.Load()+int64(uncounted) >= maxCompared {
		c.full.Store(true)
		return false
	}
	return true
}

// notices are of what was not compared.
func (c *seriesChoice) notices() []data.Notice {
	if !c.full.Load() {
		return nil
	}
	return []data.Notice{warning("There are more than %d series, of which the others were not looked at: choose jobs or tasks in the query, or a coarser \"by\".", maxCompared)}
}

// tooMany reports whether there are more series than an answer has and none were
// chosen yet.
func (c *seriesChoice) tooMany() bool { return c.chosen == nil && c.begun.Load() > frame.MaxSeries }

// has reports whether a series is to be read.
func (c *seriesChoice) has(labels data.Labels) bool {
	return c.chosen == nil || c.chosen[labels.String()]
}

// reduce leaves the worst value of each of a job's series where there are too many.
func (c *seriesChoice) reduce(series []frame.Series) {
	for i := range series {
		if c.tooMany() && len(series[i].Times) > 0 {
			series[i].AddWorst(c.measure, series[i].Worst(c.measure))
		}
	}
}

// choose chooses among the series of all jobs, which are not held any longer. A job
// that was deployed anew goes on with the series of the one before.
func (c *seriesChoice) choose(results []clusterResult) {
	var all []frame.Series
	places := map[string]int{}
	for n := range results {
		for i := range results[n].jobs {
			j := &results[n].jobs[i]
			for _, series := range j.series {
				labels := series.Labels.String()
				place, known := places[labels]
				if !known {
					place = len(all)
					places[labels], all = place, append(all, frame.Series{Labels: series.Labels})
				}
				all[place].AddWorst(c.measure, series.Worst(c.measure))
			}
			j.series = nil
		}
	}
	worst := frame.WorstSeries(all, c.measure)
	c.chosen, c.leftOut = map[string]bool{}, len(all)-len(worst)
	for _, series := range worst {
		c.chosen[series.Labels.String()] = true
	}
}
