package prometheus

import (
	"context"
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Rows tells the measures named of a job and its tasks, by [Options.Row] of
// each of [Reader.Snapshots]. Where none is named, and so what is told of jobs
// alone is wanted, it asks for the restarts, too.
func (r *Reader) Rows(ctx context.Context, of history.Key, over history.Span, step time.Duration, measures ...history.Measure) (history.Rows, error) {
	gathered := gathering{measures: measures, index: map[string]int{}}
	for snapshot, err := range r.Snapshots(ctx, of, over, step) {
		if err != nil {
			return history.Rows{}, err
		}
		gathered.add(snapshot, r.options.Row(snapshot))
	}
	rows := gathered.rows()
	if len(measures) > 0 {
		return rows, nil
	}
	return rows, r.restarts(ctx, of, rows, step)
}

// gathering turns rows into columns.
type gathering struct {
	measures []history.Measure
	found    history.Rows
	index    map[string]int // of a task's id in the tasks found
	latest   *job.Graph
}

func (g *gathering) add(snapshot *job.Snapshot, row history.Row) {
	g.found.Times = append(g.found.Times, snapshot.At)
	g.found.Jobs = append(g.found.Jobs, row.Job)
	g.latest = snapshot.Graph
	for i, task := range snapshot.Graph.Tasks {
		g.place(task, row.Tasks[i])
	}
	g.even()
}

// place appends a task's measures to its columns.
func (g *gathering) place(task job.Task, row history.TaskRow) {
	at, known := g.index[task.ID]
	if !known {
		at = len(g.found.Tasks)
		g.index[task.ID] = at
		g.found.Tasks = append(g.found.Tasks, history.TaskRows{ID: task.ID, Measures: make([][]float32, len(g.measures))})
	}
	rows := &g.found.Tasks[at]
	rows.Name = task.Name
	for n, measure := range g.measures {
		column := g.lengthened(rows.Measures[n], measure, len(g.found.Times)-1)
		rows.Measures[n] = append(column, row[measure])
	}
}

// even brings all columns to one length: a task may be absent from a graph.
func (g *gathering) even() {
	for _, rows := range g.found.Tasks {
		for n, measure := range g.measures {
			rows.Measures[n] = g.lengthened(rows.Measures[n], measure, len(g.found.Times))
		}
	}
}

// lengthened fills a column up with what is not known.
func (g *gathering) lengthened(column []float32, measure history.Measure, length int) []float32 {
	unknown := float32(math.NaN())
	if measure == history.Status {
		unknown = -1
	}
	for len(column) < length {
		column = append(column, unknown)
	}
	return column
}

// rows has the tasks of the latest graph first, in its order.
func (g *gathering) rows() history.Rows {
	if g.latest == nil {
		return g.found
	}
	sorted, taken := make([]history.TaskRows, 0, len(g.found.Tasks)), map[string]bool{}
	for _, task := range g.latest.Tasks {
		sorted, taken[task.ID] = append(sorted, g.found.Tasks[g.index[task.ID]]), true
	}
	for _, rows := range g.found.Tasks {
		if !taken[rows.ID] {
			sorted = append(sorted, rows)
		}
	}
	g.found.Tasks = sorted
	return g.found
}
