package flinktest

import (
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
)

// advancing is a moment that goes on: see [Moment.Advancing].
type advancing struct {
	*Moment
	begin sync.Once
	begun time.Time
}

// ServeHTTP answers as the cluster would have so long after the first request.
func (a *advancing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.begin.Do(func() { a.begun = time.Now() })
	recorded := a.answer(r)
	parts := strings.Split(r.URL.Path, "/")
	if recorded.Status == http.StatusOK && parts[1] == "jobs" && (len(parts) == 5 || len(parts) == 3 && parts[2] != "overview") {
		recorded.Body = a.later(recorded.Body, r.URL.Path, time.Since(a.begun))
	}
	recorded.write(w)
}

// later is an answer about a job or a task, that much later.
func (a *advancing) later(body []byte, path string, since time.Duration) []byte {
	answer := open(body)
	add(answer, "now", since.Milliseconds())
	if answer["state"] == "RUNNING" {
		add(answer, "duration", since.Milliseconds())
	}
	subtasks, _ := answer["subtasks"].([]any)
	for _, each := range subtasks {
		if subtask := each.(object); subtask["status"] == "RUNNING" {
			a.spend(subtask, path, since)
		}
	}
	return encoded(answer)
}

// spend adds the time since to a running subtask's counters.
func (a *advancing) spend(subtask object, path string, since time.Duration) {
	add(subtask, "duration", since.Milliseconds())
	if states, found := subtask["status-duration"].(object); found {
		add(states, "RUNNING", since.Milliseconds())
	}
	index := text(subtask["subtask"])
	counters := subtask["metrics"].(object)
	gauge := a.Gauge(path+"/backpressure", index)
	for counter, share := range map[string]float64{
		"accumulated-idle-time": gauge.Idle, "accumulated-busy-time": gauge.Busy, "accumulated-backpressured-time": gauge.Backpressured,
	} {
		if sum := gauge.Idle + gauge.Busy + gauge.Backpressured; sum > 0 {
			add(counters, counter, int64(math.Round(float64(since.Milliseconds())*share/sum)))
		}
	}
	for counter, rate := range map[string]string{"read-records": "numRecordsInPerSecond", "write-records": "numRecordsOutPerSecond"} {
		if perSecond, known := a.Metric(path, index, rate); known {
			add(counters, counter, int64(math.Round(since.Seconds()*perSecond)))
		}
	}
}
