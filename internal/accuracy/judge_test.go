package accuracy

import (
	"testing"
	"time"

	df "github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// truthOfChain is that of a chain of tasks with one subtask each, the first of which is a
// source, with these minimal sets.
func truthOfChain(tasks int, sets ...[]df.Unit) truth {
	made := &df.Job{TaskManagers: []df.TaskManager{{Host: "host-0", Speed: 1}}}
	for t := range tasks {
		made.Tasks = append(made.Tasks, df.Task{Parallelism: 1, Cost: 0.001})
		if t > 0 {
			made.Exchanges = append(made.Exchanges, df.Exchange{From: t - 1, To: t, Buffered: 10})
		}
	}
	made.Tasks[0].Source = &df.Source{}
	run := df.Start(made)
	run.Until(10 * time.Second) // so that it is known which subtasks work
	return truth{of: Case{Job: made}, run: run, sets: sets}
}

// verdictOf names these tasks, of a chain of three that is all measured.
func verdictOf(kind diagnosis.Kind, tasks ...int) *diagnosis.Verdict {
	v := &diagnosis.Verdict{Snapshot: snapshotOf([2]float64{0.1, 0.9}, [2]float64{1, 0}, [2]float64{0.2, 0}), Kind: kind}
	for _, task := range tasks {
		v.Roots = append(v.Roots, diagnosis.Root{Task: task, Kind: kind, Upstream: -1, Instead: -1})
	}
	return v
}

func ofTask(t int) df.Unit     { return df.Unit{Kind: df.OfTask, Index: t} }
func ofExchange(e int) df.Unit { return df.Unit{Kind: df.OfExchange, Index: e} }

// A verdict is right in the task where it names a cause first, or none where there is
// none, and in the kind where that fits.
func TestVerdictIsJudged(t *testing.T) {
	nearTie := func(of truth) truth { of.nearTie = true; return of }
	changes := func(of truth) truth { of.of.Changes = true; return of }
	with := func(of truth, change func(*df.Task)) truth { change(&of.of.Job.Tasks[1]); return of }
	slowHost := truthOfChain(3, []df.Unit{ofTask(1)}, []df.Unit{{Kind: df.OfHost, Host: "host-0"}})
	slowHost.of.Job.TaskManagers = []df.TaskManager{{Host: "host-0", Speed: 0.3}, {Host: "host-1", Speed: 1}}
	two := []df.Unit{ofTask(1), ofTask(2)}
	for name, c := range map[string]struct {
		truth       truth
		verdict     *diagnosis.Verdict
		named, kind bool
	}{
		"the cause":                       {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.Capacity, 1), true, true},
		"the cause, of another kind":      {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.Skewed, 1), true, false},
		"a subtask of it":                 {truthOfChain(3, []df.Unit{{Kind: df.OfSubtask, Index: 1}}), verdictOf(diagnosis.Capacity, 1), true, true},
		"another task":                    {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.Capacity, 2), false, false},
		"another task first":              {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.Capacity, 2, 1), false, false},
		"a near tie in the other order":   {nearTie(truthOfChain(3, []df.Unit{ofTask(1)})), verdictOf(diagnosis.Capacity, 2, 1), true, true},
		"a near tie, of which it is none": {nearTie(truthOfChain(3, []df.Unit{ofTask(1)})), verdictOf(diagnosis.Capacity, 2, 0), false, false},
		"one of a pair":                   {truthOfChain(3, two), verdictOf(diagnosis.Capacity, 2), true, true},
		"a host of another task":          {truthOfChain(3, []df.Unit{{Kind: df.OfHost, Host: "host-0"}}), verdictOf(diagnosis.Capacity, 1), false, false},
		"none, and there is none":         {truthOfChain(3), verdictOf(diagnosis.None), true, true},
		"none, though there is one":       {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.None), false, false},
		"a false alarm":                   {truthOfChain(3), verdictOf(diagnosis.Capacity, 1), false, false},
		"unknown, though all is measured": {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.NotKnown), false, false},
		"unknown, and there is none":      {truthOfChain(3), verdictOf(diagnosis.NotKnown), false, false},
		"below a slow exchange":           {truthOfChain(3, []df.Unit{ofExchange(1)}), verdictOf(diagnosis.Network, 2), true, true},
		"above a slow exchange":           {truthOfChain(3, []df.Unit{ofExchange(1)}), verdictOf(diagnosis.Network, 1), false, false},
		"a network where there is none":   {truthOfChain(3, []df.Unit{ofTask(2)}), verdictOf(diagnosis.Network, 2), true, false},
		"the source":                      {truthOfChain(3, []df.Unit{ofTask(0)}), verdictOf(diagnosis.AtSource, 0), true, true},
		"the source, as a task":           {truthOfChain(3, []df.Unit{ofTask(0)}), verdictOf(diagnosis.Capacity, 0), true, false},
		"work that is not measured": {with(truthOfChain(3, []df.Unit{ofTask(1)}), func(task *df.Task) { task.Uncounted = 0.9 }),
			verdictOf(diagnosis.UnmeasuredWork, 1), true, true},
		"measured work as unmeasured":   {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.UnmeasuredWork, 1), true, false},
		"a slow host":                   {slowHost, verdictOf(diagnosis.Machine, 1), true, true},
		"a machine where none is slow":  {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.Machine, 1), true, false},
		"a host that is not slower":     {truthOfChain(3, []df.Unit{ofTask(1)}, []df.Unit{{Kind: df.OfHost, Host: "host-0"}}), verdictOf(diagnosis.Machine, 1), true, false},
		"one that alternates":           {changes(truthOfChain(3, []df.Unit{ofTask(1)})), verdictOf(diagnosis.Alternating, 1), true, true},
		"one that does not alternate":   {truthOfChain(3, []df.Unit{ofTask(1)}), verdictOf(diagnosis.Alternating, 1), true, false},
		"one that alternates as steady": {changes(truthOfChain(3, []df.Unit{ofTask(1)})), verdictOf(diagnosis.Capacity, 1), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			named, kind := c.truth.allows(c.verdict, func(int) bool { return false })
			if named != c.named || kind != c.kind {
				t.Errorf("the task is right %t, the kind %t; want %t, %t", named, kind, c.named, c.kind)
			}
		})
	}
}

// Turns over time count where the job truly changes, whatever the kind of the moment is.
func TestTurnsAreJudged(t *testing.T) {
	of := truthOfChain(3, []df.Unit{ofTask(1)})
	for _, changes := range []bool{true, false} {
		of.of.Changes = changes
		if named, kind := of.allows(verdictOf(diagnosis.Capacity, 1), func(task int) bool { return task == 1 }); !named || kind != changes {
			t.Errorf("in a job that changes %t the task is right %t, the kind %t", changes, named, kind)
		}
	}
}

// It is right not to decide only where another job, with another truth, measures the same.
func TestUnknownIsRightWhereItCannotBeDecided(t *testing.T) {
	busySource := snapshotOf([2]float64{1, 0}, [2]float64{0.05, 0}, [2]float64{0.05, 0})
	calmSource := snapshotOf([2]float64{0.5, 0}, [2]float64{0.05, 0}, [2]float64{0.05, 0})
	partly := snapshotOf([2]float64{0.5, 0}, [2]float64{0.05, 0})
	partly = job.FromLoads(*partly, [][]job.SubtaskLoad{partly.Tasks[0].Subtasks, {job.UnknownLoad(0, job.Running, job.NoMetrics)}})
	sleeps := truthOfChain(3)
	sleeps.of.Job.Tasks[0].Source.Sleeps = true
	secondStage := truthOfChain(3, []df.Unit{ofTask(0)})
	secondStage.of.Ended = true
	for name, c := range map[string]struct {
		truth    truth
		snapshot *job.Snapshot
		want     bool
	}{
		"a task whose inputs have ended":    {secondStage, busySource, false},
		"a source that sleeps":              {sleeps, busySource, true},
		"a source that works":               {truthOfChain(3, []df.Unit{ofTask(0)}), busySource, true},
		"a source that is not busy":         {sleeps, calmSource, false},
		"a source that neither does nor is": {truthOfChain(3), busySource, false},
		"a task that is not measured":       {truthOfChain(2), partly, true},
	} {
		t.Run(name, func(t *testing.T) {
			verdict := &diagnosis.Verdict{Snapshot: c.snapshot, Kind: diagnosis.NotKnown}
			if named, kind := c.truth.allows(verdict, nil); named != c.want || kind != c.want {
				t.Errorf("the task is right %t, the kind %t; want %t", named, kind, c.want)
			}
		})
	}
}

// A rule is right where it names a cause, or none where there is none.
func TestRuleIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		truth truth
		right map[int]bool // by the task that it names
	}{
		"a cause": {truthOfChain(3, []df.Unit{ofTask(1)}), map[int]bool{-1: false, 0: false, 1: true, 2: false}},
		"a pair":  {truthOfChain(3, []df.Unit{ofTask(1), ofTask(2)}), map[int]bool{-1: false, 0: false, 1: true, 2: true}},
		"none":    {truthOfChain(3), map[int]bool{-1: true, 0: false, 1: false, 2: false}},
	} {
		for task, right := range c.right {
			if got := c.truth.names(task); got != right {
				t.Errorf("%s: to name %d is right %t, want %t", name, task, got, right)
			}
		}
	}
}
