package prometheus_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

func TestRanges(t *testing.T) {
	ahead := history.Range{From: time.Now().Add(time.Hour), To: time.Now().Add(2 * time.Hour)}
	for name, c := range map[string]struct {
		over        history.Range
		step        time.Duration
		count       int
		first, last time.Duration // after noon
	}{
		"ten minutes":             {minutes(0, 10), time.Minute, 11, 0, 10 * time.Minute},
		"on multiples of a step":  {history.Range{From: noon.Add(-time.Second), To: noon.Add(119 * time.Second)}, time.Minute, 2, 0, time.Minute},
		"zero length":             {minutes(3, 3), time.Minute, 1, 3 * time.Minute, 3 * time.Minute},
		"zero length, off a step": {history.Range{From: noon.Add(100 * time.Second), To: noon.Add(100 * time.Second)}, time.Minute, 1, 100 * time.Second, 100 * time.Second},
		"shorter than its step":   {history.Range{From: noon.Add(time.Minute), To: noon.Add(2 * time.Minute)}, time.Hour, 1, 2 * time.Minute, 2 * time.Minute},
		"no step":                 {history.Range{From: noon, To: noon.Add(9 * time.Second)}, 0, 10, 0, 9 * time.Second},
		"backwards":               {minutes(10, 0), time.Minute, 0, 0, 0},
		"ahead":                   {ahead, time.Minute, 0, 0, 0},
		"before the job":          {minutes(-120, -60), time.Minute, 0, 0, 0},
		"after the job":           {minutes(60, 120), time.Minute, 0, 0, 0},
		"half of the job":         {minutes(20, 120), 10 * time.Minute, 2, 20 * time.Minute, 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			prom := fake(t, scraped(always("a", 0, mixed)))
			all := snapshots(t, readerOf(t, prom), orders, c.over, c.step)
			if len(all) != c.count {
				t.Fatalf("%d snapshots, want %d", len(all), c.count)
			}
			if c.count > 0 && (all[0].At.Sub(noon) != c.first || all[len(all)-1].At.Sub(noon) != c.last) {
				t.Errorf("from %s to %s", all[0].At, all[len(all)-1].At)
			}
			if len(prom.Requests()) > 7 {
				t.Errorf("%d requests", len(prom.Requests()))
			}
		})
	}
}

// However long a range, no query has more points than Prometheus answers with,
// and a job that ran for but an hour of it is found.
func TestLongRanges(t *testing.T) {
	for name, over := range map[string]history.Range{
		"a year":   {From: noon.AddDate(0, -6, 0), To: noon.AddDate(0, 6, 0)},
		"all time": {To: noon.AddDate(1, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			prom := fake(t, scraped(always("a", 0, mixed)))
			reader := readerOf(t, prom)
			all := snapshots(t, reader, orders, over, time.Second)
			if len(all) == 0 || len(all) > 3 {
				t.Errorf("%d snapshots", len(all))
			}
			if jobs, _, err := reader.Jobs(t.Context(), over); len(jobs) != 1 || err != nil {
				t.Errorf("jobs are %v, %v", jobs, err)
			}
			for _, request := range prom.Requests() {
				if request.Points() > 11_000 {
					t.Errorf("too many points: %v", request.Form)
				}
			}
		})
	}
}

// While nothing was scraped between two times of the job, it is unknown, and
// neither left out nor what it was before.
func TestGapIsUnknown(t *testing.T) {
	all := scraped(always("a", 0, mixed))
	for i, s := range all {
		var kept []promtest.Sample
		for _, one := range s.samples {
			if one.At.Before(noon.Add(-10*time.Minute)) || one.At.After(noon) {
				kept = append(kept, one)
			}
		}
		all[i].samples = kept
	}
	found := snapshots(t, readerOf(t, fake(t, all)), orders, minutes(-20, 10), time.Minute)
	if len(found) != 31 {
		t.Fatalf("%d snapshots", len(found))
	}
	for _, snapshot := range found {
		unknown := snapshot.At.After(noon.Add(-9*time.Minute)) && snapshot.At.Before(noon.Add(time.Minute))
		if snapshot.Tasks[0].Known() && unknown || unknown != (snapshot.Job.State == "") && snapshot.At.Before(noon.Add(-9*time.Minute)) {
			t.Errorf("at %s %+v in state %q", snapshot.At.Sub(noon), snapshot.Tasks[0].Busy, snapshot.Job.State)
		}
	}
	if got := found[30].Tasks[0].Subtasks[0].Shares; !near(got, mixed) {
		t.Errorf("%v after the gap", got)
	}
}

// Where the scrape interval changed, the longer one goes for all.
func TestScrapeIntervalThatChanges(t *testing.T) {
	for name, rarely := range map[string]func(at time.Time) bool{
		"shortened": func(at time.Time) bool { return at.Before(noon) },
		"prolonged": func(at time.Time) bool { return at.After(noon) },
	} {
		t.Run(name, func(t *testing.T) {
			all := scraped(always("a", 0, mixed))
			for i, s := range all {
				all[i].samples = slices.DeleteFunc(s.samples, func(one promtest.Sample) bool {
					return rarely(one.At) && !one.At.Equal(one.At.Truncate(time.Minute))
				})
			}
			prom := fake(t, all)
			found := snapshots(t, readerOf(t, prom), orders, minutes(-25, 25), 10*time.Second)
			for _, snapshot := range found {
				if got := snapshot.Tasks[0].Subtasks[0].Shares; !near(got, mixed) || snapshot.Window() != 4*time.Minute {
					t.Errorf("at %s %v over %s", snapshot.At.Sub(noon), got, snapshot.Window())
				}
			}
			if len(found) != 301 || len(prom.Requests()) > 8 {
				t.Errorf("%d snapshots by %d requests", len(found), len(prom.Requests()))
			}
		})
	}
}

// A large job over a long time is read a chunk of time at a time, and what
// comes out does not depend on it.
func TestChunksAreSeamless(t *testing.T) {
	var all []series
	for subtask := range 40 {
		one := always("a", subtask, mixed)
		one.legacy, one.every = subtask%2 == 1, time.Minute
		all = append(all, scraped(one)...)
	}
	prom := fake(t, all)
	found := snapshots(t, readerOf(t, prom).AtOnce(1000), orders, minutes(-20, 20), 10*time.Second)
	if len(found) != 241 {
		t.Errorf("%d snapshots", len(found))
	}
	for i, snapshot := range found {
		if !snapshot.Tasks[0].Complete() || len(snapshot.Tasks[0].Subtasks) != 40 {
			t.Fatalf("%d is not whole at %s", i, snapshot.At.Sub(noon))
		}
		if got := snapshot.Tasks[0].Subtasks[39].Backpressured; got < 0.19 || got > 0.21 {
			t.Fatalf("backpressured %v at %s", got, snapshot.At.Sub(noon))
		}
	}
	if asked := len(rangeQueries(prom)); asked != 1+6*10 {
		t.Errorf("%d range queries", asked)
	}
}

// Reading ends when the visitor has seen enough, or the caller has gone away.
func TestReadingEndsWithItsCaller(t *testing.T) {
	prom := fake(t, scraped(always("a", 0, mixed)))
	reader := readerOf(t, prom).AtOnce(1)
	query := history.Query{Job: orders, Range: minutes(0, 10), Step: time.Minute}
	visits := 0
	if _, err := reader.Snapshots(t.Context(), query, func(history.Snapshot) bool { visits++; return false }); err != nil || visits != 1 || prom.Count("query_range") > 6 {
		t.Errorf("%d visits by %d requests, %v", visits, prom.Count("query_range"), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := reader.Snapshots(ctx, query, func(history.Snapshot) bool { cancel(); return true })
	if !remote.IsKind(err, remote.Canceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Without a graph the tasks are those that the metrics name, and their edges are
// not known.
func TestTasksWithoutAGraph(t *testing.T) {
	reader := readerOf(t, fake(t, scraped(always("b", 1, mixed), always("a", 0, mixed))))
	snapshot := snapshots(t, reader, orders, minutes(0, 0), time.Minute)[0]
	tasks := snapshot.Graph.Tasks
	if len(tasks) != 2 || tasks[0].ID != "a" || tasks[1].Name != "name of b" || tasks[1].Parallelism != 2 || !snapshot.Graph.EdgesUnknown {
		t.Errorf("got %+v", snapshot.Graph)
	}
}

// Where nothing is known of a job because points are further apart than it ran
// for, there is one warning; not where a shorter range would show no more.
func TestPointsTooFarApart(t *testing.T) {
	half := 6 * 30 * 24 * 60 // half a year, in minutes
	restless := func() (all []ran) {
		for i := range 20 {
			all = append(all, again("one", 0, i, -30+3*i, -28+3*i)...)
		}
		return all
	}
	speculative := joined(deployed("one", 1, -90, 90), again("one", 0, 1, -90, 90))
	for name, c := range map[string]struct {
		attempts []ran
		over     history.Range
		step     time.Duration
		gap      string // how far apart points are, as the warning says; empty for none
	}{
		"an hour of a year":                    {deployed("one", 1, -30, 30), minutes(-half, half), 9 * time.Hour, "9h0m0s"},
		"an hour after the last point":         {deployed("one", 1, -30, 30), minutes(-half, 40), 7 * 24 * time.Hour, "168h0m0s"},
		"an hour after the last point, of two": {joined(deployed("one", 1, -20000, -19940), deployed("two", 1, -30, 30)), minutes(-half, 40), 7 * 24 * time.Hour, "168h0m0s"},
		"an hour, before it began anew":        {joined(deployed("one", 1, -2000, -1940), deployed("two", 1, -900, 900)), minutes(-half, 40), 4 * time.Hour, "4h0m0s"},
		"an hour, after it began anew":         {joined(deployed("one", 1, -2000, -1000), deployed("two", 1, -300, -240)), minutes(-half, 40), 4 * time.Hour, "4h0m0s"},
		"an hour of a day, in steps":           {deployed("one", 1, -28, 30), minutes(-600, 600), 5 * time.Minute, ""},
		"restarts all the time":                {restless(), minutes(-25, 25), 5 * time.Minute, "5m0s"},
		"restarts all the time, in fine steps": {restless(), minutes(-25, 25), 4 * time.Minute, ""},
		"too short for any step":               {[]ran{{task: "a", attempt: "one_a_0_0", from: noon, to: noon.Add(20 * time.Second), every: 5 * time.Second}}, minutes(-60, 60), 10 * time.Minute, ""},
		"not there":                            {deployed("one", 1, -30, 30), minutes(-300, -200), 10 * time.Minute, ""},
		"two attempts at once":                 {speculative, minutes(-60, 60), 10 * time.Minute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, warnings, err := read(t.Context(), readerOf(t, fake(t, scraped(c.attempts...))), orders, c.over, c.step)
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(warnings, func(text string) bool {
				return strings.Contains(text, "a mean over every "+c.gap+",") && strings.HasSuffix(text, "choose a shorter range.")
			})
			if len(warnings) > 1 || len(warnings) == 1 != (c.gap != "") || found != (c.gap != "") {
				t.Errorf("the warnings are %q", warnings)
			}
		})
	}
}
