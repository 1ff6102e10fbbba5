package prometheus_test

import (
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Where Flink's reporter tells soft and hard backpressure and how full buffers
// are, so does the reader, of each subtask; of others it is not known.
func TestDetails(t *testing.T) {
	first, second := always("a", 0, mixed), always("a", 1, mixed)
	told := scraped(first, second)
	for name, value := range map[string]float64{
		"softBackPressuredTimeMsPerSecond": 250, "hardBackPressuredTimeMsPerSecond": 100,
		"Shuffle_Netty_Input_Buffers_inPoolUsage": 0.5, "Shuffle_Netty_Output_Buffers_outPoolUsage": 1.5,
	} {
		told = append(told, first.series("flink_taskmanager_job_task_"+name, func(time.Duration) float64 { return value }))
	}
	reader := served(t, &fake{series: told}, prometheus.Options{Row: summed})
	var snapshot *job.Snapshot
	for each, err := range reader.Snapshots(t.Context(), key, minutes(0, 0), time.Minute) {
		if err != nil {
			t.Fatal(err)
		}
		snapshot = each
	}
	details, err := reader.Details(t.Context(), key, snapshot)
	if err != nil || len(details) != 1 || len(details[0]) != 2 {
		t.Fatalf("%v, %v", details, err)
	}
	if want := (job.Detail{Soft: 0.25, Hard: 0.1, InPool: 0.5, OutPool: 1}); details[0][0] != want {
		t.Errorf("%+v, want %+v", details[0][0], want)
	}
	if of := details[0][1]; of.Soft.Known() || of.Hard.Known() || of.InPool.Known() || of.OutPool.Known() {
		t.Errorf("of the second subtask it is told that %+v", of)
	}
}
