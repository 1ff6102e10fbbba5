package frame_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// journalViews are those of what happened to jobs over a range, each by its name.
var journalViews = map[string]func(frame.Result) data.Frames{"checkpoints": frame.Checkpoints, "exceptions": frame.Exceptions, "events": frame.Events}

// happened is what happened to a job: checkpoints of each status, with and without
// details, and incidents of each kind, oldest first.
func happened() (result frame.Result) {
	orders := frame.Owner{Cluster: "default", Job: "orders", JobID: "c7bcc7c5d9f0293256aea632acfa3294"}
	second := func(n int) time.Time { return time.Date(2026, 11, 23, 16, 0, n, 0, time.UTC) }
	for _, c := range []job.Checkpoint{
		{ID: 1, Type: "CHECKPOINT", Status: job.CheckpointCompleted, Triggered: second(1), Ended: second(2), Duration: 1050 * time.Millisecond, Size: 24466, FullSize: -1, Subtasks: 10, Acknowledged: 10},
		{ID: 2, Type: "SAVEPOINT", Savepoint: true, Status: job.CheckpointCompleted, Triggered: second(3), Ended: second(4), Duration: time.Second, Size: 24466, FullSize: 24466, Subtasks: 10, Acknowledged: 10,
			Details: &job.UnknownCheckpointDetails},
		{ID: 3, Type: "CHECKPOINT", Status: job.CheckpointCompleted, Triggered: second(5), Ended: second(14), Duration: 9668 * time.Millisecond, Size: 100, FullSize: 24466, Subtasks: 10, Acknowledged: 10,
			Details: &job.CheckpointDetails{Task: "slow-window", Subtask: 0, CheckpointPhases: job.CheckpointPhases{StartDelay: 9276 * time.Millisecond, Alignment: 2123 * time.Millisecond, Sync: time.Millisecond, Async: 0}}},
		{ID: 4, Type: "CHECKPOINT", Status: job.CheckpointFailed, Triggered: second(15), Ended: second(16), Duration: time.Second, Size: 505, FullSize: 505, Subtasks: 10, Acknowledged: 2, Failure: "Checkpoint expired before completing.",
			Details: &job.CheckpointDetails{Task: "enrich", Subtask: -1, CheckpointPhases: job.CheckpointPhases{StartDelay: -1, Alignment: -1, Sync: -1, Async: -1}}},
		{ID: 5, Status: job.CheckpointInProgress, Triggered: second(17), Duration: -1, FullSize: -1, Subtasks: 10},
	} {
		result.Checkpoints = append(result.Checkpoints, frame.Checkpoint{Owner: orders, Checkpoint: c})
	}
	for _, i := range []job.Incident{
		{At: second(10), What: job.Rescale, Subtask: -1, Text: "Parallelism: slow-window from 2 to 4."},
		{At: second(20), What: job.Exception, Task: "flaky-map", Subtask: 1, Host: "localhost", TaskManager: "127.0.0.1:40471-927344", Labels: []string{"team=orders", "type=user"},
			Text: "java.lang.RuntimeException: <img src=x onerror=alert(1)> of key 453", Stack: "java.lang.RuntimeException: <img src=x onerror=alert(1)> of key 453\n\tat lab.Fn$FailingMap.map(Fn.java:40)\n"},
		{At: second(20).Add(7 * time.Millisecond), What: job.Restart, Subtask: -1, Text: "The job was restarted."},
	} {
		result.Incidents = append(result.Incidents, frame.Incident{Owner: orders, Incident: i})
	}
	orders.URL = "http://flink:8081/#/job/running/c7bcc7c5d9f0293256aea632acfa3294/overview"
	around := diagnosis.Condition{Severity: 0.75, Records: 1200, Busiest: "slow-window", Busy: 0.98}
	for _, e := range []diagnosis.Event{
		{At: second(10), Kind: diagnosis.RescaleEvent, Title: "Rescaling", Text: "Parallelism: slow-window from 2 to 4.", Before: around, After: diagnosis.UnknownCondition},
		{At: second(15), End: second(16), Kind: diagnosis.FailedCheckpointEvent, Task: "enrich, and more", Title: "Checkpoint 4 failed", Before: diagnosis.UnknownCondition, After: diagnosis.UnknownCondition},
		{At: second(20), Kind: diagnosis.ExceptionEvent, Task: "flaky-map", Title: "Exception in flaky-map", Text: "<img src=x onerror=alert(1)> of key 453", Before: diagnosis.UnknownCondition, After: diagnosis.UnknownCondition},
	} {
		result.Events = append(result.Events, frame.Event{Owner: orders, Event: e})
	}
	return result
}

// The frames are these, to the byte; nothing that happened are the same columns without
// a row.
func TestGoldenFramesOfJournals(t *testing.T) {
	for name, view := range journalViews {
		for suffix, result := range map[string]frame.Result{"": happened(), "-empty": {}} {
			t.Run(name+suffix, func(t *testing.T) {
				experimental.CheckGoldenJSONResponse(t, "testdata", name+suffix, &backend.DataResponse{Frames: view(result)}, *update)
				survivesArrow(t, view(result))
				wantNumbers(t, name, view(result))
			})
		}
	}
}

// Of more rows than an answer holds the newest are kept, with a notice.
func TestTooManyRows(t *testing.T) {
	const count = 10_000
	var result frame.Result
	for n := range count {
		at := time.UnixMilli(int64(n * 7919 % count))
		result.Checkpoints = append(result.Checkpoints, frame.Checkpoint{Checkpoint: job.Checkpoint{ID: int64(n), Triggered: at}})
		result.Incidents = append(result.Incidents, frame.Incident{Incident: job.Incident{At: at}})
		result.Events = append(result.Events, frame.Event{Event: diagnosis.Event{At: at}})
	}
	for name, view := range journalViews {
		shown := view(result)[0]
		times, _ := shown.FieldByName("time")
		if shown.Rows() != 1000 || len(shown.Meta.Notices) != 1 || !strings.Contains(shown.Meta.Notices[0].Text, fmt.Sprintf("the newest 1000 of %d %s", count, name)) {
			t.Errorf("%s: %d rows, %v", name, shown.Rows(), shown.Meta.Notices)
		}
		for i := range shown.Rows() {
			if at := times.At(i).(*time.Time); at.UnixMilli() != int64(count-1-i) {
				t.Fatalf("%s: row %d is of %d ms", name, i, at.UnixMilli())
			}
		}
	}
}
