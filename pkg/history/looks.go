package history

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// ErrNoAnswer stands for whatever was the reason that a task did not answer,
// or not everything.
var ErrNoAnswer = errors.New("the task had not answered")

// Looks gives the looks at a job, in the order they were taken. They are as
// they were added, but for the reason that a task did not answer; a reading
// that says the same as the one before it may have been left out. The error
// is the context's, and ends the sequence.
func (s *Store) Looks(ctx context.Context, of Key, over Span) iter.Seq2[*job.Sample, error] {
	return func(yield func(*job.Sample, error) bool) {
		blocks, from, to := s.view(of, over)
		for _, block := range blocks {
			reading := newLookReading(of.JobID, block)
			for range block.head().looks {
				if err := ctx.Err(); err != nil {
					yield(nil, err)
					return
				}
				switch at := reading.next(); {
				case at > to:
					return
				case at >= from && !yield(reading.look(), nil):
					return
				}
			}
		}
	}
}

// lookReading reads the looks of a block, one after the other. Values are of
// the look that it has come to.
type lookReading struct {
	*block
	jobID       string
	jobs, tasks replay
	reads       [][]replay // for each task, its tables
	ofJob       []int64
	ofTasks     []int64
	ofReads     [][][]int64
	last        *job.Graph // of the look before
}

func newLookReading(jobID string, in kept) *lookReading {
	written := in.readTables()
	r := &lookReading{
		block: in.head(), jobID: jobID,
		jobs:  replay{layout: &jobLayout, written: in.jobTable(), wanted: jobLayout.all()},
		tasks: replay{layout: &taskLayout, written: in.taskTable(), wanted: taskLayout.all()},
		reads: make([][]replay, len(written)), ofReads: make([][][]int64, len(written)),
	}
	for i, tables := range written {
		r.ofReads[i] = make([][]int64, len(tables))
		for _, table := range tables {
			r.reads[i] = append(r.reads[i], replay{layout: &readLayout, written: table, wanted: readLayout.all()})
		}
	}
	return r
}

// next goes on to the next look and tells its time, in Unix nanoseconds.
func (r *lookReading) next() int64 {
	var before int64
	if r.ofJob != nil {
		before = r.ofJob[jobAt]
	}
	r.ofJob = r.jobs.next(0)
	elapsed := millis(r.ofJob[jobAt]) - millis(before)
	r.ofTasks = r.tasks.next(elapsed)
	for i := range r.reads {
		for n := range r.reads[i] {
			r.ofReads[i][n] = r.reads[i][n].next(elapsed)
		}
	}
	return r.ofJob[jobAt]
}

// look is the look that it has come to.
func (r *lookReading) look() *job.Sample {
	look := &job.Sample{Job: r.info(), Graph: r.shaped(), At: time.Unix(0, r.ofJob[jobAt]), Tasks: make([]job.TaskSample, len(r.reads))}
	for i, tables := range r.ofReads {
		look.Tasks[i].Subtasks = r.readings(tables)
		if r.ofTasks[i*taskColumns+taskFailed] == 1 {
			look.Tasks[i].Err = ErrNoAnswer
		}
	}
	return look
}

func (r *lookReading) info() job.Info {
	start := r.ofJob[jobStart]
	return job.Info{
		ID: r.jobID, Name: r.word(r.ofJob[jobName]), State: job.State(r.word(r.ofJob[jobState])), Type: job.Type(r.word(r.ofJob[jobType])),
		Start: time.UnixMilli(start), Subtasks: int(r.ofJob[jobSubtasks]), Active: int(r.ofJob[jobActive]),
		Duration: ms(r.ofJob[jobLasts] + millis(r.ofJob[jobAt]) - start),
	}
}

// shaped is the look's graph: that of the look before, if nothing changed.
func (r *lookReading) shaped() *job.Graph {
	tasks := slices.Clone(r.graph.Tasks)
	same := r.last != nil
	for i := range tasks {
		of := r.ofTasks[i*taskColumns : (i+1)*taskColumns]
		task := &tasks[i]
		task.Parallelism, task.MaxParallelism = int(of[taskParallelism]), int(of[taskMaxParallelism])
		task.State, task.Running = job.State(r.word(of[taskState])), int(of[taskRunning])
		same = same && equal(*task, r.last.Tasks[i])
	}
	if !same {
		r.last = &job.Graph{Tasks: tasks}
	}
	return r.last
}

// equal compares what is kept of a task with each look.
func equal(a, b job.Task) bool {
	return a.Parallelism == b.Parallelism && a.MaxParallelism == b.MaxParallelism && a.State == b.State && a.Running == b.Running
}
