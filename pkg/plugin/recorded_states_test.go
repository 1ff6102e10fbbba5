package plugin_test

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// state is what is known of a recorded job, by what it was made to do.
type state struct {
	// sets are the recordings that it holds for: a set of all versions that
	// have it, or one version's.
	sets string
	// state and typ are the job's.
	state, typ string
	// tasks are names, parallelism and status, in topological order; {x} is
	// the sink x.
	tasks string
	// root is the task that holds the job back, held the one above it.
	root, kind, held string
	// why is in the explanation, and notice in that of every answer.
	why, notice string
	// restarts are null where Flink reports none, and 0 of a job that has ended.
	restarts string
	// parts of the job run, all, or some beside those that have ended.
	runs bool
}

const (
	streaming, batch = "STREAMING", "BATCH"
	middle           = "Source: fast-source 2 backpressured, enrich 2 backpressured, slow-window 4 bottleneck, {sink} 2 idle"
	allIdle          = "Source: slow-source 2 idle, enrich 2 idle, count 4 idle, {sink} 2 idle"
	noneKnown        = "Source: slow-source 2 unknown, enrich 2 unknown, count 4 unknown, {sink} 2 unknown"
	boundedEnd       = "Source: bounded-source 2 unknown, enrich 2 unknown, count 4 unknown, {sink} 2 unknown"
	failingTasks     = "Source: source 2 unknown, flaky-map 2 unknown, {sink} 2 unknown"
	declinedTasks    = "Source: slow-source 2 unknown, snapshot-fails-every-2nd 2 unknown, {sink} 2 unknown"
	warming          = "running for less than 10 s"
	restarting       = "the job is RESTARTING"
)

// states hold what each recording shows, read off its answers: a task that is not
// RUNNING, or runs for less than 10 s, is unknown whatever its gauges are.
var states = []state{
	{sets: "bottleneck-middle", state: "RUNNING", typ: streaming, tasks: middle, root: "slow-window", kind: "capacity", held: "enrich", restarts: "0", runs: true},
	{sets: "checkpoint-bp checkpoint-timeout", state: "RUNNING", typ: streaming, tasks: middle, root: "slow-window", kind: "capacity", held: "enrich", restarts: "0", runs: true},
	{
		sets: "skew", state: "RUNNING", typ: streaming, root: "aggregate", kind: "skew", held: "enrich", restarts: "0", runs: true,
		tasks: "Source: fast-source 2 backpressured, enrich 2 backpressured, aggregate 4 bottleneck, {sink} 2 idle",
		why:   "Subtask 2 of aggregate, on localhost, is 100 % busy",
	},
	{
		sets: "slow-sink", state: "RUNNING", typ: streaming, root: "{slow-sink}", kind: "capacity", held: "enrich", restarts: "0", runs: true,
		tasks: "Source: fast-source 2 backpressured, enrich 4 backpressured, {slow-sink} 2 bottleneck",
	},
	{
		sets: "diamond", state: "RUNNING", typ: streaming, root: "score (slow)", kind: "capacity", held: "parse", restarts: "0", runs: true,
		tasks: "Source: orders 2 backpressured, Source: clicks 1 idle, parse 2 backpressured, validate 2 idle, merge 2 idle, score (slow) 4 bottleneck, join 4 idle, {sink} 2 idle",
	},
	{
		sets: "disconnected", state: "RUNNING", typ: streaming, root: "map-b (slow)", kind: "capacity", held: "Source: source-b", restarts: "0", runs: true,
		tasks: "Source: source-a 2 idle, Source: source-b 1 backpressured, map-a 2 idle, {sink-a} 2 idle, map-b (slow) 2 bottleneck, {sink-b} 2 idle",
	},
	{
		sets: "chained", state: "RUNNING", typ: streaming, root: "slow-window -> format -> {sink}", kind: "capacity", held: "Source: source -> parse -> filter -> enrich", restarts: "0", runs: true,
		tasks: "Source: source -> parse -> filter -> enrich 2 backpressured, slow-window -> format -> {sink} 4 bottleneck",
	},
	{
		sets: "legacy-source", state: "RUNNING", typ: streaming, root: "slow-window", kind: "capacity", held: "enrich", restarts: "0", runs: true,
		tasks:  "Source: legacy-fast 2 backpressured, Source: legacy-slow 1 unknown, enrich 2 backpressured, slow-window 4 bottleneck, {sink} 2 idle, light 2 idle, {sink2} 2 idle",
		notice: "Flink does not measure how busy the legacy sources of job lab legacy-source are (Source: legacy-fast, Source: legacy-slow): their idle and busy shares are not known.",
	},
	{sets: "healthy adaptive-before", state: "RUNNING", typ: streaming, tasks: allIdle, kind: "none", why: "4 of 4 tasks measured over ", restarts: "0", runs: true},
	{
		sets: "adaptive-after-rescale", state: "RUNNING", typ: streaming, kind: "none", why: "4 of 4 tasks measured over ", restarts: "1", runs: true,
		tasks: "Source: slow-source 2 idle, enrich 2 idle, count 2 idle, {sink} 2 idle",
	},
	{
		sets: "1.13.6/varying", state: "RUNNING", typ: streaming, kind: "none", restarts: "0", runs: true,
		tasks: "Source: source 2 idle, enrich 2 idle, tumbling-window 4 busy, post-process 2 idle, {sink} 2 idle",
		why:   "5 of 5 tasks measured over 5 s; the busiest, tumbling-window, is 100 % busy.",
	},
	{
		sets: "1.17.2/varying 1.20.5/varying 2.3.0/varying", state: "RUNNING", typ: streaming, kind: "none", restarts: "0", runs: true,
		tasks: "Source: source 2 idle, enrich 2 idle, tumbling-window 4 idle, post-process 2 idle, {sink} 2 idle",
		why:   "; the busiest, post-process, is 3",
	},
	{
		sets: "duplicate-names", state: "RUNNING", typ: streaming, kind: "none", why: "6 of 6 tasks measured over ", restarts: "0", runs: true,
		tasks: "Source: source 2 idle, Map 2 idle, Map #2 2 idle, {Sink} 2 idle, Map #3 2 idle, {Sink} #2 2 idle",
	},
	{
		sets: "partial-finished", state: "RUNNING", typ: streaming, kind: "none", why: "3 of 5 tasks measured over ", restarts: "0", runs: true,
		notice: "These tasks of job lab partial-finished have finished, so nothing is measured of them: Source: bounded-source, enrich-bounded.",
		tasks:  "Source: bounded-source 2 unknown, Source: unbounded-source 2 idle, enrich-bounded 2 unknown, count 4 idle, {sink} 2 idle",
	},
	{
		sets: "p200", state: "RUNNING", typ: streaming, kind: "unknown", restarts: "null", runs: true,
		tasks:  "Source: source 200 unknown, enrich 200 idle, {sink} 200 unknown",
		why:    "what is not measured may hold the job back: Source: source (did not answer), sink: Writer (did not answer).",
		notice: "2 of 3 tasks of job lab p200 did not answer (Source: source, sink: Writer): ",
	},
	{sets: "1.13.6/failing 1.17.2/failing 1.20.5/failing", state: "RESTARTING", typ: streaming, tasks: failingTasks, kind: "unknown", why: restarting, notice: "Not measured in job lab failing: " + restarting + ".", restarts: "6"},
	{sets: "2.3.0/failing", state: "RUNNING", typ: streaming, tasks: failingTasks, kind: "unknown", why: "flaky-map (" + warming + ")", notice: "sink: Writer (" + warming + ").", restarts: "5", runs: true},
	{sets: "1.13.6/failing-restarting 1.17.2/failing-restarting", state: "RESTARTING", typ: streaming, tasks: failingTasks, kind: "unknown", why: restarting, notice: restarting, restarts: "7"},
	{sets: "1.20.5/failing-restarting 2.3.0/failing-restarting", state: "RESTARTING", typ: streaming, tasks: failingTasks, kind: "unknown", why: restarting, notice: restarting, restarts: "6"},
	{sets: "1.13.6/checkpoint-declined", state: "RUNNING", typ: streaming, tasks: declinedTasks, kind: "unknown", why: "Source: slow-source (" + warming + ")", notice: "Sink: sink (" + warming + ").", restarts: "9", runs: true},
	{sets: "1.17.2/checkpoint-declined", state: "RESTARTING", typ: streaming, tasks: declinedTasks, kind: "unknown", why: restarting, notice: restarting, restarts: "9"},
	{sets: "1.20.5/checkpoint-declined", state: "RESTARTING", typ: streaming, tasks: declinedTasks, kind: "unknown", why: restarting, notice: restarting, restarts: "10"},
	{sets: "2.3.0/checkpoint-declined", state: "RESTARTING", typ: streaming, tasks: declinedTasks, kind: "unknown", why: restarting, notice: restarting, restarts: "8"},
	{
		sets: "no-slots", state: "RUNNING", typ: streaming, tasks: noneKnown, kind: "unknown", restarts: "0",
		why:    "None of 4 tasks is measured: Source: slow-source (CREATED), enrich (CREATED), count (CREATED), and more.",
		notice: "Not measured in job lab healthy: Source: slow-source (CREATED), enrich (CREATED), count (CREATED), and more.",
	},
	{
		sets: "just-submitted", state: "RUNNING", typ: streaming, kind: "unknown", restarts: "null",
		tasks:  "Source: fast-source 2 unknown, enrich 2 unknown, slow-window 4 unknown, {sink} 2 unknown",
		why:    "Source: fast-source (CREATED)",
		notice: "Not measured in job lab bottleneck-middle: Source: fast-source (CREATED), enrich (CREATED), slow-window (CREATED), and more.",
	},
	{sets: "canceled", state: "CANCELED", typ: streaming, tasks: noneKnown, kind: "unknown", why: "None of 4 tasks is measured: the job is CANCELED.", notice: "Not measured in job lab canceled: the job is CANCELED.", restarts: "0"},
	{sets: "checkpoint-bp-after-cancel", state: "CANCELED", typ: streaming, kind: "unknown", why: "the job is CANCELED", notice: "the job is CANCELED", restarts: "0", tasks: strings.NewReplacer("backpressured", "unknown", "bottleneck", "unknown", "idle", "unknown").Replace(middle)},
	{sets: "batch-finished", state: "FINISHED", typ: batch, tasks: boundedEnd, kind: "unknown", why: "None of 4 tasks is measured: the job is FINISHED.", notice: "the job is FINISHED", restarts: "0"},
	{sets: "bounded-finished", state: "FINISHED", typ: streaming, tasks: boundedEnd, kind: "unknown", why: "None of 4 tasks is measured: the job is FINISHED.", notice: "the job is FINISHED", restarts: "0"},
	{
		sets: "speculative", state: "FINISHED", typ: batch, kind: "unknown", why: "the job is FINISHED", notice: "the job is FINISHED", restarts: "0",
		tasks: "Source: bounded-source 4 unknown, map-with-straggler 4 unknown, {sink} 2 unknown",
	},
}

// stateOf is the row of a recording, in the words of its version: from 2.0 on a sink
// x is called "x: Writer", before "Sink: x".
func stateOf(m *flinktest.Moment) (row state, found bool) {
	for _, row := range states {
		sets := strings.Fields(row.sets)
		if !slices.Contains(sets, m.Set) && !slices.Contains(sets, m.Version+"/"+m.Set) {
			continue
		}
		named := "Sink: $1"
		if m.Version >= "2" {
			named = "$1: Writer"
		}
		for _, text := range []*string{&row.tasks, &row.root} {
			*text = regexp.MustCompile(`\{(.+?)\}`).ReplaceAllString(*text, named)
		}
		return row, true
	}
	return row, false
}

// Each recording has its row, or a test of its own: this one fails for a recording
// that is added without.
func TestEveryRecordingHasItsState(t *testing.T) {
	raced.Skip(t)
	elsewhere := []string{"names", "_cluster", "_cluster-mixed-states", "_cluster-start", "_errors"}
	used := map[string]bool{}
	for _, name := range flinktest.Recordings(t) {
		version, set, _ := strings.Cut(name, "/")
		row, found := stateOf(flinktest.Recording(t, version, set))
		used[row.sets] = used[row.sets] || found
		if found == slices.Contains(elsewhere, set) {
			t.Errorf("%s: has a row: %t, a test of its own: %t", name, found, !found)
		}
	}
	for _, row := range states {
		if !used[row.sets] {
			t.Errorf("no recording shows %s", row.sets)
		}
	}
}

// The plugin shows what each recording shows: at first by the gauges, and where
// something runs by the counters once they have moved.
func TestStatesOfRecordings(t *testing.T) {
	raced.Skip(t)
	t.Parallel()
	for _, name := range flinktest.Recordings(t) {
		version, set, _ := strings.Cut(name, "/")
		moment := flinktest.Recording(t, version, set)
		row, found := stateOf(moment)
		if !found {
			continue
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment)
				if row.measured() {
					r = openRecorded(t, moment, moment.Advancing())
				}
				row.match(t, r, r.answers(t))
				time.Sleep(11 * time.Second)
				row.match(t, r, r.answers(t))
			})
		})
	}
}

// measured reports whether some task is known.
func (s state) measured() bool {
	return slices.ContainsFunc(strings.Split(s.tasks, ", "), func(task string) bool { return !strings.HasSuffix(task, " unknown") })
}

// match compares the answers with what the recording shows.
func (s state) match(t *testing.T, r recordedSource, frames []*data.Frame) {
	t.Helper()
	tasks := frames[tasksAt]
	rows := rowsOf(t, tasks, "task", "parallelism", "status")
	if got := strings.Join(rows, ", "); got != s.tasks {
		t.Errorf("tasks are\n%s\nwant\n%s", got, s.tasks)
	}
	s.matchJob(t, r, frames)
	s.matchVerdict(t, r, frames)
	s.matchShares(t, r, frames)
	for _, at := range []int{subtasksAt, tasksAt, graphAt, bottlenecksAt, jobsAt, severityAt} {
		texts := notices(frames[at])
		if s.notice == "" && len(texts) > 0 || s.notice != "" && (len(texts) != 1 || !strings.Contains(texts[0], s.notice)) {
			t.Errorf("the notices of frame %s are %q, want %q", frames[at].Name, texts, s.notice)
		}
	}
}

// matchJob compares what is shown of the job as a whole.
func (s state) matchJob(t *testing.T, r recordedSource, frames []*data.Frame) {
	t.Helper()
	typ, root, runs, restarts := s.typ, "null", "0", s.restarts
	if r.Version == "1.13.6" {
		typ = "null" // reported from 1.14 on
	}
	if s.root != "" {
		root = s.root
	}
	if s.runs {
		runs = "1"
	}
	want := []string{r.Name, s.state, typ, strconv.Itoa(strings.Count(s.tasks, ", ") + 1), s.worst(), root}
	if got := firstRow(t, frames[jobsAt], "job", "state", "type", "tasks", "status", "bottleneck"); !slices.Equal(got, want) {
		t.Errorf("the job is %q, want %q", got, want)
	}
	for at, want := range map[int]string{runningAt: runs, restartsAt: restarts, upAt: "1"} {
		if got := onlyValue(t, frames[at]); got != want {
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

// matchVerdict compares the verdict.
func (s state) matchVerdict(t *testing.T, r recordedSource, frames []*data.Frame) {
	t.Helper()
	root := "null"
	if s.root != "" {
		root = s.root
	}
	found := frames[bottlenecksAt]
	if got, want := firstRow(t, found, "job", "kind", "task"), []string{r.Name, s.kind, root}; !slices.Equal(got, want) {
		t.Errorf("the verdict is %q, want %q", got, want)
	}
	if why := firstRow(t, found, "explanation")[0]; !strings.Contains(why, s.why) {
		t.Errorf("the explanation is %q, want %q", why, s.why)
	}
	severity := firstRow(t, found, "severity")[0]
	wantMeasure := severity
	if s.state == "CANCELED" || s.state == "FINISHED" {
		wantMeasure = "0" // or a rule would fire for ever
	}
	if measure := onlyValue(t, frames[severityAt]); measure != wantMeasure {
		t.Errorf("severity is %s in the table, %s as a measure", severity, measure)
	}
	switch got, err := strconv.ParseFloat(severity, 64); {
	case s.kind == "unknown" && severity != "null", s.kind == "none" && severity != "0":
		t.Errorf("severity is %s where the verdict is %s", severity, s.kind)
	case s.held != "" && (err != nil || !(math.Abs(got-s.heldBack(t, r, frames)) < 0.025)):
		t.Errorf("severity is %s, the highest recorded backpressure is %f", severity, s.heldBack(t, r, frames))
	}
}

// heldBack is the recorded backpressure of the task that is held back most, on average
// over its subtasks.
func (s state) heldBack(t *testing.T, r recordedSource, frames []*data.Frame) (most float64) {
	t.Helper()
	sum, n := map[string]float64{}, map[string]float64{}
	for i, task := range cells(t, frames[subtasksAt], "task") {
		_, _, backpressured := r.shares(t, frames[subtasksAt], i)
		sum[task], n[task] = sum[task]+backpressured, n[task]+1
	}
	for task := range sum {
		if mean := sum[task] / n[task]; mean > most { // false for what was not recorded
			most = mean
		}
	}
	return most
}

// shares are a row's recorded shares, which add up to 1 where all are known.
func (r recordedSource) shares(t *testing.T, subtasks *data.Frame, row int) (idle, busy, backpressured float64) {
	t.Helper()
	ids := rowsOf(t, subtasks, "job_id", "task_id", "subtask")
	id := strings.Fields(ids[row])
	gauge := r.Gauge("/jobs/"+id[0]+"/vertices/"+id[1]+"/backpressure", id[2])
	sum := gauge.Idle + gauge.Busy + gauge.Backpressured
	if math.IsNaN(sum) {
		sum = 1 // a legacy source, which is not measured
	}
	return gauge.Idle / sum, gauge.Busy / sum, gauge.Backpressured / sum
}

// matchShares compares each subtask's shares with its recorded gauges: by counters
// they are the same but for rounding, by gauges the sum may be 1.078. Where the
// status is unknown so are busy and idle.
func (s state) matchShares(t *testing.T, r recordedSource, frames []*data.Frame) {
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
