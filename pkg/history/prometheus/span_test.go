package prometheus_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

func TestSpans(t *testing.T) {
	ahead := history.Span{From: time.Now().Add(time.Hour), To: time.Now().Add(2 * time.Hour)}
	for name, c := range map[string]struct {
		over        history.Span
		step        time.Duration
		count       int
		first, last time.Duration // after noon
	}{
		"ten minutes":             {minutes(0, 10), time.Minute, 11, 0, 10 * time.Minute},
		"on multiples of a step":  {history.Span{From: noon.Add(-time.Second), To: noon.Add(119 * time.Second)}, time.Minute, 2, 0, time.Minute},
		"zero length":             {minutes(3, 3), time.Minute, 1, 3 * time.Minute, 3 * time.Minute},
		"zero length, off a step": {history.Span{From: noon.Add(100 * time.Second), To: noon.Add(100 * time.Second)}, time.Minute, 1, 100 * time.Second, 100 * time.Second},
		"shorter than its step":   {history.Span{From: noon.Add(time.Minute), To: noon.Add(2 * time.Minute)}, time.Hour, 1, 2 * time.Minute, 2 * time.Minute},
		"no step":                 {history.Span{From: noon, To: noon.Add(9 * time.Second)}, 0, 10, 0, 9 * time.Second},
		"backwards":               {minutes(10, 0), time.Minute, 0, 0, 0},
		"ahead":                   {ahead, time.Minute, 0, 0, 0},
		"before the job":          {minutes(-120, -60), time.Minute, 0, 0, 0},
		"after the job":           {minutes(60, 120), time.Minute, 0, 0, 0},
		"half of the job":         {minutes(20, 120), 10 * time.Minute, 2, 20 * time.Minute, 30 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			prom := &fake{series: scraped(always("a", 0, mixed))}
			all := snapshots(t, served(t, prom, prometheus.Options{}), c.over, c.step)
			if len(all) != c.count {
				t.Fatalf("%d snapshots, want %d", len(all), c.count)
			}
			if c.count > 0 && (all[0].At.Sub(noon) != c.first || all[len(all)-1].At.Sub(noon) != c.last) {
				t.Errorf("from %s to %s", all[0].At, all[len(all)-1].At)
			}
			if len(prom.requests) > 7 {
				t.Errorf("%d requests", len(prom.requests))
			}
		})
	}
}

// However long a span, no query has more points than Prometheus answers with,
// and a job that ran for but an hour of it is found.
func TestLongSpans(t *testing.T) {
	for name, over := range map[string]history.Span{
		"a year":   {From: noon.AddDate(0, -6, 0), To: noon.AddDate(0, 6, 0)},
		"all time": {To: noon.AddDate(1, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			prom := &fake{series: scraped(always("a", 0, mixed))}
			reader := served(t, prom, prometheus.Options{})
			all := snapshots(t, reader, over, time.Second)
			if len(all) == 0 || len(all) > 3 {
				t.Errorf("%d snapshots", len(all))
			}
			if jobs, err := reader.Jobs(t.Context(), over); len(jobs) != 1 || err != nil {
				t.Errorf("jobs are %v, %v", jobs, err)
			}
			for _, request := range prom.requests {
				if form := request.Form; form.Has("step") && (seconds(form["end"])-seconds(form["start"]))/seconds(form["step"]) > 11_000 {
					t.Errorf("too many points: %v", form)
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
		var kept []sample
		for _, one := range s.samples {
			if one.at.Before(noon.Add(-10*time.Minute)) || one.at.After(noon) {
				kept = append(kept, one)
			}
		}
		all[i].samples = kept
	}
	found := snapshots(t, served(t, &fake{series: all}, prometheus.Options{}), minutes(-20, 10), time.Minute)
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
				all[i].samples = slices.DeleteFunc(s.samples, func(one sample) bool {
					return rarely(one.at) && !one.at.Equal(one.at.Truncate(time.Minute))
				})
			}
			prom := &fake{series: all}
			found := snapshots(t, served(t, prom, prometheus.Options{}), minutes(-25, 25), 10*time.Second)
			for _, snapshot := range found {
				if got := snapshot.Tasks[0].Subtasks[0].Shares; !near(got, mixed) || snapshot.Window() != 4*time.Minute {
					t.Errorf("at %s %v over %s", snapshot.At.Sub(noon), got, snapshot.Window())
				}
			}
			if len(found) != 301 || len(prom.requests) > 8 {
				t.Errorf("%d snapshots by %d requests", len(found), len(prom.requests))
			}
		})
	}
}

// A large job over a long time is read a chunk of time at a time, and what
// comes out does not depend on it.
func TestChunksAreSeamless(t *testing.T) {
	prom := &fake{}
	for subtask := range 40 {
		one := always("a", subtask, mixed)
		one.legacy, one.every = subtask%2 == 1, time.Minute
		prom.series = append(prom.series, scraped(one)...)
	}
	all := snapshots(t, served(t, prom, prometheus.Options{}).AtOnce(1000), minutes(-20, 20), 10*time.Second)
	if len(all) != 241 {
		t.Errorf("%d snapshots", len(all))
	}
	for i, snapshot := range all {
		if !snapshot.Tasks[0].Complete() || len(snapshot.Tasks[0].Subtasks) != 40 {
			t.Fatalf("%d is not whole at %s", i, snapshot.At.Sub(noon))
		}
		if got := snapshot.Tasks[0].Subtasks[39].Backpressured; got < 0.19 || got > 0.21 {
			t.Fatalf("backpressured %v at %s", got, snapshot.At.Sub(noon))
		}
	}
	if asked := len(prom.rangeQueries()); asked != 1+6*10 {
		t.Errorf("%d range queries", asked)
	}
}

// Who has seen enough is asked for no more.
func TestReadingEndsWithItsCaller(t *testing.T) {
	prom := &fake{series: scraped(always("a", 0, mixed))}
	reader := served(t, prom, prometheus.Options{})
	for range reader.Snapshots(t.Context(), key, minutes(0, 10), time.Minute) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for snapshot, err := range reader.Snapshots(ctx, key, minutes(0, 10), time.Minute) {
		cancel()
		if last = err; snapshot == nil && err == nil {
			t.Error("neither a snapshot nor an error")
		}
	}
	for _, err := range reader.Snapshots(ctx, key, minutes(0, 10), time.Minute) {
		last = err
	}
	var failed *prometheus.Error
	if !errors.As(last, &failed) || failed.Kind != prometheus.Canceled || !errors.Is(last, context.Canceled) {
		t.Errorf("got %v", last)
	}
}

// Without a graph the tasks are those that the metrics name, and whoever
// judges them is told that the edges are not known.
func TestTasksWithoutAGraph(t *testing.T) {
	reader := served(t, &fake{series: scraped(always("b", 1, mixed), always("a", 0, mixed))}, prometheus.Options{
		Graph: func(context.Context, history.Key) (*job.Graph, error) { return nil, nil },
	})
	snapshot := snapshots(t, reader, minutes(0, 0), time.Minute)[0]
	tasks := snapshot.Graph.Tasks
	if len(tasks) != 2 || tasks[0].ID != "a" || tasks[1].Name != "name of b" || tasks[1].Parallelism != 2 || !snapshot.Graph.EdgesUnknown {
		t.Errorf("got %+v", snapshot.Graph)
	}
}
