//go:build linux && !race

package plugin_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"google.golang.org/protobuf/proto"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// attackEnvironment is the variable that has what a process of the test's own asks.
const attackEnvironment = "ATTACKED_PLUGIN"

// asked is what a process asks of a data source, in one request.
type asked struct {
	Settings map[string]any
	Queries  []string
	Times    int // how often, one after another; 0 is once
	// Users are how many others ask before, each with a token of their own, eight at once.
	Users int
}

// answered is what came of it.
type answered struct {
	Errors   []string // by query, empty where it was answered
	Rows     []int
	Notices  []string
	Bytes    int // of the answer as Grafana gets it
	Requests int
	Peak     int // of the resident memory, in MiB
}

// TestAttackedPlugin is the process that other tests start: nothing by itself.
func TestAttackedPlugin(t *testing.T) {
	text, is := os.LookupEnv(attackEnvironment)
	if !is {
		t.Skip("only other tests start this")
	}
	var ask asked
	if err := json.Unmarshal([]byte(text), &ask); err != nil {
		t.Fatal(err)
	}
	debug.SetMemoryLimit(plugin.MemoryLimit) // as main does
	source := open(t, settingsWith(ask.Settings))
	var got answered
	asUser := func(n int) backend.Responses {
		var headers map[string]string
		if ask.Users > 0 {
			headers = map[string]string{backend.OAuthIdentityTokenHeaderName: fmt.Sprint("Bearer ", n)}
		}
		return sendOver(t.Context(), t, source, lastHour(), headers, ask.Queries...)
	}
	collector.Parallel(ask.Users, 8, func(n int) { asUser(n) })
	for range max(ask.Times, 1) {
		got = answered{}
		responses := asUser(ask.Users)
		for n := range ask.Queries {
			response, failed, rows := responses[string(rune('A'+n))], "", 0
			if response.Error != nil {
				failed = response.Error.Error()
			}
			for _, each := range response.Frames {
				rows = max(rows, each.Rows())
				if custom, is := each.Meta.Custom.(frame.Custom); is {
					got.Requests += custom.Requests
				}
				for _, text := range notices(each) {
					if !slices.Contains(got.Notices, text) {
						got.Notices = append(got.Notices, text)
					}
				}
			}
			got.Errors, got.Rows = append(got.Errors, failed), append(got.Rows, rows)
		}
		encoded, err := backend.ToProto().QueryDataResponse(backend.DataFrameFormat_ARROW, &backend.QueryDataResponse{Responses: responses})
		if err != nil {
			t.Fatal(err)
		}
		got.Bytes = proto.Size(encoded)
	}
	got.Peak = residentPeak(t)
	printed, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\nanswered %s\n", printed)
}

// residentPeak is the most that this process has had resident, in MiB.
func residentPeak(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	kibibytes, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kibibytes / 1024
}

// attack asks a plugin in a process of its own.
func attack(t *testing.T, ask asked) (got answered) {
	t.Helper()
	text, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAttackedPlugin$", "-test.v", "-test.timeout", "5m")
	command.Env = append(os.Environ(), attackEnvironment+"="+string(text))
	begin := time.Now()
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v after %s:\n%s", err, time.Since(begin), output[:min(len(output), 4000)])
	}
	_, after, _ := bytes.Cut(output, []byte("\nanswered "))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	t.Logf("%d MiB resident at most, %s, answers of %d bytes, rows %v, errors %.300q, %d notices %.500q",
		got.Peak, time.Since(begin).Truncate(10*time.Millisecond), got.Bytes, got.Rows, got.Errors, len(got.Notices), got.Notices)
	return got
}

// repeating is a body that begins so, has so many bytes of the text over and over, and
// ends so.
func repeating(before, text, after string, bytes int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, err := io.WriteString(w, before)
		chunk := strings.Repeat(text, max(1, 1<<20/len(text)))
		for sent := 0; sent < bytes && err == nil; {
			whole := min(len(chunk), (bytes-sent+len(text)-1)/len(text)*len(text))
			_, err = io.WriteString(w, chunk[:whole])
			sent += whole
		}
		_, _ = io.WriteString(w, after)
	})
}

const mebibyte = 1 << 20

// No answer of a Flink makes the plugin take more than 300 MiB.
func TestMemoryUnderHostileAnswers(t *testing.T) {
	orders := sim.HeldBack("orders", 40, 2, 20)
	object := func(path, before, text, after string, megabytes int) func() http.Handler {
		return func() http.Handler {
			withFlameGraphs := instead(newCluster(orders), "/jobmanager/config$", respondWith(200, `[{"key":"rest.flamegraph.enabled","value":"true"}]`))
			return instead(withFlameGraphs, path, repeating(before, text, after, megabytes*mebibyte))
		}
	}
	id := orders.ID
	long := strings.Repeat("x", 400)
	for name, c := range map[string]struct {
		flink   func() http.Handler
		queries []string
	}{
		"jobs":                  {object("/jobs/overview$", `{"jobs":[{}`, ",{}", "]}", 64), everyView},
		"jobs to the limit":     {object("/jobs/overview$", `{"jobs":[{}`, `,{"jid":"`+id+`","name":"`+long+`","state":"RUNNING"}`, "]}", 50), everyView},
		"vertices":              {object("/jobs/[0-9a-f]*$", `{"jid":"`+id+`","state":"RUNNING","vertices":[{}`, ",{}", "]}", 63), everyView},
		"vertices, named":       {object("/jobs/[0-9a-f]*$", `{"jid":"`+id+`","state":"RUNNING","vertices":[{}`, `,{"name":"`+long+`","parallelism":2}`, "]}", 50), everyView},
		"vertices, parallel":    {object("/jobs/[0-9a-f]*$", `{"jid":"`+id+`","state":"RUNNING","vertices":[{}`, `,{"id":"a","parallelism":2147483647,"tasks":{"RUNNING":1}}`, "]}", 1), everyView},
		"plan":                  {object("/jobs/[0-9a-f]*$", `{"jid":"`+id+`","state":"RUNNING","vertices":[],"plan":{"nodes":[{}`, ",{}", "]}}", 63), everyView},
		"edges":                 {object("/jobs/[0-9a-f]*$", `{"jid":"`+id+`","state":"RUNNING","vertices":[],"plan":{"nodes":[{}`, `,{"inputs":[`+strings.Repeat("{},", 1e5)+`{}]}`, "]}}", 63), everyView},
		"subtasks":              {object("/vertices/[0-9a-f]*$", `{"id":"x","subtasks":[{}`, ",{}", "]}", 63), everyView},
		"subtasks to the limit": {object("/vertices/[0-9a-f]*$", `{"id":"x","subtasks":[{}`, `,{"host":"`+long+`"}`, "]}", 52), everyView},
		"subtasks of tasks":     {object("/vertices/[0-9a-f]*$", `{"id":"x","subtasks":[{}`, `,{}`, "]}", 130_000*3/mebibyte+0), everyView},
		"gauges":                {object("/backpressure$", `{"status":"ok","subtasks":[{}`, ",{}", "]}", 63), everyView},
		"checkpoints":           {object("/checkpoints$", `{"history":[{}`, ",{}", "]}", 63), everyView},
		"checkpoint":            {object("/checkpoints/details", `{"id":1,"tasks":{"a":{}`, `,"a":{}`, "}}", 63), everyView},
		"exceptions":            {object("/exceptions$", `{"exceptionHistory":{"entries":[{}`, ",{}", "]}}", 63), everyView},
		"exceptions, texts":     {object("/exceptions$", `{"exceptionHistory":{"entries":[{}`, `,{"taskName":"`+strings.Repeat("x", mebibyte)+`","location":"`+strings.Repeat("y", 1e5)+`","concurrentExceptions":[`+strings.Repeat(`{"stacktrace":"`+strings.Repeat("z", 1e4)+`"},`, 100)+`{}]}`, "]}}", 60), everyView},
		"taskmanagers":          {object("/taskmanagers$", `{"taskmanagers":[{}`, ",{}", "]}", 63), everyView},
		"metrics":               {object("/metrics$", `[{}`, ",{}", "]", 63), append(everyView, `{"queryType":"measure","measure":"watermark_lag"}`, `{"queryType":"subtasks","detail":true}`)},
		"flame graph":           {object("/flamegraph$", `{"endTimestamp":1,"data":{"name":"root","value":1,"children":[{}`, ",{}", "]}}", 63), []string{`{"queryType":"flameGraph","jobs":"orders","tasks":"task-20"}`}},
		"configuration":         {object("/jobmanager/config$", `[{}`, ",{}", "]", 63), everyView},
		"configuration, long":   {object("/jobmanager/config$", `[{}`, `,{"key":"`+strings.Repeat("k", 1e6)+`","value":"`+strings.Repeat("v", 1e6)+`"}`, "]", 63), everyView},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.flink())
			defer server.Close()
			if got := attack(t, asked{Settings: map[string]any{"url": server.URL}, Queries: c.queries}); got.Peak > 300 {
				t.Errorf("%d MiB were resident, want 300 at most", got.Peak)
			}
		})
	}
}

// crowd is a Flink of jobs that are all alike, and answers with what is made up as it
// goes: so many jobs of so many tasks, each of that parallelism, of which so many
// subtasks are in the answer about a task, and names of that length.
type crowd struct {
	jobs, tasks, parallelism, subtasks int
	name, host                         int
	edges                              bool // each task reads from all others
	// jobName is that of the n-th job; nil for one of the length of names.
	jobName func(n int) string
}

func (c crowd) nameOf(n int) string {
	if c.jobName != nil {
		return c.jobName(n)
	}
	return fmt.Sprint(n, strings.Repeat("n", c.name))
}

func (c crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	comma := func(n int) string {
		if n > 0 {
			return ","
		}
		return ""
	}
	switch parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
	case parts[0] == "overview":
		fmt.Fprintf(out, `{"flink-version":"2.3.0","taskmanagers":1,"jobs-running":%d}`, c.jobs)
	case parts[0] == "jobmanager":
		fmt.Fprint(out, `[{"key":"rest.flamegraph.enabled","value":"true"}]`)
	case parts[0] == "taskmanagers" && len(parts) == 1:
		fmt.Fprint(out, `{"taskmanagers":[]}`)
	case len(parts) == 2 && parts[1] == "overview":
		fmt.Fprint(out, `{"jobs":[`)
		for n := range c.jobs {
			fmt.Fprintf(out, `%s{"jid":"%032x","name":"%s","state":"RUNNING","start-time":%d,"tasks":{"total":1,"running":1}}`, comma(n), n, c.nameOf(n), n)
		}
		fmt.Fprint(out, `]}`)
	case len(parts) == 2:
		var job int
		_, _ = fmt.Sscanf(parts[1], "%x", &job)
		fmt.Fprintf(out, `{"jid":"%s","name":"%s","state":"RUNNING","now":1795451646212,"vertices":[`, parts[1], c.nameOf(job))
		for n := range c.tasks {
			fmt.Fprintf(out, `%s{"id":"%032x","name":"%d%s","parallelism":%d,"maxParallelism":%d,"status":"RUNNING","tasks":{"RUNNING":%d}}`, comma(n), n, n, strings.Repeat("n", c.name), c.parallelism, c.parallelism, c.parallelism)
		}
		fmt.Fprint(out, `],"plan":{"nodes":[`)
		for n := range c.tasks {
			fmt.Fprintf(out, `%s{"id":"%032x","inputs":[`, comma(n), n)
			for from := range n {
				if c.edges || from == n-1 {
					fmt.Fprintf(out, `%s{"id":"%032x","ship_strategy":"HASH"}`, comma(from*min(1, n-1-from+map[bool]int{true: 1}[c.edges])), from)
				}
			}
			fmt.Fprint(out, `]}`)
		}
		fmt.Fprint(out, `]}}`)
	case len(parts) == 4:
		fmt.Fprintf(out, `{"id":"%s","now":1795451646212,"subtasks":[`, parts[3])
		for n := range c.subtasks {
			host := strings.Repeat("h", c.host)
			fmt.Fprintf(out, `%s{"subtask":%d,"status":"RUNNING","attempt":0,"endpoint":"%d%s:1","start-time":1795451572899,"duration":73313,"metrics":{"read-records":%d,"read-records-complete":true,"write-records":29,"write-records-complete":true,"accumulated-backpressured-time":%d,"accumulated-idle-time":1000,"accumulated-busy-time":%d.0},"taskmanager-id":"%s%d","status-duration":{"RUNNING":71497}}`,
				comma(n), n, n, host, n, time.Now().UnixMilli()%100000, time.Now().UnixMilli()%100000, host, n)
		}
		fmt.Fprint(out, `]}`)
	case strings.HasSuffix(r.URL.Path, "/backpressure"):
		fmt.Fprint(out, `{"status":"ok","subtasks":[`)
		for n := range c.subtasks {
			fmt.Fprintf(out, `%s{"subtask":%d,"ratio":0.3,"idleRatio":0.3,"busyRatio":0.4}`, comma(n), n)
		}
		fmt.Fprint(out, `]}`)
	default:
		http.Error(w, `{"errors":["Not found."]}`, http.StatusNotFound)
	}
}

// Nor do answers that are like Flink's own, but for being of more, or of longer names.
func TestMemoryUnderHostileJobs(t *testing.T) {
	for name, flink := range map[string]crowd{
		"1,000 jobs of parallelism 2³¹":                  {jobs: 1000, tasks: 1, parallelism: math.MaxInt32, subtasks: 1},
		"99,600 subtasks of 249 jobs":                    {jobs: 249, tasks: 40, parallelism: 10, subtasks: 10},
		"a task of 1,000 subtasks with a name of 1 MB":   {jobs: 1, tasks: 1, parallelism: 1000, subtasks: 1000, name: 1e6},
		"a task of 10,000 subtasks with a name of 10 KB": {jobs: 1, tasks: 1, parallelism: 10_000, subtasks: 10_000, name: 10_000},
		"3 tasks of 32,768 subtasks with long hosts":     {jobs: 1, tasks: 3, parallelism: 32_768, subtasks: 32_768, name: 10_000, host: 10_000},
		"100 tasks that answer with 32,768 subtasks":     {jobs: 1, tasks: 100, parallelism: 1, subtasks: 32_768},
		"10,000 tasks with names of 5 KB":                {jobs: 10, tasks: 10_000, name: 5_000},
		"2,000 tasks that read from all others":          {jobs: 3, tasks: 2000, parallelism: 1, subtasks: 1, edges: true},
		"100,000 jobs of one name":                       {jobs: 100_000, jobName: func(int) string { return "x" }},
		"100,000 jobs of colliding names": {jobs: 100_000, jobName: func(n int) string {
			if n%2 == 0 {
				return "x"
			}
			return fmt.Sprintf("x #%d", n)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(flink)
			defer server.Close()
			queries := everyView
			if flink.jobs > 1000 || flink.jobs*flink.tasks*flink.subtasks > 50_000 { // each takes its own
				queries = everyView[:4]
			}
			if got := attack(t, asked{Settings: map[string]any{"url": server.URL}, Queries: queries}); got.Peak > 300 {
				t.Errorf("%d MiB were resident, want 300 at most", got.Peak)
			}
		})
	}
}

// repeated answers each request as it was answered first.
func repeated(first http.Handler) http.Handler {
	var answers sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, known := answers.Load(r.RequestURI)
		if !known {
			recorder := httptest.NewRecorder()
			first.ServeHTTP(recorder, r)
			body, _ = answers.LoadOrStore(r.RequestURI, recorder.Body.Bytes())
		}
		_, _ = w.Write(body.([]byte))
	})
}

// Nor do many users of a large job, each of whom has samples of their own where Grafana
// forwards their tokens.
func TestMemoryUnderManyIdentities(t *testing.T) {
	server := httptest.NewServer(repeated(crowd{jobs: 1, tasks: 1, parallelism: 10_000, subtasks: 10_000}))
	defer server.Close()
	got := attack(t, asked{Settings: map[string]any{"url": server.URL, "oauthPassThru": true}, Queries: []string{`{"queryType":"tasks"}`}, Users: 250})
	if got.Peak > 300 || got.Requests == 0 || got.Rows[0] != 1 {
		t.Errorf("%d MiB were resident, want 300 at most; the last user got %d rows with %d requests", got.Peak, got.Rows[0], got.Requests)
	}
}

// Nor do those of a Prometheus.
func TestMemoryUnderHostilePrometheus(t *testing.T) {
	queries := []string{
		`{"queryType":"history","by":"subtask"}`, `{"queryType":"history"}`, `{"queryType":"bottlenecks"}`, `{"queryType":"timeline"}`,
	}
	matrix := `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}`
	now := time.Now().Unix()
	jobs := &strings.Builder{}
	for n := range 30_000 {
		fmt.Fprintf(jobs, `,{"metric":{"job_id":"%032x","job_name":"job %d"},"values":[[%d,"1"]]}`, n, n, now)
	}
	warnings := matrix + `]},"warnings":["a"` + strings.Repeat(`,"w`+strings.Repeat("x", 100)+`"`, 10)
	for name, c := range map[string]http.Handler{
		"64 MB of {}":       repeating(matrix, ",{}", `]}}`, 64*mebibyte),
		"40 MB of {}":       repeating(matrix, ",{}", `]}}`, 40*mebibyte),
		"series":            repeating(matrix, `,{"metric":{"job_id":"a"},"values":[[1,"1"]]}`, `]}}`, 40*mebibyte),
		"points":            repeating(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]`, `,[1,"1"]`, `]}]}}`, 40*mebibyte),
		"labels":            repeating(`{"status":"success","data":{"resultType":"matrix","result":[{"values":[],"metric":{"a":"b"`, `,"a":"b"`, `}}]}}`, 40*mebibyte),
		"values of a label": repeating(`{"status":"success","data":["a"`, `,"a"`, `]}`, 40*mebibyte),
		"a long text":       repeating(`{"status":"success","data":"`, strings.Repeat("x", 1000), `"}`, 47*mebibyte),
		"a long error":      repeating(`{"status":"error","errorType":"bad_data","error":"`, strings.Repeat("x", 1000), `"}`, 47*mebibyte),
		"100,000 warnings":  repeating(warnings, `,"w`+strings.Repeat("x", 100)+`"`, `]}`, 10*mebibyte),
		"30,000 jobs":       repeating(matrix, jobs.String(), `]}}`, jobs.Len()),
	} {
		t.Run(name, func(t *testing.T) {
			flink, prometheus := httptest.NewServer(newCluster(smallJobs("orders")...)), httptest.NewServer(c)
			defer flink.Close()
			defer prometheus.Close()
			got := attack(t, asked{Settings: map[string]any{"url": flink.URL, "timeoutSeconds": 5, "prometheus": map[string]any{"url": prometheus.URL}}, Queries: queries})
			if got.Peak > 300 || len(got.Notices) > 200 {
				t.Errorf("%d MiB were resident, want 300 at most, and %d notices", got.Peak, len(got.Notices))
			}
		})
	}
}

// Nor do headers, of which a map takes many times as much.
func TestMemoryUnderLongHeaders(t *testing.T) {
	cluster := newCluster(sim.HeldBack("orders", 40, 2, 20))
	headers := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n")
	for n := 0; len(headers) < 10<<20-4096; n++ {
		headers = fmt.Appendf(headers, "A%x:\r\n", n)
	}
	headers = append(headers, "\r\n{}"...)
	server := httptest.NewServer(sim.Spoiled(cluster, sim.Within("/vertices/", func(http.Handler) http.Handler { return inPlaceOfHTTP(t, headers) })))
	defer server.Close()
	if got := attack(t, asked{Settings: map[string]any{"url": server.URL}, Queries: everyView}); got.Peak > 300 {
		t.Errorf("%d MiB were resident, want 300 at most", got.Peak)
	}
}
