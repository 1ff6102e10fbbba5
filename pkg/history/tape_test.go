package history_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var pace = job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s}

// exactly compares snapshots with what is not exported of them.
var exactly = cmp.Options{
	cmp.AllowUnexported(job.SubtaskLoad{}), cmpopts.EquateNaNs(), cmpopts.EquateErrors(),
	cmp.Comparer(func(a, b job.Share) bool { return a == b || !a.Known() && !b.Known() }),
}

// What real jobs told, remembered and told again, makes the same snapshots.
func TestTapesComeBackAsTheyWere(t *testing.T) {
	for version, names := range map[string][]string{
		"2.3.0":  {"bottleneck-middle", "branch", "healthy", "moved", "skew"},
		"1.20.5": {"bottleneck-middle", "healthy", "moved", "skew"},
	} {
		for _, name := range names {
			t.Run(version+"/"+name, func(t *testing.T) {
				tape := flinktest.Open(t, version, name)
				synctest.Test(t, func(t *testing.T) {
					looks := taped(t, tape, 3*time.Second)
					for _, limits := range []history.Limits{roomy, blocky} {
						store := history.NewStore(limits)
						compare(t, store, looks, snapshots(store, looks))
					}
				})
			})
		}
	}
}

// snapshots are those of the looks that the store kept, by time.
func snapshots(store *history.Store, looks []*job.Sample) map[int64]*job.Snapshot {
	trail, made := job.NewDeriver(pace), map[int64]*job.Snapshot{}
	for _, look := range looks {
		snapshot := trail.Add(look)
		if store.Add("default", look, history.Row{}) {
			made[look.At.UnixNano()] = snapshot
		}
	}
	return made
}

// compare derives the snapshots of what comes back.
func compare(t *testing.T, store *history.Store, looks []*job.Sample, want map[int64]*job.Snapshot) {
	t.Helper()
	span := history.Span{From: looks[0].At, To: looks[len(looks)-1].At}
	trail, compared, counted := job.NewDeriver(pace), 0, 0
	for look, err := range store.Looks(t.Context(), history.Key{Cluster: "default", JobID: looks[0].Job.ID}, span) {
		if err != nil {
			t.Fatal(err)
		}
		got := trail.Add(look)
		if diff := cmp.Diff(want[look.At.UnixNano()], got, exactly); diff != "" {
			t.Fatalf("%s after the first look the snapshot is another (-want +got):\n%s", look.At.Sub(looks[0].At), diff)
		}
		compared++
		if got.Source == job.FromCounters {
			counted++
		}
	}
	if compared != len(want) || counted < compared/2 {
		t.Errorf("compared %d snapshots, %d of them by counters; %d looks were kept of %d", compared, counted, len(want), len(looks))
	}
}

// taped are the looks at a tape's job.
func taped(t *testing.T, tape *flinktest.Tape, every time.Duration) (looks []*job.Sample) {
	t.Helper()
	client, err := flink.New(tape.Client(nil), "http://flink:8081", flink.Slots(8))
	if err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); time.Since(begun) < tape.Length; time.Sleep(every) {
		answer, err := client.Job(t.Context(), tape.JobID)
		if err != nil {
			t.Fatal(err)
		}
		look := tapedLook(answer)
		for i, task := range look.Graph.Tasks {
			look.Tasks[i].Subtasks = tapedReadings(t, client, tape.JobID, task.ID)
		}
		looks = append(looks, look)
	}
	return looks
}

func tapedLook(answer flink.Job) *job.Sample {
	var tasks []job.Task
	var edges []job.Edge
	for _, v := range answer.Vertices {
		tasks = append(tasks, job.Task{
			ID: v.ID, Name: v.Name, Parallelism: v.Parallelism, MaxParallelism: v.MaxParallelism,
			State: job.State(v.Status), Running: v.Tasks["RUNNING"],
		})
	}
	for _, node := range answer.Plan.Nodes {
		for _, input := range node.Inputs {
			edges = append(edges, job.Edge{From: input.ID, To: node.ID})
		}
	}
	info := job.Info{
		ID: answer.ID, Name: answer.Name, State: job.State(answer.State), Type: job.Type(answer.Type),
		Start: time.UnixMilli(answer.Start), Duration: time.Duration(answer.Duration) * time.Millisecond,
	}
	graph := job.NewGraph(tasks, edges)
	return &job.Sample{Job: info, Graph: graph, At: time.Now(), Tasks: make([]job.TaskSample, len(graph.Tasks))}
}

// tapedReadings are a task's counters, and its gauges beside them.
func tapedReadings(t *testing.T, client *flink.Client, jobID, taskID string) (readings []job.SubtaskSample) {
	t.Helper()
	task, err := client.Task(t.Context(), jobID, taskID)
	if err != nil {
		t.Fatal(err)
	}
	pressure, err := client.Backpressure(t.Context(), jobID, taskID)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range task.Subtasks {
		reading := job.SubtaskSample{
			Subtask: s.Subtask, Attempt: s.Attempt, State: job.State(s.Status), Start: time.UnixMilli(s.Start),
			Running: time.Duration(s.StatusDuration["RUNNING"]) * time.Millisecond, Host: s.Host(), TaskManager: s.TaskManager(),
			RecordsIn: &s.Metrics.ReadRecords, RecordsOut: &s.Metrics.WriteRecords,
		}
		if m := s.Metrics; m.Idle != nil && m.Busy != nil && m.Backpressured != nil && m.ReadRecordsComplete {
			reading.Counters = &job.Counters{Idle: whole(float64(*m.Idle)), Busy: whole(float64(*m.Busy)), Backpressured: whole(float64(*m.Backpressured))}
		}
		at := slices.IndexFunc(pressure.Subtasks, func(p flink.Ratio) bool { return p.Subtask == s.Subtask })
		if at >= 0 {
			p := pressure.Subtasks[at]
			reading.Gauge = &job.Shares{Idle: job.Share(p.Idle), Busy: job.Share(p.Busy), Backpressured: job.Share(p.Backpressured)}
		}
		readings = append(readings, reading)
	}
	return readings
}
