// Package prepared serves the answers of a Flink with one large job from bytes that
// are made beforehand, so that measuring a client's cost measures little of the
// server's. The job is a chain of tasks of which one in the middle holds it back.
package prepared

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// JobID is the id of the job.
const JobID = "c7bcc7c5d9f0293256aea632acfa3294"

// step is one hour in milliseconds: what the counters' clock advances per poll, and the
// fetch interval, so that no poll waits for a fetch that is due.
const step = 3_600_000

// Flink is the server. It is safe for concurrent use.
type Flink struct {
	jobs, job []byte
	mu        sync.Mutex
	polls     int64
	tasks     []task
	byID      map[string]*task
	paths     []string
}

// task is the answer about a task, and where in it the counters stand.
type task struct {
	body         []byte
	counters     []counter
	backpressure []byte
}

// counter is a number of 13 digits in a body: enough for 2,500 polls.
type counter struct {
	at       int
	perMilli float64 // its growth per millisecond
}

// TaskID is the id of a task by its number.
func TaskID(n int) string { return fmt.Sprintf("%032x", n+1) }

// New makes the answers for a job of so many tasks with so many subtasks each.
func New(tasks, subtasks int) *Flink {
	f := &Flink{byID: map[string]*task{}, tasks: make([]task, tasks)}
	var vertices, nodes []string
	for n := range f.tasks {
		f.tasks[n] = newTask(n, tasks, subtasks)
		f.byID[TaskID(n)] = &f.tasks[n]
		vertices = append(vertices, fmt.Sprintf(`{"id":"%s","slotSharingGroupId":"b48a5d1ff2e7c8ba5ce9dc06a7bb3e37","name":"task %d -> Map","maxParallelism":32768,"parallelism":%d,"status":"RUNNING","start-time":1795451572899,"end-time":-1,"duration":73313,`+
			`"tasks":{"CREATED":0,"SCHEDULED":0,"RUNNING":%d,"FAILED":0,"DEPLOYING":0,"FINISHED":0,"INITIALIZING":0,"CANCELED":0,"CANCELING":0,"RECONCILING":0},`+
			`"metrics":{"read-bytes":1541,"read-bytes-complete":true,"write-bytes":0,"write-bytes-complete":true,"read-records":29,"read-records-complete":true,"write-records":29,"write-records-complete":true,"accumulated-backpressured-time":0,"accumulated-idle-time":0,"accumulated-busy-time":0.0}}`, TaskID(n), n, subtasks, subtasks))
		inputs := ""
		if n > 0 {
			inputs = fmt.Sprintf(`,"inputs":[{"num":0,"id":"%s","ship_strategy":"REBALANCE","exchange":"pipelined_bounded"}]`, TaskID(n-1))
		}
		nodes = append(nodes, fmt.Sprintf(`{"id":"%s","parallelism":%d,"operator":"","operator_strategy":"","description":"task %d<br/>+- Map<br/>"%s,"optimizer_properties":{}}`, TaskID(n), subtasks, n, inputs))
	}
	f.jobs = fmt.Appendf(nil, `{"jobs":[{"jid":"%s","name":"large","start-time":1795451572899,"end-time":-1,"duration":73313,"state":"RUNNING","last-modification":1795451574899,"tasks":{"running":%d,"canceling":0,"canceled":0,"total":%d,"created":0,"scheduled":0,"deploying":0,"reconciling":0,"finished":0,"initializing":0,"failed":0},"jobType":"STREAMING"}]}`, JobID, tasks*subtasks, tasks*subtasks)
	f.job = fmt.Appendf(nil, `{"jid":"%s","name":"large","isStoppable":false,"state":"RUNNING","job-type":"STREAMING","start-time":1795451572899,"end-time":-1,"duration":73313,"maxParallelism":-1,"now":1795451646212,"vertices":[%s],"plan":{"jid":"%s","name":"large","type":"STREAMING","nodes":[%s]}}`,
		JobID, strings.Join(vertices, ","), JobID, strings.Join(nodes, ","))
	return f
}

// newTask is the answer about a task. Those before the middle are held back by that
// one.
func newTask(n, tasks, subtasks int) task {
	busy, backpressured := 0.2, 0.0
	switch middle := tasks / 2; {
	case n < middle:
		busy, backpressured = 0.1, 0.85
	case n == middle:
		busy = 0.97
	}
	var made task
	var body, ratios bytes.Buffer
	fmt.Fprintf(&body, `{"id":"%s","name":"task %d -> Map","parallelism":%d,"maxParallelism":32768,"now":1795451646212,"subtasks":[`, TaskID(n), n, subtasks)
	number := func(name string, share float64, after string) {
		fmt.Fprintf(&body, `"%s":`, name)
		made.counters = append(made.counters, counter{body.Len(), share})
		body.WriteString("1000000000000" + after)
	}
	for s := range subtasks {
		comma := ","
		if s == 0 {
			comma = ""
		}
		fmt.Fprintf(&body, `%s{"subtask":%d,"status":"RUNNING","attempt":0,"endpoint":"worker-%d.example.org:41835","start-time":1795451572899,"end-time":-1,"duration":73313,"metrics":{"read-bytes":1541,"read-bytes-complete":true,"write-bytes":0,"write-bytes-complete":true,`, comma, s, s/4)
		number("read-records", 1000, `,"read-records-complete":true,`)
		number("write-records", 1000, `,"write-records-complete":true,`)
		number("accumulated-backpressured-time", backpressured, ",")
		number("accumulated-idle-time", 1-busy-backpressured, ",")
		number("accumulated-busy-time", busy, ".0}")
		fmt.Fprintf(&body, `,"taskmanager-id":"worker-%d.example.org:43163-a0b600","status-duration":{"DEPLOYING":714,"CREATED":159,"SCHEDULED":1117,"INITIALIZING":1102,"RUNNING":71497},"start_time":1795451572899}`, s/4)
		fmt.Fprintf(&ratios, `%s{"subtask":%d,"attempt-number":0,"backpressureLevel":"low","ratio":%g,"busyRatio":%g,"idleRatio":%g,"backpressure-level":"low"}`, comma, s, backpressured, busy, 1-busy-backpressured)
	}
	body.WriteString(`]}`)
	made.body = body.Bytes()
	made.backpressure = fmt.Appendf(nil, `{"status":"ok","backpressureLevel":"low","end-timestamp":1795451646212,"subtasks":[%s],"backpressure-level":"low"}`, ratios.Bytes())
	return made
}

// Paths are the paths of the requests since the last call.
func (f *Flink) Paths() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	paths := f.paths
	f.paths = nil
	return paths
}

// ServeHTTP answers a request of Flink's REST API. A request for the job begins a
// poll: the counters of all tasks move on.
func (f *Flink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	switch path := r.URL.Path; path {
	case "/overview":
		body = []byte(`{"taskmanagers":25,"slots-total":100,"slots-available":0,"jobs-running":1,"jobs-finished":0,"jobs-cancelled":0,"jobs-failed":0,"flink-version":"2.3.0","flink-commit":"0000000"}`)
	case "/jobmanager/config":
		body = fmt.Appendf(nil, `[{"key":"metrics.fetcher.update-interval","value":"%d"}]`, step)
	case "/jobs/overview":
		body = f.jobs
	case "/jobs/" + JobID:
		body = f.job
		f.moveOn()
	default:
		of, gauges := strings.CutSuffix(path, "/backpressure")
		task := f.byID[strings.TrimPrefix(of, "/jobs/"+JobID+"/vertices/")]
		switch {
		case task == nil:
			http.NotFound(w, r)
			return
		case gauges:
			body = task.backpressure
		default:
			body = task.body
		}
	}
	f.mu.Lock()
	f.paths = append(f.paths, r.URL.Path)
	if len(f.paths) > maxPaths {
		f.paths = slices.Clone(f.paths[maxPaths/2:])
	}
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// maxPaths bounds the paths that are kept.
const maxPaths = 10_000

// moveOn adds a step to all counters, in place: a poll ends before the next begins.
func (f *Flink) moveOn() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.polls++
	for i := range f.tasks {
		t := &f.tasks[i]
		for _, c := range t.counters {
			strconv.AppendInt(t.body[:c.at], 1_000_000_000_000+int64(c.perMilli*step)*f.polls, 10)
		}
	}
}
