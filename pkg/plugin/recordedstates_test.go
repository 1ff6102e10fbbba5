package plugin_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// What each recording shows is what the plugin says of it: at first by the
// gauges, and where something runs by the counters once they have moved.
func TestStatesOfRecordings(t *testing.T) {
	for _, name := range flinktest.Recordings(t) {
		version, set, _ := strings.Cut(name, "/")
		moment := flinktest.Recording(t, version, set)
		row, found := stateOf(moment)
		if !found {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := over(t, moment, moment)
				if row.measured() {
					r = over(t, moment, moment.Advancing())
				}
				row.match(t, r, r.every(t))
				time.Sleep(11 * time.Second)
				row.match(t, r, r.every(t))
			})
		})
	}
}

// measured tells whether some task of the state is known.
func (s state) measured() bool {
	return slices.ContainsFunc(strings.Split(s.tasks, ", "), func(task string) bool { return !strings.HasSuffix(task, " unknown") })
}

// match compares the answers with what the recording shows.
func (s state) match(t *testing.T, r recorded, frames []*data.Frame) {
	t.Helper()
	tasks := frames[tasksAt]
	said := columns(t, tasks, "task", "parallelism", "status")
	if got := strings.Join(said, ", "); got != s.tasks {
		t.Errorf("tasks are\n%s\nwant\n%s", got, s.tasks)
	}
	s.matchJob(t, r, frames)
	s.matchVerdict(t, r, frames)
	s.matchShares(t, r, frames)
	for _, at := range []int{subtasksAt, tasksAt, graphAt, bottlenecksAt, jobsAt, severityAt} {
		told := notices(frames[at])
		if s.notice == "" && len(told) > 0 || s.notice != "" && (len(told) != 1 || !strings.Contains(told[0], s.notice)) {
			t.Errorf("frame %s tells %q, want %q", frames[at].Name, told, s.notice)
		}
	}
}

// matchJob compares what is said of the job as a whole.
func (s state) matchJob(t *testing.T, r recorded, frames []*data.Frame) {
	t.Helper()
	typ, root, runs, restarts := s.typ, "null", "0", s.restarts
	if r.Version == "1.13.6" {
		typ = "null" // told from 1.14 on
	}
	if s.root != "" {
		root = s.root
	}
	if s.runs {
		runs = "1"
	}
	want := []string{r.Name, s.state, typ, strconv.Itoa(strings.Count(s.tasks, ", ") + 1), s.worst(), root}
	if got := column(t, frames[jobsAt], "job", "state", "type", "tasks", "status", "bottleneck"); !slices.Equal(got, want) {
		t.Errorf("the job is %q, want %q", got, want)
	}
	for at, want := range map[int]string{runningAt: runs, restartsAt: restarts, upAt: "1"} {
		if got := value(t, frames[at]); got != want {
			t.Errorf("measure %s is %s, want %s", everyQuery("")[at], got, want)
		}
	}
}

// worst is the status of the job: that of its worst task.
func (s state) worst() string {
	for _, status := range []string{"bottleneck", "backpressured", "busy", "mixed", "idle"} {
		if strings.Contains(s.tasks, " "+status) {
			return status
		}
	}
	return "unknown"
}

// matchVerdict compares what is said to hold the job back.
func (s state) matchVerdict(t *testing.T, r recorded, frames []*data.Frame) {
	t.Helper()
	root := "null"
	if s.root != "" {
		root = s.root
	}
	found := frames[bottlenecksAt]
	if got, want := column(t, found, "job", "kind", "task"), []string{r.Name, s.kind, root}; !slices.Equal(got, want) {
		t.Errorf("the verdict is %q, want %q", got, want)
	}
	if why := column(t, found, "explanation")[0]; !strings.Contains(why, s.why) {
		t.Errorf("it says %q, want %q", why, s.why)
	}
	severity := column(t, found, "severity")[0]
	if measure := value(t, frames[severityAt]); measure != severity {
		t.Errorf("severity is %s in the table, %s as a measure", severity, measure)
	}
	switch got, err := strconv.ParseFloat(severity, 64); {
	case s.kind == "unknown" && severity != "null", s.kind == "none" && severity != "0":
		t.Errorf("severity is %s where the verdict is %s", severity, s.kind)
	case s.held != "" && (err != nil || !(math.Abs(got-s.heldBack(t, r, frames)) < 0.025)):
		t.Errorf("severity is %s, the recorded backpressure of %s is %f", severity, s.held, s.heldBack(t, r, frames))
	}
}

// heldBack is the recorded backpressure of the task above the root, on
// average over its subtasks.
func (s state) heldBack(t *testing.T, r recorded, frames []*data.Frame) float64 {
	t.Helper()
	sum, n := 0.0, 0
	for i, task := range cells(t, frames[subtasksAt], "task") {
		if task == s.held {
			_, _, backpressured := r.shares(t, frames[subtasksAt], i)
			sum, n = sum+backpressured, n+1
		}
	}
	return sum / float64(n)
}

// shares are a row's recorded shares, which add up to 1.
func (r recorded) shares(t *testing.T, subtasks *data.Frame, row int) (idle, busy, backpressured float64) {
	t.Helper()
	ids := columns(t, subtasks, "job_id", "task_id", "subtask")
	id := strings.Fields(ids[row])
	gauge := r.Gauge("/jobs/"+id[0]+"/vertices/"+id[1]+"/backpressure", id[2])
	sum := gauge.Idle + gauge.Busy + gauge.Backpressured
	return gauge.Idle / sum, gauge.Busy / sum, gauge.Backpressured / sum
}

// matchShares compares each subtask's shares with its recorded gauges: by
// counters they are the same but for rounding, by gauges the sum may be 1.078.
// Where the status is unknown so are busy and idle.
func (s state) matchShares(t *testing.T, r recorded, frames []*data.Frame) {
	t.Helper()
	subtasks, tolerance := frames[subtasksAt], 0.05
	if source := subtasks.Meta.Custom.(frame.Custom).Source; source != nil && *source == "counters" {
		tolerance = 0.001
	}
	status, idles, busys, held := cells(t, subtasks, "status"), cells(t, subtasks, "idle"), cells(t, subtasks, "busy"), cells(t, subtasks, "backpressured")
	for i, task := range cells(t, subtasks, "task") {
		if legacy := strings.Contains(task, "legacy"); legacy || status[i] == "unknown" {
			if idles[i] != "null" || busys[i] != "null" || (held[i] == "null") == legacy {
				t.Errorf("%s is idle %s, busy %s, backpressured %s", task, idles[i], busys[i], held[i])
			}
			continue
		}
		idle, busy, backpressured := r.shares(t, subtasks, i)
		for _, c := range []struct {
			got  string
			want float64
		}{{idles[i], idle}, {busys[i], busy}, {held[i], backpressured}} {
			if got, err := strconv.ParseFloat(c.got, 64); err != nil || !(math.Abs(got-c.want) < tolerance) {
				t.Errorf("a share of %s is %s, was recorded as %f", task, c.got, c.want)
			}
		}
	}
}
