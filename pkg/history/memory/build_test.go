package memory_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	mib    = 1 << 20
	maxGap = time.Minute
)

var (
	began  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	always = history.Range{From: began.Add(-365 * 24 * time.Hour), To: began.Add(365 * 24 * time.Hour)}
	roomy  = memory.Limits{Retention: 24 * time.Hour, MaxBytes: 1 << 30}
	source = memory.DataSource{Namespace: "org-1", ID: 7, UID: "a"}
)

// second is that long after the beginning.
func second(n int) time.Time { return began.Add(time.Duration(n) * time.Second) }

// between is the time between two seconds.
func between(from, to int) history.Range { return history.Range{From: second(from), To: second(to)} }

// open is a store of its own pool.
func open(limits memory.Limits) *memory.Store {
	return memory.NewPool(1<<30).Open(source, limits, began)
}

// small is the verdict on one of a few small jobs: a source and a map, busy as
// given.
func small(id string, at time.Time, busy float64) *diagnosis.Verdict {
	return smallFrom(id, at, at.Add(-10*time.Second), busy)
}

func smallFrom(id string, at, from time.Time, busy float64) *diagnosis.Verdict {
	graph := job.NewGraph([]job.Task{
		{ID: "source", Name: "source", Parallelism: 1, State: job.Running, Running: 1},
		{ID: "map", Name: "map", Parallelism: 1, State: job.Running, Running: 1},
	}, []job.Edge{{From: "source", To: "map"}})
	load := func(busy, backpressured float64) job.TaskLoad {
		return job.TaskLoad{}.WithSubtasks([]job.SubtaskLoad{{
			State: job.Running, Host: "host-1", TaskManager: "tm-1", RecordsIn: 1000, RecordsOut: 10,
			Shares: job.Shares{Idle: job.Share(1 - busy - backpressured), Busy: job.Share(busy), Backpressured: job.Share(backpressured)},
		}})
	}
	return diagnosis.Diagnose(&job.Snapshot{
		Job: job.Info{ID: id, Name: "job " + id, State: job.Running, Type: job.Streaming, Start: began, Subtasks: 2, Active: 2}, Graph: graph,
		At: at, From: from, To: at, Source: job.FromCounters, Tasks: []job.TaskLoad{load(1-busy, busy), load(busy, 0)},
	})
}

// unlike is a share that is another for each second.
func unlike(n int) float64 { return 0.1 + float64((n%1000+1000)%1000)/2000 }

// add adds small samples of a job at these seconds and returns those that were not
// kept.
func add(cluster *memory.Cluster, id string, seconds ...int) (refused []int) {
	for _, n := range seconds {
		if !cluster.Add(small(id, second(n), unlike(n)), math.NaN(), maxGap) {
			refused = append(refused, n)
		}
	}
	return refused
}

// seconds are when the samples kept of a job were taken.
func seconds(t testing.TB, cluster *memory.Cluster, id string) (list []int) {
	t.Helper()
	warnings, err := cluster.Snapshots(t.Context(), history.Query{Job: history.Job{ID: id}, Range: always}, func(snapshot history.Snapshot) bool {
		list = append(list, int(snapshot.At.Sub(began).Seconds()))
		return true
	})
	if err != nil || warnings != nil {
		t.Fatal(err, warnings)
	}
	return list
}

// chained is a job whose tasks follow one another and whose subtasks have shares
// of their own, which waver. About once an hour all of it restarts.
type chained struct {
	random *rand.Rand
	info   job.Info
	graph  *job.Graph
	at     time.Time
	loads  [][]job.SubtaskLoad
}

func newChained(tasks, parallelism int, seed uint64) *chained {
	c := &chained{random: rand.New(rand.NewPCG(seed, 0)), at: began}
	c.info = job.Info{
		ID: fmt.Sprintf("%032x", seed), Name: "orders", State: job.Running, Type: job.Streaming, Start: began,
		Subtasks: tasks * parallelism, Active: tasks * parallelism,
	}
	var list []job.Task
	var edges []job.Edge
	for i := range tasks {
		id := fmt.Sprintf("%032x", 1000+i)
		list = append(list, job.Task{ID: id, Name: fmt.Sprintf("Map %d -> Filter -> Map", i), Parallelism: parallelism, MaxParallelism: 128, State: job.Running, Running: parallelism})
		if i > 0 {
			edges = append(edges, job.Edge{From: list[i-1].ID, To: id})
		}
		c.loads = append(c.loads, make([]job.SubtaskLoad, parallelism))
		for s := range c.loads[i] {
			tm := c.random.IntN(200)
			load := &c.loads[i][s]
			*load = job.SubtaskLoad{
				Subtask: s, State: job.Running, Host: fmt.Sprintf("10.1.%d.%d", tm/100, tm%100), TaskManager: fmt.Sprintf("flink-taskmanager-%d-%032x", tm, tm),
				RecordsIn: math.Pow(10, 3+2*c.random.Float64()), RecordsOut: math.Pow(10, 2+2*c.random.Float64()),
			}
			// As in a job that its middle task holds back: those above it wait, those
			// below are idle.
			switch busy, slow := c.random.Float64(), tasks/2; {
			case i < slow:
				load.Busy = job.Share(0.1 + 0.4*busy)
				load.Backpressured = 0.98 - load.Busy
			case i == slow:
				load.Busy = 0.98
			default:
				load.Busy = job.Share(0.1 + 0.5*busy)
			}
		}
	}
	c.graph = job.NewGraph(list, edges)
	return c
}

// next is the verdict so much later.
func (c *chained) next(after time.Duration) *diagnosis.Verdict {
	c.at = c.at.Add(after)
	snapshot := &job.Snapshot{
		Job: c.info, Graph: c.graph, At: c.at, From: c.at.Add(-11 * time.Second), To: c.at.Add(-time.Second),
		Source: job.FromCounters, Tasks: make([]job.TaskLoad, len(c.loads)),
	}
	snapshot.Job.Duration = c.at.Sub(began)
	restarted := c.random.IntN(360) == 0
	for i := range c.loads {
		loads := make([]job.SubtaskLoad, len(c.loads[i]))
		for s := range loads {
			if restarted {
				c.loads[i][s].Attempt++
			}
			loads[s] = c.wavering(c.loads[i][s])
			if restarted {
				loads[s].Why, loads[s].Shares = job.WarmingUp, job.UnknownShares()
				loads[s].RecordsIn, loads[s].RecordsOut = math.NaN(), math.NaN()
			}
		}
		snapshot.Tasks[i] = job.TaskLoad{}.WithSubtasks(loads)
	}
	return diagnosis.Diagnose(snapshot)
}

func (c *chained) wavering(load job.SubtaskLoad) job.SubtaskLoad {
	by := func() float64 { return 1 + 0.05*c.random.NormFloat64() }
	load.Busy = min(max(load.Busy*job.Share(by()), 0), 1)
	load.Backpressured = min(max(load.Backpressured*job.Share(by()), 0), 1-load.Busy)
	load.Idle = 1 - load.Busy - load.Backpressured
	load.RecordsIn *= by()
	load.RecordsOut *= by()
	return load
}
