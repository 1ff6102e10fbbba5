package sim

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// requestLine is how many bytes a request line may have.
const requestLine = 4096

// ServeHTTP answers a request as Flink would.
func (c *Cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.note(r.URL.Path)
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
		return http.StatusOK, c.moment(job, now).details()
	case len(parts) == 2 && parts[1] == "plan":
		return http.StatusOK, map[string]any{"plan": c.moment(job, now).plan()}
	case len(parts) < 3 || parts[1] != "vertices":
		return notThere(r.URL.Path)
	case !isID(parts[2]):
		return notAnID("vertexid", parts[2])
	}
	m, task := moment{}, -1
	if job != nil {
		m = c.moment(job, now)
		task = job.task(parts[2])
	}
	return m.belowTask(task, parts[2:], r)
}

// belowTask is the answer for a path below a task, -1 for one that the job
// does not have.
func (m moment) belowTask(task int, parts []string, r *http.Request) (int, any) {
	switch what := strings.Join(parts[1:], "/"); {
	case what == "" && task < 0:
		return notFound("JobVertex " + parts[0])
	case what == "":
		return http.StatusOK, m.task(task)
	case what == "backpressure":
		return http.StatusOK, m.backpressure(task)
	case what == "metrics":
		return http.StatusOK, m.metrics(task, r.URL.Query())
	case what == "subtasks/metrics":
		return m.aggregated(task, r.URL.Query())
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

// task is the index of a job's task, -1 if it has none of that id.
func (j *Job) task(id string) int {
	for i, task := range j.Tasks {
		if strings.EqualFold(task.ID, id) {
			return i
		}
	}
	return -1
}
