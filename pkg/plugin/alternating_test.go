package plugin_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// remembering is a data source that has sampled a ready-made job for that long.
func remembering(t *testing.T, job string, long time.Duration) (lab, *sim.Job) {
	t.Helper()
	ready, err := sim.Ready("2.3.0", job)
	if err != nil {
		t.Fatal(err)
	}
	l := sampling(t, ready.Jobs...)
	answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
	time.Sleep(long)
	return l, ready.Jobs[0]
}

// holders are the tasks of a timeline that hold the job back, at each look.
func holders(of *data.Frame) (times []time.Time, tasks []string) {
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

// alone is the task that truly held the job back all through the time that a
// look speaks of: a fetch, and the moment that its values take to arrive.
func alone(job *sim.Job, at time.Time) (task string, steady bool) {
	before, after := job.Truth(at.Add(-11*time.Second)), job.Truth(at)
	return after.Bottlenecks[0].Name, before.Bottlenecks[0].Name == after.Bottlenecks[0].Name
}

// The window of this job and its sink hold it back for 40 s each, in turns: so
// says a timeline of ten minutes.
func TestTimelineOfAnAlternatingBottleneck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, job := remembering(t, "alternating", 10*time.Minute)
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "timeline"}`), "A")
		times, tasks := holders(shown)
		changes, told, run := 0, map[string]int{}, 0
		for i := 2; i < len(times); i++ { // the first look is Flink's average, the next may be
			want, steady := alone(job, times[i])
			if steady && tasks[i] != want {
				t.Errorf("%s: %q is named, truly %s", times[i].Sub(job.Start)-time.Hour, tasks[i], want)
			}
			told[tasks[i]]++
			if run++; tasks[i] != tasks[i-1] {
				if i > 2 && changes > 0 && run < 3 {
					t.Errorf("%s held the job back for %d looks", tasks[i-1], run)
				}
				changes, run = changes+1, 0
			}
		}
		if changes < 13 || changes > 15 || told["window"] < 25 || told["sink"] < 25 || told["window"]+told["sink"] < len(times)-3 {
			t.Errorf("%d changes in 15 turns, and %v", changes, told)
		}
		if said := notices(shown); len(said) > 0 {
			t.Errorf("it says %q", said)
		}
	})
}

// Each has its peaks in a graph of severities, and nobody else has.
func TestHistoryOfAnAlternatingBottleneck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := remembering(t, "alternating", 10*time.Minute)
		for _, frame := range queried(l.ctx, t, l, `{"queryType": "history", "measure": "bottleneck", "by": "task"}`)["A"].Frames {
			task, peaks, calm := frame.Fields[1].Labels["task"], 0, 0
			for i := range frame.Rows() {
				switch severity, _ := frame.Fields[1].NullableFloatAt(i); {
				case severity != nil && *severity > 0.9:
					peaks++
				case severity != nil && *severity == 0:
					calm++
				}
			}
			blamed := task == "window" || task == "sink"
			if blamed && (peaks < 18 || calm < 18) || !blamed && peaks > 0 {
				t.Errorf("%s holds the job back at %d looks, at %d not at all", task, peaks, calm)
			}
		}
	})
}

// The verdict about a time that is past is that of then.
func TestTimeTravelToTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, job := remembering(t, "alternating", 10*time.Minute)
		named := map[string]int{}
		for ago := 9 * time.Minute; ago > time.Minute; ago -= 7 * time.Second {
			then := time.Now().Add(-ago)
			want, steady := alone(job, then.Add(-11*time.Second)) // its look may be as old
			if now, _ := alone(job, then); !steady || now != want {
				continue
			}
			shown := answer(t, queriedOver(l.ctx, t, l, backend.TimeRange{From: then.Add(-time.Hour), To: then}, nil, `{"queryType": "bottlenecks"}`), "A")
			if task := strings.Join(cells(t, shown, "task"), " and "); task != want {
				t.Errorf("%s ago it was %s, and %q is named", ago, want, task)
			}
			named[want]++
		}
		if named["window"] < 10 || named["sink"] < 10 {
			t.Errorf("asked about %v", named)
		}
	})
}

// Of a window that fires every 20 s the timeline says that Flink does not
// report as fast, whenever it began.
func TestTimelineOfABottleneckThatMovesTooFast(t *testing.T) {
	for begin := time.Duration(0); begin < 20*time.Second; begin += 1900 * time.Millisecond {
		t.Run("begun "+begin.String()+" into a turn", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ready, err := sim.Ready("2.3.0", "alternating-fast")
				if err != nil {
					t.Fatal(err)
				}
				l := sampling(t, ready.Jobs...)
				time.Sleep(begin)
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				time.Sleep(10 * time.Minute)
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "timeline"}`), "A")
				said := strings.Join(notices(shown), " ")
				if !strings.Contains(said, "faster than Flink reports") || !strings.Contains(said, "10 s") {
					_, tasks := holders(shown)
					t.Errorf("it says %q of %q", said, tasks)
				}
				verdict := answer(t, queried(l.ctx, t, l, `{"queryType": "bottlenecks"}`), "A")
				if said := strings.Join(notices(verdict), " "); !strings.Contains(said, "faster than Flink reports") {
					t.Errorf("beside the verdict it says %q", said)
				}
			})
		})
	}
}
