package prometheus_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// restarted is a subtask whose second attempt begins a while after noon, at
// which the first ends.
func restarted(pause time.Duration, change func(*ran)) []ran {
	first, second := always("a", 0, mixed), always("a", 0, job.Shares{Busy: 1})
	first.to = noon
	second.from, second.attempt, second.number = noon.Add(pause), "execution_a_0_1", 1
	change(&first)
	change(&second)
	return []ran{first, second}
}

// From the first minute that the restart is in to the last, nothing is known:
// what is before and after is.
func TestWindowWithARestartIsUnknown(t *testing.T) {
	for name, change := range map[string]func(*ran){
		"another attempt":                    func(*ran) {},
		"on another TaskManager":             func(r *ran) { r.manager = "tm" + r.attempt[len(r.attempt)-1:] },
		"without the id of the attempt":      func(r *ran) { r.attempt, r.manager = "", r.attempt },
		"gauges before 1.16":                 func(r *ran) { r.old = true },
		"a legacy source":                    func(r *ran) { r.legacy = true },
		"of an adaptive scheduler":           func(r *ran) { r.attempt = r.manager + r.attempt + "_0" },
		"scraped once a minute, on defaults": func(r *ran) { r.every = time.Minute },
	} {
		for _, pause := range []time.Duration{15 * time.Second, 5 * time.Minute} {
			t.Run(name+", pausing "+pause.String(), func(t *testing.T) {
				attempts := restarted(pause, change)
				reader := readerOf(t, fake(t, scraped(attempts...)))
				known := 0
				for _, snapshot := range snapshots(t, reader, orders, minutes(-10, 20), time.Minute) {
					got := snapshot.Tasks[0].Subtasks[0].Shares
					want := attempts[0]
					if !snapshot.At.Before(attempts[1].from) {
						want = attempts[1]
					}
					// One scrape is not enough to see that an attempt has begun.
					every, begin := cmp.Or(want.every, 15*time.Second), snapshot.At.Add(-snapshot.Window())
					touches := snapshot.At.After(noon.Add(every)) && begin.Before(noon.Add(-every))
					if got.Known() {
						known++
					}
					if !snapshot.At.After(noon.Add(every)) {
						want = attempts[0]
					}
					if expected := expected(want); got.Known() && (touches || !near(got, expected)) {
						t.Errorf("at %s %v, want %v", snapshot.At.Sub(noon), got, expected)
					}
				}
				if known < 15 {
					t.Errorf("only %d minutes are known", known)
				}
			})
		}
	}
}

// expected are the shares of an attempt that Flink measures.
func expected(of ran) job.Shares {
	if of.legacy {
		return job.Shares{Idle: job.Unknown, Busy: job.Unknown, Backpressured: of.shares.Backpressured}
	}
	return of.shares
}

// Where the labels by which attempts differ were left out, counters begin anew
// in one series.
func TestResetOfCountersIsUnknown(t *testing.T) {
	attempts := restarted(15*time.Second, func(r *ran) { r.attempt, r.number = "", 0 })
	before, after := scraped(attempts[0]), scraped(attempts[1])
	for i, s := range before {
		for _, next := range after {
			if s.labels["__name__"] == next.labels["__name__"] {
				before[i].samples = append(s.samples, next.samples...)
			}
		}
	}
	reader := readerOf(t, fake(t, before))
	for _, snapshot := range snapshots(t, reader, orders, minutes(-10, 10), time.Minute) {
		got, why := snapshot.Tasks[0].Subtasks[0].Shares, snapshot.Tasks[0].Subtasks[0].Why
		switch at := snapshot.At.Sub(noon); {
		case at == time.Minute:
			if got.Known() || why == "" {
				t.Errorf("%v because %q in the window with the reset", got, why)
			}
		case at <= 0 && !near(got, attempts[0].shares), at > time.Minute && !near(got, attempts[1].shares):
			t.Errorf("at %s %v", at, got)
		}
	}
}

// Two clusters, rebuilt from one plan, can have a job of one id at one time.
func TestTwoClustersAreNotMixed(t *testing.T) {
	otherTask := func(r *ran) {
		if r.manager == "tm2" {
			r.task = "b"
		}
	}
	for name, change := range map[string]func(*ran){
		"accumulated":     func(*ran) {},
		"gauges":          func(r *ran) { r.old = true },
		"legacy":          func(r *ran) { r.legacy = true },
		"without attempt": func(r *ran) { r.attempt = "" },
		"one restarted":   func(r *ran) { r.number = int(r.manager[2] - '1') },
		"other tasks":     otherTask,
		"other tasks, before 1.15": func(r *ran) {
			otherTask(r)
			r.attempt, r.labels = "of"+r.manager, map[string]string{"job_name": "of " + r.manager}
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, other := always("a", 0, mixed), always("a", 0, job.Shares{Busy: 1})
			other.attempt, other.manager = "other_a_0_0", "tm2"
			change(&one)
			change(&other)
			found, _, err := read(t.Context(), readerOf(t, fake(t, scraped(one, other))), orders, minutes(-5, 5), time.Minute)
			if !remote.IsKind(err, remote.TwoClusters) {
				t.Fatalf("got %+v, %v", found, err)
			}
			for _, part := range []string{"two clusters with job " + jobID, "tm1 and tm2"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// A task that the job's graph lacks is one of a job that had the id before,
// while no task of the graph runs; beside those it is none of the job's.
func TestTasksThatTheGraphLacks(t *testing.T) {
	before, beside, one := always("b", 0, mixed), always("c", 0, mixed), always("a", 0, mixed)
	before.attempt, before.to, one.from = "before_b_0_0", noon.Add(-2*time.Minute), noon
	beside.from = noon
	reader := readerOf(t, fake(t, scraped(before, beside, one)))
	measured := map[string]int{}
	for _, snapshot := range snapshots(t, reader, ordersWith(connected(map[string]int{"a": 1}, "a")), minutes(-10, 10), time.Minute) {
		for i, task := range snapshot.Graph.Tasks {
			if snapshot.Tasks[i].Known() {
				measured[task.ID]++
			}
			if task.ID == "b" && (snapshot.At.After(noon) || !snapshot.Graph.EdgesUnknown) {
				t.Errorf("at %s the graph is %+v", snapshot.At.Sub(noon), snapshot.Graph)
			}
		}
	}
	if len(measured) != 2 || measured["b"] < 8 || measured["a"] < 8 {
		t.Errorf("measured so often: %v", measured)
	}
}

// A job whose subtasks run on several TaskManagers is one, where the label of
// the attempt's id was left out too and theirs are mangled, though some are known.
func TestTaskManagersAreNotClusters(t *testing.T) {
	one, other := always("a", 0, mixed), always("b", 0, mixed)
	one.attempt, one.manager, other.attempt, other.manager = "", "127_0_0_1:1", "", "10_0_0_2:1"
	reader := readerOf(t, fake(t, scraped(one, other)))
	for _, known := range [][]string{nil, {"127.0.0.1:1"}} {
		of := history.Job{ID: jobID, TaskManagers: known}
		for _, snapshot := range snapshots(t, reader, of, minutes(-5, 5), time.Minute) {
			if len(snapshot.Tasks) != 2 || snapshot.MeasuredTasks() != 2 {
				t.Errorf("with %q known: %+v", known, snapshot.Tasks)
			}
		}
	}
}

// One attempt that two Prometheuses scrape, as a pair for safety does, is one.
func TestAttemptScrapedTwiceIsOne(t *testing.T) {
	one, again := always("a", 0, mixed), always("a", 0, mixed)
	again.labels = map[string]string{"replica": "b"}
	again.every = 30 * time.Second
	reader := readerOf(t, fake(t, scraped(one, again)))
	for _, snapshot := range snapshots(t, reader, orders, minutes(-5, 5), time.Minute) {
		if got := snapshot.Tasks[0]; len(got.Subtasks) != 1 || !near(got.Subtasks[0].Shares, mixed) {
			t.Errorf("got %+v", got)
		}
	}
}

// A batch job may run an attempt beside a slow one on purpose: none of the two
// is the subtask, and that is not two clusters.
func TestSpeculativeAttemptsAreUnknown(t *testing.T) {
	one, other := always("a", 0, mixed), always("a", 0, mixed)
	other.attempt, other.number = "execution_a_0_1", 1
	reader := readerOf(t, fake(t, scraped(one, other)))
	snapshot := snapshots(t, reader, orders, minutes(0, 0), time.Minute)[0]
	if got := snapshot.Tasks[0].Subtasks[0]; got.Known() || got.Why != job.Restarted {
		t.Errorf("got %+v", got)
	}
}

// part is when a series was scraped, in minutes from noon.
type part struct{ from, to int }

// pair are two series of one attempt, of which the second has other shares,
// so that it shows which was taken.
func pair(of [2][]part, labels [2]string, change func(*ran)) (all []ran) {
	for i, parts := range of {
		for _, part := range parts {
			one := always("a", 0, []job.Shares{mixed, {Idle: 0.1, Busy: 0.8, Backpressured: 0.1}}[i])
			one.from, one.to = minutes(part.from, part.to).From, minutes(part.from, part.to).To
			one.labels = map[string]string{"instance": labels[i]}
			change(&one)
			all = append(all, one)
		}
	}
	return all
}

// One attempt has several series where a label that is not Flink's changes
// while it runs, or where two Prometheuses scrape it: each time is taken from one
// that lasted for all of it, whichever that is, and by that alone.
func TestAttemptOfSeveralSeries(t *testing.T) {
	kinds := map[string]func(*ran){"clocks": func(*ran) {}, "gauges": func(r *ran) { r.old = true }, "a legacy source": func(r *ran) { r.legacy = true }}
	for name, c := range map[string]struct {
		of    [2][]part
		holes int // how many minutes may be unknown
	}{
		"a label changes":            {[2][]part{{{-30, 0}}, {{0, 30}}}, 1},
		"it changes back":            {[2][]part{{{-30, -10}, {10, 30}}, {{-10, 10}}}, 2},
		"one of a pair stops":        {[2][]part{{{-30, 0}}, {{-30, 30}}}, 0},
		"one of a pair begins":       {[2][]part{{{0, 30}}, {{-30, 30}}}, 0},
		"each of a pair has a gap":   {[2][]part{{{-30, -10}, {0, 30}}, {{-30, 2}, {15, 30}}}, 0},
		"gaps of a pair that meet":   {[2][]part{{{-30, -10}, {0, 30}}, {{-30, 0}, {15, 30}}}, 1},
		"one of a pair is but short": {[2][]part{{{-1, 0}}, {{-30, 30}}}, 0},
	} {
		for kind, change := range kinds {
			for _, labels := range [][2]string{{"0", "1"}, {"1", "0"}} {
				t.Run(name+", of "+kind+" "+labels[0], func(t *testing.T) {
					all := pair(c.of, labels, change)
					reader := readerOf(t, fake(t, scraped(all...)))
					unknown, found := 0, snapshots(t, reader, orders, minutes(-20, 20), time.Minute)
					for _, snapshot := range found {
						got := snapshot.Tasks[0].Subtasks
						if !got[0].Known() {
							unknown++
						} else if one, other := expected(all[0]), expected(all[len(all)-1]); len(got) != 1 || !near(got[0].Shares, one) && !near(got[0].Shares, other) {
							t.Errorf("at %s %+v", snapshot.At.Sub(noon), got)
						}
					}
					if unknown > c.holes || len(found) != 41 {
						t.Errorf("%d of %d are unknown", unknown, len(found))
					}
				})
			}
		}
	}
}
