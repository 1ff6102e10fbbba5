package history

import (
	"context"
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Rows are what was told of a job over time.
type Rows struct {
	// Times are when the looks were taken, ascending; Jobs has a row for each.
	Times []time.Time
	Jobs  []JobRow
	// Tasks are all that the job had in the time, in topological order, the
	// graph of the latest look first.
	Tasks []TaskRows
}

// TaskRows are a task's measures over time.
type TaskRows struct {
	ID, Name string
	// Measures has a column for each measure asked for, in that order, with a
	// value for each of [Rows.Times]; what is not known is NaN, of the status
	// -1. The columns are the caller's.
	Measures [][]float32
}

// Rows tells the measures of a job and its tasks. The error is the context's.
func (s *Store) Rows(ctx context.Context, of Key, over Span, measures ...Measure) (Rows, error) {
	blocks, from, to := s.view(of, over)
	reading := newRowReading(blocks, measures)
	for _, block := range blocks {
		if err := ctx.Err(); err != nil {
			return Rows{}, err
		}
		reading.block(block, from, to)
	}
	return reading.rows(), ctx.Err()
}

// rowReading gathers rows block by block.
type rowReading struct {
	measures []Measure
	wanted   columns
	looks    int // at most
	times    []time.Time
	jobs     []JobRow
	tasks    []TaskRows
	index    map[string]int // of a task's id in tasks
}

// newRowReading lists the tasks, so that the columns can be made at once.
func newRowReading(blocks []kept, measures []Measure) *rowReading {
	r := &rowReading{measures: measures, index: map[string]int{}}
	for _, measure := range measures {
		r.wanted |= 1 << measure
	}
	for i := len(blocks) - 1; i >= 0; i-- {
		r.looks += blocks[i].head().looks
		for _, task := range blocks[i].head().graph.Tasks {
			if _, known := r.index[task.ID]; !known {
				r.index[task.ID] = len(r.tasks)
				r.tasks = append(r.tasks, TaskRows{ID: task.ID, Name: task.Name})
			}
		}
	}
	r.times, r.jobs = make([]time.Time, 0, r.looks), make([]JobRow, 0, r.looks)
	for i := range r.tasks {
		r.tasks[i].Measures = unknownColumns(measures, r.looks)
	}
	return r
}

// unknownColumns are a task's columns before anything is known of it.
func unknownColumns(measures []Measure, looks int) [][]float32 {
	all := make([]float32, len(measures)*looks)
	columns := make([][]float32, len(measures))
	for i, measure := range measures {
		columns[i] = all[i*looks : (i+1)*looks : (i+1)*looks]
		for at := range columns[i] {
			columns[i][at] = unknownTask[measure]
		}
	}
	return columns
}

// block reads the looks of a block that are in the span.
func (r *rowReading) block(b kept, from, to int64) {
	head := b.head()
	tasks := make([]int, len(head.graph.Tasks))
	for i, task := range head.graph.Tasks {
		tasks[i] = r.index[task.ID]
	}
	jobs := replay{layout: &jobLayout, written: b.jobTable(), wanted: jobLayout.all()}
	rows := replay{layout: &rowLayout, written: b.rowTable(r.wanted), wanted: r.wanted}
	for range head.looks {
		of, told := jobs.next(0), rows.next(0)
		if at := of[jobAt]; at < from {
			continue
		} else if at > to {
			return
		}
		r.look(tasks, told, len(r.times))
		r.times = append(r.times, time.Unix(0, of[jobAt]))
		r.jobs = append(r.jobs, jobRow(head, of))
	}
}

// look fills in a look's place in the columns of its tasks.
func (r *rowReading) look(tasks []int, told []int64, place int) {
	for i, task := range tasks {
		for n, measure := range r.measures {
			r.tasks[task].Measures[n][place] = measure.told(told[i*measures+int(measure)])
		}
	}
}

// rows are those that were found: the columns may have room for more.
func (r *rowReading) rows() Rows {
	for _, task := range r.tasks {
		for i, column := range task.Measures {
			task.Measures[i] = column[:len(r.times)]
		}
	}
	return Rows{Times: r.times, Jobs: r.jobs, Tasks: r.tasks}
}

func jobRow(head *block, values []int64) JobRow {
	row := JobRow{Name: head.word(values[jobName]), Running: values[rowRunning] == 1, Clear: values[rowClear] == 1, Restarts: math.NaN(), Source: job.Source(head.word(values[rowSource]))}
	if values[rowRestarts] != notKnown {
		row.Restarts = float64(values[rowRestarts])
	}
	if values[rowWindow] != notKnown {
		row.To = time.Unix(0, values[jobAt]).Add(-ms(values[rowAge]))
		row.From = row.To.Add(-ms(values[rowWindow]))
	}
	return row
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
