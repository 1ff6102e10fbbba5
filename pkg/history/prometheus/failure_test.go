package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// answering answers everything alike.
func answering(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// apiError is an error as the API returns it.
func apiError(kind, text string) string {
	return fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, kind, text)
}

func TestFailures(t *testing.T) {
	page := "<html><form action=/login>secret of the page</form></html>"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kind    remote.Kind
		parts   []string
	}{
		"unauthorized":     {answering(401, ""), remote.Refused, []string{"401 Unauthorized", "user, password or token, tenant"}},
		"forbidden":        {answering(403, page), remote.Refused, []string{"403 Forbidden"}},
		"not found":        {answering(404, "404 page not found"), remote.NotFound, []string{"path prefix"}},
		"too many asked":   {answering(429, "slow down"), remote.TooManyRequests, []string{"(429)"}},
		"failing":          {answering(500, "panic"), remote.Failing, []string{"500 Internal Server Error"}},
		"bad gateway":      {answering(502, page), remote.ProxyFailing, []string{"502 Bad Gateway", "proxy"}},
		"redirected":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, remote.WrongService, []string{"302 Found"}},
		"login page":       {answering(200, page), remote.WrongService, []string{"login page"}},
		"network login":    {answering(511, page), remote.WrongService, []string{"login page"}},
		"nothing":          {answering(200, ""), remote.WrongService, []string{"not Prometheus' JSON"}},
		"broken off":       {answering(200, `{"status":"success","data":{"resu`), remote.Cut, []string{"breaks off"}},
		"another's JSON":   {answering(200, `{"jobs":[]}`), remote.WrongService, []string{"not Prometheus' JSON"}},
		"a scalar":         {answering(200, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`), remote.WrongService, []string{"not Prometheus' JSON"}},
		"bad data":         {answering(400, apiError("bad_data", "parse error: unknown function")), remote.Rejected, []string{`"parse error: unknown function"`, "PromQL"}},
		"bad data with OK": {answering(200, apiError("bad_data", "parse error")), remote.Rejected, []string{`"parse error"`}},
		"execution":        {answering(422, apiError("execution", "expanding series: boom")), remote.Rejected, []string{"boom"}},
		"too many samples": {answering(422, apiError("execution", "query processing would load too many samples into memory in query execution")), remote.TooMuch, []string{"too many samples", "shorter time range"}},
		"Mimir's limit":    {answering(422, apiError("execution", "the query exceeded the maximum number of chunks (limit: 2000000 chunks)")), remote.TooMuch, []string{"2000000"}},
		"slow":             {answering(503, apiError("timeout", "query timed out in expression evaluation")), remote.TimedOut, []string{"in time"}},
		"unavailable":      {answering(503, apiError("unavailable", "TSDB not ready")), remote.Failing, []string{"TSDB not ready"}},
	} {
		t.Run(name, func(t *testing.T) {
			for asked, err := range everything(t.Context(), served(t, c.handler)) {
				checked(t, asked, err, c.kind, append(c.parts, "/api/v1/query_range"))
			}
		})
	}
}

// everything asks for all that a reader has.
func everything(ctx context.Context, reader *prometheus.Reader) map[string]error {
	_, _, jobs := reader.Jobs(ctx, minutes(0, 10))
	_, _, at := reader.At(ctx, orders, noon)
	query := history.Query{Job: orders, Range: minutes(0, 10), Step: time.Minute}
	_, _, summaries := reader.Summaries(ctx, query)
	_, snapshots := reader.Snapshots(ctx, query, func(history.Snapshot) bool { return true })
	return map[string]error{"jobs": jobs, "at": at, "summaries": summaries, "snapshots": snapshots}
}

func checked(t *testing.T, asked string, err error, kind remote.Kind, parts []string) {
	t.Helper()
	var failed *remote.Error
	if !errors.As(err, &failed) || failed.Kind != kind {
		t.Errorf("%s: got %+v (%v), want kind %d", asked, failed, err, kind)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %q does not say %q", asked, err, part)
		}
	}
	if strings.Contains(err.Error(), "secret") || strings.ContainsAny(err.Error(), "\n") {
		t.Errorf("%s: %q quotes what it should not", asked, err)
	}
}

func TestNothingAnswers(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for asked, err := range everything(t.Context(), reader(t, address, prometheus.Options{})) {
		checked(t, asked, err, remote.Unreachable, []string{"connection refused", address})
	}
}

func TestNoAnswerInTime(t *testing.T) {
	hanging := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the end of the connection is seen after the body
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for asked, err := range everything(ctx, served(t, hanging)) {
		checked(t, asked, err, remote.TimedOut, []string{"in time"})
	}
}

// A range without metrics is no error, but a Prometheus that has none of Flink's
// at any time lacks the reporter.
func TestLackingTheReporter(t *testing.T) {
	for asked, err := range everything(t.Context(), readerOf(t, promtest.New(t))) {
		checked(t, asked, err, remote.NoMetrics, []string{"metrics.reporter.prom.factory.class", "PrometheusReporterFactory", "flink_taskmanager_job_task_"})
	}
}

func TestAddresses(t *testing.T) {
	for address, kind := range map[string]remote.Kind{
		"":                               remote.NoAddress,
		" ":                              remote.NoAddress,
		"prometheus:9090":                remote.BadAddress,
		"ftp://prometheus":               remote.BadAddress,
		"http://":                        remote.BadAddress,
		"ftp://user:secret@prometheus":   remote.BadAddress,
		"http://prometheus:9090":         0,
		"https://mimir/prometheus/":      0,
		"http://user:secret@prometheus ": 0,
	} {
		_, err := prometheus.New(client(t, time.Minute), address, prometheus.Options{})
		if kind != 0 {
			checked(t, address, err, kind, nil)
		} else if err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// What a user typed goes into no expression.
func TestOtherThanJobIDsAreRefused(t *testing.T) {
	prom := fake(t, scraped(always("a", 0, mixed)))
	reader := readerOf(t, prom)
	for _, id := range []string{"", "orders", `0"} or vector(1) #`, jobID + "\n", strings.ToUpper(jobID), jobID[1:], strings.Repeat("x", 1000)} {
		_, _, err := read(t.Context(), reader, history.Job{ID: id}, minutes(0, 10), time.Minute)
		checked(t, id, err, remote.BadID, []string{"32 hexadecimal digits"})
	}
	if len(prom.Requests()) > 0 {
		t.Errorf("asked %v", rangeQueries(prom))
	}
}

func TestWarningsAreReturnedOnce(t *testing.T) {
	prom := fake(t, scraped(always("a", 0, mixed)))
	prom.Warn("a store is\naway")
	_, warnings, err := read(t.Context(), readerOf(t, prom), orders, minutes(0, 10), time.Minute)
	if want := []string{"Prometheus warns: a store is away"}; err != nil || !slices.Equal(warnings, want) {
		t.Errorf("got %q, %v", warnings, err)
	}
}

// A failure that every request would meet is returned without asking again for a
// while, so that a thousand jobs do not wait for a thousand time-outs.
func TestGeneralFailureIsKept(t *testing.T) {
	answers := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = w.Write([]byte(text)) }
	}
	for name, c := range map[string]struct {
		fault http.HandlerFunc
		kind  remote.Kind
		once  bool
	}{
		"slow":         {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, remote.TimedOut, true},
		"away":         {answers(503, "away"), remote.Failing, true},
		"refusing":     {answers(401, ""), remote.Refused, true},
		"not there":    {answers(404, "404 page not found"), remote.NotFound, true},
		"a login page": {answers(200, "<html>"), remote.WrongService, true},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere/", http.StatusFound)
		}, remote.Redirected, true},
		"too much": {answers(422, apiError("execution", "query processing would load too many samples")), remote.TooMuch, false},
		"rejected": {answers(400, apiError("bad_data", "parse error")), remote.Rejected, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, reader *prometheus.Reader, prom *promtest.Server) {
				prom.Fail(c.fault)
				begun := time.Now()
				var group sync.WaitGroup
				for n := range 1000 {
					group.Go(func() {
						query := quarter()
						query.Job.ID = fmt.Sprintf("%032x", n)
						if _, _, err := reader.Summaries(t.Context(), query); !remote.IsKind(err, c.kind) {
							t.Errorf("job %d: %v", n, err)
						}
					})
				}
				group.Wait()
				if got := len(prom.Requests()); c.once && got > concurrency || !c.once && got != 1000 {
					t.Errorf("%d requests", got)
				}
				if took := time.Since(begun); c.once && took > timeout+time.Second {
					t.Errorf("it took %s", took)
				}
				prom.Fail(nil)
				if _, _, err := reader.Jobs(t.Context(), quarter().Range); remote.IsKind(err, c.kind) != c.once {
					t.Errorf("at once: %v", err)
				}
				time.Sleep(maxAge + 1)
				if _, _, err := reader.Jobs(t.Context(), quarter().Range); err != nil {
					t.Errorf("later: %v", err)
				}
			})
		})
	}
}

// That a caller runs out of time is no failure of Prometheus.
func TestCallersTimeIsNoFailure(t *testing.T) {
	bubble(t, func(t *testing.T, reader *prometheus.Reader, prom *promtest.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*millisecond)
		defer cancel()
		if _, err := reader.Snapshots(ctx, quarter(), func(history.Snapshot) bool { return true }); !remote.IsKind(err, remote.TimedOut) {
			t.Errorf("got %v", err)
		}
		if got := ask(t, reader, prom, quarter()); got != ofSummaries {
			t.Errorf("%d requests", got)
		}
	})
}
