package history_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// erratic is a job to which anything may happen between two looks.
type erratic struct {
	*rand.Rand
	at    time.Time
	tasks int
	width []int
	reads [][]job.SubtaskSample
	named string
}

var (
	states = []job.State{job.Running, job.Running, job.Running, "", "CREATED", "DEPLOYING", job.Failed, job.Finished}
	places = []string{"", "host-1", "10.0.0.7", "flink-taskmanager-3-1", "flink-taskmanager-4-1"}
)

// look changes a little of everything, and now and then much.
func (e *erratic) look() *job.Sample {
	e.at = e.at.Add(time.Duration(1 + e.Int64N(int64(20*time.Second))))
	if e.IntN(25) == 0 || e.tasks == 0 {
		e.tasks = 1 + e.IntN(4)
		e.named = fmt.Sprintf("orders %d", e.IntN(3))
		e.width, e.reads = make([]int, e.tasks), make([][]job.SubtaskSample, e.tasks)
	}
	look := &job.Sample{At: e.at, Job: job.Info{
		ID: "a", Name: e.named, State: pick(e, states), Type: job.Streaming, Start: began.Add(ms(e.Int64N(9))),
		Subtasks: e.IntN(9), Active: e.IntN(9), Duration: e.at.Sub(began).Truncate(time.Millisecond),
	}}
	var tasks []job.Task
	var edges []job.Edge
	for i := range e.tasks {
		if e.width[i] == 0 || e.IntN(15) == 0 {
			e.width[i] = 1 + e.IntN(4)
			if e.IntN(10) == 0 {
				e.width[i] = 100 + e.IntN(200) // more than a table holds
			}
		}
		id := fmt.Sprintf("task-%d", i)
		tasks = append(tasks, job.Task{ID: id, Name: "map", Parallelism: e.width[i], MaxParallelism: 128, State: pick(e, states), Running: e.IntN(2)})
		edges = append(edges, job.Edge{From: "task-0", To: id})
		look.Tasks = append(look.Tasks, e.task(i))
	}
	look.Graph = job.NewGraph(tasks, edges)
	return look
}

func (e *erratic) task(i int) (said job.TaskSample) {
	if e.IntN(20) == 0 {
		said.Err = errors.New("time-out")
	}
	if e.IntN(12) == 0 {
		return said
	}
	before := e.reads[i]
	e.reads[i] = make([]job.SubtaskSample, e.width[i])
	copy(e.reads[i], before)
	for s := range e.reads[i] {
		e.reads[i][s] = e.reading(s, e.reads[i][s])
	}
	said.Subtasks = append(said.Subtasks, e.reads[i]...)
	return said
}

// reading goes on from the one before, or has nothing to do with it.
func (e *erratic) reading(subtask int, before job.SubtaskSample) job.SubtaskSample {
	if before.State != "" && e.IntN(40) > 0 {
		return e.onward(before)
	}
	read := job.SubtaskSample{
		Subtask: subtask + e.IntN(2)*e.IntN(2), Attempt: e.IntN(3), State: pick(e, states), Start: began.Add(ms(e.Int64N(1e9) - 5e8)),
		Running: ms(e.Int64N(1e6)), Host: pick(e, places), TaskManager: pick(e, places),
	}
	if e.IntN(3) > 0 {
		read.Counters = &job.Counters{Idle: ms(e.count() >> 20), Busy: ms(e.count() >> 20), Backpressured: ms(e.count() >> 20), BusyUnknown: e.IntN(5) == 0}
	}
	if e.IntN(3) > 0 {
		in, out := e.count(), e.count()
		read.RecordsIn, read.RecordsOut = &in, &out
	}
	if e.IntN(3) == 0 {
		read.Gauge = &job.Shares{Idle: job.Share(float64(e.IntN(1001)) / 1000), Busy: job.Unknown, Backpressured: 1}
	}
	return read
}

// onward counts on, backwards at times.
func (e *erratic) onward(read job.SubtaskSample) job.SubtaskSample {
	read.Running += ms(e.Int64N(20_000))
	if c := read.Counters; c != nil {
		read.Counters = &job.Counters{Idle: c.Idle + ms(e.Int64N(9000)-286), Busy: c.Busy + ms(e.Int64N(9000)-286), Backpressured: c.Backpressured, BusyUnknown: c.BusyUnknown}
	}
	if in := read.RecordsIn; in != nil {
		more := *in + e.Int64N(1e6)
		read.RecordsIn = &more
	}
	return read
}

// count is any number, however large.
func (e *erratic) count() int64 { return int64(e.Uint64()) >> e.IntN(64) }

func (e *erratic) row() (row history.Row) {
	row.Job = history.JobRow{Running: e.IntN(2) == 0, Clear: e.IntN(2) == 0, Restarts: math.NaN()}
	if e.IntN(2) == 0 {
		row.Job = history.JobRow{Restarts: float64(e.IntN(5)), From: e.at.Add(-ms(e.Int64N(60_000) + 500)), To: e.at.Add(-ms(e.Int64N(500))), Source: job.FromCounters}
	}
	for range e.tasks {
		var task history.TaskRow
		for measure := range task {
			task[measure] = float32(e.IntN(1001)) / 1000
			if e.IntN(4) == 0 {
				task[measure] = float32(math.NaN())
			}
		}
		task[history.Status], task[history.Whole] = float32(e.IntN(6)-1), float32(e.IntN(2))
		row.Tasks = append(row.Tasks, task)
	}
	return row
}

func pick[T any](e *erratic, from []T) T { return from[e.IntN(len(from))] }

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
