package memory_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var orders = job.Info{ID: "a", Name: "orders", State: job.Running, Type: job.Streaming, Start: began, Duration: time.Hour}

// completed is a checkpoint that was triggered at a second and took another.
func completed(n int) job.Checkpoint {
	return job.Checkpoint{ID: int64(n), Status: job.CheckpointCompleted, Triggered: second(n), Ended: second(n + 1), Duration: time.Second}
}

// readAt is what was read at a second: the last ten checkpoints, ten seconds apart.
func readAt(n int) (read job.Checkpoints) {
	read.At, read.On = second(n), true
	for last := (n - 1) / 10 * 10; last > 0 && len(read.Recent) < 10; last -= 10 {
		read.Recent = append(read.Recent, completed(last))
	}
	if len(read.Recent) > 0 {
		read.Last, read.Took = read.Recent[0].Ended, read.Recent[0].Duration
	}
	return read
}

func ids(checkpoints []job.Checkpoint) (ids []int64) {
	for _, each := range checkpoints {
		ids = append(ids, each.ID)
	}
	return ids
}

// Checkpoints are kept beyond those that are read at a time, each once, newest first;
// what is in progress is not.
func TestCheckpointsAreKept(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for n := 5; n <= 1005; n += 25 {
		read := readAt(n)
		read.Recent = append([]job.Checkpoint{{ID: 7777, Status: job.CheckpointInProgress, Triggered: second(n)}}, read.Recent...)
		cluster.AddCheckpoints(orders, read, maxGap)
	}
	got := ids(cluster.Checkpoints("a", between(0, 2000)))
	var want []int64
	for n := int64(1000); n > 0; n -= 10 {
		want = append(want, n)
	}
	if !slices.Equal(got, want) {
		t.Errorf("kept are %v", got)
	}
	// One that was under way in the range is in it.
	if got := ids(cluster.Checkpoints("a", history.Range{From: second(20).Add(500 * time.Millisecond), To: second(40)})); !slices.Equal(got, []int64{40, 30, 20}) {
		t.Errorf("in the range are %v", got)
	}
	if got := cluster.Checkpoints("b", always); got != nil {
		t.Errorf("another job has %v", got)
	}
	details := completed(1000)
	details.Details = &job.CheckpointDetails{Task: "map"}
	cluster.AddDetails(orders, second(1010), details)
	cluster.AddCheckpoints(orders, readAt(1015), maxGap)
	if got := cluster.Checkpoints("a", between(1000, 1001)); len(got) != 1 || got[0].Details == nil || got[0].Details.Task != "map" {
		t.Errorf("with details it is %+v", got)
	}
	if jobs := cluster.Journaled(); len(jobs) != 1 || jobs[0] != (job.Info{ID: "a", Name: "orders", Type: job.Streaming, Start: began}) {
		t.Errorf("there are %+v", jobs)
	}
}

// A job that begins anew counts its checkpoints from 1 again: they are others.
func TestCheckpointIDsThatRepeat(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	again := completed(50)
	again.ID = 10
	cluster.AddCheckpoints(orders, job.Checkpoints{At: second(60), Recent: []job.Checkpoint{again, completed(10)}}, maxGap)
	if got := ids(cluster.Checkpoints("a", always)); !slices.Equal(got, []int64{10, 10}) {
		t.Errorf("kept are %v", got)
	}
}

// Incidents are kept once each; a rescaling takes the place of the restart that it is.
func TestIncidentsAreKept(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	failed := job.Incident{At: second(10), What: job.Exception, Task: "map", Subtask: 1, Text: "java.lang.RuntimeException"}
	restart := func(n int) job.Incident { return job.Incident{At: second(n), What: job.Restart, Subtask: -1} }
	cluster.AddIncidents(orders, second(20), restart(30), failed, restart(10))
	cluster.AddIncidents(orders, second(30), failed, job.Incident{At: second(30), What: job.Rescale, Subtask: -1, Text: "map from 2 to 4"})
	var got []string
	for _, each := range cluster.Incidents("a", between(0, 40)) {
		got = append(got, fmt.Sprint(each.At.Sub(began), " ", each.What))
	}
	if want := []string{"30s rescale", "10s restart", "10s exception"}; !slices.Equal(got, want) {
		t.Errorf("kept are %v, want %v", got, want)
	}
	if got := cluster.Incidents("a", between(11, 29)); got != nil {
		t.Errorf("between them are %v", got)
	}
}

// A journal keeps within the retention, and within the bytes, whatever else is kept:
// the oldest goes first.
func TestJournalsAreBounded(t *testing.T) {
	hour := memory.Limits{Retention: time.Hour, MaxBytes: 1 << 30}
	cluster := open(hour).Cluster("eu")
	for n := 5; n <= 2*3600; n += 10 {
		cluster.AddCheckpoints(orders, readAt(n), maxGap)
		cluster.AddIncidents(orders, second(n), job.Incident{At: second(n), What: job.Restart, Subtask: -1})
	}
	if got := cluster.Checkpoints("a", always); len(got) < 355 || len(got) > 365 {
		t.Errorf("an hour has %d checkpoints", len(got))
	}
	if got := cluster.Incidents("a", always); len(got) < 355 || len(got) > 365 {
		t.Errorf("an hour has %d incidents", len(got))
	}

	const bytes = 1 << 20
	store := open(memory.Limits{Retention: 24 * time.Hour, MaxBytes: bytes})
	cluster = store.Cluster("eu")
	stack := strings.Repeat("x", 10<<10)
	for n := range 2000 {
		add(cluster, "b", 10*n)
		cluster.AddIncidents(orders, second(10*n), job.Incident{At: second(10 * n), What: job.Exception, Subtask: -1, Stack: stack})
		if store.Bytes() > bytes {
			t.Fatalf("%d bytes after %d exceptions", store.Bytes(), n)
		}
	}
	incidents := cluster.Incidents("a", always)
	if len(incidents) < 20 || !incidents[0].At.Equal(second(19990)) {
		t.Errorf("%d incidents are kept", len(incidents))
	}
	if list := seconds(t, cluster, "b"); len(list) < 5 || list[len(list)-1] != 19990 {
		t.Errorf("samples are kept of %v", list)
	}
	// Without any limit met, a list is bounded nonetheless.
	store = open(roomy)
	for n := range 50 {
		read := job.Checkpoints{At: second(60 * n)}
		for i := range 1000 {
			read.Recent = append(read.Recent, completed(1000*n+i))
		}
		store.Cluster("eu").AddCheckpoints(orders, read, maxGap)
	}
	if got := store.Cluster("eu").Checkpoints("a", always); len(got) != 4096 || got[0].ID != 49_999 {
		t.Errorf("%d are kept, the newest is %d", len(got), got[0].ID)
	}
}

// What is forgotten counts no bytes.
func TestJournalsThatAreForgotten(t *testing.T) {
	pool := memory.NewPool(1 << 30)
	store := pool.Open(source, memory.Limits{Retention: time.Hour, MaxBytes: mib}, began)
	cluster := store.Cluster("eu")
	cluster.AddCheckpoints(orders, readAt(500), maxGap)
	cluster.AddIncidents(orders, second(500), job.Incident{At: second(400), What: job.Exception, Text: "text", Labels: []string{"a=b"}})
	if store.Bytes() == 0 {
		t.Fatal("nothing is kept")
	}
	add(store.Cluster("us"), "other", 3*3600)
	before := store.Bytes()
	if got := cluster.Journaled(); got != nil {
		t.Errorf("there are %v", got)
	}
	fresh := memory.NewPool(1<<30).Open(source, memory.Limits{Retention: time.Hour, MaxBytes: mib}, began)
	add(fresh.Cluster("us"), "other", 3*3600)
	if before != fresh.Bytes() {
		t.Errorf("%d bytes, want %d", before, fresh.Bytes())
	}
}

// The figures of a job's checkpoints at each sample are as they were known by then, and
// not known where nobody had read them of late.
func TestCheckpointFiguresOverTime(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	read := func(n int, state job.CheckpointState) {
		cluster.AddCheckpoints(orders, job.Checkpoints{At: second(n), CheckpointState: state}, maxGap)
	}
	nan := math.NaN()
	for _, step := range []struct {
		at   int
		read *job.CheckpointState
	}{
		{10, nil},
		{20, &job.CheckpointState{}},
		{30, &job.CheckpointState{On: true}},
		{40, nil},
		{50, &job.CheckpointState{On: true, Failures: 1, Last: second(45), Took: 2 * time.Second}},
		{60, &job.CheckpointState{On: true, Failures: 1, Last: second(45), Took: 2 * time.Second}},
		{70, nil}, {200, nil},
		{210, &job.CheckpointState{On: true, Failures: 7, Last: second(205), Took: 3 * time.Second}},
		{220, &job.CheckpointState{On: true, Failures: 7, Last: second(230), Took: 3 * time.Second}}, // Flink's clock is ahead
	} {
		if step.read != nil {
			read(step.at, *step.read)
		}
		add(cluster, "a", step.at)
	}
	summaries, _, err := cluster.Summaries(t.Context(), history.Query{Job: history.Job{ID: "a"}, Range: always, Figures: []diagnosis.Figure{diagnosis.CheckpointAge}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ age, duration, failures float64 }{
		{nan, nan, nan}, {nan, nan, 0}, {30, nan, 0}, {40, nan, 0}, {5, 2, 1}, {15, 2, 1}, {25, 2, 1}, {nan, nan, nan}, {5, 3, 7}, {0, 3, 7},
	} {
		got := summaries.Jobs[i].Figures
		for figure, want := range map[diagnosis.Figure]float64{diagnosis.CheckpointAge: want.age, diagnosis.CheckpointDuration: want.duration, diagnosis.CheckpointFailures: want.failures} {
			if got[figure] != want && !(math.IsNaN(got[figure]) && math.IsNaN(want)) {
				t.Errorf("at sample %d figure %d is %v, want %v", i, figure, got[figure], want)
			}
		}
	}
}
