package accuracy

import (
	"testing"
	"time"

	df "github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// chainOf is a source without limit and a task with so many subtasks, of which each works
// on 100 records a second.
func chainOf(parallelism int, weights ...float64) *df.Job {
	return &df.Job{
		Tasks:        []df.Task{{Name: "in", Parallelism: 2, Cost: 1e-4, Source: &df.Source{}}, {Name: "map", Parallelism: parallelism, Cost: 0.01}},
		Exchanges:    []df.Exchange{{From: 0, To: 1, Shipping: df.Hash, Weights: weights, Buffered: 50}},
		TaskManagers: []df.TaskManager{{Host: "host-0", Speed: 1}, {Host: "host-1", Speed: 1}},
	}
}

// A job that is rescaled does not run for a time, and is measured anew with its other
// parallelism: the first polls then have no shares.
func TestRescalingIsObserved(t *testing.T) {
	const at, lasts = 60 * time.Second, 12 * time.Second
	after := chainOf(6)
	o := newObserver(Case{Job: after, Rescale: &Rescale{From: chainOf(2), To: after, At: at, Lasts: lasts}}, 1)
	measuredAgain := false
	for o.next < 2*time.Minute {
		now := o.next
		snapshot := o.poll()
		load := snapshot.Tasks[1]
		want, state := 2, job.Running
		if now >= at {
			want = 6
		}
		if now >= at && now < at+lasts {
			state = "RESTARTING"
		}
		if len(load.Subtasks) != want || snapshot.Graph.Tasks[1].Parallelism != want || snapshot.Job.State != state {
			t.Errorf("at %s it is %s with %d subtasks of a parallelism of %d", now, snapshot.Job.State, len(load.Subtasks), snapshot.Graph.Tasks[1].Parallelism)
		}
		if now >= at && now < at+lasts+10*time.Second && load.Known() {
			t.Errorf("at %s it is measured", now)
		}
		measuredAgain = measuredAgain || now > at && load.Complete() && load.Busy.Min > 0.9
	}
	if !measuredAgain {
		t.Error("it is not measured again")
	}
}

// How full buffers are is kept for a minute, as the plugin does.
func TestBuffersAreKept(t *testing.T) {
	slow := chainOf(2)
	slow.Tasks[1].Uncounted = 1
	o := newObserver(Case{Job: slow}, 1)
	question := diagnosis.Question{Task: 1, About: diagnosis.AboutInput}
	var first time.Duration
	for o.next < 3*time.Minute {
		now := o.next
		verdict := o.diagnose(o.poll())
		usage, asked := o.pools[question]
		switch {
		case !asked:
			continue
		case first == 0 || now-first >= time.Minute:
			first = now
		}
		if usage.at != first || verdict.Kind != diagnosis.UnmeasuredWork {
			t.Errorf("at %s the verdict is %s, by buffers of %s, want those of %s", now, verdict.Kind, usage.at, first)
		}
	}
	if first == 0 {
		t.Error("no buffers were asked for")
	}
}

// A second stage has sources whose inputs have ended, and the verdict names it.
func TestSecondStageIsObserved(t *testing.T) {
	stage := chainOf(2)
	stage.Tasks[0].Cost = 0.02
	o := newObserver(Case{Job: stage, Ended: true}, 1)
	var verdict *diagnosis.Verdict
	for o.next < time.Minute {
		verdict = o.diagnose(o.poll())
	}
	if tasks := verdict.Snapshot.Graph.Tasks; len(tasks) != 3 || tasks[0].Source() || tasks[tasks[0].Inputs[0]].State != job.Finished {
		t.Fatalf("its tasks are %+v", tasks)
	}
	if verdict.Kind != diagnosis.AtSource || verdict.Roots[0].Task != 0 {
		t.Errorf("the verdict is %s", describe(verdict))
	}
}

// It is few subtasks that hold a job back if these alone, twice as fast, make it faster.
func TestFewAreEnough(t *testing.T) {
	for name, c := range map[string]struct {
		weights         []float64
		capacity, skews bool
	}{
		"all alike":                     {[]float64{1, 1, 1, 1, 1, 1, 1, 1}, true, false},
		"one above seven":               {[]float64{1.32, 1, 1, 1, 1, 1, 1, 1}, false, true},
		"two above six":                 {[]float64{4, 4, 1, 1, 1, 1, 1, 1}, false, true},
		"six above two":                 {[]float64{1, 1, 1, 1, 1, 1, 0.4, 0.4}, true, false},
		"one a little above the others": {[]float64{1.1, 1, 1, 1, 1, 1, 1, 1}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			made := Case{Job: chainOf(8, c.weights...)}
			run := df.Start(made.Job)
			run.Until(30 * time.Second)
			run.Mark()
			run.Until(40 * time.Second)
			has := map[diagnosis.Kind]bool{}
			for _, kind := range truthOf(made, run, false).kinds(1) {
				has[kind] = true
			}
			if has[diagnosis.Capacity] != c.capacity || has[diagnosis.Skewed] != c.skews {
				t.Errorf("the kinds that fit are %v", has)
			}
		})
	}
}

// Each exchange of a job fits its tasks: forward only between as many subtasks, weights
// for each subtask below.
func TestJobsFit(t *testing.T) {
	rescaled, parts := 0, 0
	for stratum := range Strata {
		for seed := range uint64(60) {
			made := caseOf(stratum, seed)
			jobs := []*df.Job{made.Job}
			if made.Rescale != nil {
				jobs, rescaled = append(jobs, made.Rescale.From), rescaled+1
			}
			for _, of := range jobs {
				for _, e := range of.Exchanges {
					from, to := of.Tasks[e.From].Parallelism, of.Tasks[e.To].Parallelism
					if e.From >= e.To || e.Shipping == df.Forward && from != to || of == made.Job && e.Shipping == df.Hash && len(e.Weights) != 0 && len(e.Weights) != to {
						t.Errorf("%s, job %d: the exchange %+v is between %d and %d subtasks", Strata[stratum].Name, seed, e, from, to)
					}
				}
			}
			if len(made.Job.Exchanges) == len(made.Job.Tasks)-2 {
				parts++
			}
		}
	}
	if rescaled < 10 || parts < 20 {
		t.Errorf("%d jobs are rescaled and %d have two parts", rescaled, parts)
	}
}
