//go:build bench

package collector

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/prepared"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A verdict costs less than a tenth of decoding the answers that it is made from.
func TestRatioOfAVerdictToDecoding(t *testing.T) {
	const tasks, subtasks, bar, runs = 100, 100, 0.1, 40
	server := httptest.NewServer(prepared.New(tasks, subtasks))
	defer server.Close()
	client, err := flink.New(&remote.Client{Client: server.Client(), Concurrency: 8}, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	polling := New(client, Options{})
	var verdict *diagnosis.Verdict
	for range 3 { // the first has nothing to be compared with
		if verdict, _, err = polling.Verdict(t.Context(), job.Info{ID: prepared.JobID, Name: "large", State: job.Running}); err != nil {
			t.Fatal(err)
		}
	}
	if len(verdict.Roots) != 1 {
		t.Fatalf("the verdict is %s", verdict.Kind)
	}
	decoding, _ := answering(t, subtasks)
	var arrays sampleArrays
	var buffer []flink.Subtask
	decoded, diagnosed := time.Hour, time.Hour
	for range runs {
		begun := time.Now()
		for range tasks {
			task, err := decoding.Task(t.Context(), prepared.JobID, prepared.TaskID(0), buffer, 0)
			if err != nil {
				t.Fatal(err)
			}
			buffer = task.Subtasks
			taskSample(task, &arrays)
		}
		decoded = min(decoded, time.Since(begun))
		begun = time.Now()
		if again := diagnosis.Diagnose(verdict.Snapshot); len(again.Roots) != 1 {
			t.Fatalf("the verdict is %s", again.Kind)
		}
		diagnosed = min(diagnosed, time.Since(begun))
	}
	ratio := float64(diagnosed) / float64(decoded)
	mark := ""
	if ratio > bar {
		mark = " ✗"
		t.Errorf("a verdict takes %s, %.2f of decoding, %s", diagnosed, ratio, decoded)
	}
	figures.Add(t, "A verdict", fmt.Sprintf("%d × %d", tasks, subtasks), decoded.Round(time.Microsecond).String(), diagnosed.Round(time.Microsecond).String(), fmt.Sprintf("%.3f", ratio)+mark)
}
