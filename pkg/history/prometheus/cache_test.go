package prometheus_test

import (
	"context"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// Requests that each call costs.
const (
	ofJobs       = 2
	ofAt         = 7
	ofSummaries  = 6 // 5 of a range up to 10 min
	ofRecords    = 2 // more of summaries with records
	ofRestarts   = 1
	ofLags       = 2 // watermarks that have arrived, and that are sent
	maxAge       = 2 * time.Second
	timeout      = 10 * time.Second
	concurrency  = 4
	millisecond  = time.Millisecond
	answersTaken = 100 * millisecond
)

// bubble runs a test in a synctest bubble, of a reader of a job that has run for
// an hour and goes on for another.
func bubble(t *testing.T, test func(t *testing.T, reader *prometheus.Reader, prom *promtest.Server)) {
	synctest.Test(t, func(t *testing.T) {
		prom := promtest.Handler()
		one := always("a", 0, mixed)
		one.from, one.to = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		for _, each := range scraped(one) {
			prom.Add(each.labels, each.samples...)
		}
		prom.Delay(answersTaken)
		over := &remote.Client{Client: &http.Client{Transport: prom, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}, Concurrency: concurrency}
		reader, err := prometheus.New(over, "http://prometheus:9090", prometheus.Options{MaxAge: maxAge})
		if err != nil {
			t.Fatal(err)
		}
		test(t, reader, prom)
	})
}

var withGraph = ordersWith(connected(map[string]int{"a": 1}, "a"))

// ago is the range from some minutes ago to some other.
func ago(from, to time.Duration) history.Range {
	return history.Range{From: time.Now().Add(-from), To: time.Now().Add(-to)}
}

func quarter() history.Query {
	return history.Query{Job: withGraph, Range: ago(25*time.Minute+59*time.Second, 10*time.Minute), Step: time.Minute, Columns: []diagnosis.Column{diagnosis.MaxBusy}}
}

// ask asks for summaries, and returns how many requests that took.
func ask(t *testing.T, reader *prometheus.Reader, prom *promtest.Server, query history.Query) int {
	t.Helper()
	prom.Forget()
	got, _, err := reader.Summaries(t.Context(), query)
	if err != nil || len(got.At) == 0 || len(got.Tasks) != 1 || len(got.Tasks[0].Columns) != len(query.Columns) {
		t.Errorf("got %+v, %v", got, err)
	}
	return len(prom.Requests())
}

// Panels that want the same of a job at once, or soon after, whatever columns
// they want, cost the requests of one.
func TestAnswersAreShared(t *testing.T) {
	bubble(t, func(t *testing.T, reader *prometheus.Reader, prom *promtest.Server) {
		query := quarter()
		for _, want := range []int{ofJobs + ofAt + 2*ofSummaries + ofRecords + ofRestarts + ofLags, 0} {
			prom.Forget()
			var group sync.WaitGroup
			for n := range 4 * int(diagnosis.PendingRecords) { // each column before it
				group.Go(func() {
					var err error
					each := query
					switch n % 4 {
					case 0:
						_, _, err = reader.Jobs(t.Context(), query.Range)
					case 1:
						_, _, err = reader.At(t.Context(), query.Job, query.To)
					case 2:
						each.Columns = []diagnosis.Column{diagnosis.Column(n / 4), diagnosis.MaxBusy}
						if n > 20 {
							each.Figures = []diagnosis.Figure{diagnosis.RestartCount}
						}
						_, _, err = reader.Summaries(t.Context(), each)
					case 3:
						each.Columns, each.Records = []diagnosis.Column{diagnosis.RecordSkew}, true
						_, _, err = reader.Summaries(t.Context(), each)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if got := len(prom.Requests()); got != want {
				t.Errorf("%d requests, want %d", got, want)
			}
			if got := prom.MostAtOnce(); got > concurrency {
				t.Errorf("%d requests were under way at once", got)
			}
		}
	})
}

// An answer is kept for minutes where it cannot change, and as long as a sample
// where it can; a range that moves on has the same points until the next step.
func TestAnswersExpire(t *testing.T) {
	recent := func(q *history.Query) { q.Range = ago(25*time.Minute, 30*time.Second) }
	for name, c := range map[string]struct {
		first, second func(*history.Query)
		after         time.Duration
		warned        bool
		want          int
	}{
		"at once":                  {want: 0},
		"after some minutes":       {after: 4 * time.Minute, want: 0},
		"after more":               {after: 5*time.Minute + 1, want: ofSummaries},
		"recent, at once":          {first: recent, want: 0},
		"recent, later":            {first: recent, after: maxAge + 1, want: ofSummaries},
		"with warnings, at once":   {warned: true, want: 0},
		"with warnings, later":     {warned: true, after: maxAge + 1, want: ofSummaries},
		"without graph, at once":   {first: func(q *history.Query) { q.Job.Graph = nil }, want: 0},
		"without graph, later":     {first: func(q *history.Query) { q.Job.Graph = nil }, after: maxAge + 1, want: ofSummaries},
		"another graph":            {second: func(q *history.Query) { q.Job.Graph = &job.Graph{Tasks: q.Job.Graph.Tasks, EdgesUnknown: true} }, want: ofSummaries},
		"the same graph":           {second: func(q *history.Query) { q.Job.Graph = connected(map[string]int{"a": 1}, "a") }, want: 0},
		"another job":              {second: func(q *history.Query) { q.Job.ID = otherID }, want: 1 + 1},
		"moved by less":            {second: func(q *history.Query) { q.From, q.To = q.From.Add(30*time.Second), q.To.Add(30*time.Second) }, want: 0},
		"moved by a step":          {second: func(q *history.Query) { q.From, q.To = q.From.Add(time.Minute), q.To.Add(time.Minute) }, want: ofSummaries},
		"with records":             {second: func(q *history.Query) { q.Records = true }, want: ofSummaries + ofRecords},
		"with restarts":            {second: func(q *history.Query) { q.Figures = []diagnosis.Figure{diagnosis.RestartCount} }, want: ofRestarts},
		"of which nothing is read": {second: func(q *history.Query) { q.Columns = nil }, want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, reader *prometheus.Reader, prom *promtest.Server) {
				if c.warned {
					prom.Warn("a store is away")
				}
				query := quarter()
				if c.first != nil {
					c.first(&query)
				}
				if got := ask(t, reader, prom, query); got != ofSummaries {
					t.Errorf("%d requests at first", got)
				}
				time.Sleep(c.after)
				if c.second != nil {
					c.second(&query)
				}
				prom.Forget()
				_, warnings, err := reader.Summaries(t.Context(), query)
				if got := len(prom.Requests()); got != c.want || err != nil || len(warnings) > 0 != c.warned {
					t.Errorf("%d requests, want %d; %q, %v", got, c.want, warnings, err)
				}
			})
		})
	}
}

// What a caller does to its columns is not in another's.
func TestSummariesAreCopies(t *testing.T) {
	bubble(t, func(t *testing.T, reader *prometheus.Reader, _ *promtest.Server) {
		query := quarter()
		first, _, _ := reader.Summaries(t.Context(), query)
		want := first.Tasks[0].Columns[0][3]
		first.Tasks[0].Columns[0][3], first.Tasks[0].Name, first.Jobs[3].Name, first.At[3] = math.Inf(1), "", "", diagnosis.Instant{}
		second, _, err := reader.Summaries(t.Context(), query)
		if err != nil || second.Tasks[0].Columns[0][3] != want || second.Tasks[0].Name != "a" || second.Jobs[3].Name != "orders" || second.At[3].At.IsZero() {
			t.Errorf("got %+v, %v", second, err)
		}
	})
}

// Who goes away takes nothing from those who wait for the same; when all have
// gone, so has the request.
func TestCallersThatGoAway(t *testing.T) {
	for name, leave := range map[string][]bool{"the first": {true, false}, "the second": {false, true}, "none": {false, false}, "both": {true, true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, reader *prometheus.Reader, prom *promtest.Server) {
				var group sync.WaitGroup
				query := quarter()
				for n, leaves := range leave {
					group.Go(func() {
						time.Sleep(time.Duration(n) * 10 * millisecond)
						ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
						if leaves {
							ctx, cancel = context.WithTimeout(t.Context(), 150*millisecond)
						}
						defer cancel()
						got, _, err := reader.Summaries(ctx, query)
						if leaves != remote.IsKind(err, remote.TimedOut) || !leaves && (err != nil || len(got.At) == 0) {
							t.Errorf("caller %d: %v", n, err)
						}
					})
				}
				group.Wait()
				if got, all := len(prom.Requests()), leave[0] && leave[1]; all && got > 2 || !all && got != ofSummaries {
					t.Errorf("%d requests", got)
				}
				if got := ask(t, reader, prom, query); name == "both" && got != ofSummaries || name != "both" && got != 0 {
					t.Errorf("%d more requests", got)
				}
			})
		})
	}
}

// A verdict is made once for all who ask.
func TestVerdictIsShared(t *testing.T) {
	bubble(t, func(t *testing.T, reader *prometheus.Reader, _ *promtest.Server) {
		first, _, err := reader.At(t.Context(), withGraph, time.Now().Add(-10*time.Minute))
		second, _, _ := reader.At(t.Context(), withGraph, time.Now().Add(-10*time.Minute-answersTaken*ofAt))
		if err != nil || first == nil || first != second || first.Snapshot.Job.State != job.Running || strings.Contains(first.Snapshot.Job.Name, "#") {
			t.Errorf("%p and %p, %v", first, second, err)
		}
	})
}
