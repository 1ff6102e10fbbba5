package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// loadQueries are queries of the types that need nothing but samples of jobs.
var loadQueries = []string{
	`{"queryType": "subtasks"}`, `{"queryType": "tasks"}`, `{"queryType": "nodeGraph"}`,
	`{"queryType": "bottlenecks"}`, `{"queryType": "measure", "by": "task"}`,
}

// However many panels, users and rules ask for a job within maxAge, the cluster
// gets one poll: the list of jobs, the job, its tasks, and what is read once a minute of
// the root cause. The requests that the answers count add up to that.
func TestOnePollForAll(t *testing.T) {
	const tasks = 6
	var twenty []string
	for range 4 {
		twenty = append(twenty, loadQueries...)
	}
	for name, requestsOf := range map[string][][]string{
		"of one dashboard": {twenty},
		"of four users":    {loadQueries, loadQueries, loadQueries, loadQueries},
		"of twenty rules":  oneByOne(twenty),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", tasks, 4, 3))
				l.warm(t)
				l.Delay = 20 * time.Millisecond
				var group sync.WaitGroup
				var counted atomic.Int64
				for _, queries := range requestsOf {
					group.Go(func() {
						responses := send(l.ctx, t, l, queries...)
						for refID := range responses {
							counted.Add(int64(requests(firstFrame(t, responses, refID))))
						}
					})
				}
				group.Wait()
				const poll = 1 + 1 + tasks + evidenceRequests
				if sent := len(l.Requests()); sent != poll || counted.Load() != poll {
					t.Errorf("the cluster got %d requests, the answers count %d; want %d", sent, counted.Load(), poll)
				}
			})
		})
	}
}

// oneByOne makes a request of each query.
func oneByOne(queries []string) (requests [][]string) {
	for _, query := range queries {
		requests = append(requests, []string{query})
	}
	return requests
}

// hangingServer never answers. It sends on came for each request, and on left when
// its caller has gone.
func hangingServer(t *testing.T) (server *httptest.Server, came, left chan struct{}) {
	came, left = make(chan struct{}, 100), make(chan struct{}, 100)
	server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	}))
	return server, came, left
}

// clientClosed is the status of a request whose caller went away, which the SDK has
// no name for.
const clientClosed backend.Status = 499

// A query whose caller goes away returns at once, closes its connections, and
// leaves no goroutine behind.
func TestQueryEndsWithItsCaller(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	server, came, left := hangingServer(t)
	defer server.Close()
	source := sourceAt(t, server.URL)
	defer source.Dispose()
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan backend.Responses)
	go func() { answered <- send(ctx, t, source, loadQueries...) }()
	<-came
	cancel()
	responses := <-answered
	<-left
	for _, response := range responses {
		checkError(t, response, clientClosed, "The query was cancelled by its caller.")
	}
	if more := len(came); more != 0 {
		t.Errorf("%d requests beyond the one that hung", more)
	}
}

// A query returns before its deadline, with a tenth of the time left to send the answer, or when its requests to Flink time out,
// whichever comes first.
func TestQueryEndsAtItsDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		deadline, want time.Duration
		text           string
	}{
		"before the time-out": {3 * time.Second, 2400 * time.Millisecond, "The query's time ran out before Flink had answered: raise its time-out, or ask for fewer jobs."},
		"after the time-out":  {time.Minute, 10 * time.Second, "Flink did not answer http://flink:8081/jobs/overview in time: check that the JobManager is well, or raise the time-out in the data source's settings."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
				l.Delay = 24 * time.Hour
				ctx, cancel := context.WithTimeout(l.ctx, c.deadline)
				defer cancel()
				begun := time.Now()
				for _, response := range send(ctx, t, l, loadQueries...) {
					checkError(t, response, backend.StatusTimeout, c.text)
				}
				if waited := time.Since(begun); waited != c.want {
					t.Errorf("waited %s, want %s", waited, c.want)
				}
			})
		})
	}
}

// A poll goes on for those who wait, though the query that began it has gone.
func TestPollOutlivesWhoBeganIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("orders", 4, 2, 2))
		l.Delay = time.Second
		ctx, cancel := context.WithTimeout(l.ctx, 2500*time.Millisecond)
		defer cancel()
		left := make(chan backend.Responses)
		go func() { left <- send(ctx, t, l, loadQueries[0]) }()
		synctest.Wait()
		if rows := l.frame(t, loadQueries[0]).Rows(); rows != 8 {
			t.Errorf("%d rows, want 8", rows)
		}
		if gone := <-left; gone["A"].Status != backend.StatusTimeout {
			t.Errorf("the query that has gone got status %d, %v", gone["A"].Status, gone["A"].Error)
		}
		if sent := len(l.Requests()); sent != 2+1+1+2*4 {
			t.Errorf("the cluster got %d requests, want one poll", sent)
		}
	})
}

// A data source that is disposed of, as when its settings are saved, closes its
// connections.
func TestDisposedSourceClosesConnections(t *testing.T) {
	closed := make(chan struct{}, 100)
	server := httptest.NewUnstartedServer(&sim.Cluster{Version: "2.3.0"})
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	// No other data source has these settings, and so no connections in common with it.
	source := open(t, settingsWith(map[string]any{"url": server.URL, "timeoutSeconds": 17.5}))
	firstFrame(t, send(t.Context(), t, source, `{"queryType": "jobs"}`), "A")
	source.Dispose()
	<-closed // else the test times out
}

// panels are the queries of the dashboard that comes with the plugin.
var panels = []string{
	`{"queryType": "bottlenecks"}`, `{"queryType": "bottlenecks"}`, `{"queryType": "bottlenecks"}`, `{"queryType": "nodeGraph"}`,
	`{"queryType": "tasks"}`, `{"queryType": "subtasks"}`, `{"queryType": "timeline"}`, `{"queryType": "history", "measure": "bottleneck", "by": "job"}`,
}

// refresh sends the queries at once, each in a request of its own, as Grafana does
// for the panels of a dashboard.
func refresh(t *testing.T, l lab, over backend.TimeRange, queries ...string) []*data.Frame {
	t.Helper()
	shown := make([]*data.Frame, len(queries))
	var group sync.WaitGroup
	for n, query := range queries {
		group.Go(func() {
			response := sendOver(l.ctx, t, l, over, nil, query)["A"]
			if response.Error != nil || len(response.Frames) == 0 {
				t.Errorf("%s: %v", query, response.Error)
				return
			}
			shown[n] = response.Frames[0]
		})
	}
	group.Wait()
	return shown
}

// Requests to Prometheus for each job at a moment, and over a range.
const (
	requestsAtAMoment = 7
	requestsOverTime  = 6
	requestsForJobs   = 2 // the list of jobs, at one time or over one
	// requestsForSince are those for the ten minutes before the moment, and for the
	// hour before, in which the data begins.
	requestsForSince = 5 + 6
)

// A refresh of a dashboard reads the past from Prometheus once for all its panels,
// and what cannot change is not read again. The requests to Flink are counted by
// one panel.
func TestPanelsShareThePast(t *testing.T) {
	const jobs, both, since = 3, requestsAtAMoment + requestsOverTime, 3 * requestsForSince
	const all = 2*requestsForJobs + jobs*both
	const ended = -10 * time.Minute
	for name, c := range map[string]struct {
		queries     []string
		keys        map[string]any
		end         time.Duration
		move        time.Duration // of the range, before the next refresh
		pause       time.Duration // before the next refresh
		first, next int           // requests
	}{
		"an absolute range":            {panels, nil, ended, 0, 10 * time.Second, all + since, 0},
		"after some minutes":           {panels, nil, ended, 0, 4 * time.Minute, all + since, 0},
		"after more":                   {panels, nil, ended, 0, 5*time.Minute + 1, all + since, all},
		"that may still change":        {panels, nil, -90 * time.Second, 0, 10 * time.Second, all + since, all},
		"with the blame of tasks":      {panels[:6], nil, ended, 0, 10 * time.Second, requestsForJobs + jobs*both + since, 0},
		"with samples of no age":       {slices.Delete(slices.Clone(panels), 4, 5), map[string]any{"maxAge": "0s"}, -90 * time.Second, 0, 0, all + since, all},
		"time travel alone":            {slices.Delete(slices.Clone(panels[:6]), 4, 5), nil, ended, 0, 10 * time.Second, requestsForJobs + jobs*requestsAtAMoment + since, 0},
		"over time alone":              {panels[6:], nil, ended, 0, 10 * time.Second, requestsForJobs + jobs*requestsOverTime, 0},
		"over time, another measure":   {[]string{`{"queryType": "history", "measure": "idle", "by": "task"}`}, nil, ended, 0, 10 * time.Second, requestsForJobs + jobs*requestsOverTime, 0},
		"a range that moves by a step": {panels[6:], nil, ended, 10 * time.Second, 10 * time.Second, requestsForJobs + jobs*requestsOverTime, requestsForJobs + jobs*requestsOverTime},
		"that moves by less":           {panels[6:], nil, ended, 3 * time.Second, 3 * time.Second, requestsForJobs + jobs*requestsOverTime, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newSlowPast(t, jobs, 10*time.Millisecond, c.keys)
				over := backend.TimeRange{From: time.Now().Add(-50*time.Minute + time.Second), To: time.Now().Add(c.end + time.Second)} // beside multiples of a step
				for _, want := range []int{c.first, c.next} {
					counted := 0
					for _, shown := range refresh(t, l, over, c.queries...) {
						if counted += requests(shown); shown.Rows() == 0 || len(notices(shown)) > 0 {
							t.Errorf("%d rows with the notices %q", shown.Rows(), notices(shown))
						}
					}
					if sent := l.Requests(); counted != len(sent) {
						t.Errorf("%d requests to Flink are counted, which got %q", counted, sent)
					}
					if got := take(prometheus); got != want {
						t.Errorf("Prometheus got %d requests, want %d", got, want)
					}
					time.Sleep(c.pause)
					over.From, over.To = over.From.Add(c.move), over.To.Add(c.move)
				}
			})
		})
	}
}

// asText is what frames show, without what depends on which query came first, and
// without the names of series, which depend on what else a panel shows.
func asText(t *testing.T, frames data.Frames) string {
	t.Helper()
	for _, each := range frames {
		each.RefID = ""
		if custom, is := each.Meta.Custom.(frame.Custom); is {
			custom.Requests = 0
			each.Meta.Custom, each.Meta.Stats = custom, nil
		}
		for _, field := range each.Fields {
			if field.Config != nil && strings.Contains(field.Config.DisplayNameFromDS, " · ") {
				config := *field.Config
				config.DisplayNameFromDS, _, _ = strings.Cut(config.DisplayNameFromDS, " · ")
				field.Config = &config
			}
		}
	}
	text, err := json.Marshal(frames)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// An answer from what others have read is the one that the query would have read
// alone.
func TestSharedPastEqualsThePastReadAlone(t *testing.T) {
	t.Parallel()
	queries := allQueries()
	answers := func(queries ...string) (texts []string) { // twice
		synctest.Test(t, func(t *testing.T) {
			l, _ := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("two words", 4, 2, 1))
			over := backend.TimeRange{From: time.Now().Add(-70 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
			for range 2 {
				responses := sendOver(l.ctx, t, l, over, nil, queries...)
				for i := range queries {
					texts = append(texts, asText(t, responses[string(rune('A'+i))].Frames))
				}
			}
		})
		return texts
	}
	shared := answers(queries...)
	for i, query := range queries {
		want := answers(query)[0]
		for n, got := range []string{shared[i], shared[len(queries)+i]} {
			if got != want {
				t.Errorf("%s: answer %d\n%.500s\nwant\n%.500s", query, n, got, want)
			}
		}
	}
}

// A read that two queries share ends for neither when the other goes away.
func TestSharedReadOutlivesEitherReader(t *testing.T) {
	const jobs = 3
	for _, query := range []string{`{"queryType": "tasks"}`, `{"queryType": "timeline"}`} {
		for leaves := range 2 {
			t.Run(fmt.Sprint(query, " ", leaves), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newSlowPast(t, jobs, time.Second, nil)
					over := scrapedPast()
					var group sync.WaitGroup
					for n := range 2 {
						group.Go(func() {
							time.Sleep(time.Duration(n) * 100 * time.Millisecond)
							ctx := l.ctx
							if n == leaves {
								var cancel context.CancelFunc
								ctx, cancel = context.WithTimeout(ctx, 1500*time.Millisecond)
								defer cancel()
							}
							response := sendOver(ctx, t, l, over, nil, query)["A"]
							if response.Error != nil || (len(notices(response.Frames[0])) > 0) != (n == leaves) {
								t.Errorf("query %d: %v, %d frames", n, response.Error, len(response.Frames))
							}
						})
					}
					group.Wait()
					if got := take(prometheus); got > requestsForJobs+jobs*(requestsAtAMoment+requestsOverTime) {
						t.Errorf("Prometheus got %d requests", got)
					}
				})
			})
		}
	}
}

// That Prometheus fails is shared by those who wait, and not kept for long.
func TestFailureIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		over := scrapedPast()
		for _, fault := range []http.HandlerFunc{respondWith(503, "away"), nil} {
			prometheus.Fail(fault)
			time.Sleep(2*time.Second + 1) // a failure is kept for maxAge
			for n, shown := range refresh(t, l, over, panels...) {
				if failed := len(notices(shown)) > 0; failed != (fault != nil) || !failed && shown.Rows() == 0 {
					t.Errorf("%s: %d rows with the notices %q", panels[n], shown.Rows(), notices(shown))
				}
			}
			if sent := take(prometheus); fault != nil && sent > len(panels) {
				t.Errorf("Prometheus got %d requests while it was away", sent)
			}
		}
	})
}

// A job's graph that Flink did not answer with is read again.
func TestMissingGraphIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		flink := &failing{Handler: l.Cluster, prefix: "/"}
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink, "prometheus:9090": prometheus})
		over := scrapedPast()
		for _, edges := range []int{0, 2} {
			graph := sendOver(l.ctx, t, l, over, nil, `{"queryType": "nodeGraph"}`)["A"].Frames
			if graph[0].Rows() != 3 || graph[1].Rows() != edges {
				t.Errorf("%d nodes and %d edges, want %d", graph[0].Rows(), graph[1].Rows(), edges)
			}
			flink.prefix = ""
			time.Sleep(2*time.Second + 1)
		}
	})
}
