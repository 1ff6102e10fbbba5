package history_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const mib = 1 << 20

var (
	began  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	always = history.Span{From: began.Add(-365 * 24 * time.Hour), To: began.Add(365 * 24 * time.Hour)}
	roomy  = history.Limits{Retention: 24 * time.Hour, Bytes: 1 << 30}
	// blocky closes a block every few looks.
	blocky = history.Limits{Retention: 24 * time.Hour, Bytes: 128 << 10}
)

// chained is a job whose tasks follow one another, as a real Flink counts: its
// subtasks have shares of their own, which waver from look to look.
type chained struct {
	random *rand.Rand
	info   job.Info
	graph  *job.Graph
	at     time.Time
	loads  [][]load
}

// load is how a subtask of a chained job does.
type load struct {
	reading             job.SubtaskSample
	busy, backpressured float64 // shares
	perSecond, ratio    float64 // records in, and out for each of them
	idled, worked, held float64 // so far, in milliseconds
	read, written       float64
}

func newChained(tasks, parallelism int, seed uint64) *chained {
	c := &chained{random: rand.New(rand.NewPCG(seed, 0)), at: began}
	c.info = job.Info{ID: fmt.Sprintf("%032x", seed), Name: "orders", State: job.Running, Type: job.Streaming, Start: began, Subtasks: tasks * parallelism, Active: tasks * parallelism}
	var list []job.Task
	var edges []job.Edge
	for i := range tasks {
		id := fmt.Sprintf("%032x", 1000+i)
		list = append(list, job.Task{ID: id, Name: fmt.Sprintf("Map %d -> Filter -> Map", i), Parallelism: parallelism, MaxParallelism: 128, State: job.Running, Running: parallelism})
		if i > 0 {
			edges = append(edges, job.Edge{From: list[i-1].ID, To: id})
		}
		c.loads = append(c.loads, make([]load, parallelism))
		for s := range c.loads[i] {
			c.loads[i][s] = c.newLoad(s)
		}
	}
	c.graph = job.NewGraph(list, edges)
	return c
}

func (c *chained) newLoad(subtask int) load {
	l := load{busy: c.random.Float64(), perSecond: math.Pow(10, 3+2*c.random.Float64()), ratio: 0.1 + c.random.Float64()}
	l.backpressured = (1 - l.busy) * c.random.Float64()
	tm := c.random.IntN(200)
	l.reading = job.SubtaskSample{
		Subtask: subtask, State: job.Running, Start: began.Add(time.Duration(c.random.IntN(500)) * time.Millisecond),
		Host: fmt.Sprintf("10.1.%d.%d", tm/100, tm%100), TaskManager: fmt.Sprintf("flink-taskmanager-%d-%032x", tm, tm),
	}
	return l
}

// look goes on by about that time and looks. Each subtask's shares and rates
// waver by some 5 %, its clock by some 15 ms; one in a thousand begins anew.
func (c *chained) look(after time.Duration) *job.Sample {
	c.at = c.at.Add(after + time.Duration(c.random.NormFloat64()*float64(20*time.Millisecond)))
	look := &job.Sample{Job: c.info, Graph: c.graph, At: c.at, Tasks: make([]job.TaskSample, len(c.loads))}
	look.Job.Duration = c.at.Sub(began).Truncate(time.Millisecond)
	for i := range c.loads {
		late := time.Duration(c.random.IntN(40)) * time.Millisecond
		readings := make([]job.SubtaskSample, len(c.loads[i]))
		for s := range readings {
			readings[s] = c.read(&c.loads[i][s], after, c.at.Add(-late))
		}
		look.Tasks[i].Subtasks = readings
	}
	return look
}

func (c *chained) read(l *load, after time.Duration, now time.Time) job.SubtaskSample {
	if c.random.IntN(1000) == 0 {
		l.reading.Attempt, l.reading.Start = l.reading.Attempt+1, now.Truncate(time.Millisecond)
		l.idled, l.worked, l.held, l.read, l.written = 0, 0, 0, 0, 0
	}
	elapsed := float64(after.Milliseconds()) + 15*c.random.NormFloat64()
	busy, held := c.wavering(l.busy), c.wavering(l.backpressured)
	sum := max(1, busy+held)
	l.worked += elapsed * busy / sum
	l.held += elapsed * held / sum
	l.idled += elapsed * (1 - min(busy+held, 1))
	read := elapsed / 1000 * l.perSecond * (1 + 0.05*c.random.NormFloat64())
	l.read += read
	l.written += read * l.ratio * (1 + 0.02*c.random.NormFloat64())
	reading := l.reading
	in, out := int64(l.read), int64(l.written)
	reading.RecordsIn, reading.RecordsOut = &in, &out
	reading.Counters = &job.Counters{Idle: whole(l.idled), Busy: whole(l.worked), Backpressured: whole(l.held)}
	reading.Running = now.Sub(reading.Start).Truncate(time.Millisecond)
	return reading
}

func (c *chained) wavering(share float64) float64 {
	return min(max(share*(1+0.05*c.random.NormFloat64()), 0), 1)
}

func whole(milliseconds float64) time.Duration {
	return time.Duration(milliseconds) * time.Millisecond
}

// row is what may be told beside a look: it wavers as the load does.
func (c *chained) row(look *job.Sample) history.Row {
	row := history.Row{Job: history.JobRow{
		Running: true, From: look.At.Add(-11 * time.Second), To: look.At.Add(-time.Second), Source: job.FromCounters,
	}}
	for i := range look.Graph.Tasks {
		var task history.TaskRow
		for measure := range task {
			task[measure] = float32(c.wavering(0.2 + float64((i+measure)%8)/10))
		}
		task[history.RecordsIn], task[history.RecordsOut] = float32(1e6*c.wavering(0.5)), float32(1e6*c.wavering(0.9))
		task[history.Status], task[history.Whole] = float32(i%5), 1
		row.Tasks = append(row.Tasks, task)
	}
	return row
}
