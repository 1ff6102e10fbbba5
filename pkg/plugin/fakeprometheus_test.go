package plugin_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// attempt is an attempt of a subtask as a Prometheus has scraped it every 15 s:
// evenly loaded, or with counters that none of its metrics tell apart.
type attempt struct {
	jobID, job, taskID, task, manager string
	subtask                           int
	from, to                          time.Time
	idle, busy, held                  float64
}

const scrapeInterval = 15 * time.Second

// farRestarts is how often each job has restarted.
const farRestarts = 3

// during is for how much of the window before a time the attempt ran.
func (a attempt) during(at time.Time, window time.Duration) time.Duration {
	from, to := at.Add(-window), at
	if a.from.After(from) {
		from = a.from
	}
	if a.to.Before(to) {
		to = a.to
	}
	return to.Sub(from)
}

// value is what a function of a metric tells of that window.
func (a attempt) value(function, metric string, during time.Duration) float64 {
	if function == "count_over_time" {
		return float64(during / scrapeInterval)
	}
	rates := map[string]float64{"accumulateIdleTimeMs": a.idle, "accumulateBusyTimeMs": a.busy, "accumulateBackPressuredTimeMs": a.held}
	return 1000 * rates[metric] * during.Seconds() // there are no records
}

func (a attempt) labels() map[string]string {
	return map[string]string{
		"job_id": a.jobID, "job_name": a.job, "task_id": a.taskID, "task_name": a.task, "subtask_index": strconv.Itoa(a.subtask),
		"task_attempt_id": fmt.Sprintf("%s-%s_%s_%d", a.manager, a.from, a.taskID, a.subtask), "task_attempt_num": "0", "host": a.manager, "tm_id": a.manager,
	}
}

// attemptsOf are those of a simulated job's subtasks, half busy and half
// backpressured all the time.
func attemptsOf(of *sim.Job, manager string, from, to time.Time) (all []attempt) {
	for _, task := range of.Tasks {
		for subtask := range max(task.Parallelism, 1) {
			all = append(all, attempt{of.ID, of.Name, task.ID, task.Name, manager, subtask, from, to, 0, 0.5, 0.5})
		}
	}
	return all
}

// fakePrometheus answers what the plugin asks, unless it has a fault.
type fakePrometheus struct {
	attempts []attempt
	warnings []string
	fault    http.HandlerFunc
	takes    time.Duration // before it answers

	mu          sync.Mutex
	asked       []url.Values
	under, most int // requests under way, at once
}

// taken is how many requests there were, and forgets them.
func (f *fakePrometheus) taken() (requests int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	requests, f.asked = len(f.asked), nil
	return requests
}

func (f *fakePrometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what cannot be read is no expression
	f.mu.Lock()
	f.asked, f.under = append(f.asked, r.Form), f.under+1
	f.most = max(f.most, f.under)
	f.mu.Unlock()
	time.Sleep(f.takes)
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.under--
	}()
	if f.fault != nil {
		f.fault(w, r)
		return
	}
	var data any = f.ids()
	if !strings.Contains(r.URL.Path, "/label/") {
		data = map[string]any{"resultType": "matrix", "result": f.matrix(r.Form)}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data, "warnings": f.warnings})
}

func (f *fakePrometheus) ids() []string {
	ids := []string{}
	for _, a := range f.attempts {
		ids = append(ids, a.jobID)
	}
	return ids
}

var expression = regexp.MustCompile(`^(?:(max|count|count by \(job_id, job_name\)) ?\()?(?:(\w+)\()?flink_(?:jobmanager_job|taskmanager_job_task)_(\w+)\{(.*)\}\[(\d+)ms\]\)*$`)

// asked is an expression and the points at which it is wanted.
type asked struct {
	aggregation, function, metric, matchers string
	window, step                            time.Duration
	start, end                              time.Time
}

func askedOf(form url.Values) (of asked) {
	parts := expression.FindStringSubmatch(form.Get("query"))
	of = asked{parts[1], parts[2], parts[3], parts[4], seconds(parts[5]) / 1000, seconds(form.Get("step")), moment(form.Get("start")), moment(form.Get("end"))}
	if form.Has("time") { // the samples themselves
		of.end, of.step = moment(form.Get("time")), scrapeInterval
		of.start, of.window = of.end.Add(-of.window), time.Millisecond
	}
	return of
}

func seconds(text string) time.Duration {
	number, _ := strconv.ParseFloat(text, 64)
	return time.Duration(number * float64(time.Second))
}

func moment(text string) time.Time { return time.UnixMilli(seconds(text).Milliseconds()) }

// matrix is the answer to an expression.
func (f *fakePrometheus) matrix(form url.Values) []map[string]any {
	of := askedOf(form)
	values, labels := map[string]map[int64]float64{}, map[string]map[string]string{}
	for _, a := range f.attempts {
		if !of.matches(a) {
			continue
		}
		named := of.labels(a)
		key := fmt.Sprint(named)
		if labels[key] == nil {
			labels[key], values[key] = named, map[int64]float64{}
		}
		of.evaluate(a, values[key])
	}
	all := []map[string]any{}
	for key, points := range values {
		pairs := [][2]any{}
		for _, at := range slices.Sorted(maps.Keys(points)) {
			pairs = append(pairs, [2]any{float64(at) / 1000, fmt.Sprint(points[at])})
		}
		if len(pairs) > 0 {
			all = append(all, map[string]any{"metric": labels[key], "values": pairs})
		}
	}
	return all
}

func (of asked) matches(a attempt) bool {
	if strings.HasPrefix(of.matchers, "job_id=") && !strings.Contains(of.matchers, a.jobID) {
		return false // most of many jobs
	}
	labels := a.labels()
	for _, matcher := range strings.Split(of.matchers, ",") {
		name, value, _ := strings.Cut(matcher, "=")
		if strconv.Quote(labels[name]) != value {
			return false
		}
	}
	return true
}

func (of asked) labels(a attempt) map[string]string {
	switch of.aggregation {
	case "":
		return a.labels()
	case "count", "max":
		return map[string]string{}
	default:
		return map[string]string{"job_id": a.jobID, "job_name": a.job}
	}
}

// evaluate adds an attempt to the points.
func (of asked) evaluate(a attempt, points map[int64]float64) {
	for at := of.start; !at.After(of.end); at = at.Add(of.step) {
		during := a.during(at, of.window)
		switch {
		case during <= 0:
		case of.metric == "numRestarts":
			points[at.UnixMilli()] = farRestarts
		case of.aggregation != "":
			points[at.UnixMilli()]++
		default:
			points[at.UnixMilli()] = a.value(of.function, of.metric, during)
		}
	}
}
