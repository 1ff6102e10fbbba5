package flink_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A job whose checkpoints take long, and one whose checkpoints time out, on four
// versions: a list of the newest, counts, and the last of each kind.
func TestCheckpointsByVersion(t *testing.T) {
	for name, c := range map[string]struct {
		completed, failed, total int64
		newest                   string
		duration, size           int64 // of the last that was completed
		incremental              bool
		failure                  string // of the last that failed
	}{
		"1.13.6/checkpoint-bp":      {7, 0, 8, "8 IN_PROGRESS", 9474, 24464, false, ""},
		"1.17.2/checkpoint-bp":      {7, 0, 8, "8 IN_PROGRESS", 9856, 24464, true, ""},
		"1.20.5/checkpoint-bp":      {9, 0, 10, "10 IN_PROGRESS", 7340, 24466, true, ""},
		"2.3.0/checkpoint-bp":       {7, 0, 8, "8 IN_PROGRESS", 9668, 24466, true, ""},
		"1.13.6/checkpoint-timeout": {0, 22, 23, "23 IN_PROGRESS", 0, 0, false, "Checkpoint expired before completing."},
		"1.17.2/checkpoint-timeout": {0, 23, 23, "23 FAILED", 0, 0, false, "Checkpoint expired before completing."},
		"2.3.0/checkpoint-timeout":  {0, 24, 24, "23 FAILED", 0, 0, false, "Checkpoint expired before completing."},
		"2.3.0/checkpoint-declined": {8, 15, 24, "16 IN_PROGRESS", 0, 0, false, "FailoverRegion is restarting."},
		"2.3.0/healthy":             {},
	} {
		r := replay(t, name)
		got, err := r.Checkpoints(t.Context(), r.job.ID)
		newest := ""
		if len(got.History) > 0 {
			newest = fmt.Sprint(got.History[0].ID, " ", got.History[0].Status)
		}
		if err != nil || got.Counts.Completed != c.completed || got.Counts.Failed != c.failed || got.Counts.Total != c.total || newest != c.newest || got.Latest.Failed.Failure != c.failure {
			t.Errorf("%s: %+v, the newest is %q, %q, %v", name, got.Counts, newest, got.Latest.Failed.Failure, err)
		}
		if last := got.Latest.Completed; c.duration > 0 && (last.Duration != c.duration || last.StateSize != c.size || last.CheckpointedSize.Reported != c.incremental || last.LatestAck-last.Trigger != c.duration || last.Type != "CHECKPOINT" || last.Subtasks != 10) {
			t.Errorf("%s: the last is %+v", name, last)
		}
		interval, err := r.CheckpointInterval(t.Context(), r.job.ID)
		if err != nil || (interval > 0) != (c.total > 0) || interval > time.Minute {
			t.Errorf("%s: it makes a checkpoint every %s, %v", name, interval, err)
		}
	}
}

// The details of a checkpoint are by task, and by subtask of one.
func TestCheckpointDetails(t *testing.T) {
	for version, c := range map[string]struct {
		id                          int64
		duration, delay, alignments int64 // of the slowest subtask of the slow window
	}{
		"1.13.6": {7, 9474, 8631, 809}, "1.17.2": {7, 9856, 9822, 0}, "1.20.5": {9, 7340, 7304, 18}, "2.3.0": {7, 9668, 9276, 379},
	} {
		r := replay(t, version+"/checkpoint-bp")
		details, err := r.Checkpoint(t.Context(), r.job.ID, c.id)
		if err != nil || details.ID != c.id || len(details.Tasks) != 4 || details.Duration != c.duration {
			t.Fatalf("%s: %+v, %v", version, details, err)
		}
		slow := r.job.Vertices[2].ID
		for _, task := range details.Tasks {
			if task.ID == slow && (task.Subtasks != 4 || task.Acknowledged != 4 || task.Duration != c.duration) {
				t.Errorf("%s: the slow window has %+v", version, task)
			}
		}
		subtasks, err := r.SubtaskCheckpoints(t.Context(), r.job.ID, c.id, slow)
		if err != nil || len(subtasks) != 4 {
			t.Fatalf("%s: %+v, %v", version, subtasks, err)
		}
		slowest := subtasks[0]
		for _, each := range subtasks {
			if !each.Acknowledged() || each.Unaligned {
				t.Errorf("%s: %+v", version, each)
			}
			if each.Duration > slowest.Duration {
				slowest = each
			}
		}
		if slowest.Duration != c.duration || c.delay > 0 && (slowest.StartDelay != c.delay || slowest.Alignment.Duration != c.alignments) {
			t.Errorf("%s: the slowest is %+v", version, slowest)
		}
	}
}

// Subtasks that have not acknowledged have nothing but their index.
func TestPendingSubtasks(t *testing.T) {
	r := replay(t, "2.3.0/checkpoint-timeout")
	subtasks, err := r.SubtaskCheckpoints(t.Context(), r.job.ID, 23, r.job.Vertices[2].ID)
	if err != nil || len(subtasks) != 4 || subtasks[3] != (flink.SubtaskCheckpoint{Index: 3, Status: "pending_or_failed"}) || subtasks[3].Acknowledged() {
		t.Errorf("%+v, %v", subtasks, err)
	}
}

// A batch job has no checkpoints, a checkpoint that Flink has forgotten no details:
// both are not found. An id that is none never leaves.
func TestCheckpointsThatAreNotThere(t *testing.T) {
	r := replay(t, "2.3.0/batch-finished")
	if _, err := r.Checkpoints(t.Context(), r.job.ID); !remote.IsKind(err, remote.NotFound) || strings.Contains(err.Error(), "apache") {
		t.Errorf("of a batch job: %v", err)
	}
	if interval, err := r.CheckpointInterval(t.Context(), r.job.ID); interval != 0 || err != nil {
		t.Errorf("a batch job makes a checkpoint every %s, %v", interval, err)
	}
	if _, err := r.Checkpoint(t.Context(), r.job.ID, 999_999); !remote.IsKind(err, remote.NotFound) {
		t.Errorf("a checkpoint that is gone: %v", err)
	}
	if _, err := r.SubtaskCheckpoints(t.Context(), r.job.ID, 7, taskID); !remote.IsKind(err, remote.NotFound) {
		t.Errorf("a task that is gone: %v", err)
	}
	if _, err := r.Checkpoint(t.Context(), r.job.ID, -1); !remote.IsKind(err, remote.BadID) {
		t.Errorf("a negative id: %v", err)
	}
	if _, err := r.SubtaskCheckpoints(t.Context(), r.job.ID, 7, "../yarn-cancel"); !remote.IsKind(err, remote.BadID) {
		t.Errorf("a task that is no id: %v", err)
	}
}

// Of a list of ten thousand the newest are read, and the rest of the answer.
func TestTenThousandCheckpoints(t *testing.T) {
	var list []string
	for n := 10_000; n > 0; n-- {
		list = append(list, fmt.Sprintf(`{"className":"completed","id":%d,"status":"COMPLETED","end_to_end_duration":%d,"tasks":{}}`, n, n))
	}
	client, _ := serve(t, answering(http.StatusOK, `{"history":[`+strings.Join(list, ",")+`],"counts":{"total":10000,"completed":10000}}`))
	got, err := client.Checkpoints(t.Context(), jobID)
	if err != nil || len(got.History) != flink.MaxCheckpoints || got.History[0].ID != 10_000 || got.History[flink.MaxCheckpoints-1].ID != 9_001 || got.Counts.Completed != 10_000 {
		t.Errorf("%d of %+v, %v", len(got.History), got.Counts, err)
	}
}

// Exceptions are where they were, on every version; only a whole host:port is one.
func TestExceptionsByVersion(t *testing.T) {
	for version, c := range map[string]struct {
		count       int
		taskManager bool
	}{"1.13.6": {5, false}, "1.17.2": {5, true}, "1.20.5": {6, true}, "2.3.0": {5, true}} {
		r := replay(t, version+"/failing-restarting")
		exceptions, err := r.Exceptions(t.Context(), r.job.ID)
		if err != nil || len(exceptions) < c.count {
			t.Fatalf("%s: %d exceptions, %v", version, len(exceptions), err)
		}
		for i, each := range exceptions {
			if each.Name != "java.lang.RuntimeException" || !strings.HasPrefix(each.Stack, "java.lang.RuntimeException: enrichment failed for key ") || !strings.Contains(each.Stack, `cannot parse price <"12,50 €"> of order 4711`) ||
				!strings.HasPrefix(each.Task, "flaky-map (") || each.Host() != "localhost" || (each.TaskManagerID != "") != c.taskManager || each.Timestamp == 0 {
				t.Errorf("%s: exception %d is %+v", version, i, each)
			}
		}
	}
	for at, want := range map[string]string{"worker-1:41289": "worker-1", "[2001:db8::7]:41289": "2001:db8::7", "(unassigned)": "", "(local)": "", "": ""} {
		if got := (flink.Exception{Location: at}).Host(); got != want {
			t.Errorf("%q is on %q, want %q", at, got, want)
		}
	}
}

// Of a megabyte of text the first ten kilobytes are read, no escape or letter cut in
// two, and HTML is text.
func TestExceptionOfAMegabyte(t *testing.T) {
	const html = `<script>alert("12,50 €")</script>` + "\n"
	long, err := json.Marshal(strings.Repeat(html, 1<<20/len(html)))
	if err != nil {
		t.Fatal(err)
	}
	body := `{"exceptionHistory":{"entries":[{"stacktrace":` + string(long) + `,"exceptionName":` + string(long) + `,"failureLabels":{"type":"user","a":` + string(long) + `},"concurrentExceptions":[` +
		strings.TrimSuffix(strings.Repeat(`{"stacktrace":`+string(long)+`},`, 12), ",") + `],"timestamp":7}]}}`
	client, _ := serve(t, answering(http.StatusOK, body))
	exceptions, err := client.Exceptions(t.Context(), jobID)
	if err != nil || len(exceptions) != 1 || exceptions[0].Timestamp != 7 || len(exceptions[0].Concurrent) != 10 {
		t.Fatalf("%d exceptions, %v", len(exceptions), err)
	}
	got := exceptions[0]
	if len(got.Stack) > 10<<10 || len(got.Stack) < 6<<10 || !strings.HasPrefix(strings.Repeat(html, 1<<10), got.Stack) {
		t.Errorf("%d bytes: %q …", len(got.Stack), got.Stack[:80])
	}
	if len(got.Labels) != 2 || got.Labels[1] != "type=user" || len(got.Labels[0]) > 300 || len(got.Name) > 256 {
		t.Errorf("labels %q, name of %d bytes", got.Labels, len(got.Name))
	}
}
