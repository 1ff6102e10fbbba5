package prometheus_test

import (
	"maps"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

const otherID = "fedcba9876543210fedcba9876543210"

func TestJobsThatThereWere(t *testing.T) {
	orders, later, odd := always("a", 0, mixed), always("a", 0, mixed), always("a", 0, mixed)
	later.from = noon
	later.labels = map[string]string{"job_id": otherID, "job_name": "Zahlungen__EU_DE"}
	odd.labels = map[string]string{"job_id": "no id"}
	renamed := later
	renamed.labels = maps.Clone(later.labels)
	renamed.from, renamed.to, renamed.labels["job_name"] = noon.Add(-10*time.Minute), noon.Add(-time.Minute), "old"
	reader := served(t, &fake{series: scraped(later, orders, odd, renamed)}, prometheus.Options{})
	for name, c := range map[string]struct {
		over history.Span
		want []history.Job
	}{
		"an hour": {minutes(-40, 40), []history.Job{
			{Key: history.Key{JobID: jobID}, Name: "orders", First: orders.from, Last: orders.to},
			{Key: history.Key{JobID: otherID}, Name: "Zahlungen__EU_DE", First: renamed.from, Last: later.to},
		}},
		"cut": {minutes(-5, 5), []history.Job{
			{Key: history.Key{JobID: jobID}, Name: "orders", First: noon.Add(-5 * time.Minute), Last: noon.Add(5 * time.Minute)},
			{Key: history.Key{JobID: otherID}, Name: "Zahlungen__EU_DE", First: noon.Add(-5 * time.Minute), Last: noon.Add(5 * time.Minute)},
		}},
		"before any": {minutes(-90, -60), nil},
		"ahead":      {history.Span{From: time.Now().Add(time.Hour), To: time.Now().Add(2 * time.Hour)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			jobs, err := reader.Jobs(t.Context(), c.over)
			if err != nil || len(jobs) != len(c.want) {
				t.Fatalf("got %+v, %v", jobs, err)
			}
			for i, want := range c.want {
				if got := jobs[i]; got.Key != want.Key || got.Name != want.Name || off(got.First, want.First) || off(got.Last, want.Last) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		})
	}
}

// off tells whether times are further apart than jobs are searched for.
func off(a, b time.Time) bool { return a.Sub(b).Abs() > 20*time.Second }
