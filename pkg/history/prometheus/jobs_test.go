package prometheus_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
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
	reader := readerOf(t, fake(t, scraped(later, orders, odd, renamed)))
	for name, c := range map[string]struct {
		over history.Range
		want []history.Job
	}{
		"an hour": {minutes(-40, 40), []history.Job{
			{ID: jobID, Name: "orders", First: orders.from, Last: orders.to},
			{ID: otherID, Name: "Zahlungen__EU_DE", First: renamed.from, Last: later.to},
		}},
		"cut": {minutes(-5, 5), []history.Job{
			{ID: jobID, Name: "orders", First: noon.Add(-5 * time.Minute), Last: noon.Add(5 * time.Minute)},
			{ID: otherID, Name: "Zahlungen__EU_DE", First: noon.Add(-5 * time.Minute), Last: noon.Add(5 * time.Minute)},
		}},
		"before any": {minutes(-90, -60), nil},
		"ahead":      {history.Range{From: time.Now().Add(time.Hour), To: time.Now().Add(2 * time.Hour)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			jobs, _, err := reader.Jobs(t.Context(), c.over)
			if err != nil || len(jobs) != len(c.want) {
				t.Fatalf("got %+v, %v", jobs, err)
			}
			for i, want := range c.want {
				if got := jobs[i]; got.ID != want.ID || got.Name != want.Name || off(got.First, want.First) || off(got.Last, want.Last) {
					t.Errorf("got %+v, want %+v", got, want)
				}
			}
		})
	}
}

// However many jobs there are without their first subtasks, they are found by a
// bounded number of requests, none longer than VictoriaMetrics takes.
func TestManyJobsWithoutFirstSubtasks(t *testing.T) {
	raced.Skip(t)
	for _, count := range []int{1, 400, 401} {
		prom := promtest.New(t)
		for n := range count {
			one := always("a", 1, mixed)
			one.from, one.to, one.labels = noon.Add(-5*time.Minute), noon.Add(5*time.Minute), map[string]string{"job_id": fmt.Sprintf("%032x", n)}
			of := one.series("flink_taskmanager_job_task_backPressuredTimeMsPerSecond", func(time.Duration) float64 { return 0 })
			prom.Add(of.labels, of.samples...)
		}
		jobs, _, err := readerOf(t, prom).Jobs(t.Context(), minutes(-5, 5))
		if err != nil || len(jobs) != count || len(prom.Requests()) != 3 {
			t.Errorf("%d of %d jobs by %d requests, %v", len(jobs), count, len(prom.Requests()), err)
		}
		for _, request := range prom.Requests() {
			if len(request.Query()) > 16<<10 {
				t.Errorf("a query of %d bytes", len(request.Query()))
			}
		}
	}
}

// off reports whether times are further apart than jobs are searched for.
func off(a, b time.Time) bool { return a.Sub(b).Abs() > 20*time.Second }
