package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

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
	answer := c.answer(r.URL.Path, time.Now())
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]any{"errors": []string{"Unable to load requested file " + r.URL.Path + "."}}
	}
	// A client that went away does not read the answer.
	_ = json.NewEncoder(w).Encode(answer)
}

// answer is the body for a path, nil if there is none.
func (c *Cluster) answer(path string, now time.Time) any {
	switch path {
	case "/overview":
		return map[string]any{"taskmanagers": 1, "jobs-running": len(c.Jobs), "flink-version": c.Version}
	case "/jobmanager/config":
		return []map[string]string{{"key": "metrics.fetcher.update-interval", "value": fmt.Sprint(c.Fetch.Milliseconds())}}
	case "/jobs/overview":
		return c.overview(now)
	}
	parts := strings.Split(strings.TrimPrefix(path, "/jobs/"), "/")
	for _, job := range c.Jobs {
		if job.ID == parts[0] {
			return job.answer(parts[1:], now, c.triggered(now))
		}
	}
	return nil
}

// answer is the body for a path below a job.
func (j *Job) answer(parts []string, now, shown time.Time) any {
	if len(parts) == 0 {
		return j.details(now)
	}
	if parts[0] != "vertices" || len(parts) < 2 {
		return nil
	}
	for _, task := range j.Tasks {
		switch {
		case task.ID != parts[1]:
		case len(parts) == 2:
			return j.vertex(task, now, shown)
		case parts[2] == "backpressure":
			return task.backpressure(shown)
		}
	}
	return nil
}
