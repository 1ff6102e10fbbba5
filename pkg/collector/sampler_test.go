package collector_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// A job that somebody has asked for is sampled once a fetch, for the requests of a
// poll each, until nobody has asked for long enough.
func TestJobIsSampledOnceAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, access{}, time.Hour, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 3, 2, 1))
		time.Sleep(5 * time.Second) // between two polls
		s.sim.Requests()
		time.Sleep(10 * time.Minute)
		jobs, tasks, gauges, others := requested(s.sim)
		if jobs < 2*58 || jobs > 2*60 || tasks != 3*jobs || gauges != 0 || others > 2*10 {
			t.Errorf("requests for %d jobs, %d tasks, %d gauges and %d others in ten minutes", jobs, tasks, gauges, others)
		}
		for _, each := range s.sim.Jobs {
			if samples := s.samples(t, each, 10*time.Minute); samples < 57 || samples > 60 {
				t.Errorf("%d samples of %s", samples, each.Name)
			}
		}
		time.Sleep(51 * time.Minute)
		if requests := s.requestsIn(time.Hour); requests > 0 {
			t.Errorf("%d requests when nobody had asked for an hour", requests)
		}
		s.askForAll(t)
		if requests := s.requestsIn(time.Minute); requests < 5*2*4 {
			t.Errorf("%d requests in a minute after somebody has asked again", requests)
		}
	})
}

// The history has which jobs of the cluster are not sampled. To list them costs one
// request a minute while there are any, and none while all are sampled, whatever the
// fetch interval.
func TestJobsThatAreNotSampledAreListed(t *testing.T) {
	raced.Skip(t)
	for _, interval := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSampledCluster(t, access{}, collector.Options{MaxAge: maxAge, IdleAfter: 24 * time.Hour}, sim.HeldBack("orders", 2, 1, 1))
				s.sim.Fetch = interval
				s.askForAll(t)
				lists := func(of *sim.Cluster) (lists int) { // in half an hour
					of.Requests()
					time.Sleep(30 * time.Minute)
					for _, path := range of.Requests() {
						lists += strings.Count(path, "/jobs/overview")
					}
					return lists
				}
				begun := time.Now()
				complete := func(from, to time.Duration, name string) bool {
					over := history.Range{From: begun.Add(from), To: begun.Add(to)}
					return s.history.Complete(over, func(other job.Info) bool { return strings.HasPrefix(other.Name, name) })
				}
				if lists := lists(s.sim); lists > 0 || !complete(20*time.Minute, 30*time.Minute, "") {
					t.Errorf("%d lists while all are sampled; complete: %t", lists, complete(20*time.Minute, 30*time.Minute, ""))
				}
				both := &sim.Cluster{Version: s.sim.Version, Fetch: interval, Jobs: []*sim.Job{s.sim.Jobs[0], sim.HeldBack("payments", 2, 1, 1)}}
				s.fail(both.ServeHTTP)
				if lists := lists(both); lists > 31 || complete(35*time.Minute, time.Hour, "") || !complete(35*time.Minute, time.Hour, "o") {
					t.Errorf("%d lists while one is not; complete: %t, for the other: %t", lists, complete(35*time.Minute, time.Hour, ""), complete(35*time.Minute, time.Hour, "o"))
				}
			})
		})
	}
}

// A query shares what was sampled: it costs nothing while that is young enough.
func TestQueriesShareTheSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, access{}, time.Hour, sim.HeldBack("orders", 3, 2, 1))
		info := listed(t, s.Collector)
		time.Sleep(5 * time.Minute)
		without := s.requestsIn(5 * time.Minute)
		free, before := 0, s.requests.Load()
		for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
			if _, requests := polled(t, s.Collector, info); requests == 0 {
				free++
			}
		}
		// At most every third second is one of two seconds after a poll.
		if with := int(s.requests.Load() - before); free < 150 || with > 4*without {
			t.Errorf("%d of 300 queries were free; they took %d requests, and the sampling alone %d", free, with, without)
		}
	})
}

// Where there is no history to fill, or no time to sample after a query, nothing is
// sampled.
func TestNothingIsSampledWithoutAHistory(t *testing.T) {
	for name, made := range map[string]func(*testing.T) *sampledCluster{
		"no history": func(t *testing.T) *sampledCluster {
			s := &sampledCluster{sim: &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{sim.HeldBack("orders", 3, 2, 1)}}}
			s.Collector = collector.New(clientOf(t, s, access{}), collector.Options{MaxAge: maxAge, IdleAfter: time.Hour})
			return s
		},
		"no time": func(t *testing.T) *sampledCluster {
			return newSampledCluster(t, access{}, collector.Options{}, sim.HeldBack("orders", 3, 2, 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := made(t)
				s.askForAll(t)
				if requests := s.requestsIn(time.Hour); requests > 0 {
					t.Errorf("%d requests", requests)
				}
				s.Close() // returns, though nothing was begun
			})
		})
	}
}

// Where Flink fetches no metrics a job is sampled once a minute, to see what runs;
// where it fetches all the time, once a second.
func TestSamplingGoesByTheFetchInterval(t *testing.T) {
	for interval, want := range map[time.Duration]int{0: 10, time.Millisecond: 600, time.Second: 600, time.Minute: 10} {
		t.Run(interval.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSampledCluster(t, access{}, collector.Options{IdleAfter: time.Hour}, sim.HeldBack("orders", 1, 1, 0))
				s.sim.Fetch = interval
				s.askForAll(t)
				time.Sleep(2 * time.Minute)
				s.sim.Requests()
				time.Sleep(10 * time.Minute)
				if polls, _, _, _ := requested(s.sim); polls < want*9/10 || polls > want*11/10 {
					t.Errorf("%d polls in ten minutes, want %d", polls, want)
				}
			})
		})
	}
}

// who is a value of a query's context, as its trace is.
type who struct{}

// The sampler polls for itself: neither the values of the context of the query
// first, nor the headers that the SDK adds by it, are in its requests; that the
// query has ended does not end it.
func TestSamplerHasAContextOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampledCluster(t, access{}, collector.Options{IdleAfter: time.Hour}, sim.HeldBack("orders", 3, 2, 1))
		var mu sync.Mutex
		var fromQuery, other int
		s.fail(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			value, header := r.Context().Value(who{}), r.Header.Get("Authorization")
			if value == "user" && header == "Bearer user" {
				fromQuery++
			} else if value == nil && header == "" {
				other++
			} else {
				t.Errorf("%s is requested by %v with %q", r.URL.Path, value, header)
			}
			mu.Unlock()
			s.sim.ServeHTTP(w, r)
		})
		forwarding := httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
			return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
				request.Header.Set("Authorization", "Bearer user")
				return next.RoundTrip(request)
			})
		})
		ctx, cancel := context.WithCancel(context.WithValue(httpclient.WithContextualMiddleware(t.Context(), forwarding), who{}, "user"))
		jobs, _, err := s.Jobs(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Verdict(ctx, jobs[0]); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Restarts(ctx, jobs[0]); err != nil {
			t.Fatal(err)
		}
		cancel()
		mu.Lock()
		of := fromQuery
		mu.Unlock()
		time.Sleep(10 * time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if of != 11 || fromQuery != of || other < 58*5 {
			t.Errorf("%d requests are the query's, %d later ones too, and %d are not", of, fromQuery-of, other)
		}
	})
}

// logbook keeps what is logged.
type logbook struct {
	log.Logger
	mu    sync.Mutex
	lines []string
}

func (l *logbook) write(level, text string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, strings.TrimSpace(fmt.Sprint(level, " ", text, " ", fmt.Sprint(args...))))
}

func (l *logbook) Debug(text string, args ...any) { l.write("debug", text, args...) }
func (l *logbook) Info(text string, args ...any)  { l.write("info", text, args...) }
func (l *logbook) Warn(text string, args ...any)  { l.write("warn", text, args...) }
func (l *logbook) Error(text string, args ...any) { l.write("error", text, args...) }

// read are the lines since the last call.
func (l *logbook) read() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

// The log has one line when the cluster stops answering, with the reason, and one
// when it answers again, however many jobs are sampled and for however long.
func TestLogOfAClusterThatGoesAway(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		reason string
		below  string // the paths that are answered so; "" for all
	}{
		"500":                   {answering(500, ""), "(500 Internal Server Error)", ""},
		"404":                   {answering(404, notThere), "(404)", ""},
		"a page":                {answering(200, "<html>"), "something that is not Flink's JSON", ""},
		"404 of its jobs alone": {answering(404, notThere), "(404)", "/jobs/"},
		"no answer":             {hanging, "in time", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				book := &logbook{}
				s := newSampledCluster(t, access{timeout: 10 * time.Second}, collector.Options{IdleAfter: time.Hour, Availability: collector.NewAvailability(book, false)},
					sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 3, 2, 1))
				s.askForAll(t)
				for range 2 {
					time.Sleep(5 * time.Minute)
					if lines := book.read(); len(lines) != 0 {
						t.Errorf("while it answers: %q", lines)
					}
					s.fail(s.below(c.below, c.answer))
					time.Sleep(10 * time.Minute)
					if lines := book.read(); len(lines) != 1 || !strings.HasPrefix(lines[0], "warn The Flink cluster does not answer") || !strings.Contains(lines[0], c.reason) {
						t.Errorf("while it is away: %q", lines)
					}
					s.fail(nil)
					time.Sleep(time.Minute)
					if lines := book.read(); len(lines) != 1 || !strings.HasPrefix(lines[0], "info The Flink cluster answers again") {
						t.Errorf("when it answers again: %q", lines)
					}
				}
			})
		})
	}
}

// A request that its caller gave up shows nothing of the cluster.
func TestCancelledQueryIsNotLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := &logbook{}
		s := newSampledCluster(t, access{}, collector.Options{Availability: collector.NewAvailability(book, false)}, sim.HeldBack("orders", 3, 2, 1))
		s.fail(hanging)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := s.Jobs(ctx); err == nil {
			t.Error("a cluster that hangs has jobs")
		}
		synctest.Wait()
		if lines := book.read(); len(lines) != 0 {
			t.Errorf("logged %q", lines)
		}
		if _, up := s.history.Up(history.Range{From: time.Now().Add(-time.Minute), To: time.Now()}, time.Second); slices.Contains(up, 0) {
			t.Errorf("up was %v", up)
		}
	})
}

// Restarts are sampled, for a request more a poll, from when somebody asked for
// them; before, and when nobody has asked for long enough, they are unknown.
func TestRestartsAreSampledOnceAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 3, 2, 1)
		held.Phases = []sim.Phase{{Lasts: 10 * time.Minute}, {Restart: true}}
		held.Start = time.Now()
		s := sampling(t, access{}, 15*time.Minute, held)
		info := listed(t, s.Collector)
		kept := func(over time.Duration) (known, unknown int, last float64) {
			t.Helper()
			query := history.Query{Job: history.Job{ID: info.ID}, Range: history.Range{From: time.Now().Add(-over), To: time.Now()}, Figures: []diagnosis.Figure{diagnosis.RestartCount}}
			summaries, _, err := s.history.Summaries(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			for _, each := range summaries.Jobs {
				if last = each.Figures[diagnosis.RestartCount]; math.IsNaN(last) {
					unknown++
				} else {
					known++
				}
			}
			return known, unknown, last
		}
		without := s.requestsIn(5 * time.Minute)
		if known, unknown, _ := kept(5 * time.Minute); known != 0 || unknown < 28 {
			t.Errorf("before anybody asked they are known of %d samples, unknown of %d", known, unknown)
		}
		if restarts, _, err := s.Restarts(t.Context(), info); err != nil || restarts != 0 {
			t.Errorf("they are %v, %v", restarts, err)
		}
		polled(t, s.Collector, info)
		time.Sleep(11 * time.Second)
		if with := s.requestsIn(4 * time.Minute); with < without || with > without*5/4 {
			t.Errorf("%d requests in four minutes, and %d in five without them", with, without)
		}
		time.Sleep(3 * time.Minute) // it restarts in these
		if known, unknown, last := kept(5 * time.Minute); known < 28 || unknown != 0 || last != 1 {
			t.Errorf("they are known of %d samples, unknown of %d, last %v", known, unknown, last)
		}
		for range 30 {
			time.Sleep(time.Minute)
			polled(t, s.Collector, info) // somebody asks for the load alone
		}
		if known, unknown, _ := kept(5 * time.Minute); known != 0 || unknown < 28 {
			t.Errorf("when nobody has asked for them they are known of %d samples, unknown of %d", known, unknown)
		}
	})
}

// Close returns at once, though jobs hang, and nothing is requested after it.
func TestCloseWaitsForNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sampling(t, access{timeout: 10 * time.Second}, time.Hour, sim.HeldBack("orders", 3, 2, 1), sim.HeldBack("payments", 3, 2, 1))
		s.fail(s.below("/jobs/", hanging))
		time.Sleep(15 * time.Second) // polls are under way
		closing := time.Now()
		s.Close()
		if took := time.Since(closing); took > 0 {
			t.Errorf("it took %s", took)
		}
		if requests := s.requestsIn(time.Hour); requests > 0 {
			t.Errorf("%d requests after that", requests)
		}
		s.fail(nil)
		s.askForAll(t)
		if requests := s.requestsIn(time.Hour); requests > 0 {
			t.Errorf("%d requests after a query to a closed collector", requests)
		}
	})
}

// A query that comes once the collector is closed is answered, and begins no
// sampling.
func TestClosedCollectorSamplesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSampledCluster(t, access{}, collector.Options{IdleAfter: time.Hour}, sim.HeldBack("orders", 3, 2, 1))
		s.Close()
		s.askForAll(t)
		if requests := s.requestsIn(time.Hour); requests > 0 {
			t.Errorf("%d requests", requests)
		}
	})
}
