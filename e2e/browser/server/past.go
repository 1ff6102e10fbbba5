package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// scrapeInterval is that of the Prometheus.
const scrapeInterval = 15 * time.Second

// mangled is what Flink's reporter replaces in the values of labels.
var mangled = regexp.MustCompile("[^a-zA-Z0-9:_]")

// pastOf is a Prometheus that has scraped the jobs since they began, and will until the
// server ends. It is filled on its first request: most tests need none.
func pastOf(jobs []*sim.Job) http.Handler {
	filled := sync.OnceValue(func() *promtest.Server {
		server, until := promtest.Handler(), time.Now().Add(longest)
		for _, job := range jobs {
			for t := range job.Tasks {
				for subtask := range cmp.Or(job.Tasks[t].Parallelism, 1) {
					scrape(server, job, t, subtask, until)
				}
			}
		}
		return server
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { filled().ServeHTTP(w, r) })
}

// scrape adds the counters of a subtask, and the gauge by which the plugin finds jobs.
func scrape(server *promtest.Server, job *sim.Job, t, subtask int, until time.Time) {
	task := job.Tasks[t]
	host := job.Machines[subtask%len(job.Machines)].Host
	labels := map[string]string{
		"job_id": job.ID, "job_name": mangled.ReplaceAllString(job.Name, "_"), "task_id": task.ID, "task_name": mangled.ReplaceAllString(task.Name, "_"),
		"subtask_index": strconv.Itoa(subtask), "task_attempt_id": fmt.Sprintf("%s_%s_%d_0", job.ID, task.ID, subtask), "task_attempt_num": "0",
		"host": host, "tm_id": mangled.ReplaceAllString(host, "_"),
	}
	columns := []struct {
		name string
		// value is the gauge at a load, or the rate at which the counter grows, a second.
		value   func(sim.Load) float64
		counter bool
		sum     float64
		samples []promtest.Sample
	}{
		{name: "backPressuredTimeMsPerSecond", value: func(l sim.Load) float64 { return 1000 * l.Backpressured }},
		{name: "accumulateIdleTimeMs", value: func(l sim.Load) float64 { return 1000 * l.Idle }, counter: true},
		{name: "accumulateBusyTimeMs", value: func(l sim.Load) float64 { return 1000 * l.Busy }, counter: true},
		{name: "accumulateBackPressuredTimeMs", value: func(l sim.Load) float64 { return 1000 * l.Backpressured }, counter: true},
		{name: "numRecordsIn", value: func(l sim.Load) float64 { return l.RecordsIn }, counter: true},
		{name: "numRecordsOut", value: func(l sim.Load) float64 { return l.RecordsOut }, counter: true},
	}
	for at := job.Start; at.Before(until); at = at.Add(scrapeInterval) {
		load := job.Load(t, subtask, at)
		for c := range columns {
			column := &columns[c]
			value := column.value(load)
			if column.counter {
				column.sum += value * scrapeInterval.Seconds()
				value = column.sum
			}
			column.samples = append(column.samples, promtest.Sample{At: at, Value: value})
		}
	}
	for _, column := range columns {
		of := maps.Clone(labels)
		of["__name__"] = "flink_taskmanager_job_task_" + column.name
		server.Add(of, column.samples...)
	}
}
