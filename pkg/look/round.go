package look

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// patience is how soon the next fetch must be due for a first look to wait
// for it, rather than to ask for gauges.
const patience = time.Second

// taking is one round of requests for one job.
type taking struct {
	keeper   *Keeper
	cluster  Cluster
	watched  *watch
	requests atomic.Int64
	// late is set once a task has not answered in time: tasks that have not
	// been asked by then are not, or a Flink that hangs would hold up the round
	// for many time-outs, and all who share its slots.
	late atomic.Bool
}

// errLate is why a task was not asked.
var errLate = errors.New("it was not asked, as another task of the job had not answered in time")

// round takes a look at the job and derives the snapshot from it: one request
// for the job, one for each of its tasks that run, and one more for each task
// that has nothing to be compared with yet.
func (k *Keeper) round(ctx context.Context, info job.Info, cluster Cluster, watched *watch) (counted, error) {
	watched.begin(cluster.Pace())
	taken := &taking{keeper: k, cluster: cluster, watched: watched}
	look, err := taken.look(ctx, info)
	if next := k.fetch.next(cluster.Fetch); err == nil && cluster.Fetch > patience && time.Until(next) <= patience && len(taken.lacking(look)) > 0 {
		watched.add(look)
		if err = until(ctx, next); err == nil {
			look, err = taken.look(ctx, info)
		}
	}
	if err != nil {
		return counted{requests: int(taken.requests.Load())}, err
	}
	if cluster.Fetch > 0 && !cluster.before(1, 16) {
		taken.gauges(ctx, look)
	}
	if err := ctx.Err(); err != nil {
		return counted{}, err
	}
	watched.late.Store(taken.late.Load())
	snapshot := watched.add(look)
	if k.memory != nil {
		row := Row(snapshot)
		row.Job.Restarts = watched.restarted(k.pace())
		k.memory.Store.Add(k.memory.Cluster, look, row)
		k.heard(ctx, nil)
	}
	return counted{snapshot: snapshot, requests: int(taken.requests.Load())}, nil
}

// begin starts the job's trail, anew if the cluster's pace has changed.
func (w *watch) begin(pace job.MetricInterval) {
	w.trailMu.Lock()
	defer w.trailMu.Unlock()
	if w.trail == nil || w.trail.Interval() != pace {
		w.trail = job.NewDeriver(pace)
	}
}

// add puts the look on the job's trail.
func (w *watch) add(look *job.Sample) *job.Snapshot {
	w.trailMu.Lock()
	defer w.trailMu.Unlock()
	return w.trail.Add(look)
}

// look asks for the job, which triggers a fetch if one is due, waits for that
// to have arrived, and asks for its tasks.
func (t *taking) look(ctx context.Context, info job.Info) (*job.Sample, error) {
	t.requests.Add(1)
	answer, err := t.keeper.client.Job(ctx, info.ID)
	if err != nil {
		return nil, err
	}
	look := newLook(answer, info)
	if last := t.watched.load.last().snapshot; last != nil && len(look.Graph.Tasks) == 0 {
		// A job that begins anew has no tasks at first: its old ones keep
		// their series.
		look.Graph, look.Tasks = last.Graph, make([]job.TaskSample, len(last.Graph.Tasks))
		look.At = time.Now()
		return look, nil
	}
	running := runningTasks(look)
	if len(running) == 0 {
		look.At = time.Now()
		return look, nil
	}
	if err := until(ctx, t.keeper.fetch.triggered(time.Now(), t.cluster.Fetch)); err != nil {
		return nil, err
	}
	AtOnce(len(running), t.atOnce(), func(n int) {
		i := running[n]
		if t.cluster.before(1, 16) {
			look.Tasks[i] = t.uncounted(ctx, answer, look.Graph.Tasks[i])
		} else {
			look.Tasks[i] = t.task(ctx, look.Job.ID, look.Graph.Tasks[i].ID)
		}
	})
	look.At = time.Now()
	return look, ctx.Err()
}

// task asks a task for its subtasks and their counters.
func (t *taking) task(ctx context.Context, jobID, taskID string) job.TaskSample {
	if t.late.Load() {
		return job.TaskSample{Err: errLate}
	}
	t.requests.Add(1)
	task, err := t.keeper.client.Task(ctx, jobID, taskID)
	t.note(err)
	return taskLook(task, err)
}

// lacking lists the tasks that have nothing to be compared with.
func (t *taking) lacking(look *job.Sample) (tasks []int) {
	t.watched.trailMu.Lock()
	defer t.watched.trailMu.Unlock()
	for i, task := range look.Graph.Tasks {
		if t.watched.trail.NeedsGauges(look, task.ID, look.Tasks[i].Subtasks) {
			tasks = append(tasks, i)
		}
	}
	return tasks
}

// gauges asks for Flink's own averages of the tasks that lack anything
// better. A task that does not answer this stays unknown: it is asked again
// with the next look.
func (t *taking) gauges(ctx context.Context, look *job.Sample) {
	lacking := t.lacking(look)
	AtOnce(len(lacking), t.atOnce(), func(n int) {
		i := lacking[n]
		t.pressure(ctx, look.Job.ID, look.Graph.Tasks[i].ID, &look.Tasks[i])
	})
}

// note remembers a time-out.
func (t *taking) note(err error) {
	var failed *flink.Error
	if errors.As(err, &failed) && failed.Kind == flink.TimedOut {
		t.late.Store(true)
	}
}

// atOnce is how many tasks are asked at once: one, if tasks of the job did not
// answer in time at the last look, so that it takes but one slot to find out
// that they still do not.
func (t *taking) atOnce() int {
	if t.watched.late.Load() {
		return 1
	}
	return t.keeper.client.MostAtOnce()
}

// pressure adds a task's gauges to its readings.
func (t *taking) pressure(ctx context.Context, jobID, taskID string, said *job.TaskSample) {
	if t.late.Load() {
		said.Err = errLate
		return
	}
	t.requests.Add(1)
	pressure, err := t.keeper.client.Backpressure(ctx, jobID, taskID)
	t.note(err)
	if err != nil {
		said.Err = err
		return
	}
	gauged(said.Subtasks, pressure)
}

func runningTasks(look *job.Sample) (running []int) {
	for i, task := range look.Graph.Tasks {
		if look.Job.State == job.Running && task.Running > 0 {
			running = append(running, i)
		}
	}
	return running
}
