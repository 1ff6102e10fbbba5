package plugin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	delta = "delta"
)

// scrapedJob is a job that a Prometheus has scraped: a chain of tasks of one
// subtask each, held back by the last.
type scrapedJob struct {
	id, name string
	tasks    []string // their ids; a name is "name_of_" and the id
	from, to time.Time
}

// scraper is a Prometheus that answers what the plugin asks, and the Flink that
// it scrapes.
type scraper struct {
	flink   replaceable
	jobs    []scrapedJob
	manager string // the label of the TaskManager
	mu      sync.Mutex
	asked   []string // the expressions
}

var scrapedExpression = regexp.MustCompile(`(?:(count by \(job_id, job_name\)|count) ?\()?(?:(delta|count_over_time|avg_over_time)\()?(\w+)\{(.*)\}\[(\d+)ms\]`)

func (s *scraper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := scrapedExpression.FindStringSubmatch(r.FormValue("query"))
	if asked == nil { // for label values
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": []string{"any"}}) // into memory
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, asked[0])
	s.mu.Unlock()
	window, _ := strconv.Atoi(asked[5]) // digits
	result := []any{}
	for _, job := range s.jobs {
		if strings.Contains(asked[4], "job_id=") && !strings.Contains(asked[4], job.id) {
			continue
		}
		for i := range job.tasks {
			values := job.values(r, asked, i, time.Duration(window)*time.Millisecond)
			if len(values) > 0 && (i == 0 || asked[1] == "") {
				result = append(result, map[string]any{"metric": job.labels(i, s.manager), "values": values})
			}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}}) // into memory
}

// labels are those of the series of a task.
func (j scrapedJob) labels(task int, manager string) map[string]string {
	id := j.tasks[task]
	return map[string]string{
		"job_id": j.id, "job_name": j.name, "task_id": id, "task_name": "name_of_" + id,
		"subtask_index": "0", "task_attempt_id": j.id + "_" + id + "_0_0", "task_attempt_num": "0", "tm_id": manager,
	}
}

// values are what an scrapedExpression tells of a task, or its samples.
func (j scrapedJob) values(r *http.Request, asked []string, task int, window time.Duration) (values [][2]any) {
	if r.FormValue("time") != "" {
		at := momentIn(r, "time")
		for _, scrape := range j.scrapes(at.Add(-window), at) {
			values = append(values, [2]any{float64(scrape.UnixMilli()) / 1000, "0"})
		}
		return values
	}
	step, _ := strconv.ParseFloat(r.FormValue("step"), 64) // seconds
	for at := momentIn(r, "start"); !at.After(momentIn(r, "end")); at = at.Add(time.Duration(step * float64(time.Second))) {
		scrapes := j.scrapes(at.Add(-window), at)
		if len(scrapes) == 0 || asked[2] == delta && len(scrapes) < 2 {
			continue
		}
		value := float64(len(scrapes))
		if asked[2] == delta {
			covered := min(scrapes[len(scrapes)-1].Sub(scrapes[0])+scrapeInterval, window)
			value = j.share(asked[3], task) * float64(covered.Milliseconds())
		}
		values = append(values, [2]any{float64(at.UnixMilli()) / 1000, fmt.Sprint(value)})
	}
	return values
}

// share is how much of its time a task spends so; of records a few.
func (j scrapedJob) share(metric string, task int) float64 {
	last := task == len(j.tasks)-1
	switch {
	case strings.HasSuffix(metric, "accumulateBackPressuredTimeMs") && !last, strings.HasSuffix(metric, "accumulateBusyTimeMs") && last:
		return 0.9
	case strings.HasSuffix(metric, "accumulateIdleTimeMs"):
		return 0.1
	}
	return 0
}

func (j scrapedJob) scrapes(after, to time.Time) (scrapes []time.Time) {
	for at := j.from; !at.After(j.to); at = at.Add(scrapeInterval) {
		if at.After(after) && !at.After(to) {
			scrapes = append(scrapes, at)
		}
	}
	return scrapes
}

func momentIn(r *http.Request, key string) time.Time {
	seconds, _ := strconv.ParseFloat(r.FormValue(key), 64)
	return time.UnixMilli(int64(seconds * 1000))
}
