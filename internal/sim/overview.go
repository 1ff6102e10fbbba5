package sim

import (
	"fmt"
	"strings"
	"time"
)

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

// stateNow is the job's state, not as of when Flink last looked.
func (j *Job) stateNow(now time.Time) string {
	phase, _, _ := j.lives().at(now.Sub(j.Start))
	return j.stateIn(phase)
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
		jobs[i] = job.listed(now, version)
	}
	return map[string]any{"jobs": jobs}
}

func (j *Job) listed(now time.Time, version release) listedJob {
	offset := now.Sub(j.Start)
	phase, _, _ := j.lives().at(offset)
	listed := listedJob{
		ID: j.ID, Name: j.Name, State: j.stateIn(phase), Subtasks: j.countsOf(phase),
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
func (j *Job) countsOf(phase *lived) map[string]int {
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

// kind is the job's type.
func (j *Job) kind() string {
	if j.Type == "" {
		return "STREAMING"
	}
	return j.Type
}
