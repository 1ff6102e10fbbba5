package plugin_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// hanging is a server whose answers never come. It tells of each request that
// has come, and of each whose caller has gone.
func hanging(t *testing.T) (server *httptest.Server, came, left chan struct{}) {
	came, left = make(chan struct{}, 100), make(chan struct{}, 100)
	server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	}))
	return server, came, left
}

// The 499 of a caller who went away is not among the SDK's statuses.
const callerWentAway backend.Status = 499

// A query whose caller goes away returns at once, hangs up on the server, and
// leaves no goroutine behind.
func TestQueryEndsWithItsCaller(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	server, came, left := hanging(t)
	defer server.Close()
	asked := at(t, server.URL)
	defer asked.Dispose()
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan backend.Responses)
	go func() { answered <- queried(ctx, t, asked, ofLoad...) }()
	<-came
	cancel()
	responses := <-answered
	<-left
	for refID, response := range responses {
		const want = "The query was cancelled by its caller."
		if response.Error == nil || response.Error.Error() != want || response.Status != callerWentAway || response.ErrorSource != backend.ErrorSourceDownstream {
			t.Errorf("query %s: status %d, source %q, %v", refID, response.Status, response.ErrorSource, response.Error)
		}
	}
	if more := len(came); more != 0 {
		t.Errorf("%d requests beyond the one that hung", more)
	}
}

// A query whose deadline passes returns at that moment; one with more time
// goes on waiting for the same round, until its requests time out.
func TestQueryEndsAtItsDeadline(t *testing.T) {
	for name, c := range map[string]struct {
		deadline, want time.Duration
		text           string
	}{
		"before the time-out": {3 * time.Second, 3 * time.Second, "The query's time ran out before Flink had answered: raise its time-out, or ask for fewer jobs."},
		"after the time-out":  {time.Minute, 10 * time.Second, "Flink did not answer http://flink:8081/overview in time: check that the JobManager is well, or raise the time-out in the data source's settings."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", 4, 2, 2))
				l.Delay = 24 * time.Hour
				ctx, cancel := context.WithTimeout(l.ctx, c.deadline)
				defer cancel()
				begun := time.Now()
				for refID, response := range queried(ctx, t, l, ofLoad...) {
					if response.Error == nil || response.Error.Error() != c.text || response.Status != backend.StatusTimeout || response.ErrorSource != backend.ErrorSourceDownstream {
						t.Errorf("query %s: status %d, source %q, %v", refID, response.Status, response.ErrorSource, response.Error)
					}
				}
				if waited := time.Since(begun); waited != c.want {
					t.Errorf("waited %s, want %s", waited, c.want)
				}
			})
		})
	}
}

// Who stays is answered, though who began the round has left.
func TestWhoStaysIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.HeldBack("orders", 4, 2, 2))
		l.Delay = time.Second
		ctx, cancel := context.WithTimeout(l.ctx, 2500*time.Millisecond)
		defer cancel()
		left := make(chan backend.Responses)
		go func() { left <- queried(ctx, t, l, ofLoad[0]) }()
		synctest.Wait()
		if rows := answer(t, queried(l.ctx, t, l, ofLoad[0]), "A").Rows(); rows != 8 {
			t.Errorf("%d rows, want 8", rows)
		}
		if gone := <-left; gone["A"].Status != backend.StatusTimeout {
			t.Errorf("who left got status %d, %v", gone["A"].Status, gone["A"].Error)
		}
		if saw := len(l.Asked()); saw != 2+1+1+2*4 {
			t.Errorf("the cluster saw %d requests, want one round", saw)
		}
	})
}

// Settings saved again leave no connection of the old ones open.
func TestDisposedSourceHangsUp(t *testing.T) {
	closed := make(chan struct{}, 100)
	server := httptest.NewUnstartedServer(&sim.Cluster{Version: "2.3.0"})
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	asked := at(t, server.URL)
	answer(t, queried(t.Context(), t, asked, `{"queryType": "jobs"}`), "A")
	asked.Dispose()
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Error("the connection is still open")
	}
}
