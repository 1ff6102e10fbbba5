//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/fault"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

const (
	// faultTimeout is the data source's time-out: a query then takes 9 s at most, of the
	// time that its caller has.
	faultTimeout = 2 * time.Second
	callerWaits  = 30 * time.Second
	// samplesAfter is how many samples after a fault of the connection it takes at most
	// until all is as before.
	samplesAfter = 2
	// keptBytes is how much more memory may be in use after all faults than before: the
	// history of some minutes, and what the test itself has.
	keptBytes = 16 << 20
)

// faultQueries are what is queried of the job bottleneck.
var faultQueries = []string{
	`{"queryType":"jobs"`, `{"queryType":"tasks"`, `{"queryType":"subtasks"`, `{"queryType":"nodeGraph"`, `{"queryType":"bottlenecks"`,
	`{"queryType":"measure","measure":"busy","by":"subtask"`, `{"queryType":"history"`, `{"queryType":"timeline"`, `{"queryType":"taskmanagers"`,
	`{"queryType":"scaling"`, `{"queryType":"checkpoints"`, `{"queryType":"exceptions"`, `{"queryType":"events"`, `{"queryType":"flameGraph","tasks":["slow-window"]`,
	`{"queryType":"variable","variable":"subtasks"`,
}

// faulty is a data source in this process whose Flink, and Prometheus, are reached through
// proxies that fail.
type faulty struct {
	instance   *plugin.Instance
	flink      *fault.Proxy
	prometheus *fault.Proxy // nil for none
	names      *fault.Names
}

// newFaulty opens a data source of a Flink and, unless that is empty, a Prometheus.
func newFaulty(t *testing.T, flink, prometheus string) *faulty {
	t.Helper()
	f := &faulty{names: &fault.Names{}}
	before := net.DefaultResolver
	net.DefaultResolver = f.names.Resolver()
	t.Cleanup(func() { net.DefaultResolver = before })
	f.flink = startFault(t, flink)
	keys := map[string]any{"url": "http://flink.test:" + f.flink.Port(), "timeoutSeconds": faultTimeout.Seconds(), "maxAge": "0s"}
	if prometheus != "" {
		f.prometheus = startFault(t, prometheus)
		keys["prometheus"] = map[string]string{"url": f.prometheus.URL()}
	}
	jsonData, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	made, err := plugin.Factory{Pool: memory.NewPool(64 << 20)}.New(t.Context(), backend.DataSourceInstanceSettings{UID: t.Name(), JSONData: jsonData})
	if err != nil {
		t.Fatal(err)
	}
	f.instance = made.(*plugin.Instance)
	return f
}

func startFault(t *testing.T, target string) *fault.Proxy {
	t.Helper()
	proxy, err := fault.Start(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	return proxy
}

// faultAnswer is what came of one round of queries.
type faultAnswer struct {
	// shape is what has to be the same before and after a fault.
	shape string
	// window is what the shares are measured over, empty where there are none.
	window string
	// sentences are the errors and notices, and errors how many of the queries had one.
	sentences []string
	errors    int
	took      time.Duration
}

// ask sends all queries about a job in one request, and beside them a resource and a health
// check. Each is answered before its caller gives up.
func (f *faulty) ask(t *testing.T, job string) (answer faultAnswer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callerWaits)
	defer cancel()
	begin := time.Now()
	over := ending(begin.Add(-15*time.Minute), begin)
	request := &backend.QueryDataRequest{}
	for n, text := range faultQueries {
		request.Queries = append(request.Queries, backend.DataQuery{RefID: fmt.Sprint(n), TimeRange: over, JSON: fmt.Appendf(nil, `%s,"jobs":[%q]}`, text, job)})
	}
	var health *backend.CheckHealthResult
	var resource *backend.CallResourceResponse
	others := make(chan error, 2)
	go func() {
		var err error
		health, err = f.instance.CheckHealth(ctx, &backend.CheckHealthRequest{})
		others <- err
	}()
	go func() {
		others <- f.instance.CallResource(ctx, &backend.CallResourceRequest{Method: http.MethodGet, Path: "jobs", URL: "jobs"}, backend.CallResourceResponseSenderFunc(func(sent *backend.CallResourceResponse) error {
			resource = sent
			return nil
		}))
	}()
	response, err := f.instance.QueryData(ctx, request)
	if err := errors.Join(err, <-others, <-others); err != nil {
		t.Fatal(err)
	}
	answer.took = time.Since(begin)
	if ctx.Err() != nil {
		t.Errorf("the answer took %s", answer.took)
	}
	var shape strings.Builder
	for n, text := range faultQueries {
		answered := response.Responses[fmt.Sprint(n)]
		if answered.Error != nil {
			answer.errors++
			answer.sentences = append(answer.sentences, answered.Error.Error())
			fmt.Fprintf(&shape, "%s: an error\n", text)
			if answered.ErrorSource != backend.ErrorSourceDownstream {
				t.Errorf("%s: the error is the plugin's: %v", text, answered.Error)
			}
		}
		for _, frame := range answered.Frames {
			fmt.Fprintf(&shape, "%s: %s\n", text, shapeOf(frame))
			answer.sentences = append(answer.sentences, noticesOf(frame)...)
			if custom := customOf(t, frame); strings.Contains(text, `"tasks"`) && custom.Source != nil {
				answer.window = custom.To.String()
			}
		}
		if answered.Error == nil && len(answered.Frames) == 0 {
			t.Errorf("%s has no answer", text)
		}
	}
	answer.sentences = append(answer.sentences, health.Message)
	fmt.Fprintf(&shape, "health %s\nresource %d %s\n", health.Status, resource.Status, resource.Body)
	answer.shape = shape.String()
	slices.Sort(answer.sentences)
	answer.sentences = slices.Compact(answer.sentences)
	for _, text := range answer.sentences {
		isClear(t, text)
	}
	return answer
}

// unclear is what is in no sentence for a user.
var unclear = regexp.MustCompile(`(?i)\n\s*at |panic|goroutine|0x[0-9a-f]+|EOF|<html|net/http|context `)

// isClear checks that an error or a notice is a sentence or a few.
func isClear(t *testing.T, text string) {
	t.Helper()
	if text == "" || len(text) > 1500 || unclear.MatchString(text) || !strings.HasSuffix(text, ".") {
		t.Errorf("this is no clear sentence: %q", text)
	}
}

// shapeOf is what of a frame stays the same while a job goes on: of a table the texts that
// are names, and of other columns whether something is known.
func shapeOf(frame *data.Frame) string {
	if _, flames := frame.FieldByName("self"); flames >= 0 || frame.Name == "" || frame.Name == "timeline" || frame.Name == "checkpoints" || frame.Name == "events" || frame.Name == "exceptions" {
		return fmt.Sprintf("%s of %d fields, %t", frame.Name, len(frame.Fields), frame.Rows() > 0)
	}
	lines := []string{fmt.Sprintf("%s, notices %t", frame.Name, len(frame.Meta.Notices) > 0)}
	for _, each := range rows(frame) {
		var cells []string
		for _, column := range []string{"job", "state", "task", "kind", "parallelism", "subtask", "attempt", "text", "id"} {
			if value, is := each[column]; is {
				cells = append(cells, fmt.Sprint(value))
			}
		}
		_, busy := each["busy"]
		_, most := each["busy_max"]
		lines = append(lines, fmt.Sprint(cells, busy, most))
	}
	if frame.Name == "measure" {
		lines = append(lines, fmt.Sprint(len(frame.Fields)))
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "; ")
}

// awaitShape queries until the answer is of that shape, and returns how many samples that
// took, and how long.
func (f *faulty) awaitShape(t *testing.T, job, shape string) (samples int, took time.Duration) {
	t.Helper()
	begin := time.Now()
	windows := map[string]bool{}
	until(t, func() (string, bool) {
		answer := f.ask(t, job)
		if answer.window != "" {
			windows[answer.window] = true
		}
		return differenceOf(shape, answer.shape), answer.shape == shape
	})
	return len(windows), time.Since(begin)
}

// differenceOf are the lines of the second that are not in the first.
func differenceOf(before, after string) string {
	known := strings.Split(before, "\n")
	var lines []string
	for _, line := range strings.Split(after, "\n") {
		if !slices.Contains(known, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// steadyShape is the shape of the answers about a job that is measured, once it is the same
// three times.
func (f *faulty) steadyShape(t *testing.T, job string) string {
	t.Helper()
	last, same := "", 0
	return until(t, func() (string, bool) {
		answer := f.ask(t, job)
		if same++; answer.shape != last || answer.errors > 0 || !strings.Contains(answer.shape, "capacity") || !strings.Contains(answer.shape, "health OK") {
			last, same = answer.shape, 0
		}
		return last, same == 2
	})
}

// heapInUse is how much memory is in use, in bytes.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what has finalizers takes two
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// Whatever comes between the plugin and a real Flink, every query is answered within its
// deadline, with data or with a sentence; when the fault ends, all is as before within two
// samples; and no connection, goroutine or memory is left behind.
func TestFaults(t *testing.T) {
	needPrometheus(t)
	prom := reporter{"prom", 23000, 23999}
	conf := prom.conf(false)
	maps.Copy(conf, map[string]string{
		"metrics.fetcher.update-interval": "1000",
		"restart-strategy.type":           "fixed-delay", "restart-strategy.fixed-delay.attempts": "1000000", "restart-strategy.fixed-delay.delay": "1 s",
	})
	flink := startFlink(t, cluster.Newest, conf, "bottleneck", "healthy", "failing", "regions")
	f := newFaulty(t, flink.URL(), startPrometheus(t, prom.target(t, flink)))
	shape := f.steadyShape(t, "bottleneck")
	t.Logf("without a fault:\n%s", shape)
	before := heapInUse()
	t.Run("of the connection", func(t *testing.T) { f.testConnectionFaults(t, shape) })
	t.Run("of Prometheus", func(t *testing.T) { f.testPrometheusFaults(t, shape) })
	t.Run("a caller that cancels", func(t *testing.T) { f.testCancelledQuery(t, shape) })
	t.Run("a job that fails in a loop", func(t *testing.T) { f.testFailingJob(t) })
	t.Run("a region that restarts", func(t *testing.T) { f.testRestartingRegion(t) })
	t.Run("a job that is cancelled", func(t *testing.T) { f.testCancelledJob(t, flink.URL()) })
	t.Run("TaskManagers that end", func(t *testing.T) { f.testTaskManagers(t, flink) })
	t.Run("a JobManager that ends", func(t *testing.T) { f.testJobManager(t, flink, shape) })
	grown := heapInUse() - before
	t.Logf("%d KiB more are in use after the faults than before", grown>>10)
	if grown > keptBytes {
		t.Errorf("%d bytes more are in use, want %d at most", grown, keptBytes)
	}
	f.instance.Dispose()
	until(t, func() (int, bool) { return f.flink.Open(), f.flink.Open() == 0 && f.prometheus.Open() == 0 })
}

// election is what a JobManager answers that is not the leader, as long as there is none.
const election = `{"errors":["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}`

// testConnectionFaults spoils every answer, or all connections.
func (f *faulty) testConnectionFaults(t *testing.T, shape string) {
	accept := func() error { return f.flink.Accept(t.Context()) }
	spoiled := func(fault fault.Fault) (begin func(), end func() error) {
		return func() { f.flink.Begin(fault) }, func() error { f.flink.Begin(nil); return nil }
	}
	for _, c := range []struct {
		name  string
		fault fault.Fault
	}{
		{"refused", nil}, {"name server away", nil}, {"reset", fault.Reset}, {"cut", fault.Cut}, {"a byte a second", fault.Dripping}, {"hanging", fault.Hanging},
		{"swapped", fault.Swapped}, {"twice", fault.Twice}, {"no leader", fault.Answering(http.StatusServiceUnavailable, "application/json", election)},
		{"a proxy's page", fault.Answering(http.StatusBadGateway, "text/html", "<html>Bad Gateway</html>")},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin, end := spoiled(c.fault)
			switch c.name {
			case "refused":
				begin, end = f.flink.Refuse, accept
			case "name server away":
				begin, end = func() { f.names.Gone(true); f.flink.Drop() }, func() error { f.names.Gone(false); return nil }
			}
			begin()
			var during faultAnswer
			for range 2 { // the second finds what the first has led to
				during = f.ask(t, "bottleneck")
				t.Logf("%d of %d queries had an error, within %s: %.2000q", during.errors, len(faultQueries), during.took.Round(time.Millisecond), during.sentences)
			}
			if during.errors == 0 && c.name != "twice" {
				t.Error("no query had an error")
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			samples, took := f.awaitShape(t, "bottleneck", shape)
			if t.Logf("as before after %d samples, %s", samples, took.Round(time.Millisecond)); samples > samplesAfter {
				t.Errorf("it took %d samples, want %d at most", samples, samplesAfter)
			}
		})
	}
}

// testPrometheusFaults spoils the answers of Prometheus: the present needs none, and the
// past that the built-in history has is there.
func (f *faulty) testPrometheusFaults(t *testing.T, shape string) {
	for name, each := range map[string]fault.Fault{"away": nil, "slow": fault.Dripping, "half": fault.Cut, "hanging": fault.Hanging} {
		t.Run(name, func(t *testing.T) {
			if f.prometheus.Begin(each); each == nil {
				f.prometheus.Refuse()
			}
			during := f.ask(t, "bottleneck")
			t.Logf("%d of %d queries had an error, within %s: %.300q", during.errors, len(faultQueries), during.took.Round(time.Millisecond), during.sentences)
			if during.errors > 0 {
				t.Errorf("%d queries had an error", during.errors)
			}
			if f.prometheus.Begin(nil); each == nil {
				if err := f.prometheus.Accept(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if samples, _ := f.awaitShape(t, "bottleneck", shape); samples > samplesAfter {
				t.Errorf("it took %d samples, want %d at most", samples, samplesAfter)
			}
		})
	}
}

// testCancelledQuery has Grafana give up while Flink hangs: the query ends, and so do its
// requests.
func (f *faulty) testCancelledQuery(t *testing.T, shape string) {
	began := make(chan struct{}, 1000)
	f.flink.Begin(func(e *fault.Exchange) {
		began <- struct{}{}
		fault.Hanging(e)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan backend.DataResponse, 1)
	go func() {
		response, err := f.instance.QueryData(ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{{RefID: "A", JSON: []byte(`{"queryType":"tasks","jobs":["bottleneck"]}`)}}})
		if err != nil {
			t.Error(err)
		}
		ended <- response.Responses["A"]
	}()
	<-began
	cancel()
	select {
	case answer := <-ended:
		if answer.Error == nil || answer.Status != 499 {
			t.Errorf("status %d, %v", answer.Status, answer.Error)
		}
	case <-time.After(callerWaits):
		t.Error("the query goes on")
	}
	f.flink.Begin(nil)
	f.awaitShape(t, "bottleneck", shape)
}

var (
	// checkAttempt is the attempt of a subtask of the task check.
	checkAttempt  = regexp.MustCompile(`check 0 \d+\]`)
	hasExceptions = regexp.MustCompile(`exceptions of \d+ fields, true`)
)

// testFailingJob queries a job that is never well: what it does is known, how its tasks
// spend their time is not.
func (f *faulty) testFailingJob(t *testing.T) {
	attempts := map[string]bool{}
	until(t, func() (string, bool) {
		answer := f.ask(t, "failing")
		attempts[checkAttempt.FindString(answer.shape)] = true
		if strings.Contains(answer.shape, "capacity") {
			t.Errorf("a job whose tasks never run for ten seconds has a verdict:\n%s", answer.shape)
		}
		return fmt.Sprint(attempts, answer.shape), len(attempts) > 3 && hasExceptions.MatchString(answer.shape)
	})
}

// testRestartingRegion queries a job of which one part restarts again and again: the other
// is measured, whatever happens.
func (f *faulty) testRestartingRegion(t *testing.T) {
	attempts := map[string]bool{}
	until(t, func() (string, bool) {
		answer := f.ask(t, "regions")
		if strings.Contains(answer.shape, "score capacity") {
			attempts[checkAttempt.FindString(answer.shape)] = true
		}
		return fmt.Sprint(attempts, answer.shape), len(attempts) > 2
	})
}

// testCancelledJob cancels a job while it is queried.
func (f *faulty) testCancelledJob(t *testing.T, flink string) {
	var overview struct {
		Jobs []struct{ JID, Name string }
	}
	readFlink(t, flink+"/jobs/overview", &overview)
	for _, each := range overview.Jobs {
		if each.Name == "healthy" {
			cancelJob(t, flink, each.JID)
		}
	}
	until(t, func() (string, bool) {
		answer := f.ask(t, "healthy")
		return answer.shape, strings.Contains(answer.shape, "healthy CANCELED")
	})
}

// testTaskManagers ends both TaskManagers, as Flink alone decides on which a job runs, and
// starts others.
func (f *faulty) testTaskManagers(t *testing.T, flink *cluster.Cluster) {
	for range 2 {
		if err := flink.TerminateTaskManager(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	until(t, func() (string, bool) {
		answer := f.ask(t, "bottleneck")
		return answer.shape, !strings.Contains(answer.shape, "slow-window capacity")
	})
	for range 2 {
		if err := flink.StartTaskManager(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, took := f.awaitVerdict(t)
	t.Logf("the verdict is there again after %s", took.Round(time.Millisecond))
}

// awaitVerdict returns when the verdict on the job bottleneck is right, with nothing missing.
func (f *faulty) awaitVerdict(t *testing.T) (answer faultAnswer, took time.Duration) {
	t.Helper()
	begin := time.Now()
	until(t, func() (string, bool) {
		answer = f.ask(t, "bottleneck")
		return answer.shape, answer.errors == 0 && strings.Contains(answer.shape, "slow-window capacity")
	})
	return answer, time.Since(begin)
}

// testJobManager ends the whole JVM; another cluster takes its place, whose jobs have the
// same names and other ids.
func (f *faulty) testJobManager(t *testing.T, flink *cluster.Cluster, shape string) {
	if err := flink.Close(); err != nil {
		t.Fatal(err)
	}
	if during := f.ask(t, "bottleneck"); during.errors == 0 {
		t.Errorf("no query had an error:\n%s", during.shape)
	}
	next := startFlink(t, cluster.Newest, map[string]string{
		"metrics.fetcher.update-interval": "1000", "jobmanager.scheduler": "adaptive", "jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling": "1 s",
	}, "bottleneck")
	f.flink.Turn(next.URL())
	answer, took := f.awaitVerdict(t)
	t.Logf("the verdict on the job of the next cluster is there after %s, with %q", took.Round(time.Millisecond), answer.sentences)
	t.Run("a job that is rescaled", func(t *testing.T) { f.testRescaled(t, next.URL()) })
}

// testRescaled changes the parallelism of a job while it is queried.
func (f *faulty) testRescaled(t *testing.T, flink string) {
	var overview struct {
		Jobs []struct{ JID, Name string }
	}
	readFlink(t, flink+"/jobs/overview", &overview)
	id := overview.Jobs[0].JID
	var job struct {
		Vertices []struct {
			ID, Name    string
			Parallelism int
		}
	}
	readFlink(t, flink+"/jobs/"+id, &job)
	requirements := map[string]any{}
	for _, vertex := range job.Vertices {
		requirements[vertex.ID] = map[string]any{"parallelism": map[string]int{"lowerBound": 1, "upperBound": min(vertex.Parallelism, 3)}}
	}
	body, err := json.Marshal(requirements)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, flink+"/jobs/"+id+"/resource-requirements", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := newClient(t).Do(request)
	if err != nil || response.StatusCode != http.StatusOK || response.Body.Close() != nil {
		t.Fatalf("%v, %v", response, err)
	}
	until(t, func() (string, bool) {
		answer := f.ask(t, "bottleneck")
		return answer.shape, strings.Contains(answer.shape, "slow-window 3]") && strings.Contains(answer.shape, "slow-window capacity") && answer.errors == 0
	})
}

// While no JobManager leads none answers; then one that has stood by does, about the same
// jobs. A cluster in one JVM has no other JobManager: both are simulated.
func TestStandbyJobManager(t *testing.T) {
	var urls []string
	for range 2 {
		simulated, err := sim.Ready(cluster.Newest, "bottleneck")
		if err != nil {
			t.Fatal(err)
		}
		simulated.Fetch = time.Second
		url, stop, err := sim.Serve(t.Context(), simulated)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		urls = append(urls, url)
	}
	f := newFaulty(t, urls[0], "")
	defer f.instance.Dispose()
	shape := f.steadyShape(t, "bottleneck")
	f.flink.Begin(fault.Answering(http.StatusServiceUnavailable, "application/json", election))
	if during := f.ask(t, "bottleneck"); during.errors == 0 {
		t.Errorf("no query had an error:\n%s", during.shape)
	}
	f.flink.Turn(urls[1])
	f.flink.Begin(nil)
	samples, took := f.awaitShape(t, "bottleneck", shape)
	if t.Logf("as before after %d samples, %s", samples, took.Round(time.Millisecond)); samples > samplesAfter {
		t.Errorf("it took %d samples, want %d at most", samples, samplesAfter)
	}
}

// A plugin that gets SIGTERM while queries are under way ends within a second, and each has
// an answer: of two clusters that which answers has its rows, that which hangs a notice.
func TestSIGTERM(t *testing.T) {
	simulated, err := sim.Ready(cluster.Newest, "bottleneck")
	if err != nil {
		t.Fatal(err)
	}
	flink, stop, err := sim.Serve(t.Context(), simulated)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	hanging := startFault(t, flink)
	began := make(chan struct{}, 1000)
	hanging.Begin(func(e *fault.Exchange) {
		began <- struct{}{}
		fault.Hanging(e)
	})
	var log bytes.Buffer
	started, err := host.Start(t.Context(), host.Executable(filepath.Join("..", "dist")), &log)
	if err != nil {
		t.Fatal(err)
	}
	defer started.Close()
	settings, err := host.Settings(flink)
	if err != nil {
		t.Fatal(err)
	}
	settings.JSONData = fmt.Appendf(nil, `{"url":%q,"maxAge":"1h","clusterName":"east","clusters":[{"name":"west","url":%q}]}`, flink, hanging.URL())
	now := time.Now()
	answered := make(chan *backend.QueryDataResponse, 1)
	go func() {
		response, err := started.QueryData(t.Context(), settings, backend.DataQuery{RefID: "A", TimeRange: ending(now.Add(-time.Hour), now), JSON: []byte(`{"queryType":"tasks"}`)})
		if err != nil {
			t.Errorf("the query has no answer: %v", err)
		}
		answered <- response
	}()
	<-began
	// What the query has of the cluster that answers is there by the end of another one.
	if _, err := started.QueryData(t.Context(), settings, backend.DataQuery{RefID: "A", TimeRange: ending(now.Add(-time.Hour), now), JSON: []byte(`{"queryType":"tasks","clusters":["east"]}`)}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(started.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	response := <-answered
	t.Logf("answered after %s", time.Since(begin).Round(time.Millisecond))
	if response != nil {
		answer := response.Responses["A"]
		if answer.Error != nil || len(answer.Frames) != 1 || answer.Frames[0].Rows() == 0 || !strings.Contains(strings.Join(noticesOf(answer.Frames[0]), " "), "The plugin was stopped") {
			t.Fatalf("%d frames, %v", len(answer.Frames), answer.Error)
		}
		t.Logf("%d rows, %q", answer.Frames[0].Rows(), noticesOf(answer.Frames[0]))
	}
	until(t, func() (string, bool) {
		err := syscall.Kill(started.PID(), 0)
		return fmt.Sprint(err), errors.Is(err, syscall.ESRCH)
	})
	if took := time.Since(begin); took > callerWaits { // a second on a machine that is not slow
		t.Errorf("it ended after %s", took)
	} else {
		t.Logf("ended after %s", took.Round(time.Millisecond))
	}
}

// A TaskManager is killed, or stands still: until Flink has its tasks fail, a part of the job
// does nothing, and is measured no longer. At no time is the job found well, or another task
// blamed, so that an alert neither resolves nor names the wrong task; and with another
// TaskManager the verdict is there again.
func TestKilledTaskManagers(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(*cluster.Processes) error{
		"killed":       (*cluster.Processes).KillTaskManager,
		"stands still": (*cluster.Processes).StopTaskManager,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each mostly waits
			testTaskManagerThatEnds(t, end)
		})
	}
}

func testTaskManagerThatEnds(t *testing.T, end func(*cluster.Processes) error) {
	flink, err := cluster.StartProcesses(t.Context(), "flink", cluster.Newest, map[string]string{
		"cluster.evenly-spread-out-slots": "true", "taskmanager.load-balance.mode": "SLOTS",
		"restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.attempts": "1000000", "restart-strategy.fixed-delay.delay": "1 s",
	}, 2, 2, "bottleneck")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pids := flink.PIDs()
		if err := flink.Close(); err != nil {
			t.Error(err)
		}
		for _, pid := range pids {
			gone(t, "Flink", pid)
		}
	})
	until(t, func() (slots struct {
		Slots int `json:"slots-total"`
	}, all bool) {
		readFlink(t, flink.URL()+"/overview", &slots)
		return slots, slots.Slots == 4
	})
	ds := startPlugin(t, flink.URL())
	right := names(root{"slow-window", "capacity", 0})
	verdict := func() hardAnswer {
		now := time.Now()
		return hardAnswer{at: now, bottlenecks: rows(ds.over(t, ending(now.Add(-5*time.Minute), now), `{"queryType":"bottlenecks","jobs":["bottleneck"]}`)[0])}
	}
	until(t, func() (string, bool) {
		found := verdict()
		return found.words(), right(found) == nil
	})
	if err := end(flink); err != nil {
		t.Fatal(err)
	}
	ended, last := time.Now(), ""
	watch := func(what string, reached func(found hardAnswer) bool) {
		until(t, func() (string, bool) {
			found := verdict()
			if text := found.short(); text != last {
				t.Logf("%5.1f s  %s", time.Since(ended).Seconds(), found.words())
				last = text
			}
			if found.kind() != "unknown" && right(found) != nil {
				t.Errorf("after %.1f s the verdict is\n%s", time.Since(ended).Seconds(), found.words())
			}
			return found.words(), reached(found)
		})
		t.Logf("%s after %.1f s", what, time.Since(ended).Seconds())
	}
	watch("the verdict is unknown", func(found hardAnswer) bool { return found.kind() == "unknown" })
	watch("its tasks have failed", func(found hardAnswer) bool {
		return found.kind() == "unknown" && !strings.Contains(found.words(), "its metrics have not moved")
	})
	if err := flink.StartTaskManager(t.Context()); err != nil {
		t.Fatal(err)
	}
	watch("the verdict is there again", func(found hardAnswer) bool { return right(found) == nil })
}
