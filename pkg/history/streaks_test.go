package history_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// computed is a source that has a point at each multiple of the step, as far back as its
// data reaches, in which tasks are root causes by how many minutes ago that is.
type computed struct {
	history.Source
	now     time.Time
	reaches time.Duration
	// roots has for each task from how many minutes ago to how many others it was a
	// root cause.
	roots map[string][][2]float64
	// failsFrom is the number of the query, from 1 on, that fails, with those after it.
	failsFrom int
	warnings  history.Warnings

	mu      sync.Mutex
	queries []string
}

func (c *computed) Summaries(_ context.Context, query history.Query) (of history.Summaries, _ history.Warnings, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queries = append(c.queries, fmt.Sprintf("%s-%s/%s", c.now.Sub(query.From).Round(time.Second), c.now.Sub(query.To), query.Step))
	if c.failsFrom > 0 && len(c.queries) >= c.failsFrom {
		return of, nil, errFake
	}
	if !slices.Equal(query.Columns, []diagnosis.Column{diagnosis.RootSeverity}) {
		panic("another column")
	}
	for at := query.From.Add(query.Step - 1).Truncate(query.Step); !at.After(query.To); at = at.Add(query.Step) {
		if c.reaches == 0 || c.now.Sub(at) <= c.reaches {
			of.At = append(of.At, diagnosis.Instant{At: at, From: at.Add(-query.Step), MaxGap: max(2*query.Step, time.Minute)})
		}
	}
	for task, during := range c.roots {
		column := make([]float64, len(of.At))
		for i, at := range of.At {
			ago := c.now.Sub(at.At).Minutes()
			if slices.ContainsFunc(during, func(of [2]float64) bool { return ago <= of[0] && ago > of[1] }) {
				column[i] = 0.8
			}
		}
		of.Tasks = append(of.Tasks, history.TaskSummaries{ID: task, Columns: [][]float64{column}})
	}
	return of, c.warnings, nil
}

// take are the queries since the last call.
func (c *computed) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	queries := c.queries
	c.queries = nil
	return queries
}

// newComputed has one task that has been a root cause for some minutes.
func newComputed(minutes float64) *computed {
	return &computed{now: time.Now(), roots: map[string][][2]float64{"a": {{minutes, -1e9}}}}
}

// momentAt is the job now, with a root cause that has been one for a minute, as far as
// is known.
func momentAt(tasks ...string) (of history.Moment, roots []history.Root) {
	for _, task := range tasks {
		roots = append(roots, history.Root{Task: task, Since: time.Now().Add(-time.Minute)})
	}
	return history.Moment{Job: history.Job{ID: "a"}, At: time.Now(), MaxGap: time.Minute}, roots
}

// ago is how long ago since when is, "-" if it was not found.
func ago(since map[string]history.Beginning, task string) string {
	if since[task].At.IsZero() {
		return "-"
	}
	return time.Since(since[task].At).Round(time.Minute).String()
}

// Each stage begins where the one before it ends, and is read only while the streak goes
// on: until it is interrupted for longer than two and a half steps, the job or the
// data begins, or a week is reached. Of the last three it is not known whether the task was
// a root cause for longer.
func TestStreaksAreFoundStageByStage(t *testing.T) {
	for name, c := range map[string]struct {
		source  *computed
		began   time.Duration
		pause   time.Duration
		want    string
		queries string
	}{
		"not before":                  {&computed{roots: map[string][][2]float64{"a": {{1, -9}}}}, 0, 0, "1m0s", "11m0s-1m0s/10s"},
		"minutes":                     {&computed{roots: map[string][][2]float64{"a": {{5, -9}}}}, 0, 0, "5m0s", "11m0s-1m0s/10s"},
		"an hour":                     {&computed{roots: map[string][][2]float64{"a": {{50, -9}}}}, 0, 0, "51m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s"},
		"hours":                       {&computed{roots: map[string][][2]float64{"a": {{200, -9}}}}, 0, 0, "3h22m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s 6h10m0s-1h2m0s/2m0s"},
		"weeks":                       {&computed{roots: map[string][][2]float64{"a": {{1e9, -9}}}}, 0, 0, "at least 169h0m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s 6h10m0s-1h2m0s/2m0s 25h0m0s-6h10m0s/10m0s 169h0m0s-25h0m0s/1h0m0s"},
		"to the job's beginning":      {&computed{roots: map[string][][2]float64{"a": {{1e9, -9}}}}, 30 * time.Minute, 0, "at least 30m0s", "11m0s-1m0s/10s 30m0s-11m0s/30s"},
		"to the data's":               {&computed{roots: map[string][][2]float64{"a": {{1e9, -9}}}, reaches: 30 * time.Minute}, 0, 0, "at least 31m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s"},
		"an interruption":             {&computed{roots: map[string][][2]float64{"a": {{50, 22}, {20, -9}}}}, 0, 0, "21m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s"},
		"a brief one":                 {&computed{roots: map[string][][2]float64{"a": {{50, 21}, {20, -9}}}}, 0, 0, "51m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s"},
		"in the first minutes":        {&computed{roots: map[string][][2]float64{"a": {{50, 7}, {6, -9}}}}, 0, 0, "6m0s", "11m0s-1m0s/10s"},
		"at the end of a stage":       {&computed{roots: map[string][][2]float64{"a": {{50, 13}, {10.8, -9}}}}, 0, 0, "11m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s"},
		"of one that takes turns":     {&computed{roots: map[string][][2]float64{"a": {{50, 8}, {5, -9}}}}, 0, 5 * time.Minute, "51m0s", "11m0s-1m0s/10s 1h2m0s-11m0s/30s"},
		"long between turns":          {&computed{roots: map[string][][2]float64{"a": {{50, 18}, {5, -9}}}}, 0, 5 * time.Minute, "5m0s", "11m0s-1m0s/10s"},
		"nothing is known":            {&computed{reaches: -1}, 0, 0, "at least 1m0s", "11m0s-1m0s/10s"},
		"the source has another task": {&computed{roots: map[string][][2]float64{"b": {{50, -9}}}}, 0, 0, "at least 1m0s", "11m0s-1m0s/10s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of, roots := momentAt("a")
				if roots[0].Pause = c.pause; c.began > 0 {
					of.Began = time.Now().Add(-c.began)
				}
				c.source.now = time.Now()
				since, err := history.NewStreaks().Find(t.Context(), c.source, of, roots)
				got := ago(since, "a")
				if !since["a"].Seen {
					got = "at least " + got
				}
				if got != c.want || err != nil {
					t.Errorf("since %s ago, want %s: %v", got, c.want, err)
				}
				if got := strings.Join(c.source.take(), " "); got != c.queries {
					t.Errorf("read %s\nwant %s", got, c.queries)
				}
			})
		})
	}
}

// What was found is returned without a query, at later moments too, as long as the
// streak goes on; after an hour it is tried once whether it reaches further back.
func TestStreaksAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streaks, source := history.NewStreaks(), newComputed(50)
		of, roots := momentAt("a")
		if since, complete, err := streaks.Known(of, roots); complete || err != nil || len(since) != 0 {
			t.Errorf("nothing was found, and since is %v, %t, %v", since, complete, err)
		}
		if _, err := streaks.Find(t.Context(), source, of, roots); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		known := func(since, at time.Duration) string {
			of.At = begun.Add(at)
			found, complete, err := streaks.Known(of, []history.Root{{Task: "a", Since: begun.Add(since)}})
			if len(found) == 0 {
				return fmt.Sprint("- ", complete, err)
			}
			return fmt.Sprint(begun.Sub(found["a"].At).Round(time.Minute), complete, err)
		}
		for _, c := range []struct {
			name      string
			since, at time.Duration
			want      string
		}{
			{"the same", -time.Minute, 0, "51m0s true <nil>"},
			{"later", -time.Minute, 10 * time.Minute, "51m0s true <nil>"},
			{"a moment before", -20 * time.Minute, -10 * time.Minute, "51m0s true <nil>"},
			{"goes on from it", 11 * time.Minute, 12 * time.Minute, "51m0s true <nil>"},
			{"not from it", 14 * time.Minute, 15 * time.Minute, "- false <nil>"},
			{"before it", -70 * time.Minute, -60 * time.Minute, "- false <nil>"},
		} {
			if got := known(c.since, c.at); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		source.take()
		time.Sleep(59 * time.Minute)
		if got := known(-time.Minute, 59*time.Minute); got != "51m0s true <nil>" {
			t.Errorf("after almost an hour: %s", got)
		}
		time.Sleep(2 * time.Minute)
		if got := known(-time.Minute, 61*time.Minute); got != "51m0s false <nil>" {
			t.Errorf("after an hour: %s", got)
		}
		since, err := streaks.Find(t.Context(), source, of, roots)
		if queries := source.take(); len(queries) != 1 || err != nil || begun.Sub(since["a"].At).Round(time.Minute) != 51*time.Minute {
			t.Errorf("read %q: since %v, %v", queries, since, err)
		}
		if got := known(-time.Minute, 61*time.Minute); got != "51m0s true <nil>" {
			t.Errorf("then: %s", got)
		}
		time.Sleep(61 * time.Minute)
		if got := known(-time.Minute, 121*time.Minute); got != "- false <nil>" {
			t.Errorf("long after the last query: %s", got)
		}
	})
}

// That the beginning was seen is kept, though the source no longer has what was before it, or
// fails when it is read again.
func TestBeginningThatWasSeen(t *testing.T) {
	for name, change := range map[string]func(*computed){
		"beyond the data": func(c *computed) { c.reaches = 10 * time.Minute },
		"a failure":       func(c *computed) { c.failsFrom = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				streaks, source := history.NewStreaks(), newComputed(50)
				of, roots := momentAt("a")
				since, err := streaks.Find(t.Context(), source, of, roots)
				if err != nil || !since["a"].Seen {
					t.Fatalf("%+v, %v", since, err)
				}
				time.Sleep(59 * time.Minute)
				of.At = time.Now()
				streaks.Known(of, roots) // it goes on
				time.Sleep(2 * time.Minute)
				source.take()
				source.now, source.roots["a"][0][0], of.At = time.Now(), 111, time.Now()
				change(source)
				again, _ := streaks.Find(t.Context(), source, of, roots)
				if len(source.take()) == 0 {
					t.Error("it was not read again")
				}
				if known, _, _ := streaks.Known(of, roots); again["a"] != since["a"] && len(again) > 0 || known["a"] != since["a"] {
					t.Errorf("%+v became %+v, and is known as %+v", since["a"], again["a"], known["a"])
				}
			})
		})
	}
}

// A moment after one that is kept goes on from it: only the time between is read.
func TestStreaksAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streaks, source := history.NewStreaks(), newComputed(300)
		of, roots := momentAt("a")
		if _, err := streaks.Find(t.Context(), source, of, roots); err != nil || len(source.take()) != 3 {
			t.Errorf("the first failed: %v", err)
		}
		time.Sleep(8 * time.Minute)
		source.now, source.roots["a"][0][0] = time.Now(), 308
		of, roots = momentAt("a")
		since, err := streaks.Find(t.Context(), source, of, roots)
		if queries := source.take(); len(queries) != 1 || err != nil || ago(since, "a") != "5h10m0s" {
			t.Errorf("read %q: since %s ago, %v", queries, ago(since, "a"), err)
		}
	})
}

// Several root causes of a job are found with the queries of one.
func TestStreaksOfSeveralTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newComputed(50)
		source.roots["b"], source.roots["c"] = [][2]float64{{6, -9}}, [][2]float64{{200, -9}}
		of, roots := momentAt("a", "b", "c")
		roots[2].Since = time.Now().Add(-30 * time.Minute)
		since, err := history.NewStreaks().Find(t.Context(), source, of, roots)
		if got := fmt.Sprint(ago(since, "a"), ago(since, "b"), ago(since, "c")); got != "51m0s6m0s3h22m0s" || err != nil {
			t.Errorf("since %s ago, %v", got, err)
		}
		if queries := source.take(); len(queries) != 3 {
			t.Errorf("read %q", queries)
		}
	})
}

// A source that fails at once is not read again for half a minute, in which its error is
// returned; what it returned before it failed is kept for some minutes.
func TestStreaksOfASourceThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		failsFrom  int
		warned     bool
		want       string
		keptFor    time.Duration
		stillFails bool
	}{
		"at once":       {1, false, "-", 30 * time.Second, true},
		"later":         {3, false, "1h2m0s", 5 * time.Minute, false},
		"with warnings": {0, true, "5h2m0s", 5 * time.Minute, false},
		"never":         {0, false, "5h2m0s", time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				streaks, source := history.NewStreaks(), newComputed(300)
				if source.failsFrom = c.failsFrom; c.warned {
					source.warnings = history.Warnings{"a store is away"}
				}
				of, roots := momentAt("a")
				since, err := streaks.Find(t.Context(), source, of, roots)
				if (err != nil) != (c.failsFrom > 0) || ago(since, "a") != c.want {
					t.Errorf("since %s ago, want %s: %v", ago(since, "a"), c.want, err)
				}
				time.Sleep(c.keptFor - time.Second)
				known, complete, err := streaks.Known(of, roots)
				if !complete || (err != nil) != c.stillFails || !known["a"].At.Equal(since["a"].At) {
					t.Errorf("before %s: %t, %v", c.keptFor, complete, err)
				}
				time.Sleep(2 * time.Second)
				if known, complete, err := streaks.Known(of, roots); complete || err != nil || !known["a"].At.Equal(since["a"].At) {
					t.Errorf("after %s: %t, %v", c.keptFor, complete, err)
				}
			})
		})
	}
}

// A caller who goes away leaves nothing behind: neither a failure nor a part.
func TestStreaksOfACallerWhoGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		streaks, source := history.NewStreaks(), newComputed(300)
		of, roots := momentAt("a")
		if _, err := streaks.Find(ctx, source, of, roots); err == nil {
			t.Error("no error")
		}
		if _, complete, err := streaks.Known(of, roots); complete || err != nil {
			t.Errorf("then %t, %v", complete, err)
		}
	})
}

// Of each task a few streaks are kept, however many moments are looked at.
func TestStreaksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		streaks, source := history.NewStreaks(), newComputed(0)
		for n := range 60 { // a minute each, two apart
			source.roots["a"] = append(source.roots["a"], [2]float64{200 + 3*float64(n), 199 + 3*float64(n)})
		}
		find := func(n int) (history.Moment, []history.Root) {
			at := time.Now().Add(-time.Duration(199+3*n)*time.Minute - time.Second)
			return history.Moment{Job: history.Job{ID: "a"}, At: at, MaxGap: time.Minute}, []history.Root{{Task: "a", Since: at.Add(-10 * time.Second)}}
		}
		for n := range 60 {
			of, roots := find(n)
			if _, err := streaks.Find(t.Context(), source, of, roots); err != nil {
				t.Fatal(err)
			}
		}
		kept := 0
		for n := range 60 {
			of, roots := find(n)
			if _, complete, _ := streaks.Known(of, roots); complete {
				kept++
			}
		}
		if kept != 4 {
			t.Errorf("%d are kept", kept)
		}
	})
}

// Many callers at once are safe, and find the same.
func TestStreaksAtOnce(t *testing.T) {
	streaks, source := history.NewStreaks(), newComputed(50)
	of, roots := momentAt("a")
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			streaks.Known(of, roots)
			if since, err := streaks.Find(t.Context(), source, of, roots); err != nil || math.Abs(time.Since(since["a"].At).Minutes()-50) > 2 {
				t.Errorf("since %v, %v", since, err)
			}
		})
	}
	group.Wait()
}
