package collector_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// graphRequests counts the requests for flame graphs, and answers them in place of the
// cluster if it has an answer.
type graphRequests struct {
	http.Handler
	answer atomic.Pointer[http.HandlerFunc]
	count  atomic.Int64
}

func (g *graphRequests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/flamegraph") {
		g.Handler.ServeHTTP(w, r)
		return
	}
	g.count.Add(1)
	if answer := g.answer.Load(); answer != nil {
		(*answer)(w, r)
		return
	}
	g.Handler.ServeHTTP(w, r)
}

// answering has flame graphs answered so from now on.
func (g *graphRequests) answering(answer http.HandlerFunc) *graphRequests {
	g.answer.Store(&answer)
	return g
}

// since is how many requests there were since it was last called.
func (g *graphRequests) since() int { return int(g.count.Swap(0)) }

// sampledJob is a cluster with flame graphs and one job, and the key of the one of its slow
// task.
func sampledJob(t *testing.T) (*collector.Collector, *graphRequests, collector.FlameGraphKey) {
	t.Helper()
	ready, err := sim.Ready("2.3.0", "bottleneck")
	if err != nil {
		t.Fatal(err)
	}
	ready.FlameGraphs = true
	requests := &graphRequests{Handler: ready}
	return collectorOf(t, requests), requests, collector.FlameGraphKey{
		JobID: ready.Jobs[0].ID, TaskID: ready.Jobs[0].Tasks[2].ID, Subtask: flink.WholeTask, Mode: flink.FullFlameGraph,
	}
}

// Who asks for a flame graph waits for the first samples, as Flink needs it; however many
// wait, Flink is asked once a second, and then once an age limit.
func TestFlameGraphWaitsForSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, key := sampledJob(t)
		begin := time.Now()
		var group sync.WaitGroup
		var counted atomic.Int64
		for range 10 {
			group.Go(func() {
				graph, asked, err := c.FlameGraph(t.Context(), key, 20*time.Second)
				counted.Add(int64(asked))
				if err != nil || graph.State != flink.FlameGraphSampled || graph.Graph.Samples() != 400 || !graph.Graph.At.Equal(begin.Add(5*time.Second)) {
					t.Errorf("got state %d, %v", graph.State, err)
				}
			})
		}
		group.Wait()
		if took := time.Since(begin); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("it took %s", took)
		}
		if sent := requests.since(); int64(sent) != counted.Load() || sent != 6 {
			t.Errorf("Flink got %d requests, %d were counted, want 6", sent, counted.Load())
		}
		for range 10 {
			if _, asked, err := c.FlameGraph(t.Context(), key, 0); asked != 0 || err != nil {
				t.Errorf("another one caused %d requests, %v", asked, err)
			}
		}
		time.Sleep(maxAge + time.Millisecond)
		if _, asked, err := c.FlameGraph(t.Context(), key, 0); asked != 1 || err != nil {
			t.Errorf("a later one caused %d requests, %v", asked, err)
		}
	})
}

// The wait ends with patience, or with the caller's context.
func TestFlameGraphThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, key := sampledJob(t)
		requests.answering(answering(http.StatusOK, `{"endTimestamp":-3}`))
		begin := time.Now()
		graph, asked, err := c.FlameGraph(t.Context(), key, 10*time.Second)
		if took := time.Since(begin); err != nil || graph.State != flink.FlameGraphWaiting || took > 10*time.Second || asked != requests.since() || asked > 11 {
			t.Errorf("state %d after %s and %d requests, %v", graph.State, took, asked, err)
		}
		if graph, _, err = c.FlameGraph(t.Context(), key, -time.Second); err != nil || graph.State != flink.FlameGraphWaiting {
			t.Errorf("without patience state %d, %v", graph.State, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, _, err := c.FlameGraph(ctx, key, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("when the context ends: %v", err)
		}
	})
}

// What Flink answers in place of samples is returned at once, and errors are errors.
func TestFlameGraphsThatThereAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for body, want := range map[string]flink.FlameGraphState{`{"endTimestamp":-1}`: flink.FlameGraphEnded, `{"endTimestamp":-2}`: flink.FlameGraphsOff} {
			c, requests, key := sampledJob(t)
			requests.answering(answering(http.StatusOK, body))
			if graph, asked, err := c.FlameGraph(t.Context(), key, time.Minute); err != nil || graph.State != want || graph.Graph != nil || asked != 1 {
				t.Errorf("%s: state %d, %d requests, %v", body, graph.State, asked, err)
			}
		}
		c, requests, key := sampledJob(t)
		requests.answering(answering(http.StatusOK, "<html></html>"))
		if _, _, err := c.FlameGraph(t.Context(), key, time.Minute); !remote.IsKind(err, remote.WrongService) {
			t.Errorf("a web page: %v", err)
		}
	})
}

// No more than a few flame graphs are kept, those that were asked for last.
func TestFlameGraphsKeptAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, key := sampledJob(t)
		requests.answering(answering(http.StatusOK, `{"endTimestamp":1,"data":{"name":"`+strings.Repeat("x", 100)+`","value":5}}`))
		for i := range 100 {
			key.Subtask = i
			if _, _, err := c.FlameGraph(t.Context(), key, 0); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if bytes := c.FlameGraphBytes(); bytes != 8*132 {
			t.Errorf("%d bytes are kept, want those of 8", bytes)
		}
		requests.since()
		for i := 92; i < 100; i++ {
			key.Subtask = i
			_, _, _ = c.FlameGraph(t.Context(), key, 0)
		}
		if sent := requests.since(); sent != 0 {
			t.Errorf("the last ones caused %d requests", sent)
		}
		time.Sleep(time.Minute + time.Second)
		if _, _, err := c.FlameGraph(t.Context(), key, 0); err != nil || c.FlameGraphBytes() != 132 {
			t.Errorf("a minute later %d bytes are kept, %v", c.FlameGraphBytes(), err)
		}
	})
}

// hotMethodFor asks for the hot method each second for a time, and returns the seconds at
// which Flink was asked, and that from which on it was found, -1 if it never was.
func hotMethodFor(t *testing.T, c *collector.Collector, requests *graphRequests, key collector.FlameGraphKey, lasts time.Duration) (asked []int, since int) {
	t.Helper()
	since = -1
	for second := 0; time.Duration(second)*time.Second < lasts; second++ {
		hot, found, counted := c.HotMethod(t.Context(), key)
		if sent := requests.since(); sent != counted {
			t.Errorf("second %d: %d requests were counted, Flink got %d", second, counted, sent)
		}
		if counted > 0 {
			asked = append(asked, second)
		}
		switch {
		case found && hot.Method != "com.example.SlowWindow.work":
			t.Errorf("second %d: the hot method is %+v", second, hot)
		case found && since < 0:
			since = second
		case !found && since >= 0:
			t.Errorf("second %d: the hot method is gone", second)
		}
		time.Sleep(time.Second)
	}
	return asked, since
}

// The hot method is there a few seconds after it was first asked for, without a wait, and
// costs one request a minute.
func TestHotMethodCostsARequestAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, key := sampledJob(t)
		begin := time.Now()
		asked, since := hotMethodFor(t, c, requests, key, 5*time.Minute)
		if took := time.Since(begin); took != 5*time.Minute {
			t.Errorf("the calls waited for %s", took-5*time.Minute)
		}
		if since != 7 || fmt.Sprint(asked) != "[0 7 68 129 190 251]" {
			t.Errorf("Flink was asked at %v, and it is found since %d s", asked, since)
		}
	})
}

// Where samples never come Flink is asked a few times, and then once a minute; so it is
// where it fails, or has flame graphs turned off.
func TestHotMethodsThatThereAreNot(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		asked  string
	}{
		"samples that never come": {answering(http.StatusOK, `{"endTimestamp":-3}`), "[0 7 14 21 28 35 96 157]"},
		"off":                     {answering(http.StatusOK, `{"endTimestamp":-2}`), "[0 61 122 183]"},
		"a task that has ended":   {answering(http.StatusOK, `{"endTimestamp":-1}`), "[0 61 122 183]"},
		"a web page":              {answering(http.StatusOK, `<html></html>`), "[0 61 122 183]"},
		"a failure":               {answering(http.StatusInternalServerError, `{"errors":["no"]}`), "[0 61 122 183]"},
		"no answer":               {hanging, "[0 61 122 183]"},
		"nothing in the samples":  {answering(http.StatusOK, `{"endTimestamp":4102444800000,"data":{"name":"root","value":0,"children":[]}}`), "[0 61 122 183]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of, requests, key := sampledJob(t)
				requests.answering(c.answer)
				asked, since := hotMethodFor(t, of, requests, key, 200*time.Second)
				if since >= 0 || fmt.Sprint(asked) != c.asked {
					t.Errorf("Flink was asked at %v, want %s; it is found since %d s", asked, c.asked, since)
				}
			})
		})
	}
}

// Samples that are old are not taken for the present, unless Flink's clock is another.
func TestHotMethodOfOldSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			old   time.Duration
			since int
		}{"new": {time.Minute, 0}, "old": {9 * time.Minute, 7}, "of the future": {-time.Hour, 0}} {
			of, requests, key := sampledJob(t)
			requests.answering(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"endTimestamp":%d,"data":{"name":"root","value":50,"children":[{"name":"com.example.SlowWindow.work:57","value":50}]}}`, time.Now().Add(-c.old).UnixMilli())
			})
			if _, since := hotMethodFor(t, of, requests, key, time.Minute); since != c.since {
				t.Errorf("%s: it is found since %d s, want %d", name, since, c.since)
			}
		}
	})
}

// One that a panel shows costs no request more.
func TestHotMethodOfAFlameGraphThatIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, key := sampledJob(t)
		if _, _, err := c.FlameGraph(t.Context(), key, 20*time.Second); err != nil {
			t.Fatal(err)
		}
		requests.since()
		if hot, found, asked := c.HotMethod(t.Context(), key); !found || asked != 0 || requests.since() != 0 || hot.Share != 0.8 {
			t.Errorf("%+v, %t, %d requests", hot, found, asked)
		}
	})
}

// However many root causes there are, Flink is asked for 64 of them.
func TestHotMethodsOfManyRootCauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, key := sampledJob(t)
		for range 3 {
			for i := range 1000 {
				key.TaskID = fmt.Sprintf("%032x", i)
				c.HotMethod(t.Context(), key)
			}
		}
		if sent := requests.since(); sent != 64 {
			t.Errorf("Flink got %d requests", sent)
		}
	})
}

// Where Flink does not answer, the verdict waits for it once a minute, not for each of its
// root causes.
func TestHotMethodsOfASilentFlink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, requests, key := sampledJob(t)
		requests.answering(hanging)
		begin := time.Now()
		for i := range 10 {
			key.TaskID = fmt.Sprintf("%032x", i)
			c.HotMethod(t.Context(), key)
		}
		if took := time.Since(begin); requests.since() != 1 || took != 3*time.Second {
			t.Errorf("it took %s", took)
		}
		time.Sleep(time.Minute + time.Second)
		if c.HotMethod(t.Context(), key); requests.since() != 1 {
			t.Error("a minute later Flink is not asked")
		}
	})
}
