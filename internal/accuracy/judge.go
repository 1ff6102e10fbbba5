package accuracy

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	df "github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Outcome is how a verdict on one job compares with the truth.
type Outcome struct {
	Seed    uint64
	Stratum int
	// Named is set where the task that is named first is a cause, or none is named
	// and there is none; Kind where its kind is right, too.
	Named, Kind bool
	// FalseAlarm is set where a task is named though nothing holds the job back.
	FalseAlarm bool
	// Healthy is set where nothing truly holds the job back.
	Healthy bool
	Rivals  []bool
	// Miss is in what it is wrong, empty if it is right, and Text is the verdict beside
	// the truth.
	Miss, Text string
}

// Judge makes the job of a stratum from the seed and judges the verdict on it.
func Judge(stratum int, seed uint64) Outcome {
	made := caseOf(stratum, seed)
	o := newObserver(made, seed)
	var snapshot *job.Snapshot
	var verdict *diagnosis.Verdict
	var sets []diagnosis.RootSet
	for o.next <= made.At {
		snapshot = o.poll()
		verdict = o.diagnose(snapshot)
		sets = append(sets, setOf(verdict))
	}
	made.Job = o.job // which may be still to be rescaled
	truth := truthOf(made, o.run, Strata[stratum].NearTie)
	alternation, alternates := diagnosis.FindAlternation(sets, diagnosis.FlappingWindow(fetch))
	out := Outcome{Seed: seed, Stratum: stratum, Healthy: len(truth.sets) == 0}
	out.Named, out.Kind = truth.allows(verdict, func(task int) bool {
		_, takes := alternation.Turns[snapshot.Graph.Tasks[task].ID]
		return alternates && takes
	})
	out.FalseAlarm = out.Healthy && len(verdict.Roots) > 0
	gauges := o.gauges(snapshot)
	for _, rival := range rivals {
		seen := snapshot
		if rival.gauges {
			seen = gauges
		}
		out.Rivals = append(out.Rivals, truth.names(rival.names(seen)))
	}
	if !out.Named || !out.Kind {
		out.Miss, out.Text = missOf(out, verdict), truth.String()+"\n"+describe(verdict)
	}
	return out
}

// missOf is in what a verdict is wrong.
func missOf(o Outcome, v *diagnosis.Verdict) string {
	switch {
	case o.Named:
		return "right task, kind " + string(v.Kind)
	case len(v.Roots) > 0 && o.Healthy:
		return "a task is named though nothing holds the job back"
	case len(v.Roots) > 0:
		return "another task is named first"
	default:
		return "no task is named: " + string(v.Kind)
	}
}

// truth is what holds a job back.
type truth struct {
	of   Case
	run  *df.Run
	sets [][]df.Unit
	// nearTie is set where two causes are so alike that the order does not matter.
	nearTie bool
}

func truthOf(of Case, run *df.Run, nearTie bool) truth {
	return truth{of, run, df.Causes(run, !of.Changes), nearTie}
}

// named reports whether the task is a cause: it, or a subtask of it, is in a minimal
// set, or it is what a slow exchange leads to.
func (t truth) names(task int) bool {
	if len(t.sets) == 0 {
		return task < 0
	}
	for _, set := range t.sets {
		for _, unit := range set {
			switch unit.Kind {
			case df.OfTask, df.OfSubtask:
				if unit.Index == task {
					return true
				}
			case df.OfExchange:
				if t.of.Job.Exchanges[unit.Index].To == task {
					return true
				}
			}
		}
	}
	return false
}

// allows reports whether the verdict is right in the task that it names first, and in
// the kind.
func (t truth) allows(v *diagnosis.Verdict, alternates func(task int) bool) (named, kind bool) {
	if len(v.Roots) == 0 {
		none := len(t.sets) == 0 && v.Kind == diagnosis.None
		cannot := v.Kind == diagnosis.NotKnown && t.undecidable(v.Snapshot)
		return none || cannot, none || cannot
	}
	root := v.Roots[0]
	if t.nearTie && len(v.Roots) > 1 && !t.names(root.Task) {
		root = v.Roots[1] // both are listed, in either order
	}
	if len(t.sets) == 0 || !t.names(root.Task) {
		return false, false
	}
	if alternates(root.Task) {
		return true, t.of.Changes
	}
	if root.Kind == diagnosis.Alternating {
		return true, t.of.Changes
	}
	kinds := t.kinds(root.Task)
	if !v.Snapshot.Tasks[root.Task].Complete() {
		// Whether most subtasks are busy depends on those that are not measured.
		kinds = append(kinds, diagnosis.Capacity, diagnosis.Skewed)
	}
	return true, slices.Contains(kinds, root.Kind)
}

// setOf are the root causes of a verdict, as the history keeps them.
func setOf(v *diagnosis.Verdict) diagnosis.RootSet {
	set := diagnosis.RootSet{At: diagnosis.Instant{At: v.Snapshot.At, From: v.Snapshot.From, MaxGap: time.Minute}}
	for _, root := range v.Roots {
		set.IDs = append(set.IDs, v.Snapshot.Graph.Tasks[root.Task].ID)
	}
	slices.Sort(set.IDs)
	return set
}

// undecidable reports whether another job, with another truth, gives the same
// measurements.
func (t truth) undecidable(s *job.Snapshot) bool {
	for i, load := range s.Tasks[:len(t.of.Job.Tasks)] {
		source := t.of.Job.Tasks[i].Source
		// A source that works all the time and one that sleeps between records differ
		// in nothing that is measured, if nothing holds the source back.
		if source != nil && !t.of.Ended && load.Busy.Max > 0.9 && (source.Sleeps || len(t.sets) > 0) {
			return true
		}
		// What was not measured could be slow or not.
		if !load.Complete() {
			return true
		}
	}
	return false
}

// kinds are those that fit the task as a cause.
func (t truth) kinds(task int) (kinds []diagnosis.Kind) {
	made := t.of.Job.Tasks[task]
	if t.of.Changes {
		return nil // it is named as one that takes turns, or wrongly
	}
	for _, set := range t.sets {
		for _, unit := range set {
			if unit.Kind == df.OfExchange && t.of.Job.Exchanges[unit.Index].To == task {
				kinds = append(kinds, "network")
			}
		}
	}
	slow := t.slowPlace()
	switch {
	case made.Source != nil:
		kinds = append(kinds, diagnosis.AtSource)
	case made.Uncounted > 0.4 || made.CountedAsWait > 0.4:
		kinds = append(kinds, diagnosis.UnmeasuredWork)
	}
	if made.Source == nil {
		if slow {
			kinds = append(kinds, diagnosis.Machine)
		}
		// It is few that are hot if these alone, twice as fast, make the job faster. Where
		// most others are nearly as busy it is either.
		few := t.fewAreEnough(task)
		some, of := t.working(task, 0.7)
		if most, _ := t.working(task, 0.8); 2*some > of && !(few && 2*most <= of) || of == 1 {
			kinds = append(kinds, diagnosis.Capacity)
		}
		if few && !slow {
			kinds = append(kinds, diagnosis.Skewed)
		}
	}
	return kinds
}

// fewAreEnough reports whether the busiest subtasks of the task, half of them at most,
// hold the job back as the task does: twice as fast, alone or with what the task is a
// cause together with, they make it faster.
func (t truth) fewAreEnough(task int) bool {
	var few []df.Unit
	for s := range t.of.Job.Tasks[task].Parallelism {
		if !math.IsNaN(t.run.Utilisation(task, s)) {
			few = append(few, df.Unit{Kind: df.OfSubtask, Index: task, Subtask: s})
		}
	}
	slices.SortStableFunc(few, func(a, b df.Unit) int {
		return cmp.Compare(t.run.Utilisation(task, b.Subtask), t.run.Utilisation(task, a.Subtask))
	})
	few = few[:len(few)/2]
	if len(few) == 0 {
		return false
	}
	for _, set := range t.sets {
		of := func(unit df.Unit) bool {
			return (unit.Kind == df.OfTask || unit.Kind == df.OfSubtask) && unit.Index == task
		}
		if !slices.ContainsFunc(set, of) {
			continue
		}
		if df.Raises(t.run, !t.of.Changes, append(slices.DeleteFunc(slices.Clone(set), of), few...)) {
			return true
		}
	}
	return false
}

// working counts the subtasks of a task that have worked for a share of what the busiest
// has, or more, of those that have run.
func (t truth) working(task int, share float64) (count, of int) {
	busiest := 0.0
	for s := range t.of.Job.Tasks[task].Parallelism {
		if used := t.run.Utilisation(task, s); used > busiest {
			busiest = used
		}
	}
	for s := range t.of.Job.Tasks[task].Parallelism {
		used := t.run.Utilisation(task, s)
		if !math.IsNaN(used) {
			of++
		}
		if used >= share*busiest {
			count++
		}
	}
	return count, of
}

// slowPlace reports whether a TaskManager or host that is slower than others is a
// cause.
func (t truth) slowPlace() bool {
	fastest := 0.0
	for _, m := range t.of.Job.TaskManagers {
		fastest = max(fastest, m.Speed)
	}
	for _, set := range t.sets {
		for _, unit := range set {
			for m, manager := range t.of.Job.TaskManagers {
				own := unit.Kind == df.OfTaskManager && unit.Index == m || unit.Kind == df.OfHost && unit.Host == manager.Host
				if own && manager.Speed < fastest*0.8 {
					return true
				}
			}
		}
	}
	return false
}

func (t truth) String() string {
	var texts []string
	for _, set := range t.sets {
		var units []string
		for _, u := range set {
			switch u.Kind {
			case df.OfTask:
				units = append(units, t.of.Job.Tasks[u.Index].Name)
			case df.OfSubtask:
				units = append(units, fmt.Sprintf("%s/%d", t.of.Job.Tasks[u.Index].Name, u.Subtask))
			case df.OfTaskManager:
				units = append(units, fmt.Sprint("tm-", u.Index))
			case df.OfHost:
				units = append(units, u.Host)
			case df.OfExchange:
				units = append(units, fmt.Sprint("exchange-", u.Index))
			}
		}
		texts = append(texts, strings.Join(units, "+"))
	}
	return "truth: " + strings.Join(texts, ", ")
}

// describe is a verdict with what it was made from.
func describe(v *diagnosis.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "verdict: %s", v.Kind)
	for _, root := range v.Roots {
		fmt.Fprintf(&b, "; %s %s %.2f hot %v", v.Snapshot.Graph.Tasks[root.Task].Name, root.Kind, root.Severity, root.Hot)
	}
	for t, load := range v.Snapshot.Tasks {
		task := v.Snapshot.Graph.Tasks[t]
		fmt.Fprintf(&b, "\n  %-9s ×%-3d in %v fwd %v  busy %.2f/%.2f bp %.2f/%.2f idle %.2f/%.2f rec %.0f/%.0f", task.Name, task.Parallelism, task.Inputs, task.Forward,
			load.Busy.Avg, load.Busy.Max, load.Backpressured.Avg, load.Backpressured.Max, load.Idle.Avg, load.Idle.Min, load.RecordsIn, load.RecordsOut)
		if task.Parallelism <= 16 {
			for i := range load.Subtasks {
				s := &load.Subtasks[i]
				fmt.Fprintf(&b, " [%.0f %.0f %.0f %s]", s.Busy*100, s.Backpressured*100, s.RecordsIn, s.Why)
			}
		}
	}
	return b.String()
}
