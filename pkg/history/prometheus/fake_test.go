package prometheus_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// series is what a Prometheus has scraped of one metric of one target.
type series struct {
	labels  map[string]string // __name__ among them
	samples []sample
}

type sample struct {
	at    time.Time
	value float64
}

// fake is a Prometheus that knows the expressions that are asked of it, and
// evaluates them as the real one does.
type fake struct {
	series   []series
	warnings []string
	requests []*http.Request
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // what cannot be read is answered with bad_data below
	f.requests = append(f.requests, r)
	var data any
	switch {
	case strings.HasSuffix(r.URL.Path, "/api/v1/query_range"):
		data = f.rangeOf(r.Form)
	case strings.HasSuffix(r.URL.Path, "/api/v1/query"):
		data = f.samplesOf(r.Form)
	case strings.HasSuffix(r.URL.Path, "/api/v1/label/job_id/values"):
		data = f.jobIDs()
	}
	if data == nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"status":"error","errorType":"bad_data","error":"the fake does not know %s"}`, r.URL.Path)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data, "warnings": f.warnings})
}

// rangeQueries lists the expressions that were asked over time.
func (f *fake) rangeQueries() (expressions []string) {
	for _, request := range f.requests {
		if strings.HasSuffix(request.URL.Path, "/query_range") {
			expressions = append(expressions, request.Form.Get("query"))
		}
	}
	return expressions
}

var expressionFormat = regexp.MustCompile(`^(?:(max|count|count by \(job_id, job_name\)) ?\()?(delta|avg_over_time|max_over_time|count_over_time)\((\w+)\{(.*)\}\[(\d+)ms\]\)\)?$`)

func (f *fake) rangeOf(form map[string][]string) any {
	parts := expressionFormat.FindStringSubmatch(form["query"][0])
	if parts == nil {
		return nil
	}
	start, end, step := millis(form["start"]), millis(form["end"]), millis(form["step"])
	width, _ := strconv.Atoi(parts[5])
	result := map[string]*answered{}
	for _, found := range f.matching(parts[3], parts[4]) {
		labels := grouped(parts[1], found.labels)
		name := fmt.Sprint(labels)
		for millis := start; millis <= end; millis += step {
			at := float64(millis) / 1000
			value, any := apply(parts[2], found.samples, at, float64(width)/1000)
			if !any {
				continue
			}
			if result[name] == nil {
				result[name] = &answered{Metric: labels, at: map[float64]float64{}}
			}
			switch {
			case parts[1] == "max":
				value = max(value, result[name].at[at])
			case parts[1] != "":
				value = result[name].at[at] + 1
			}
			result[name].at[at] = value
		}
	}
	return map[string]any{"resultType": "matrix", "result": pointed(result)}
}

// samplesOf answers for a range at one time, such as metric{…}[5m].
func (f *fake) samplesOf(form map[string][]string) any {
	parts := regexp.MustCompile(`^(\w+)\{(.*)\}\[(\d+)ms\]$`).FindStringSubmatch(form["query"][0])
	if parts == nil {
		return nil
	}
	end := seconds(form["time"])
	width, _ := strconv.Atoi(parts[3])
	result := map[string]*answered{}
	for i, found := range f.matching(parts[1], parts[2]) {
		of := &answered{Metric: found.labels, at: map[float64]float64{}}
		for _, s := range between(found.samples, end-float64(width)/1000, end) {
			of.at[unix(s.at)] = s.value
		}
		if len(of.at) > 0 {
			result[fmt.Sprint(i)] = of
		}
	}
	return map[string]any{"resultType": "matrix", "result": pointed(result)}
}

func (f *fake) jobIDs() any {
	ids := []string{}
	for _, s := range f.series {
		if id := s.labels["job_id"]; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (f *fake) matching(metric, matchers string) (found []series) {
	for _, s := range f.series {
		fits := s.labels["__name__"] == metric
		for _, matcher := range strings.Split(matchers, ",") {
			name, value, _ := strings.Cut(matcher, "=")
			fits = fits && strconv.Quote(s.labels[name]) == value
		}
		if fits {
			found = append(found, s)
		}
	}
	return found
}

// answered is a series of an answer.
type answered struct {
	Metric map[string]string `json:"metric"`
	Values [][2]any          `json:"values"`
	at     map[float64]float64
}

func pointed(result map[string]*answered) []*answered {
	list := []*answered{}
	for _, of := range result {
		for at, value := range of.at {
			of.Values = append(of.Values, [2]any{at, strconv.FormatFloat(value, 'g', -1, 64)})
		}
		slices.SortFunc(of.Values, func(a, b [2]any) int { return int(a[0].(float64)*1000 - b[0].(float64)*1000) })
		list = append(list, of)
	}
	return list
}

// grouped are the labels of a result: none of count, and of a function all but
// the metric's name.
func grouped(aggregation string, labels map[string]string) map[string]string {
	switch aggregation {
	case "":
		kept := map[string]string{}
		for name, value := range labels {
			if name != "__name__" {
				kept[name] = value
			}
		}
		return kept
	case "count":
		return map[string]string{}
	default:
		return map[string]string{"job_id": labels["job_id"], "job_name": labels["job_name"]}
	}
}
