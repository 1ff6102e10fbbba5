package flinktest

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Advancing replays the moment as if it lasted, from the first request on.
// Nothing but what follows from the recording is added: Flink's clock, the
// durations of what runs, and to each running subtask's counters what its own
// gauges and rates of that moment make of the time since. The three gauges
// are divided by their sum, as they add up to as much as 1.078 and no subtask
// spends more time than there is. A Flink before 1.16 has no counters, and a
// legacy source none of its busy time: those stay as they were recorded.
func (m *Moment) Advancing() http.Handler { return &advancing{Moment: m} }

type advancing struct {
	*Moment
	begin sync.Once
	begun time.Time
}

// ServeHTTP answers as the cluster would have so long after the first request.
func (a *advancing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.begin.Do(func() { a.begun = time.Now() })
	said := a.answer(r)
	parts := strings.Split(r.URL.Path, "/")
	if said.Status == http.StatusOK && parts[1] == "jobs" && (len(parts) == 5 || len(parts) == 3 && parts[2] != "overview") {
		said.Body = a.later(said.Body, r.URL.Path, time.Since(a.begun))
	}
	said.write(w)
}

// object is a JSON object whose numbers stay as they were written.
type object = map[string]any

// later is an answer about a job or a task, that much later.
func (m *Moment) later(body []byte, path string, since time.Duration) []byte {
	answer := open(body)
	grow(answer, "now", since.Milliseconds())
	if answer["state"] == "RUNNING" {
		grow(answer, "duration", since.Milliseconds())
	}
	subtasks, _ := answer["subtasks"].([]any)
	for _, each := range subtasks {
		if subtask := each.(object); subtask["status"] == "RUNNING" {
			m.spend(subtask, path, since)
		}
	}
	later, _ := json.Marshal(answer)
	return later
}

// spend lets time pass for a running subtask.
func (m *Moment) spend(subtask object, path string, since time.Duration) {
	grow(subtask, "duration", since.Milliseconds())
	if states, told := subtask["status-duration"].(object); told {
		grow(states, "RUNNING", since.Milliseconds())
	}
	index := text(subtask["subtask"])
	counters := subtask["metrics"].(object)
	gauge := m.Gauge(path+"/backpressure", index)
	for counter, share := range map[string]float64{
		"accumulated-idle-time": gauge.Idle, "accumulated-busy-time": gauge.Busy, "accumulated-backpressured-time": gauge.Backpressured,
	} {
		if sum := gauge.Idle + gauge.Busy + gauge.Backpressured; sum > 0 {
			grow(counters, counter, int64(math.Round(float64(since.Milliseconds())*share/sum)))
		}
	}
	for counter, rate := range map[string]string{"read-records": "numRecordsInPerSecond", "write-records": "numRecordsOutPerSecond"} {
		if perSecond, known := m.Metric(path, index, rate); known {
			grow(counters, counter, int64(math.Round(since.Seconds()*perSecond)))
		}
	}
}

// Gauge is how a subtask spends its time by the recorded answer of
// /backpressure; zeros where that is not known in full.
func (m *Moment) Gauge(path, subtask string) (gauge struct{ Idle, Busy, Backpressured float64 }) {
	if _, found := m.answers[path]; !found {
		return gauge
	}
	subtasks, _ := open(m.answers[path].Body)["subtasks"].([]any)
	for _, each := range subtasks {
		if ratios := each.(object); text(ratios["subtask"]) == subtask && text(ratios["busyRatio"]) != "NaN" {
			gauge.Idle, gauge.Busy, gauge.Backpressured = number(ratios["idleRatio"]), number(ratios["busyRatio"]), number(ratios["ratio"])
		}
	}
	return gauge
}

// Metric is a recorded metric of a subtask of the task at the path.
func (m *Moment) Metric(path, subtask, name string) (value float64, known bool) {
	said, known := m.metrics[path+"/metrics"][subtask+"."+name]
	if known {
		value = number(open(said)["value"])
	}
	return value, known
}

// grow adds to a number that is there.
func grow(in object, key string, by int64) {
	if value, err := strconv.ParseFloat(text(in[key]), 64); err == nil && !math.IsNaN(value) {
		in[key] = value + float64(by)
	}
}

func open(body []byte) (answer object) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	_ = decoder.Decode(&answer)
	return answer
}

func text(value any) string {
	switch value := value.(type) {
	case json.Number:
		return value.String()
	case string:
		return value
	}
	return ""
}

func number(value any) float64 {
	parsed, _ := strconv.ParseFloat(text(value), 64)
	return parsed
}
