package history_test

import (
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// rebuilt are the looks at two jobs of one id, as every application cluster
// gives it: the second begins to count anew, after a while.
func rebuilt(other func(*job.Sample)) (looks []*job.Sample) {
	for n := range 20 {
		looks = append(looks, moving("a", time.Duration(n+10)*10*time.Second))
	}
	for n := range 20 {
		look := lookAt("a", 310*time.Second+time.Duration(n)*10*time.Second, time.Duration(n)*10*time.Second)
		look.Job.Start = began.Add(5 * time.Minute)
		look.Tasks[0].Subtasks[0].Start, look.Tasks[0].Subtasks[0].Running = look.Job.Start, look.At.Sub(look.Job.Start)
		other(look)
		looks = append(looks, look)
	}
	return looks
}

// A job id that is seen again after a cluster was rebuilt mixes no attempts:
// what is derived of the second job comes of its looks alone.
func TestAJobIDSeenAgain(t *testing.T) {
	for name, other := range map[string]func(*job.Sample){
		"the same tasks": func(*job.Sample) {},
		"other tasks": func(look *job.Sample) {
			look.Graph = job.NewGraph([]job.Task{{ID: "reduce", Name: "reduce", Parallelism: 1, State: job.Running, Running: 1}}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			looks, store := rebuilt(other), history.NewStore(roomy)
			trail := job.NewDeriver(pace)
			want := map[int64]*job.Snapshot{}
			for _, look := range looks {
				want[look.At.UnixNano()] = trail.Add(look)
				store.Add("default", look, history.Row{})
			}
			compare(t, store, looks, want)
			if first := want[looks[20].At.UnixNano()]; first.MeasuredTasks() > 0 {
				t.Error("the second job's first look is compared with the first job's last")
			}
		})
	}
}

// Rows of a task that the job had for a time only are unknown for the rest.
func TestRowsOfTasksThatComeAndGo(t *testing.T) {
	store := history.NewStore(roomy)
	looks := rebuilt(func(look *job.Sample) {
		look.Graph = job.NewGraph([]job.Task{{ID: "reduce", Name: "reduce", Parallelism: 1, State: job.Running, Running: 1}}, nil)
	})
	for _, look := range looks {
		store.Add("eu", look, history.Row{Tasks: []history.TaskRow{{history.BusyMax: 0.5}}})
	}
	rows, err := store.Rows(t.Context(), key, always, history.BusyMax)
	if err != nil || len(rows.Tasks) != 2 || rows.Tasks[0].ID != "reduce" || rows.Tasks[1].ID != "map" {
		t.Fatalf("the tasks are %v, %v; want the latest first", rows.Tasks, err)
	}
	for at := range rows.Times {
		reduce, before := rows.Tasks[0].Measures[0][at], rows.Tasks[1].Measures[0][at]
		if second := at >= 20; second != (reduce == 0.5) || second != math.IsNaN(float64(before)) {
			t.Errorf("at %d the second's task is %v busy, the first's %v", at, reduce, before)
		}
	}
}
