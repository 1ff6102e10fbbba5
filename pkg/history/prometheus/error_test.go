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
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// answering answers everything alike.
func answering(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// said is an error as the API tells it.
func said(kind, text string) string {
	return fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, kind, text)
}

func TestFailures(t *testing.T) {
	page := "<html><form action=/login>secret of the page</form></html>"
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kind    prometheus.Kind
		says    []string
	}{
		"unauthorized":     {answering(401, ""), prometheus.Refused, []string{"401 Unauthorized", "user, password or token"}},
		"forbidden":        {answering(403, page), prometheus.Refused, []string{"403 Forbidden"}},
		"not found":        {answering(404, "404 page not found"), prometheus.NotFound, []string{"path prefix"}},
		"too many asked":   {answering(429, "slow down"), prometheus.Failing, []string{"429 Too Many Requests"}},
		"failing":          {answering(500, "panic"), prometheus.Failing, []string{"500 Internal Server Error"}},
		"bad gateway":      {answering(502, page), prometheus.Failing, []string{"502 Bad Gateway", "proxy"}},
		"redirected":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(302) }, prometheus.NotPrometheus, []string{"302 Found"}},
		"login page":       {answering(200, page), prometheus.NotPrometheus, []string{"login page"}},
		"network login":    {answering(511, page), prometheus.NotPrometheus, []string{"login page"}},
		"nothing":          {answering(200, ""), prometheus.NotPrometheus, []string{"not Prometheus' JSON"}},
		"broken off":       {answering(200, `{"status":"success","data":{"resu`), prometheus.NotPrometheus, []string{"not Prometheus' JSON"}},
		"another's JSON":   {answering(200, `{"jobs":[]}`), prometheus.NotPrometheus, []string{"not Prometheus' JSON"}},
		"a scalar":         {answering(200, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`), prometheus.NotPrometheus, []string{"not Prometheus' JSON"}},
		"bad data":         {answering(400, said("bad_data", "parse error: unknown function")), prometheus.Rejected, []string{`"parse error: unknown function"`, "PromQL"}},
		"bad data with OK": {answering(200, said("bad_data", "parse error")), prometheus.Rejected, []string{`"parse error"`}},
		"execution":        {answering(422, said("execution", "expanding series: boom")), prometheus.Rejected, []string{"boom"}},
		"too many samples": {answering(422, said("execution", "query processing would load too many samples into memory in query execution")), prometheus.TooMuch, []string{"too many samples", "shorter time range"}},
		"Mimir's limit":    {answering(422, said("execution", "the query exceeded the maximum number of chunks (limit: 2000000 chunks)")), prometheus.TooMuch, []string{"2000000"}},
		"slow":             {answering(503, said("timeout", "query timed out in expression evaluation")), prometheus.TimedOut, []string{"in time"}},
		"unavailable":      {answering(503, said("unavailable", "TSDB not ready")), prometheus.Failing, []string{"TSDB not ready"}},
	} {
		t.Run(name, func(t *testing.T) {
			reader := served(t, c.handler, prometheus.Options{Row: summed})
			for asked, err := range everything(t.Context(), reader) {
				checked(t, asked, err, c.kind, append(c.says, "/api/v1/query_range"))
			}
		})
	}
}

// everything asks for all that a reader can tell.
func everything(ctx context.Context, reader *prometheus.Reader) map[string]error {
	_, jobs := reader.Jobs(ctx, minutes(0, 10))
	_, rows := reader.Rows(ctx, key, minutes(0, 10), time.Minute, history.BusyMax)
	var snapshots error
	for _, err := range reader.Snapshots(ctx, key, minutes(0, 10), time.Minute) {
		snapshots = err
	}
	return map[string]error{"jobs": jobs, "rows": rows, "snapshots": snapshots}
}

func checked(t *testing.T, asked string, err error, kind prometheus.Kind, says []string) {
	t.Helper()
	var failed *prometheus.Error
	if !errors.As(err, &failed) || failed.Kind != kind {
		t.Errorf("%s: got %+v (%v), want kind %d", asked, failed, err, kind)
		return
	}
	for _, part := range says {
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
	reader, err := prometheus.New(&http.Client{Transport: &http.Transport{}}, address, prometheus.Options{Row: summed})
	if err != nil {
		t.Fatal(err)
	}
	for asked, err := range everything(t.Context(), reader) {
		checked(t, asked, err, prometheus.Unreachable, []string{"connection refused", address})
	}
}

func TestNoAnswerInTime(t *testing.T) {
	hanging := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the end of the connection is seen after the body
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for asked, err := range everything(ctx, served(t, hanging, prometheus.Options{Row: summed})) {
		checked(t, asked, err, prometheus.TimedOut, []string{"in time"})
	}
}

// An empty span of a Prometheus that knows Flink is no error; one that has
// nothing of Flink's lacks the reporter.
func TestLackingTheReporter(t *testing.T) {
	others := &fake{}
	for asked, err := range everything(t.Context(), served(t, others, prometheus.Options{Row: summed})) {
		checked(t, asked, err, prometheus.NoMetrics, []string{"metrics.reporter.prom.factory.class", "PrometheusReporterFactory", "flink_taskmanager_job_task_"})
	}
}

func TestAddresses(t *testing.T) {
	for address, kind := range map[string]prometheus.Kind{
		"":                               prometheus.NoAddress,
		" ":                              prometheus.NoAddress,
		"prometheus:9090":                prometheus.BadAddress,
		"ftp://prometheus":               prometheus.BadAddress,
		"http://":                        prometheus.BadAddress,
		"ftp://user:secret@prometheus":   prometheus.BadAddress,
		"http://prometheus:9090":         0,
		"https://mimir/prometheus/":      0,
		"http://user:secret@prometheus ": 0,
	} {
		_, err := prometheus.New(http.DefaultClient, address, prometheus.Options{})
		if kind != 0 {
			checked(t, address, err, kind, nil)
		} else if err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// What a user typed goes into no expression.
func TestOtherThanJobIDsAreRefused(t *testing.T) {
	prom := &fake{series: scraped(always("a", 0, mixed))}
	reader := served(t, prom, prometheus.Options{})
	for _, id := range []string{"", "orders", `0"} or vector(1) #`, jobID + "\n", strings.ToUpper(jobID), jobID[1:], strings.Repeat("x", 1000)} {
		for _, err := range reader.Snapshots(t.Context(), history.Key{JobID: id}, minutes(0, 10), time.Minute) {
			checked(t, id, err, prometheus.BadJobID, []string{"32 hexadecimal digits"})
		}
	}
	if len(prom.requests) > 0 {
		t.Errorf("asked %v", prom.rangeQueries())
	}
}

func TestWarningsAreNoticesOnce(t *testing.T) {
	type caller struct{}
	var heard []string
	prom := &fake{series: scraped(always("a", 0, mixed)), warnings: []string{"a store is\naway"}}
	reader := served(t, prom, prometheus.Options{Notice: func(ctx context.Context, text string) {
		heard = append(heard, fmt.Sprint(ctx.Value(caller{}), ": ", text))
	}})
	for range 2 {
		for range reader.Snapshots(context.WithValue(t.Context(), caller{}, "panel"), key, minutes(0, 10), time.Minute) {
		}
	}
	if want := "panel: Prometheus warns: a store is away"; !slices.Equal(heard, []string{want, want}) {
		t.Errorf("heard %q", heard)
	}
}

func TestGraphThatCannotBeHad(t *testing.T) {
	away := errors.New("Flink is away")
	reader := served(t, &fake{series: scraped(always("a", 0, mixed))}, prometheus.Options{
		Graph: func(context.Context, history.Key) (*job.Graph, error) { return nil, away },
	})
	for _, err := range reader.Snapshots(t.Context(), key, minutes(0, 10), time.Minute) {
		if !errors.Is(err, away) {
			t.Errorf("got %v", err)
		}
	}
}
