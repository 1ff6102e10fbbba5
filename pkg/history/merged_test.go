package history_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var (
	began   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	errFake = errors.New("it failed")
)

func second(n int) time.Time { return began.Add(time.Duration(n) * time.Second) }

func between(from, to int) history.Range { return history.Range{From: second(from), To: second(to)} }

// fake is a source of one job that has samples at some seconds, each with a max gap
// of 10 s and, of each task, the second as the value of each column.
type fake struct {
	seconds  []int
	tasks    []string // "id" or "id name"
	jobs     []history.Job
	known    []history.Job
	covers   bool
	err      error
	warnings history.Warnings
	name     string // of the job, as it is in samples
	ended    []int  // the seconds of the samples in which the job has ended
	window   int    // how many seconds before it each sample is measured from
	unknown  []int  // the seconds of samples that are not measured
	asked    []string
}

func (f *fake) ask(what string, over history.Range) {
	f.asked = append(f.asked, fmt.Sprintf("%s %g-%g", what, over.From.Sub(began).Seconds(), over.To.Sub(began).Seconds()))
}

func (f *fake) within(over history.Range) (list []int) {
	for _, n := range f.seconds {
		if over.Contains(second(n)) {
			list = append(list, n)
		}
	}
	return list
}

func (f *fake) Jobs(_ context.Context, over history.Range) ([]history.Job, history.Warnings, error) {
	f.ask("jobs", over)
	return slices.Clone(f.jobs), f.warnings, f.err
}

func (f *fake) At(_ context.Context, of history.Job, at time.Time) (*diagnosis.Verdict, history.Warnings, error) {
	f.ask("at", history.Range{From: at, To: at})
	if !slices.Contains(f.seconds, int(at.Sub(began).Seconds())) || f.err != nil {
		return nil, f.warnings, f.err
	}
	return &diagnosis.Verdict{Kind: diagnosis.None, Snapshot: f.snapshot(at)}, f.warnings, nil
}

func (f *fake) snapshot(at time.Time) *job.Snapshot {
	return &job.Snapshot{Job: job.Info{ID: "a", Name: f.name}, Graph: &job.Graph{}, At: at, From: f.from(at)}
}

// from is the time that a sample is measured from, zero if it is not measured.
func (f *fake) from(at time.Time) (from time.Time) {
	if f.window > 0 && !slices.Contains(f.unknown, int(at.Sub(began).Seconds())) {
		from = at.Add(-time.Duration(f.window) * time.Second)
	}
	return from
}

func (f *fake) Summaries(_ context.Context, query history.Query) (summaries history.Summaries, _ history.Warnings, _ error) {
	f.ask("summaries", query.Range)
	if f.err != nil {
		return summaries, f.warnings, f.err
	}
	var values []float64
	for _, n := range f.within(query.Range) {
		summaries.At = append(summaries.At, diagnosis.Instant{At: second(n), From: f.from(second(n)), MaxGap: 10 * time.Second})
		summaries.Jobs = append(summaries.Jobs, diagnosis.JobSummary{Name: f.name})
		values = append(values, float64(n))
	}
	for _, task := range f.tasks {
		id, name, _ := strings.Cut(task, " ")
		of := history.TaskSummaries{ID: id, Name: name}
		for range query.Columns {
			of.Columns = append(of.Columns, slices.Clone(values))
		}
		summaries.Tasks = append(summaries.Tasks, of)
	}
	return summaries, f.warnings, nil
}

func (f *fake) Snapshots(_ context.Context, query history.Query, visit func(history.Snapshot) bool) (history.Warnings, error) {
	f.ask("snapshots", query.Range)
	if f.err != nil {
		return f.warnings, f.err
	}
	for _, n := range f.within(query.Range) {
		if !visit(history.Snapshot{Snapshot: f.snapshot(second(n)), MaxGap: 10 * time.Second}) {
			break
		}
	}
	return f.warnings, nil
}

func (f *fake) Up(history.Range, time.Duration) ([]diagnosis.Instant, []float64) {
	return []diagnosis.Instant{{At: began}}, []float64{1}
}

func (f *fake) Find(id string) (history.Job, bool) {
	at := slices.IndexFunc(f.known, func(of history.Job) bool { return of.ID == id })
	if at < 0 {
		return history.Job{}, false
	}
	return f.known[at], true
}

func (f *fake) Covers(history.Range) bool { return f.covers }

func (f *fake) Ended(_ string, at time.Time) time.Time {
	newest := slices.IndexFunc(f.seconds, func(n int) bool { return second(n).After(at) })
	if newest < 0 {
		newest = len(f.seconds)
	}
	if newest == 0 || !slices.Contains(f.ended, f.seconds[newest-1]) {
		return time.Time{}
	}
	return second(f.seconds[newest-1])
}

// query asks for two columns of a job from 0 to 100 s.
func query(step time.Duration) history.Query {
	return history.Query{
		Job: history.Job{ID: "a", Name: "orders"}, Range: between(0, 100), Step: step,
		Columns: []diagnosis.Column{diagnosis.MaxBusy, diagnosis.MinIdle},
	}
}

// every is each so many seconds between two.
func every(step, from, to int) (list []int) {
	for n := from; n <= to; n += step {
		list = append(list, n)
	}
	return list
}

// Far is asked once, for what Near has no samples of, and only its points in the
// holes of Near are taken.
func TestHoles(t *testing.T) {
	far := append(every(7, 3, 94), 100)
	for name, c := range map[string]struct {
		near  []int
		step  time.Duration
		asked string // of far
		want  []int
	}{
		"no hole":                       {every(10, 0, 100), 0, "", every(10, 0, 100)},
		"as late as a max gap":          {every(10, 10, 90), 0, "", every(10, 10, 90)},
		"nothing near":                  {nil, 0, "0-100", far},
		"a hole before the first":       {every(10, 30, 100), 0, "0-30", append([]int{3, 10, 17, 24}, every(10, 30, 100)...)},
		"a hole in the middle":          {append(every(10, 0, 40), every(10, 70, 100)...), 0, "40-70", []int{0, 10, 20, 30, 40, 45, 52, 59, 66, 70, 80, 90, 100}},
		"a hole after the last":         {every(10, 0, 80), 0, "80-100", append(every(10, 0, 80), 87, 94, 100)},
		"a hole as long as the step":    {append(every(10, 0, 40), every(10, 70, 100)...), 30 * time.Second, "", append(every(10, 0, 40), every(10, 70, 100)...)},
		"two holes are asked for once":  {append(every(10, 0, 30), 60, 65, 70), 0, "30-100", []int{0, 10, 20, 30, 31, 38, 45, 52, 59, 60, 65, 70, 73, 80, 87, 94, 100}},
		"no point of far at near's":     {[]int{10, 45, 90}, 0, "10-90", []int{10, 17, 24, 31, 38, 45, 52, 59, 66, 73, 80, 87, 90}},
		"a hole in which far has none":  {append(every(1, 0, 88), 99), 10 * time.Second, "88-99", append(append(every(1, 0, 88), 94), 99)},
		"one sample in the middle":      {[]int{50}, 0, "0-100", []int{3, 10, 17, 24, 31, 38, 45, 50, 52, 59, 66, 73, 80, 87, 94, 100}},
		"far begins at the range's end": {[]int{0, 10, 80, 85}, 60 * time.Second, "10-80", append(append([]int{0, 10}, every(7, 17, 73)...), 80, 85)},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := &fake{seconds: c.near, tasks: []string{"map map"}, name: "orders"}, &fake{seconds: far, tasks: []string{"map mangled_map"}, name: "mangled_orders"}
			merged := history.Merged{Near: near, Far: far}
			got, warnings, err := merged.Summaries(t.Context(), query(c.step))
			if err != nil || warnings != nil {
				t.Fatal(err, warnings)
			}
			var at []int
			for i, instant := range got.At {
				n := int(instant.At.Sub(began).Seconds())
				at = append(at, n)
				if got.Jobs[i].Name != "orders" || got.Tasks[0].Columns[1][i] != float64(n) {
					t.Errorf("at %d s it is %+v, %v", n, got.Jobs[i], got.Tasks)
				}
			}
			if !slices.Equal(at, c.want) {
				t.Errorf("there are points at %v, want %v", at, c.want)
			}
			at = nil
			if _, err := merged.Snapshots(t.Context(), query(c.step), func(snapshot history.Snapshot) bool {
				at = append(at, int(snapshot.At.Sub(began).Seconds()))
				if snapshot.Job.Name != "orders" {
					t.Errorf("a snapshot of %s", snapshot.Job.Name)
				}
				return true
			}); err != nil || !slices.Equal(at, c.want) {
				t.Errorf("there are snapshots at %v, want %v; %v", at, c.want, err)
			}
			want := ""
			if c.asked != "" {
				want = "summaries " + c.asked + ", snapshots " + c.asked
			}
			if asked := strings.Join(far.asked, ", "); asked != want {
				t.Errorf("far was asked for %s, want %s", asked, want)
			}
		})
	}
}

// What Far measured from before the end of a job, by Near's samples, shows nothing of
// the time after it; a job that began again goes on.
func TestFarDoesNotProlongAJob(t *testing.T) {
	for name, c := range map[string]struct {
		near, ended []int
		from, to    int // of the query
		unknown     []int
		want        []int
	}{
		"it runs":                   {[]int{10, 20}, nil, 0, 100, nil, []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}},
		"it ended":                  {[]int{10, 20}, []int{20}, 0, 100, nil, []int{10, 20, 50, 60, 70, 80, 90, 100}},
		"it ended before the range": {[]int{10, 20}, []int{20}, 40, 100, nil, []int{50, 60, 70, 80, 90, 100}},
		"it ended, began and ended": {[]int{10, 50, 60}, []int{10, 60}, 0, 100, nil, []int{10, 40, 50, 60, 90, 100}},
		"its end was sampled twice": {[]int{10, 40}, []int{10, 40}, 0, 100, nil, []int{10, 40, 70, 80, 90, 100}},
		"it ended later":            {[]int{10, 80}, []int{80}, 0, 70, nil, []int{10, 20, 30, 40, 50, 60, 70}},
		"it ended after the gap":    {[]int{10, 20, 80}, []int{80}, 0, 100, nil, []int{10, 20, 30, 40, 50, 60, 70, 80}},
		"not measured after that":   {[]int{10, 20}, []int{20}, 0, 100, []int{50, 60, 80}, []int{10, 20, 70, 80, 90, 100}},
	} {
		near, far := &fake{seconds: c.near, ended: c.ended}, &fake{seconds: every(10, 10, 100), window: 30, unknown: c.unknown}
		merged, of := history.Merged{Near: near, Far: far}, query(0)
		of.Range = between(c.from, c.to)
		summaries, _, err := merged.Summaries(t.Context(), of)
		var points, snapshots, moments []int
		for _, instant := range summaries.At {
			points = append(points, int(instant.At.Sub(began).Seconds()))
		}
		_, errOfSnapshots := merged.Snapshots(t.Context(), of, func(snapshot history.Snapshot) bool {
			snapshots = append(snapshots, int(snapshot.At.Sub(began).Seconds()))
			return true
		})
		for _, n := range every(10, c.from, c.to) {
			verdict, _, _ := merged.At(t.Context(), of.Job, second(n))
			unknown := slices.Contains(c.unknown, n) // by itself it does not show that the job has begun again
			if verdict != nil || unknown && slices.Contains(c.want, n) {
				moments = append(moments, n)
			}
		}
		if !slices.Equal(points, c.want) || !slices.Equal(snapshots, c.want) || !slices.Equal(moments, c.want) || err != nil || errOfSnapshots != nil {
			t.Errorf("%s: points at %v, snapshots at %v, moments at %v; want %v", name, points, snapshots, moments, c.want)
		}
	}
}

// Tasks that one side does not have are not known where that side is.
func TestTasksThatDiffer(t *testing.T) {
	nan := math.NaN()
	column := func(id, name string, values ...float64) history.TaskSummaries {
		return history.TaskSummaries{ID: id, Name: name, Columns: [][]float64{values, values}}
	}
	for name, c := range map[string]struct {
		near, far         []int
		nearTask, farTask []string
		want              []history.TaskSummaries
	}{
		"near is the latest": {[]int{90, 95}, []int{10}, []string{"a A", "b B"}, []string{"c C", "b mangled"},
			[]history.TaskSummaries{column("a", "A", nan, 90, 95), column("b", "B", 10, 90, 95), column("c", "C", 10, nan, nan)}},
		"far is the latest": {[]int{0, 5}, []int{50}, []string{"a A", "b B"}, []string{"c C", "b mangled"},
			[]history.TaskSummaries{column("c", "C", nan, nan, 50), column("b", "B", 0, 5, 50), column("a", "A", 0, 5, nan)}},
		"near has none": {nil, []int{50}, nil, []string{"c C"}, []history.TaskSummaries{column("c", "C", 50)}},
		"far has none":  {[]int{50}, nil, []string{"a A"}, nil, []history.TaskSummaries{column("a", "A", 50)}},
	} {
		merged := history.Merged{Near: &fake{seconds: c.near, tasks: c.nearTask}, Far: &fake{seconds: c.far, tasks: c.farTask}}
		got, _, err := merged.Summaries(t.Context(), query(0))
		if diff := cmp.Diff(c.want, got.Tasks, cmpopts.EquateNaNs()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// If Far fails, what Near has comes beside the error, and so do both sides' warnings.
func TestFarFails(t *testing.T) {
	near := &fake{seconds: []int{50, 55}, tasks: []string{"a A"}, jobs: []history.Job{{ID: "a"}}, warnings: history.Warnings{"near", "both"}}
	far := &fake{err: errFake, warnings: history.Warnings{"both", "far"}}
	merged := history.Merged{Near: near, Far: far}
	check := func(what string, found int, warnings history.Warnings, err error) {
		t.Helper()
		if found != 2 || !errors.Is(err, errFake) || !slices.Equal(warnings, history.Warnings{"near", "both", "far"}) {
			t.Errorf("%d %s, %v, %v", found, what, warnings, err)
		}
	}
	summaries, warnings, err := merged.Summaries(t.Context(), query(0))
	check("summaries", len(summaries.At), warnings, err)
	snapshots := 0
	warnings, err = merged.Snapshots(t.Context(), query(0), func(history.Snapshot) bool { snapshots++; return true })
	check("snapshots", snapshots, warnings, err)
	jobs, warnings, err := merged.Jobs(t.Context(), between(0, 100))
	check("jobs", len(jobs)+1, warnings, err)
	verdict, warnings, err := merged.At(t.Context(), history.Job{}, second(1))
	if verdict != nil {
		t.Error("there is a verdict")
	}
	check("verdicts", 2, warnings, err)
}

// If Near fails Far is not asked.
func TestNearFails(t *testing.T) {
	far := &fake{seconds: []int{50}, jobs: []history.Job{{ID: "a"}}}
	merged := history.Merged{Near: &fake{err: errFake}, Far: far}
	_, _, ofSummaries := merged.Summaries(t.Context(), query(0))
	_, ofSnapshots := merged.Snapshots(t.Context(), query(0), func(history.Snapshot) bool { return true })
	_, _, ofJobs := merged.Jobs(t.Context(), between(0, 100))
	_, _, ofAt := merged.At(t.Context(), history.Job{}, second(50))
	for _, err := range []error{ofSummaries, ofSnapshots, ofJobs, ofAt} {
		if !errors.Is(err, errFake) {
			t.Errorf("it returns %v", err)
		}
	}
	if len(far.asked) > 0 {
		t.Errorf("far was asked for %v", far.asked)
	}
}

// Snapshots end when visit returns false, on whichever side.
func TestSnapshotsThatAreEnough(t *testing.T) {
	for enough := range 9 {
		merged := history.Merged{Near: &fake{seconds: []int{0, 10, 50, 60, 100}}, Far: &fake{seconds: []int{20, 30, 70, 80}}}
		visited := 0
		_, err := merged.Snapshots(t.Context(), query(0), func(history.Snapshot) bool { visited++; return visited <= enough })
		if visited != enough+1 || err != nil {
			t.Errorf("%d snapshots, want %d; %v", visited, enough+1, err)
		}
	}
}

// Far is asked for jobs where Near may not have all; Near's word on a job counts.
func TestMergedJobs(t *testing.T) {
	graph := &job.Graph{}
	seen := func(id, name string, first int) history.Job {
		return history.Job{ID: id, Name: name, First: second(first), Last: second(first + 1)}
	}
	near := []history.Job{seen("a", "orders", 20), seen("b", "payments", 30)}
	far := []history.Job{seen("c", "mangled", 0), seen("a", "mangled", 1), seen("d", "unknown", 20)}
	described := seen("c", "clicks", 0)
	described.Type, described.Graph, described.TaskManagers = job.Batch, graph, []string{"tm-1"}
	known := described
	known.First, known.Last = second(-90), second(-80)
	for name, c := range map[string]struct {
		near, far, want []history.Job
		covers          bool
	}{
		"near covers the range": {near, far, near, true},
		"it covers a part":      {near, far, []history.Job{described, near[0], far[2], near[1]}, false},
		"it has none":           {nil, far, []history.Job{described, far[1], far[2]}, true},
		"far has none":          {near, nil, near, false},
		"there are none":        {nil, nil, nil, false},
	} {
		merged := history.Merged{Near: &fake{jobs: c.near, covers: c.covers, known: []history.Job{known}}, Far: &fake{jobs: c.far}}
		got, _, err := merged.Jobs(t.Context(), between(0, 100))
		if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// A moment that Near does not have is Far's, under the name that the job has.
func TestMergedAt(t *testing.T) {
	merged := history.Merged{Near: &fake{seconds: []int{50}, name: "orders #2"}, Far: &fake{seconds: []int{50, 60}, name: "mangled"}}
	for _, c := range []struct {
		at          int
		named, want string
	}{
		{50, "orders", "orders #2"}, {60, "orders", "orders"}, {60, "", "mangled"}, {70, "orders", ""},
	} {
		verdict, _, err := merged.At(t.Context(), history.Job{ID: "a", Name: c.named}, second(c.at))
		name := ""
		if verdict != nil {
			name = verdict.Snapshot.Job.Name
		}
		if name != c.want || err != nil || verdict != nil && verdict.Kind != diagnosis.None {
			t.Errorf("at %d s of %q: it is %q, want %q; %v", c.at, c.named, name, c.want, err)
		}
	}
}

// Either side may be missing, and both.
func TestOneSideAlone(t *testing.T) {
	side := func() *fake { return &fake{seconds: []int{50}, tasks: []string{"a A"}, jobs: []history.Job{{ID: "a"}}} }
	for name, c := range map[string]struct {
		of       history.Merged
		want, up int
	}{
		"near alone": {history.Merged{Near: side()}, 1, 1},
		"far alone":  {history.Merged{Far: side()}, 1, 0},
		"neither":    {history.Merged{}, 0, 0},
	} {
		jobs, _, err := c.of.Jobs(t.Context(), between(0, 100))
		verdict, _, atErr := c.of.At(t.Context(), history.Job{}, second(50))
		summaries, _, summariesErr := c.of.Summaries(t.Context(), query(0))
		snapshots := 0
		_, snapshotsErr := c.of.Snapshots(t.Context(), query(0), func(history.Snapshot) bool { snapshots++; return true })
		up, _ := c.of.Up(between(0, 100), time.Minute)
		if len(jobs) != c.want || (verdict != nil) != (c.want == 1) || len(summaries.At) != c.want || snapshots != c.want || len(up) != c.up {
			t.Errorf("%s: %v, %v, %v, %d snapshots, %v", name, jobs, verdict, summaries, snapshots, up)
		}
		if err := errors.Join(err, atErr, summariesErr, snapshotsErr); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
