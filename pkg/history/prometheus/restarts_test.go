package prometheus_test

import (
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// Where what is told of jobs alone is wanted, rows tell how often the job has
// restarted, at the same times; of a standby, which tells nothing, no less.
func TestRowsTellRestarts(t *testing.T) {
	manager := func(labels map[string]string, value func(time.Duration) float64) series {
		of := always("a", 0, mixed)
		of.labels = labels
		return of.series("flink_jobmanager_job_numRestarts", value)
	}
	told := scraped(always("a", 0, mixed))
	told = append(told, manager(map[string]string{"instance": "jm-1"}, func(after time.Duration) float64 {
		return math.Floor(after.Minutes() / 20) // it was 1 from 20 minutes on
	}), manager(map[string]string{"instance": "jm-2"}, func(time.Duration) float64 { return 0 }))
	for name, c := range map[string]struct {
		series []series
		want   [3]float64 // after 10, 30 and 50 minutes
	}{
		"told":     {told, [3]float64{0, 1, 2}},
		"not told": {scraped(always("a", 0, mixed)), [3]float64{math.NaN(), math.NaN(), math.NaN()}},
	} {
		t.Run(name, func(t *testing.T) {
			prom := &fake{series: c.series}
			reader := served(t, prom, prometheus.Options{Row: summed})
			rows, err := reader.Rows(t.Context(), key, minutes(-20, 20), time.Minute)
			if err != nil || len(rows.Jobs) != 41 {
				t.Fatalf("%d rows, %v", len(rows.Jobs), err)
			}
			for i, want := range c.want {
				if got := rows.Jobs[20*i].Restarts; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("after %d minutes %v, want %v", 10+20*i, got, want)
				}
			}
			asked := len(prom.rangeQueries())
			if _, err := reader.Rows(t.Context(), key, minutes(-20, 20), time.Minute, history.Status); err != nil || len(prom.rangeQueries()) != 2*asked-1 {
				t.Errorf("%d queries with restarts, %d without, %v", asked, len(prom.rangeQueries())-asked, err)
			}
		})
	}
}
