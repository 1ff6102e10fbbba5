package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// dataSource answers Grafana's requests.
type dataSource interface {
	instancemgmt.InstanceDisposer
	backend.QueryDataHandler
	backend.CheckHealthHandler
}

// open makes the data source that these settings describe. Its requests go to
// the hosts in memory of the test, if it has any.
func open(t *testing.T, settings backend.DataSourceInstanceSettings) dataSource {
	t.Helper()
	return openIn(t, "", settings)
}

// openIn does the same for a data source of an organisation's.
func openIn(t *testing.T, namespace string, settings backend.DataSourceInstanceSettings) dataSource {
	t.Helper()
	key := t.Context()
	t.Cleanup(func() { // with what its hosts and its histories keep
		networks.Delete(key)
		pools.Delete(key)
	})
	ctx := backend.WithPluginContext(key, backend.PluginContext{Namespace: namespace})
	made, err := plugin.Factory{Pool: poolOf(t), Middlewares: []httpclient.Middleware{network(key)}}.New(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	opened := made.(dataSource)
	t.Cleanup(opened.Dispose)
	return opened
}

// uids counts data sources: each has a history of its own.
var uids atomic.Int64

// settingsWith are settings of these keys. Nothing is sampled in the background
// unless they say so, as tests count requests.
func settingsWith(keys map[string]any) backend.DataSourceInstanceSettings {
	all := map[string]any{"history": map[string]any{"idleAfter": "0s"}}
	maps.Copy(all, keys)
	jsonData, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return backend.DataSourceInstanceSettings{Name: "Flink", Type: "flinkscope-flink-datasource", UID: fmt.Sprint("flink-", uids.Add(1)), JSONData: jsonData}
}

// sourceAt is a data source of one cluster at that address.
func sourceAt(t *testing.T, address string) dataSource {
	t.Helper()
	return open(t, settingsWith(map[string]any{"url": address}))
}

// networks are the hosts in memory of the tests that run, by context.
var networks sync.Map

// pools are the histories of the tests that run, by context: each test has a process'
// histories of its own, as in a bubble of testing/synctest it has a clock of its own.
var pools sync.Map

// poolOf is the pool of a test.
func poolOf(t *testing.T) *memory.Pool {
	pool, _ := pools.LoadOrStore(t.Context(), memory.NewPool(128<<20))
	return pool.(*memory.Pool)
}

// inMemory answers the requests to each host with its handler, without a network:
// it works in a bubble of testing/synctest. The map stays as it is: a host that
// changes is [swappable].
func inMemory(ctx context.Context, hosts map[string]http.Handler) context.Context {
	networks.Store(ctx, hosts)
	return ctx
}

// network sends requests to the hosts in memory of a test, or, where it has none,
// to the real network.
func network(ctx context.Context) httpclient.Middleware {
	return httpclient.MiddlewareFunc(func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			hosts, found := networks.Load(ctx)
			if !found {
				return next.RoundTrip(request)
			}
			return inmemory.Transport{Handler: hosts.(map[string]http.Handler)[request.URL.Host]}.RoundTrip(request)
		})
	})
}

// lab is a data source of one simulated cluster in memory.
type lab struct {
	dataSource
	*sim.Cluster
	ctx context.Context
}

// newLab serves the jobs with a metric fetch every 10 s. Nothing is sampled in the
// background.
func newLab(t *testing.T, jobs ...*sim.Job) lab {
	t.Helper()
	return newLabWith(t, nil, jobs...)
}

// newSampledLab samples each job for an hour after the last query for it.
func newSampledLab(t *testing.T, jobs ...*sim.Job) lab {
	t.Helper()
	return newLabWith(t, map[string]any{"history": map[string]any{"idleAfter": "1h"}}, jobs...)
}

// newLabWith has these settings beside the address.
func newLabWith(t *testing.T, keys map[string]any, jobs ...*sim.Job) lab {
	t.Helper()
	all := map[string]any{"url": "http://flink:8081"}
	maps.Copy(all, keys)
	cluster := newCluster(jobs...)
	return lab{open(t, settingsWith(all)), cluster, inMemory(t.Context(), map[string]http.Handler{"flink:8081": cluster})}
}

// newCluster is a simulated cluster of the newest version.
func newCluster(jobs ...*sim.Job) *sim.Cluster {
	return &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: jobs}
}

// frame is the first frame of the answer to one query, over the last hour.
func (l lab) frame(t *testing.T, query string) *data.Frame {
	t.Helper()
	return l.frameOver(t, lastHour(), nil, query)
}

// frameOver is the same for a time range and with headers.
func (l lab) frameOver(t *testing.T, over backend.TimeRange, headers map[string]string, query string) *data.Frame {
	t.Helper()
	return firstFrame(t, sendOver(l.ctx, t, l, over, headers, query), "A")
}

// warm polls once and waits until the next fetch is due: from then on samples
// have one to be compared with.
func (l lab) warm(t *testing.T) {
	t.Helper()
	l.frame(t, `{"queryType": "tasks"}`)
	time.Sleep(11 * time.Second)
	l.Requests()
}

// withOutages has the cluster answer 503 while the flag is set.
func (l *lab) withOutages(t *testing.T) *atomic.Bool {
	t.Helper()
	var away atomic.Bool
	cluster := l.Cluster
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			respondWith(503, "away")(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	})})
	return &away
}

// newTwoClusters are west, and east that may be something else, each with a job of
// the same name.
func newTwoClusters(t *testing.T, east http.Handler) lab {
	t.Helper()
	l := newLab(t, smallJobs("orders")...)
	if east == nil {
		east = &sim.Cluster{Version: "1.20.5", Fetch: 10 * time.Second, Jobs: smallJobs("orders")}
	}
	l.dataSource = open(t, settingsWith(map[string]any{"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}}}))
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"west": l.Cluster, "east": east})
	return l
}

// smallJobs are jobs of two tasks with these names, started in this order.
func smallJobs(names ...string) (jobs []*sim.Job) {
	for i, name := range names {
		job := sim.HeldBack(name, 2, 1, 1)
		job.Start = job.Start.Add(time.Duration(i) * time.Minute)
		jobs = append(jobs, job)
	}
	return jobs
}

// chainOf is a job of a chain of tasks that started so many minutes after the
// first.
func chainOf(name string, minute int, tasks ...sim.Task) *sim.Job {
	job := sim.Chain(name, tasks...)
	job.Start = job.Start.Add(time.Duration(minute) * time.Minute)
	return job
}

// respondWith answers with a status and a body.
func respondWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// What may answer in place of Flink.
const (
	page       = "<!DOCTYPE html><html><body>Sign in to MegaCorp</body></html>"
	stackTrace = `{"errors":["Internal server error.","<Exception on server side:\norg.apache.flink.util.FlinkException: no\n\tat org.apache.flink.Foo.bar(Foo.java:1)\n"]}`
	cutJSON    = `{"taskmanagers":1,"flink-ver`
)

// withoutPath answers 404 for one path, else as the cluster does.
func withoutPath(cluster http.Handler, path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			respondWith(404, `{"errors":["Not found."]}`)(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	})
}

// failing answers 500 to the paths with a prefix, once that is set.
type failing struct {
	http.Handler
	prefix string
}

func (f *failing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.prefix != "" && strings.HasPrefix(r.URL.Path, f.prefix) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	f.Handler.ServeHTTP(w, r)
}

// requestCounter counts requests to servers, and those that were under way at
// once.
type requestCounter struct {
	mu               sync.Mutex
	all, under, most int
}

// take is how many requests there were since the last call.
func (c *requestCounter) take() (all int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, c.all = c.all, 0
	return all
}

// underWay is how many requests are.
func (c *requestCounter) underWay() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.under
}

// count makes each request take a second, so that those that may be under way at
// once are.
func (c *requestCounter) count(cluster http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.all++
		c.under++
		c.most = max(c.most, c.under)
		c.mu.Unlock()
		time.Sleep(time.Second)
		cluster.ServeHTTP(w, r)
		c.mu.Lock()
		c.under--
		c.mu.Unlock()
	})
}

// swappable is a host whose handler may be replaced while requests are under way.
type swappable struct{ handler atomic.Pointer[http.Handler] }

func (s *swappable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.handler.Load()).ServeHTTP(w, r)
}

// become answers the requests from now on with this handler.
func (s *swappable) become(handler http.Handler) { s.handler.Store(&handler) }

// forgetJobs replaces the cluster by one without jobs.
func (s *swappable) forgetJobs() { s.become(newCluster()) }

// refusingProxy refuses everyone while all is set.
type refusingProxy struct {
	http.Handler
	all atomic.Bool
}

func (r *refusingProxy) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.all.Load() {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	r.Handler.ServeHTTP(w, request)
}

// lastHour is a range that ends now.
func lastHour() backend.TimeRange {
	return backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now()}
}

// send sends the queries, with the refIDs A, B and so on, in one request.
func send(ctx context.Context, t *testing.T, source dataSource, queries ...string) backend.Responses {
	t.Helper()
	return sendOver(ctx, t, source, lastHour(), nil, queries...)
}

// fromAlert are the headers of a request of an alert rule.
var fromAlert = map[string]string{backend.FromAlertHeaderName: "true"}

// sendOver is the same for a time range and with headers.
func sendOver(ctx context.Context, t *testing.T, source dataSource, over backend.TimeRange, headers map[string]string, queries ...string) backend.Responses {
	t.Helper()
	request := &backend.QueryDataRequest{Headers: headers}
	for i, query := range queries {
		request.Queries = append(request.Queries, backend.DataQuery{RefID: string(rune('A' + i)), JSON: json.RawMessage(query), TimeRange: over})
	}
	response, err := source.QueryData(ctx, request)
	if err != nil {
		t.Errorf("the request failed as a whole: %v", err)
		return nil
	}
	if len(response.Responses) != len(queries) {
		t.Errorf("%d answers to %d queries", len(response.Responses), len(queries))
	}
	return response.Responses
}

// firstFrame is the first frame of a query that must have been answered.
func firstFrame(t *testing.T, responses backend.Responses, refID string) *data.Frame {
	t.Helper()
	response := responses[refID]
	if response.Error != nil || len(response.Frames) == 0 || response.Status != backend.StatusOK {
		t.Fatalf("query %s: %d frames, status %d, %v", refID, len(response.Frames), response.Status, response.Error)
	}
	return response.Frames[0]
}

// checkError checks the error of a query: what a user can act on, in one sentence,
// and no frames beside it.
func checkError(t *testing.T, response backend.DataResponse, status backend.Status, want string) {
	t.Helper()
	if response.Error == nil || response.Error.Error() != want || response.Status != status || response.ErrorSource != backend.ErrorSourceDownstream || len(response.Frames) != 0 {
		t.Errorf("status %d, source %q, %d frames: %v\nwant %d: %s", response.Status, response.ErrorSource, len(response.Frames), response.Error, status, want)
	}
}

// framesFor are the frames of a query whose panel has room for maxPoints.
func framesFor(t *testing.T, l lab, over backend.TimeRange, maxPoints int64, query string) data.Frames {
	t.Helper()
	response, err := l.QueryData(l.ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{
		{RefID: "A", JSON: json.RawMessage(query), TimeRange: over, MaxDataPoints: maxPoints},
	}})
	if err != nil {
		t.Fatal(err)
	}
	firstFrame(t, response.Responses, "A")
	return response.Responses["A"].Frames
}

// cells are the values of a column as text; what is not known is null.
func cells(t *testing.T, of *data.Frame, column string) []string {
	t.Helper()
	field, _ := of.FieldByName(column)
	if field == nil {
		t.Fatalf("frame %s has no column %q", of.Name, column)
	}
	values := []string{}
	for i := range field.Len() {
		if value, known := field.ConcreteAt(i); known {
			values = append(values, fmt.Sprint(value))
		} else {
			values = append(values, "null")
		}
	}
	return values
}

// notices are the texts of a frame's notices.
func notices(of *data.Frame) []string {
	texts := []string{}
	for _, notice := range of.Meta.Notices {
		texts = append(texts, notice.Text)
	}
	return texts
}

// requests is the number of Flink requests that a frame counts as its query's.
func requests(of *data.Frame) int { return of.Meta.Custom.(frame.Custom).Requests }

// firstRow are some columns of a frame that must have one row.
func firstRow(t *testing.T, of *data.Frame, names ...string) (first []string) {
	t.Helper()
	for _, name := range names {
		values := cells(t, of, name)
		if len(values) != 1 {
			t.Errorf("frame %s has %d rows, want 1", of.Name, len(values))
		}
		first = append(first, append(values, "no row")[0])
	}
	return first
}

// rowsOf are the rows of some columns, each as one text.
func rowsOf(t *testing.T, of *data.Frame, names ...string) []string {
	t.Helper()
	rows := make([]string, of.Rows())
	for _, name := range names {
		for i, cell := range cells(t, of, name) {
			rows[i] = strings.TrimPrefix(rows[i]+" "+cell, " ")
		}
	}
	return rows
}

// onlyValue is the value of a measure that must have one series.
func onlyValue(t *testing.T, of *data.Frame) string {
	t.Helper()
	if len(of.Fields) != 1 || of.Rows() != 1 {
		t.Errorf("a measure has %d series of %d values, want one of one", len(of.Fields), of.Rows())
		return "none"
	}
	return cells(t, of, of.Fields[0].Name)[0]
}

// seriesOf are the series of a measure with all their labels, each with its value.
func seriesOf(of *data.Frame) (series []string) {
	for _, field := range of.Fields {
		text := "null"
		if value, known := field.ConcreteAt(0); known {
			text = fmt.Sprint(value)
		}
		series = append(series, fmt.Sprintf("%s{%s} %s", field.Name, field.Labels, text))
	}
	return series
}

// changesOf are the values of a frame over time, each only when it changes, with
// the minutes since a time; a value that is not known is "?".
func changesOf(of *data.Frame, since time.Time) string {
	var all []string
	for i := range of.Rows() {
		value := "?"
		if known, ok := of.Fields[1].ConcreteAt(i); ok {
			value = fmt.Sprint(known)
		}
		if len(all) == 0 || !strings.HasSuffix(all[len(all)-1], " "+value) {
			at := of.Fields[0].At(i).(time.Time)
			all = append(all, fmt.Sprintf("%.0fm %s", at.Sub(since).Minutes(), value))
		}
	}
	return strings.Join(all, ", ")
}

// pointsOf are a frame's values over time, as seconds before now and value.
func pointsOf(of *data.Frame) string {
	var all []string
	for i := range of.Fields[0].Len() {
		at := of.Fields[0].At(i).(time.Time)
		value := "null"
		if known, ok := of.Fields[1].ConcreteAt(i); ok {
			value = fmt.Sprintf("%.2v", known)
		}
		all = append(all, fmt.Sprintf("%.0fs %s", time.Since(at).Seconds(), value))
	}
	return strings.Join(all, ", ")
}

// hasValues reports whether a frame has any value.
func hasValues(of *data.Frame) bool {
	for _, field := range of.Fields {
		for i := range field.Len() {
			if _, known := field.ConcreteAt(i); known {
				return true
			}
		}
	}
	return false
}

// jobsWithValues are the jobs of which frames have a value.
func jobsWithValues(response backend.DataResponse) (jobs []string) {
	for _, shown := range response.Frames {
		for _, field := range shown.Fields {
			if name := field.Labels["job"]; name != "" && hasValues(data.NewFrame("", field)) && !slices.Contains(jobs, name) {
				jobs = append(jobs, name)
			}
		}
	}
	return jobs
}

// jobsIn are the jobs that an answer has rows or points of.
func jobsIn(t *testing.T, response backend.DataResponse) (jobs []string) {
	t.Helper()
	for _, each := range response.Frames {
		if column, _ := each.FieldByName("job"); column != nil {
			jobs = append(jobs, cells(t, each, "job")...)
		}
		for _, field := range each.Fields {
			if name := field.Labels["job"]; name != "" && field.Len() > 0 {
				jobs = append(jobs, name)
			}
		}
	}
	slices.Sort(jobs)
	return slices.Compact(jobs)
}

// checkFrame checks what Grafana needs of any frame: columns of one length,
// finite numbers, no series twice, times that ascend, metadata, and JSON.
func checkFrame(t *testing.T, query string, f *data.Frame) {
	t.Helper()
	if _, err := f.RowLen(); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	if _, err := json.Marshal(f); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	custom, is := f.Meta.Custom.(frame.Custom)
	if !is || custom.Requests < 0 || (custom.From == nil) != (custom.To == nil) {
		t.Errorf("%s: frame %s has the metadata %+v", query, f.Name, f.Meta.Custom)
	}
	series := map[string]bool{}
	for _, field := range f.Fields {
		for i := 1; field.Name == "time" && i < field.Len(); i++ {
			if before, at := field.At(i-1).(time.Time), field.At(i).(time.Time); !before.Before(at) {
				t.Errorf("%s: the time %s follows %s", query, at, before)
			}
		}
		for i := range field.Len() {
			if number, err := field.NullableFloatAt(i); err == nil && number != nil && (math.IsNaN(*number) || math.IsInf(*number, 0)) {
				t.Errorf("%s: %s is %f in row %d", query, field.Name, *number, i)
			}
		}
		if key := field.Name + field.Labels.String(); series[key] {
			t.Errorf("%s: the series %s is there twice", query, key)
		} else {
			series[key] = true
		}
	}
	if f.Meta.Type == data.FrameTypeNumericWide && f.Meta.TypeVersion.IsZero() {
		t.Errorf("%s: the frame's type has no version", query)
	}
}

// checkEdges checks that both ends of each edge are nodes: the Node graph panel
// breaks on an edge without.
func checkEdges(t *testing.T, nodes, edges *data.Frame) {
	t.Helper()
	ids := cells(t, nodes, "id")
	for _, end := range []string{"source", "target"} {
		for _, id := range cells(t, edges, end) {
			if !slices.Contains(ids, id) {
				t.Errorf("an edge has the %s %s, which is no node", end, id)
			}
		}
	}
}

// instead answers requests whose path matches with another handler than the cluster's.
func instead(cluster http.Handler, path string, with http.Handler) http.Handler {
	pattern := regexp.MustCompile(path)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if pattern.MatchString(r.URL.Path) {
			with.ServeHTTP(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	})
}

// everyView are queries of the types that have something to be attacked.
var everyView = []string{
	`{"queryType":"subtasks"}`, `{"queryType":"tasks"}`, `{"queryType":"nodeGraph"}`, `{"queryType":"bottlenecks"}`, `{"queryType":"jobs"}`,
	`{"queryType":"measure","by":"subtask"}`, `{"queryType":"history","by":"subtask"}`, `{"queryType":"timeline"}`, `{"queryType":"taskmanagers"}`,
	`{"queryType":"scaling"}`, `{"queryType":"checkpoints"}`, `{"queryType":"exceptions"}`, `{"queryType":"variable","variable":"subtasks"}`,
}
