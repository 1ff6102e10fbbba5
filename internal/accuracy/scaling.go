package accuracy

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	df "github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// scalingWindow is for how much longer than for a verdict a job is observed.
	scalingWindow = 3 * time.Minute
	// held is by how much a source reads more that was held back, and alike by how much
	// two rates that are the same differ at most.
	held, alike = 1.05, 1.02
	// The rates of a job that is deployed anew are measured for runs, once it has
	// settled.
	runSettles, runs = 90 * time.Second, 30 * time.Second
)

// ScalingClass is what scaling the tasks that hold a job back can do.
type ScalingClass int

// The classes.
const (
	ScalingHelps ScalingClass = iota // enough subtasks free the job of them
	ScalingFails                     // no number of subtasks does
	NotHeld                          // nothing holds the job back
	NotDecided                       // a source may only wait, which no measurement shows
)

// ScalingOutcome is how the recommendation for one job, and a prediction, compare with
// runs of the job at those parallelisms.
type ScalingOutcome struct {
	Seed    uint64
	Stratum int
	Class   ScalingClass
	// Removed is set where the recommendation frees the job of the tasks that held it
	// back, and Frugal where it has at most half more subtasks of them than it takes.
	Removed, Frugal bool
	// Ratio is how many times as many subtasks are recommended as it takes.
	Ratio float64
	// Said is set where no recommendation was made without its limit.
	Said bool
	// Next is set where the next bottleneck was predicted right, and Off is by how much
	// the predicted throughput was off, relative to the true one.
	Next bool
	Off  float64
	// Doubtful is set where it was said that the next bottleneck is not known.
	Doubtful bool
	// Text is what was recommended and what came of it, where anything is wrong.
	Text string
}

// JudgeScaling makes the job of a stratum from the seed, observes it, scales it as
// recommended and runs it again.
func JudgeScaling(stratum int, seed uint64) ScalingOutcome {
	made := caseOf(stratum, seed)
	made.Rescale, made.Ended = nil, false // the job as it is from its beginning
	withKeyGroups(made.Job)
	o := newObserver(made, seed)
	var averager diagnosis.Averager
	for o.next <= made.At+scalingWindow {
		snapshot := o.poll()
		snapshot.Lags = o.lags()
		averager.Add(o.diagnose(snapshot), time.Minute)
	}
	average, _ := averager.Average()
	scaling := diagnosis.Scale(average)
	truth := truthOf(made, o.run, false)
	made.Job = deployedAnew(made.Job, o.run)
	judge := scalingJudge{made: made, scaling: scaling, out: ScalingOutcome{Seed: seed, Stratum: stratum}}
	judge.judge(truth)
	return judge.out
}

// lags are by task how many records a source has still to read, counted as those that it
// emits; those of sources that read without limit are not known.
func (o *observer) lags() []job.Lag {
	lags := make([]job.Lag, len(o.seen))
	for t, task := range o.job.Tasks {
		lags[t] = job.UnknownLag
		if task.Source != nil && task.Source.Rate > 0 {
			lags[t].Pending = o.run.Pending(t) * emitted(o.job, t)
		}
	}
	return lags
}

// deployedAnew is the job as it is at the end of a run, without what interrupted it, and
// with so many more records to read that what is pending is read within half an hour.
func deployedAnew(of *df.Job, run *df.Run) *df.Job {
	job := of.Scaled(nil)
	job.Restarts = nil
	for t := range job.Tasks {
		if changes := job.Tasks[t].Changes; len(changes) > 0 {
			job.Tasks[t].Cost, job.Tasks[t].Changes = changes[len(changes)-1].Cost, nil
		}
		if source := job.Tasks[t].Source; source != nil && source.Rate > 0 {
			more := *source
			more.Rate += run.Pending(t) / (30 * time.Minute).Seconds()
			job.Tasks[t].Source = &more
		}
	}
	return job
}

// emitted is how many records a task emits for one that it reads.
func emitted(of *df.Job, task int) (records float64) {
	for _, e := range of.Exchanges {
		if e.From == task {
			records += e.Selectivity
		}
	}
	return records
}

// withKeyGroups gives each task as many key groups as Flink does, of which some have a
// little more records than others. What a subtask of the task gets beyond the least, where
// that is much, is of one key.
func withKeyGroups(of *df.Job) {
	random := rand.New(rand.NewPCG(of.Seed, 3))
	for t := range of.Tasks {
		of.Tasks[t].MaxParallelism = defaultMaxParallelism(of.Tasks[t].Parallelism)
	}
	for e := range of.Exchanges {
		x := &of.Exchanges[e]
		if x.Shipping != df.Hash {
			continue
		}
		to := of.Tasks[x.To]
		x.KeyGroups = make([]float64, to.MaxParallelism)
		for g := range x.KeyGroups {
			x.KeyGroups[g] = 0.8 + 0.4*random.Float64()
		}
		if len(x.Weights) != to.Parallelism {
			continue
		}
		least := slices.Min(x.Weights)
		for b, weight := range x.Weights {
			if weight > 1.5*least {
				first := (b*to.MaxParallelism + to.Parallelism - 1) / to.Parallelism
				x.KeyGroups[first] += (weight/least - 1) * float64(to.MaxParallelism) / float64(to.Parallelism)
			}
		}
	}
}

// defaultMaxParallelism is Flink's, of a task whose job does not set it: half more than
// its parallelism, rounded up to a power of two, at least 128 and at most 32768
// (KeyGroupRangeAssignment).
func defaultMaxParallelism(parallelism int) int {
	most := 128
	for most < parallelism+parallelism/2 {
		most *= 2
	}
	return min(most, 1<<15)
}

// scalingJudge compares a recommendation with the truth.
type scalingJudge struct {
	made    Case
	scaling *diagnosis.Scaling
	held    []int // the tasks that hold the job back
	out     ScalingOutcome
}

func (j *scalingJudge) judge(truth truth) {
	for _, set := range truth.sets {
		for _, unit := range set {
			task := unit.Index
			switch unit.Kind {
			case df.OfTask, df.OfSubtask:
			case df.OfExchange:
				task = j.made.Job.Exchanges[unit.Index].To
			default:
				continue
			}
			if !slices.Contains(j.held, task) {
				j.held = append(j.held, task)
			}
		}
	}
	switch {
	case len(truth.sets) == 0:
		j.out.Class = NotHeld
	case slices.ContainsFunc(j.held, func(task int) bool { return j.scaling.Tasks[task].Limit == diagnosis.BySource }):
		j.out.Class = NotDecided
	default:
		j.judgeHeld()
	}
	if j.out.Class != NotDecided {
		j.predict()
	}
	right := j.out.Class == ScalingHelps && j.out.Removed && j.out.Frugal || j.out.Class == ScalingFails && j.out.Said || j.out.Class == NotHeld
	if j.out.Class != NotDecided && !(right && (j.out.Next || j.out.Doubtful)) {
		j.out.Text = fmt.Sprintf("%s; %s\n%s", truth, j.out.Text, j.describe())
	} else {
		j.out.Text = ""
	}
}

// recommended are the parallelisms that differ from the present ones.
func (j *scalingJudge) recommended() map[int]int {
	scaled := map[int]int{}
	for t, task := range j.scaling.Tasks {
		if task.Recommended > 0 && task.Recommended != j.made.Job.Tasks[t].Parallelism {
			scaled[t] = task.Recommended
		}
	}
	return scaled
}

// faster are the tasks that hold the job back, twice as fast.
func (j *scalingJudge) faster() (units []df.Unit) {
	for _, task := range j.held {
		units = append(units, df.Unit{Kind: df.OfTask, Index: task})
	}
	return units
}

// rates are what the sources read at these parallelisms.
func (j *scalingJudge) rates(parallelism map[int]int, faster ...df.Unit) []float64 {
	return df.Rates(j.made.Job.Scaled(parallelism), runSettles, runs, faster...)
}

// gains reports whether some source reads more.
func gains(before, after []float64, by float64) bool {
	for t := range before {
		if after[t] > before[t]*by && after[t] > 0 {
			return true
		}
	}
	return false
}

// rises reports whether some source reads more, and none less: where two share what
// limits them, one reads more at the cost of the other.
func rises(before, after []float64, by float64) bool {
	return gains(before, after, by) && !gains(after, before, by)
}

func (j *scalingJudge) judgeHeld() {
	most := map[int]int{}
	for _, task := range j.held {
		of := j.made.Job.Tasks[task]
		most[task] = min(of.MaxParallelism, 16*of.Parallelism)
	}
	atMost := j.rates(most)
	if !gains(j.rates(nil), atMost, 1.03) || rises(atMost, j.rates(most, j.faster()...), held) {
		j.out.Class = ScalingFails
		j.out.Said = true
		for _, task := range j.held {
			limit := j.scaling.Tasks[task].Limit
			j.out.Said = j.out.Said && limit != diagnosis.Unlimited && limit != diagnosis.ByPartitions && limit != diagnosis.ByKeyGroups
		}
		return
	}
	j.out.Class = ScalingHelps
	scaled := j.recommended()
	rates := j.rates(scaled)
	j.out.Removed = !rises(rates, j.rates(scaled, j.faster()...), held)
	recommended, least := 0, 0
	for _, task := range j.held {
		n, found := scaled[task]
		if !found {
			continue
		}
		recommended += n
		least += j.least(task, scaled, rates)
	}
	j.out.Ratio = float64(recommended) / float64(least)
	j.out.Frugal = recommended > 0 && j.out.Ratio <= 1.5
	j.out.Text = fmt.Sprintf("recommended %v: removed %t, %d for %d", scaled, j.out.Removed, recommended, least)
}

// least is the fewest subtasks of a task with which the sources read as much.
func (j *scalingJudge) least(task int, scaled map[int]int, rates []float64) int {
	low, high := 1, scaled[task]
	for low < high {
		middle := (low + high) / 2
		tried := maps.Clone(scaled)
		tried[task] = middle
		if gains(j.rates(tried), rates, alike) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// predict compares what is predicted for the job with the recommended number of
// subtasks of the tasks that hold it back, or twice as many where there is none, with
// what holds that job back.
func (j *scalingJudge) predict() {
	scaled := map[int]int{}
	for _, task := range j.held {
		of := j.made.Job.Tasks[task]
		scaled[task] = min(2*of.Parallelism, of.MaxParallelism)
		if n := j.scaling.Tasks[task].Recommended; n > of.Parallelism {
			scaled[task] = n
		}
	}
	prediction := j.scaling.WhatIf(scaled)
	run := df.Start(j.made.Job.Scaled(scaled))
	run.Until(settledAfter)
	run.Mark()
	run.Until(settledAfter + poll)
	next := j.made
	next.Job = j.made.Job.Scaled(scaled)
	truth := truthOf(next, run, false)
	j.out.Next, j.out.Doubtful = truth.names(prediction.Bottleneck), prediction.Doubtful
	total := 0.0
	for t, rate := range j.rates(scaled) {
		total += rate * emitted(j.made.Job, t)
	}
	j.out.Off = prediction.Throughput/total - 1
	if !j.out.Next {
		name := "none"
		if prediction.Bottleneck >= 0 {
			name = j.made.Job.Tasks[prediction.Bottleneck].Name
		}
		j.out.Text += fmt.Sprintf("; at %v predicted %s at %.0f/s of %.0f, %s", scaled, name, prediction.Throughput, total, truth)
	}
}

// describe is what was recommended, by task.
func (j *scalingJudge) describe() string {
	var b strings.Builder
	for t, task := range j.scaling.Tasks {
		made := j.made.Job.Tasks[t]
		load := j.scaling.Snapshot.Tasks[t]
		fmt.Fprintf(&b, "  %-9s ×%-3d of %d in %v: rate %.0f true %.0f target %.0f utilisation %.2f → %d (least %d) %s %s demand %d busy %.3f/%.3f bp %.3f idle %.3f",
			made.Name, made.Parallelism, made.MaxParallelism, j.scaling.Snapshot.Graph.Tasks[t].Inputs, task.Rate, task.TrueRate, task.TargetRate, task.Utilisation(), task.Recommended, task.Least, task.Limit, task.Confidence,
			j.scaling.Demands[t], load.Busy.Avg, load.Busy.Max, load.Backpressured.Avg, load.Idle.Avg)
		if made.Source != nil {
			fmt.Fprintf(&b, " source %+v", *made.Source)
		}
		for _, e := range j.made.Job.Exchanges {
			if e.To == t {
				fmt.Fprintf(&b, " ship %d cap %.0f", e.Shipping, e.Capacity)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
