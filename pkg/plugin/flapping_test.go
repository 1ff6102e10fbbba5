package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// newReadyLab has sampled a ready-made job of the simulator for a time.
func newReadyLab(t *testing.T, job string, long time.Duration) (lab, *sim.Job) {
	t.Helper()
	ready, err := sim.Ready("2.3.0", job)
	if err != nil {
		t.Fatal(err)
	}
	l := newSampledLab(t, ready.Jobs...)
	l.frame(t, `{"queryType": "tasks"}`)
	time.Sleep(long)
	return l, ready.Jobs[0]
}

// bottlenecksOf are the tasks of a timeline that are the bottleneck, at each time.
func bottlenecksOf(of *data.Frame) (times []time.Time, tasks []string) {
	for i := range of.Rows() {
		var named []string
		for _, field := range of.Fields[1:] {
			if status, _ := field.ConcreteAt(i); status == "bottleneck" {
				named = append(named, field.Labels["task"])
			}
		}
		times, tasks = append(times, of.Fields[0].At(i).(time.Time)), append(tasks, strings.Join(named, " and "))
	}
	return times, tasks
}

// trueBottleneck is the one at a time; steady is set where it was the same for the
// whole time that the sample measures: a fetch, and a moment for its values to
// arrive.
func trueBottleneck(job *sim.Job, at time.Time) (task string, steady bool) {
	before, after := job.Truth(at.Add(-11*time.Second)), job.Truth(at)
	return after.Bottlenecks[0].Name, before.Bottlenecks[0].Name == after.Bottlenecks[0].Name
}

// A window and its sink are the bottleneck for 40 s each, in turns: a timeline of
// ten minutes shows each turn.
func TestAlternatingBottleneckOnATimeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, job := newReadyLab(t, "alternating", 10*time.Minute)
		shown := l.frame(t, `{"queryType": "timeline"}`)
		times, tasks := bottlenecksOf(shown)
		changes, named, run := 0, map[string]int{}, 0
		for i := 2; i < len(times); i++ { // the first sample is Flink's average, the next may be
			want, steady := trueBottleneck(job, times[i])
			if steady && tasks[i] != want {
				t.Errorf("%s: %q is named, truly %s", times[i].Sub(job.Start)-time.Hour, tasks[i], want)
			}
			named[tasks[i]]++
			if run++; tasks[i] != tasks[i-1] {
				if i > 2 && changes > 0 && run < 3 {
					t.Errorf("%s is the bottleneck for %d samples", tasks[i-1], run)
				}
				changes, run = changes+1, 0
			}
		}
		if changes < 13 || changes > 15 || named["window"] < 25 || named["sink"] < 25 || named["window"]+named["sink"] < len(times)-3 {
			t.Errorf("%d changes in 15 turns, and %v", changes, named)
		}
		if texts := notices(shown); len(texts) > 0 {
			t.Errorf("the notices are %q", texts)
		}
	})
}

// Over time, each of them has its peaks of severity, and no other task has.
func TestAlternatingBottleneckOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newReadyLab(t, "alternating", 10*time.Minute)
		peaked := 0
		for _, frame := range send(l.ctx, t, l, `{"queryType": "history", "measure": "bottleneck", "by": "task"}`)["A"].Frames {
			task, peaks, calm := frame.Fields[1].Labels["task"], 0, 0
			for i := range frame.Rows() {
				switch severity, _ := frame.Fields[1].NullableFloatAt(i); {
				case severity != nil && *severity > 0.9:
					peaks++
				case severity != nil && *severity == 0:
					calm++
				}
			}
			takesTurns := task == "window" || task == "sink"
			if takesTurns && (peaks < 18 || calm < 18) || !takesTurns && peaks > 0 {
				t.Errorf("%s is the bottleneck at %d points, at %d it is none", task, peaks, calm)
			}
			peaked += min(peaks, 1)
		}
		if peaked != 2 {
			t.Errorf("%d tasks have peaks, want 2", peaked)
		}
	})
}

// A window that fires every 20 s moves the bottleneck faster than Flink fetches
// metrics: timeline and verdict have a notice about it, whenever sampling began.
func TestFlappingIsReported(t *testing.T) {
	t.Parallel()
	for begin := time.Duration(0); begin < 20*time.Second; begin += 1900 * time.Millisecond {
		t.Run("begun "+begin.String()+" into a turn", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ready, err := sim.Ready("2.3.0", "alternating-fast")
				if err != nil {
					t.Fatal(err)
				}
				l := newSampledLab(t, ready.Jobs...)
				time.Sleep(begin)
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(10 * time.Minute)
				for _, queryType := range []string{"timeline", "bottlenecks"} {
					shown := l.frame(t, `{"queryType": "`+queryType+`"}`)
					if texts := strings.Join(notices(shown), " "); !strings.Contains(texts, "faster than Flink reports") || !strings.Contains(texts, "10 s") {
						t.Errorf("%s: the notices are %q", queryType, texts)
					}
				}
			})
		})
	}
}

// restartingOften is a job that restarts every 50 s.
func restartingOften() *sim.Job {
	job := sim.HeldBack("orders", 3, 2, 1)
	job.Phases = []sim.Phase{{Lasts: 40 * time.Second, Restart: true}, {Lasts: 10 * time.Second, State: "RESTARTING"}}
	job.Repeat = true
	return job
}

// sometimesHeldBack is a job that one task holds back for half of each minute.
func sometimesHeldBack() *sim.Job {
	job := sim.HeldBack("orders", 3, 2, 1)
	job.Phases = []sim.Phase{
		{Lasts: 30 * time.Second, Change: func(tasks []sim.Task) { tasks[0].Rate = 2000 }},
		{Lasts: 30 * time.Second, Change: func(tasks []sim.Task) { tasks[0].Rate = 20 }},
	}
	job.Repeat = true
	return job
}

// alternating is a job whose window and sink are the bottleneck for so long each.
func alternating(long time.Duration) func() *sim.Job {
	return func() *sim.Job { return sim.Alternating("turns", long) }
}

// flappingReported are the query types whose notices say that the bottleneck moves
// faster than Flink reports.
func flappingReported(t *testing.T, l lab) (reported []string) {
	t.Helper()
	for _, queryType := range []string{"timeline", "bottlenecks"} {
		shown := l.frame(t, `{"queryType": "`+queryType+`"}`)
		if strings.Contains(strings.Join(notices(shown), " "), "faster than Flink reports") {
			reported = append(reported, queryType)
		}
	}
	return reported
}

// Only a bottleneck that is another task's at most fetches flaps: not one that is
// unknown in between, nor one that stays for several fetches.
func TestFlapping(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	for name, c := range map[string]struct {
		job  func() *sim.Job
		want bool
	}{
		"turns of 10 s":                {alternating(10 * time.Second), true},
		"turns of 40 s":                {alternating(40 * time.Second), false},
		"turns of 4 min":               {alternating(4 * time.Minute), false},
		"a restart every 50 s":         {restartingOften, false},
		"none for half of each minute": {sometimesHeldBack, false},
	} {
		for _, version := range []string{"1.13.6", "1.15.4", "2.3.0"} {
			t.Run(name+" on "+version, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newSampledLab(t, c.job())
					l.Version = version
					l.frame(t, `{"queryType": "tasks"}`)
					time.Sleep(20 * time.Minute)
					if reported := flappingReported(t, l); (len(reported) == 2) != c.want || len(reported) == 1 {
						t.Errorf("it is reported by %v", reported)
					}
				})
			})
		}
	}
}

// Samples every other minute do not show how fast a bottleneck moves.
func TestRareSamplesDoNotFlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.Alternating("turns", 2*time.Minute))
		tasks := map[string]bool{}
		for range 20 {
			for range 2 { // a pair, to measure between
				shown := l.frame(t, `{"queryType": "bottlenecks"}`)
				tasks[fmt.Sprint(cells(t, shown, "task"))] = true
				time.Sleep(11 * time.Second)
			}
			time.Sleep(98 * time.Second)
		}
		if reported := flappingReported(t, l); len(reported) > 0 || len(tasks) < 2 {
			t.Errorf("it is reported by %v, of a bottleneck that was %v", reported, tasks)
		}
	})
}
