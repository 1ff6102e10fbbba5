// Package sim simulates a Flink cluster and serves Flink's REST API with its
// peculiarities: metrics that change only when a request makes the JobManager
// fetch them, and arrive a moment later; averages, warm-up, and answers that
// differ by version. A job's load follows from the capacity of its tasks, so that
// the true bottleneck is known: see [Job.Truth].
package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Cluster is a simulated cluster: an [net/http.Handler] that answers as
// Flink's REST API does at the current time. Its fields are set before it
// serves. It is safe for concurrent use and has no goroutines of its own.
type Cluster struct {
	// Version is Flink's, such as 1.13.6; answers differ by it.
	Version string
	// Fetch is metrics.fetcher.update-interval; 0 turns fetching off.
	Fetch time.Duration
	// FlameGraphs is rest.flamegraph.enabled, and StackSampling how long taking samples
	// of stacks takes; 0 is Flink's 5 s.
	FlameGraphs   bool
	StackSampling time.Duration
	// Delay is how long each answer takes.
	Delay time.Duration
	// Noise is how much of a wait that has not ended yet counts as busy, at
	// most: 286 ms were seen. It differs by subtask and fetch.
	Noise time.Duration
	// Seed decides what is left to chance.
	Seed uint64
	Jobs []*Job

	fetches  fetches
	stacks   stackSampling
	mu       sync.Mutex
	requests []string
}

// Requests are the paths of the requests since the last call.
func (c *Cluster) Requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := c.requests
	c.requests = nil
	return requests
}

func (c *Cluster) count(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, path)
}

// requestLine is how many bytes a request line may have.
const requestLine = 4096

// ServeHTTP answers a request as Flink would.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.count(r.URL.Path)
	if c.Delay > 0 {
		select {
		case <-time.After(c.Delay):
		case <-r.Context().Done():
			return
		}
	}
	status, answer := c.answer(r)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if status == http.StatusNotFound && tooLong(r) {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(answer) // a client that went away does not read it
}

func tooLong(r *http.Request) bool {
	return len(r.Method)+len(r.URL.RequestURI())+len("  HTTP/1.1") > requestLine
}

// answer is the status and body for a request.
func (c *Cluster) answer(r *http.Request) (int, any) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	now, version := time.Now(), released(c.Version)
	switch {
	case tooLong(r):
		return notThere("/bad-request")
	case r.Method != http.MethodGet:
		return notAllowed(version, path)
	case path == "/overview":
		return http.StatusOK, c.overview(now)
	case path == "/config":
		return http.StatusOK, c.config()
	case path == "/jobmanager/config":
		return http.StatusOK, c.options()
	case path == "/taskmanagers":
		return http.StatusOK, c.taskManagers(now, version)
	case path == "/jobs":
		return http.StatusOK, c.ids(now)
	case path == "/jobs/overview":
		return http.StatusOK, c.jobs(now, version)
	}
	if below, found := strings.CutPrefix(path, "/taskmanagers/"); found {
		return c.belowTaskManagers(below, r, now, version)
	}
	below, found := strings.CutPrefix(path, "/jobs/")
	if !found {
		return notThere(path)
	}
	return c.belowJobs(strings.Split(below, "/"), r, now)
}

// belowJobs is the answer for a path below /jobs/.
func (c *Cluster) belowJobs(parts []string, r *http.Request, now time.Time) (int, any) {
	if !isID(parts[0]) {
		return notAnID("jobid", parts[0])
	}
	job := c.job(parts[0])
	if len(parts) == 2 && parts[1] == "metrics" {
		return http.StatusOK, c.jobMetrics(job, r.URL.Query(), now)
	}
	if job == nil && (len(parts) < 4 || parts[1] != "vertices") {
		return notFound("Job " + parts[0])
	}
	switch {
	case len(parts) == 1:
		return http.StatusOK, detailsOf(c.moment(job, now))
	case len(parts) == 2 && parts[1] == "plan":
		return http.StatusOK, map[string]any{"plan": planOf(c.moment(job, now))}
	case parts[1] == "checkpoints":
		return belowCheckpoints(c.moment(job, now), parts[2:], r)
	case len(parts) == 2 && parts[1] == "exceptions":
		return http.StatusOK, exceptionsOf(c.moment(job, now))
	case len(parts) < 3 || parts[1] != "vertices":
		return notThere(r.URL.Path)
	case !isID(parts[2]):
		return notAnID("vertexid", parts[2])
	}
	m, task := moment{}, -1
	if job != nil {
		task = job.task(parts[2])
		if len(parts) == 4 && parts[3] == "flamegraph" && task >= 0 {
			return c.flameGraphOf(c.states(job, now), task, r.URL.Query())
		}
		m = c.moment(job, now)
	}
	return belowTask(m, task, parts[2:], r)
}

// belowTask is the answer for a path below a task, -1 for one that the job
// does not have.
func belowTask(m moment, task int, parts []string, r *http.Request) (int, any) {
	switch what := strings.Join(parts[1:], "/"); {
	case (what == "" || what == "flamegraph") && task < 0:
		return notFound("JobVertex " + parts[0])
	case what == "":
		return http.StatusOK, taskOf(m, task)
	case what == "backpressure":
		return http.StatusOK, backpressureOf(m, task)
	case what == "metrics":
		return http.StatusOK, metricsOf(m, task, r.URL.Query())
	case what == "subtasks/metrics":
		return aggregatedMetrics(m, task, r.URL.Query())
	default:
		return notThere(r.URL.Path)
	}
}

// job finds a job by its id, nil if there is none. Flink takes upper case too.
func (c *Cluster) job(id string) *Job {
	for _, job := range c.Jobs {
		if strings.EqualFold(job.ID, id) {
			return job
		}
	}
	return nil
}

// moment is the job at the time of a request. It makes the JobManager fetch.
func (c *Cluster) moment(job *Job, now time.Time) moment {
	m := c.states(job, now)
	shown, begun := c.fetches.triggered(now, c.Fetch, c.Seed)
	m.fetched, m.shown, m.begun = !shown.IsZero(), shown.Sub(job.Start), begun
	return m
}

// states is the job at the time of a request, without metrics.
func (c *Cluster) states(job *Job, now time.Time) moment {
	m := moment{Job: job, release: released(c.Version), noise: c.Noise, seed: c.Seed, now: now}
	m.at = c.fetches.graph(job.ID, now).Sub(job.Start)
	m.phase, _, _ = job.lifetime().at(m.at)
	m.attempt = job.lifetime().attemptAt(m.at)
	return m
}

// jobMetrics are what the JobManager measures of a job.
func (c *Cluster) jobMetrics(job *Job, query url.Values, now time.Time) []metric {
	found := []metric{}
	if job == nil {
		return found
	}
	m := c.moment(job, now)
	if !m.fetched || m.shown < 0 {
		return found
	}
	values := map[string]string{
		"numRestarts": fmt.Sprint(m.lifetime().attemptAt(m.shown).number),
		"uptime":      fmt.Sprint(m.shown.Milliseconds()),
		"downtime":    "0",
	}
	for _, name := range names(query) {
		if value, known := values[name]; known {
			found = append(found, metric{name, value})
		}
	}
	return found
}

func (c *Cluster) overview(now time.Time) any {
	counts := map[string]int{}
	for _, job := range c.Jobs {
		counts[job.stateNow(now)]++
	}
	return map[string]any{
		"taskmanagers": len(c.machines()), "slots-total": 0, "slots-available": 0,
		"jobs-running":  len(c.Jobs) - counts["FINISHED"] - counts["CANCELED"] - counts["FAILED"],
		"jobs-finished": counts["FINISHED"], "jobs-cancelled": counts["CANCELED"], "jobs-failed": counts["FAILED"],
		"flink-version": c.Version, "flink-commit": "c0f8d1a",
	}
}

func (c *Cluster) config() any {
	return map[string]any{
		"refresh-interval": refresh.Milliseconds(), "timezone-name": "Coordinated Universal Time", "timezone-offset": 0,
		"flink-version": c.Version, "flink-revision": "c0f8d1a @ 2026-06-14T16:29:03+02:00", "features": map[string]bool{"web-submit": true},
	}
}

// options is the JobManager's configuration.
func (c *Cluster) options() any {
	type option struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	return []option{
		{"jobmanager.rpc.address", "127.0.0.1"},
		{"metrics.fetcher.update-interval", fmt.Sprint(c.Fetch.Milliseconds())},
		{"web.refresh-interval", fmt.Sprint(refresh.Milliseconds())},
		{"rest.flamegraph.enabled", fmt.Sprint(c.FlameGraphs)},
	}
}

func (c *Cluster) ids(now time.Time) any {
	type job struct {
		ID    string `json:"id"`
		State string `json:"status"`
	}
	jobs := make([]job, len(c.Jobs))
	for i, j := range c.Jobs {
		jobs[i] = job{j.ID, j.stateNow(now)}
	}
	return map[string]any{"jobs": jobs}
}

// listedJob is a job in the list of jobs.
type listedJob struct {
	ID        string         `json:"jid"`
	Name      string         `json:"name"`
	Type      string         `json:"jobType,omitempty"`
	Scheduler string         `json:"schedulerType,omitempty"`
	State     string         `json:"state"`
	Start     int64          `json:"start-time"`
	End       int64          `json:"end-time"`
	Duration  int64          `json:"duration"`
	Modified  int64          `json:"last-modification"`
	Subtasks  map[string]int `json:"tasks"`
	Operators *int           `json:"pending-operators,omitempty"`
}

// jobs is the list of jobs. It makes the JobManager fetch no metrics.
func (c *Cluster) jobs(now time.Time, version release) any {
	jobs := make([]listedJob, len(c.Jobs))
	for i, job := range c.Jobs {
		jobs[i] = listed(job, now, version)
	}
	return map[string]any{"jobs": jobs}
}

func listed(j *Job, now time.Time, version release) listedJob {
	offset := now.Sub(j.Start)
	phase, _, _ := j.lifetime().at(offset)
	listed := listedJob{
		ID: j.ID, Name: j.Name, State: j.stateIn(phase), Subtasks: countsOf(j, phase),
		Start: j.Start.UnixMilli(), End: -1, Duration: offset.Milliseconds(), Modified: now.Add(-offset + phase.begin).UnixMilli(),
	}
	if state := listed.State; state != "FAILING" && state != "CANCELLING" && ended(state) {
		listed.End = j.Start.Add(phase.begin).UnixMilli()
		listed.Duration = listed.End - listed.Start
	}
	if version.from(2, 3) {
		listed.Type, listed.Scheduler = j.kind(), "Default"
	}
	if version.from(2, 0) {
		listed.Operators = new(int)
	}
	return listed
}

// countsOf counts a job's subtasks by state, in lower case.
func countsOf(j *Job, phase *steadyPhase) map[string]int {
	counts := make(map[string]int, len(states)+1)
	for _, state := range states {
		counts[strings.ToLower(state)] = 0
	}
	for t, task := range phase.tasks {
		counts[strings.ToLower(j.stateOf(t, phase))] += task.subtasks()
		counts["total"] += task.subtasks()
	}
	return counts
}
