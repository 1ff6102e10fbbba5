package prometheus_test

import (
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// Real answers, with label values as Flink's reporter mangles them by default
// (1.20.5) and as they are (2.3.0), join with the graph by ids alone.
func TestRealAnswers(t *testing.T) {
	for version, name := range map[string]string{"1.20.5": "slow_window", "2.3.0": "slow-window"} {
		t.Run(version, func(t *testing.T) {
			of := recorded(t, version)
			reader := served(t, of, prometheus.Options{}).At(of.To.Add(time.Hour))
			count := 0
			over := history.Span{From: of.To.Add(-time.Minute), To: of.To}
			for snapshot, err := range reader.Snapshots(t.Context(), history.Key{JobID: of.JobID}, over, time.Minute) {
				if err != nil {
					t.Fatal(err)
				}
				count++
				slow(t, snapshot, name)
			}
			if count != 2 {
				t.Errorf("%d snapshots", count)
			}
		})
	}
}

// slow checks that of the job's four tasks the one of that name is slow.
func slow(t *testing.T, snapshot *job.Snapshot, name string) {
	t.Helper()
	if len(snapshot.Tasks) != 4 || snapshot.MeasuredTasks() != 4 || snapshot.Job.Name != "bottleneck" || snapshot.Window() != 65*time.Second {
		t.Errorf("got %+v of %s over %s", snapshot.Graph, snapshot.Job.Name, snapshot.Window())
	}
	for i, task := range snapshot.Graph.Tasks {
		load := snapshot.Tasks[i]
		if at := load.Busy.Min > 0.95; at != (task.Name == name) || !load.Complete() || load.Subtasks[0].TaskManager == "" {
			t.Errorf("%s: %+v", task.Name, load)
		}
	}
}

func TestRealJobs(t *testing.T) {
	of := recorded(t, "2.3.0")
	reader := served(t, of, prometheus.Options{}).At(of.To.Add(time.Hour))
	jobs, err := reader.Jobs(t.Context(), history.Span{From: of.To.Add(-2 * time.Minute), To: of.To})
	if err != nil || len(jobs) == 0 {
		t.Fatalf("got %v, %v", jobs, err)
	}
	for _, found := range jobs {
		if found.JobID == of.JobID && found.Name == "bottleneck" && found.First.Before(found.Last) {
			return
		}
	}
	t.Errorf("got %+v", jobs)
}
