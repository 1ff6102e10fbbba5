//go:build e2e

package e2e

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	scraping "github.com/flinkscope/flinkscope-flink-datasource/e2e/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

const (
	// scrapedFor is how long Prometheus scrapes the jobs before the plugin is
	// queried.
	scrapedFor = time.Minute
	// step is how far apart points from Prometheus are, over a range of less than
	// 50 minutes.
	step = 10 * time.Second
	// maxSampleGap is how far apart samples are, one for each metric fetch, or for
	// every other: where another data source had Flink fetch before it was due, a
	// sample may come too early to bring anything.
	maxSampleGap = 2*step + 3*time.Second
	// maxDifference is how much the shares of an even job may differ between two
	// minutes.
	maxDifference = 0.15
)

// mangling matches what Flink's reporter replaces in the values of labels.
var mangling = regexp.MustCompile("[^a-zA-Z0-9:_]")

// All query types are answered from Prometheus as from samples: before the
// plugin's first query, across that moment, and for jobs that Flink no longer
// lists. Two data sources have a Prometheus each, one with label values as
// Flink's reporter mangles them by default, one with them as they are; a third has a
// VictoriaMetrics.
func TestPrometheusBehindThePlugin(t *testing.T) {
	needPrometheus(t)
	mangled, plain := reporter{"mangled", 21000, 21999}, reporter{"plain", 22000, 22999}
	conf := mangled.conf(true)
	maps.Copy(conf, plain.conf(false))
	flink := startFlink(t, cluster.Newest, conf, "bottleneck", "two-sources", "slow-sink")
	ds := startPlugin(t, flink.URL())
	sources := map[string]*prometheusSource{
		"labels mangled":  newPrometheusSource(t, ds, scraping.Prometheus, "mangled", flink.URL(), mangled.target(t, flink), func(value string) string { return mangling.ReplaceAllString(value, "_") }),
		"labels plain":    newPrometheusSource(t, ds, scraping.Prometheus, "plain", flink.URL(), plain.target(t, flink), func(value string) string { return value }),
		"VictoriaMetrics": newPrometheusSource(t, ds, scraping.VictoriaMetrics, "victoria", flink.URL(), plain.target(t, flink), func(value string) string { return value }),
	}
	each := func(what string, check func(t *testing.T, p *prometheusSource)) {
		for name, source := range sources {
			t.Run(what+", "+name, func(t *testing.T) { check(t, source) })
		}
	}
	for _, source := range sources {
		source.awaitScrapes(t, 3)
	}
	for _, source := range sources {
		source.queryFirst(t, "bottleneck", "two-sources")
	}
	for _, source := range sources {
		source.awaitPast(t)
	}
	each("join", testJoin)
	each("time travel", testTimeTravel)

	cancelJob(t, flink.URL(), sources["labels plain"].jobID(t, "two-sources"))
	for _, source := range sources {
		source.awaitCancelled(t, "two-sources")
	}
	if err := flink.Close(); err != nil {
		t.Fatal(err)
	}
	// The next Flink has the address of this one; the reporters' ports are free
	// again, too.
	address, err := url.Parse(flink.URL())
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(conf, map[string]string{"rest.port": address.Port(), "rest.bind-port": address.Port()})
	next := startFlink(t, cluster.Newest, conf, "healthy")
	for _, reporter := range []reporter{mangled, plain} {
		if was, is := reporter.target(t, flink), reporter.target(t, next); was != is {
			t.Fatalf("Prometheus scrapes %s, and the next Flink's reporter is at %s", was, is)
		}
	}
	each("forgotten jobs", testForgotten)
}

// prometheusSource is a data source of the plugin's with a Prometheus.
type prometheusSource struct {
	dataSource
	address string // of Prometheus
	// label is what Flink's reporter makes of a label's value.
	label func(value string) string
	// scraped is when Prometheus had scraped first, and queried when the plugin was queried
	// first: nothing older is in the built-in history.
	scraped, queried time.Time
	// current are the answers about the job bottleneck from samples.
	current views
}

// newPrometheusSource has a Prometheus, or another system, scrape the target.
func newPrometheusSource(t *testing.T, ds dataSource, system scraping.System, uid, flink, target string, label func(string) string) *prometheusSource {
	t.Helper()
	address := startScraper(t, system, target)
	p := &prometheusSource{dataSource: ds, address: address, label: label, scraped: time.Now()}
	settings, err := json.Marshal(map[string]any{"url": flink, "prometheus": map[string]string{"url": address}})
	if err != nil {
		t.Fatal(err)
	}
	p.settings.UID, p.settings.JSONData, p.source = uid, settings, "counters"
	return p
}

// awaitScrapes returns when Prometheus has had that many jobs for long enough.
func (p *prometheusSource) awaitScrapes(t *testing.T, jobs int) {
	t.Helper()
	reader := newReader(t, p.address)
	until(t, func() (found string, enough bool) {
		all, warnings, err := reader.Jobs(t.Context(), history.Range{From: p.scraped, To: time.Now()})
		enough = err == nil && len(all) == jobs
		for _, job := range all {
			enough = enough && job.Last.Sub(job.First) >= scrapedFor
		}
		return fmt.Sprintf("%+v, %q, %v", all, warnings, err), enough
	})
}

// queryFirst queries the plugin for the first time, so that it samples the jobs.
func (p *prometheusSource) queryFirst(t *testing.T, jobs ...string) {
	t.Helper()
	p.queried = time.Now()
	for _, job := range jobs {
		p.over(t, ending(p.queried.Add(-time.Minute), p.queried), fmt.Sprintf(`{"queryType":"jobs","jobs":[%q]}`, job))
	}
	p.current = p.await(t, "bottleneck", verdicts["bottleneck"])
}

// seriesCount is how many series a measure of the job bottleneck has.
func (p *prometheusSource) seriesCount(by string) int {
	taskManagers := map[any]bool{}
	for _, subtask := range p.current.subtasks {
		taskManagers[subtask["taskmanager"]] = true
	}
	return map[string]int{"job": 1, "task": len(p.current.tasks), "subtask": len(p.current.subtasks), "taskmanager": len(taskManagers)}[by]
}

// jobNow is the row of a job at present.
func (p *prometheusSource) jobNow(t *testing.T, job string) row {
	t.Helper()
	now := time.Now()
	return rows(p.over(t, ending(now.Add(-time.Minute), now), fmt.Sprintf(`{"queryType":"jobs","jobs":[%q]}`, job))[0])[0]
}

func (p *prometheusSource) jobID(t *testing.T, job string) string {
	t.Helper()
	id, _ := p.jobNow(t, job)["job_id"].(string)
	return id
}

// awaitPast returns when a range that ended before the first query is answered
// with the state at its end.
func (p *prometheusSource) awaitPast(t *testing.T) {
	t.Helper()
	until(t, func() (source any, past bool) {
		source = customOf(t, p.over(t, p.before(), `{"queryType":"jobs","jobs":["bottleneck"]}`)[0]).Source
		return source, source == "prometheus"
	})
}

// awaitCancelled returns when the plugin has seen that a job was cancelled.
func (p *prometheusSource) awaitCancelled(t *testing.T, job string) {
	t.Helper()
	until(t, func() (state any, cancelled bool) {
		state = p.jobNow(t, job)["state"]
		return state, state == "CANCELED"
	})
}

// cancelJob has Flink cancel a job.
func cancelJob(t *testing.T, flink, jobID string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, flink+"/jobs/"+jobID+"?mode=cancel", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := newClient(t).Do(request)
	if err != nil || answer.StatusCode != http.StatusAccepted || answer.Body.Close() != nil {
		t.Fatalf("%v, %v", answer, err)
	}
}

// testJoin queries all of the time: Prometheus' part and that of the built-in
// history make one series.
func testJoin(t *testing.T, p *prometheusSource) {
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		var differences []string
		scraped, sampled := 0, 0
		for _, measure := range []string{"busy", "backpressured", "idle", "bottleneck", "status", "skew"} {
			all, difference := p.history(t, "bottleneck", measure, by), 0.0
			for _, s := range all {
				scraped, sampled = scraped+s.join, sampled+len(s.times)-s.join
				p.checkPoints(t, s)
				difference = max(difference, s.checkJoin(t))
			}
			differences = append(differences, fmt.Sprintf("%s %.3f", measure, difference))
			if len(all) != p.seriesCount(by) {
				t.Errorf("%s by %s: %d series, want %d", measure, by, len(all), p.seriesCount(by))
			}
		}
		t.Logf("by %s, %d series of each measure: %d points from Prometheus and %d from samples, which where they meet differ by at most: %s",
			by, p.seriesCount(by), scraped, sampled, strings.Join(differences, ", "))
	}
	p.checkTimeline(t)
	p.checkPoints(t, p.history(t, "bottleneck", "running", "job")[0])
	p.checkFewPoints(t)
	recent := p.over(t, ending(p.queried.Add(30*time.Second), time.Now()), `{"queryType":"history","jobs":["bottleneck"]}`)
	if source := customOf(t, recent[0]).Source; source == "prometheus" {
		t.Error("the built-in history is marked as from Prometheus")
	}
}

// series is a measure over time; NaN is not known.
type series struct {
	measure string
	labels  data.Labels
	times   []time.Time
	values  []float64
	source  any
	// join is the first point from the built-in history; those before it are from
	// Prometheus.
	join int
}

// allTime begins before the first scrape and ends now.
func (p *prometheusSource) allTime() backend.TimeRange {
	return ending(p.scraped.Add(-time.Minute), time.Now())
}

// history is the answer to a query over all of the time.
func (p *prometheusSource) history(t *testing.T, job, measure, by string) (all []series) {
	t.Helper()
	query := fmt.Sprintf(`{"queryType":"history","jobs":[%q],"measure":%q,"by":%q}`, job, measure, by)
	for _, frame := range p.over(t, p.allTime(), query) {
		if len(frame.Fields) != 2 {
			t.Fatalf("%s by %s: %d fields, notices %q", measure, by, len(frame.Fields), noticesOf(frame))
		}
		s := series{measure: measure, labels: frame.Fields[1].Labels, source: customOf(t, frame).Source}
		for i := range frame.Rows() {
			value, err := frame.Fields[1].FloatAt(i) // NaN for null
			if err != nil {
				t.Fatal(err)
			}
			s.times, s.values = append(s.times, frame.Fields[0].At(i).(time.Time)), append(s.values, value)
		}
		s.join = p.joinOf(s.times)
		all = append(all, s)
	}
	return all
}

func (p *prometheusSource) joinOf(times []time.Time) int {
	join, _ := slices.BinarySearchFunc(times, p.queried, time.Time.Compare)
	return join
}

// checkPoints checks for points that are there twice, for gaps, and for values
// that cannot be.
func (p *prometheusSource) checkPoints(t *testing.T, s series) {
	t.Helper()
	if s.join == 0 || s.join == len(s.times) || s.source != "prometheus" {
		t.Fatalf("%s of %v: %d of %d points are from Prometheus, and the source is %v", s.measure, s.labels, s.join, len(s.times), s.source)
	}
	if late := s.times[0].Sub(p.scraped); late > step+5*time.Second {
		t.Errorf("%s of %v begins %s after the first scrape", s.measure, s.labels, late)
	}
	for i, at := range s.times[1:] {
		maxGap := maxSampleGap
		if i+1 <= s.join {
			maxGap = step
		}
		if gap := at.Sub(s.times[i]); gap <= 0 || gap > maxGap {
			t.Errorf("%s of %v: after point %d the next of %d, of which %d are from Prometheus, is %s later", s.measure, s.labels, i, len(s.times), s.join, gap)
		}
	}
	highest := 1.0
	if s.measure == "status" {
		highest = 4
	}
	for _, value := range s.values {
		if value < 0 || value > highest {
			t.Errorf("%s of %v is %v", s.measure, s.labels, value)
		}
	}
}

// checkJoin returns how much the last point of Prometheus and the first of the
// built-in history differ. Statuses may be idle and then mixed; a source that is
// held back emits in bursts of a buffer, and its skew means less the shorter the
// time is that it is measured over.
func (s series) checkJoin(t *testing.T) float64 {
	t.Helper()
	known := func(value float64) bool { return !math.IsNaN(value) }
	scraped, sampled := slices.Clone(s.values[:s.join]), s.values[s.join:]
	slices.Reverse(scraped)
	before, after := slices.IndexFunc(scraped, known), slices.IndexFunc(sampled, known)
	if before < 0 || after < 0 || before+after > 3 {
		t.Errorf("%s of %v is not known where the two meet: %.3f, then %.3f", s.measure, s.labels, s.values[:s.join], sampled)
		return 0
	}
	last, first, most := scraped[before], sampled[after], maxDifference
	withSource := s.labels["task"] == "" || s.labels["task"] == "Source: orders"
	if s.measure == "status" && max(last, first) <= 1 || s.measure == "skew" && withSource {
		most = 1
	}
	if math.Abs(last-first) > most {
		t.Errorf("%s of %v is %.3f, then %.3f", s.measure, s.labels, last, first)
	}
	return math.Abs(last - first)
}

// checkTimeline checks the timeline over all of the time.
func (p *prometheusSource) checkTimeline(t *testing.T) {
	t.Helper()
	shown := p.timeline(t, "bottleneck", p.allTime())
	s := series{
		measure: "status", labels: data.Labels{"job": "timeline"}, times: shown.times, values: make([]float64, len(shown.times)),
		source: "prometheus", join: p.joinOf(shown.times),
	}
	p.checkPoints(t, s)
	t.Logf("timeline, %d points from Prometheus and %d from samples:\n%s%s", s.join, len(s.times)-s.join, shown.text(nil), legend)
	if runs := shown.runs(); len(shown.tasks) != 4 || len(runs) > 2 || runs[len(runs)-1].task != "slow-window" {
		t.Errorf("tasks are %q, and the bottleneck moved: %v", shown.tasks, runs)
	}
}

// checkFewPoints queries fewer points than there are.
func (p *prometheusSource) checkFewPoints(t *testing.T) {
	t.Helper()
	response, err := p.plugin.QueryData(t.Context(), p.settings, backend.DataQuery{
		RefID: "A", MaxDataPoints: 5, TimeRange: p.allTime(), JSON: []byte(`{"queryType":"history","jobs":["bottleneck"],"by":"task"}`),
	})
	if err != nil || response.Responses["A"].Error != nil {
		t.Fatal(err, response.Responses["A"].Error)
	}
	for _, frame := range response.Responses["A"].Frames {
		times, gaps := frame.Fields[0], []time.Duration{}
		for i := range times.Len() - 1 {
			gaps = append(gaps, times.At(i+1).(time.Time).Sub(times.At(i).(time.Time)))
		}
		if times.Len() < 3 || times.Len() > 5 || slices.Min(gaps) <= 0 || customOf(t, frame).Source != "prometheus" {
			t.Errorf("five points can be drawn, and there are %d, %v apart", times.Len(), gaps)
		}
	}
}

// before is a range that ended before the first query.
func (p *prometheusSource) before() backend.TimeRange {
	return ending(p.scraped, p.queried.Add(-time.Second))
}

// viewsAt are the answers of Prometheus at the end of a range, with the verdict
// that the job was made for.
func (p *prometheusSource) viewsAt(t *testing.T, job string, over backend.TimeRange) views {
	t.Helper()
	past := p.dataSource
	past.source = "prometheus"
	answers, err := past.queryOver(t, job, over)
	if err := errors.Join(err, verdicts[job](answers)); err != nil {
		t.Errorf("%s at %s: %v", job, over.To, err)
	}
	return answers
}

// testTimeTravel queries all types at the end of a range before the plugin's
// first query, and compares the answers with the current ones.
func testTimeTravel(t *testing.T, p *prometheusSource) {
	past := p.viewsAt(t, "bottleneck", p.before())
	p.compare(t, past)
	for _, found := range past.bottlenecks {
		since, known := found["since"].(time.Time)
		if !known || since.Before(p.scraped.Add(-step)) || since.After(p.before().To) {
			t.Errorf("since is %v, and Prometheus has the job since %s: %v", found["since"], p.scraped, found)
		}
	}
	for _, task := range past.tasks {
		if blame, known := task["blame"].(float64); !known || !isBlameOf(task["task"], blame) {
			t.Errorf("the blame of %v is %v", task["task"], task["blame"])
		}
	}
	for _, column := range []string{"type", "start", "duration"} {
		if value, found := past.jobs[0][column]; found {
			t.Errorf("Prometheus has no %s of a job: %v", column, value)
		}
	}
	p.checkMeasures(t)
	p.checkDetails(t)
	p.checkWindows(t)
}

// isBlameOf reports whether a task of the job bottleneck may have held it back for so much
// of the time: the slow one all of it, but for a point of the warm-up.
func isBlameOf(task any, blame float64) bool {
	if task == "slow-window" {
		return blame > 0.7 && blame <= 1
	}
	return blame >= 0 && blame < 0.3
}

// compare compares answers of the past with the current ones, subtask by subtask.
func (p *prometheusSource) compare(t *testing.T, past views) {
	t.Helper()
	current := p.current
	if len(past.subtasks) != len(current.subtasks) || len(past.tasks) != len(current.tasks) {
		t.Fatalf("%d subtasks of %d tasks, now %d of %d", len(past.subtasks), len(past.tasks), len(current.subtasks), len(current.tasks))
	}
	difference := 0.0
	for i, subtask := range past.subtasks {
		now := current.subtasks[i]
		checkSame(t, subtask, now, "cluster", "job", "job_id", "task", "task_id", "subtask", "attempt", "taskmanager")
		for _, share := range []string{"idle", "busy", "backpressured"} {
			difference = max(difference, math.Abs(subtask[share].(float64)-now[share].(float64)))
		}
		if host, found := subtask["host"]; found && host != p.label(now["host"].(string)) { // a Flink in one JVM does not label it
			t.Errorf("subtask %d ran on %v, and runs on %v", i, host, now["host"])
		}
	}
	for i, task := range past.tasks {
		checkSame(t, task, current.tasks[i], "cluster", "job", "job_id", "task", "task_id", "parallelism", "max_parallelism", "level")
	}
	checkSame(t, past.jobs[0], current.jobs[0], "cluster", "job", "job_id", "state", "tasks", "status", "bottleneck")
	if !(difference <= maxDifference) {
		t.Errorf("shares differ by up to %.3f from the current ones", difference)
	}
	t.Logf("%d subtasks before the first query: shares differ by at most %.3f from later samples", len(past.subtasks), difference)
}

// checkSame compares columns of two rows.
func checkSame(t *testing.T, past, now row, columns ...string) {
	t.Helper()
	for _, column := range columns {
		if past[column] != now[column] || now[column] == nil {
			t.Errorf("%s of %v was %v, and is %v", column, now["task"], past[column], now[column])
		}
	}
}

// checkMeasures queries every measure.
func (p *prometheusSource) checkMeasures(t *testing.T) {
	t.Helper()
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		for _, measure := range []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew"} {
			p.checkMeasure(t, measure, by, func(_ data.Labels, value float64) bool {
				return value >= 0 && (value <= 1 || measure == "status" && value <= 4)
			})
		}
	}
	p.checkMeasure(t, "blame", "task", func(labels data.Labels, value float64) bool { return isBlameOf(labels["task"], value) })
	p.checkMeasure(t, "blame", "job", func(_ data.Labels, value float64) bool { return isBlameOf("slow-window", value) })
	p.checkMeasure(t, "running", "job", func(_ data.Labels, value float64) bool { return value == 1 })
	p.checkMeasure(t, "restarts", "job", func(_ data.Labels, value float64) bool { return value == 0 })
}

// checkMeasure queries one measure, of which each value has to be right.
func (p *prometheusSource) checkMeasure(t *testing.T, measure, by string, right func(labels data.Labels, value float64) bool) {
	t.Helper()
	frame := p.over(t, p.before(), fmt.Sprintf(`{"queryType":"measure","jobs":["bottleneck"],"measure":%q,"by":%q}`, measure, by))[0]
	if source := customOf(t, frame).Source; len(frame.Fields) != p.seriesCount(by) || source != "prometheus" {
		t.Errorf("%s by %s: %d series from %v, want %d", measure, by, len(frame.Fields), source, p.seriesCount(by))
	}
	for _, field := range frame.Fields {
		if value, err := field.FloatAt(0); err != nil || !right(field.Labels, value) {
			t.Errorf("%s of %v was %v, %v", measure, field.Labels, value, err)
		}
	}
}

// checkDetails queries soft and hard backpressure and how full buffers were.
func (p *prometheusSource) checkDetails(t *testing.T) {
	t.Helper()
	frame := p.over(t, p.before(), `{"queryType":"subtasks","detail":true,"jobs":["bottleneck"]}`)[0]
	for _, column := range []string{"soft_backpressured", "hard_backpressured", "in_pool_usage", "out_pool_usage"} {
		field, _ := frame.FieldByName(column)
		for i := range field.Len() {
			if value, known := field.ConcreteAt(i); !known || value.(float64) < 0 || value.(float64) > 1 {
				t.Errorf("%s of subtask %d was %v", column, i, value)
			}
		}
	}
}

// checkWindows checks that the time that shares are measured over ends with the
// range.
func (p *prometheusSource) checkWindows(t *testing.T) {
	t.Helper()
	for _, queryType := range []string{"subtasks", "tasks", "nodeGraph", "bottlenecks", "jobs"} {
		for _, frame := range p.over(t, p.before(), fmt.Sprintf(`{"queryType":%q,"jobs":["bottleneck"]}`, queryType)) {
			if of := customOf(t, frame); of.To.Sub(p.before().To).Abs() > time.Second || of.To.Sub(of.From) < 30*time.Second {
				t.Errorf("%s of %s covers %s to %s, want the end of the range, %s", frame.Name, queryType, of.From, of.To, p.before().To)
			}
		}
	}
}

// testForgotten queries jobs of the Flink before the one that runs now: of two the
// built-in history has the graph, of one nothing has it.
func testForgotten(t *testing.T, p *prometheusSource) {
	for _, job := range []string{"bottleneck", "two-sources"} {
		p.viewsAt(t, job, p.before())
		all := p.history(t, job, "busy", "task")
		if len(all) < 4 {
			t.Errorf("%d tasks of %s", len(all), job)
		}
		for _, s := range all {
			p.checkPoints(t, s)
			s.checkJoin(t)
		}
		t.Logf("%s, which Flink has forgotten: %d series", job, len(all))
	}
	p.checkSampled(t)
	p.checkUnknownGraph(t, p.label("slow-sink"))
}

// checkSampled queries a time that the built-in history covers, once it is past.
func (p *prometheusSource) checkSampled(t *testing.T) {
	t.Helper()
	over := ending(p.scraped, p.queried.Add(30*time.Second))
	until(t, func() (jobs []row, past bool) {
		jobs = rows(p.over(t, over, `{"queryType":"jobs"}`)[0])
		return jobs, slices.ContainsFunc(jobs, func(r row) bool { return r["job"] == "bottleneck" })
	})
	answers, err := p.queryOver(t, "bottleneck", over)
	if err := errors.Join(err, verdicts["bottleneck"](answers)); err != nil {
		t.Errorf("in the built-in history: %v", err)
	}
}

// checkUnknownGraph queries a job that Prometheus alone has.
func (p *prometheusSource) checkUnknownGraph(t *testing.T, job string) {
	t.Helper()
	notice := fmt.Sprintf("Neither Flink nor the history has the graph of job %s: how its tasks are connected, so what holds them back, is not known. Those that Prometheus alone has are named as there.", job)
	query := func(queryType, more string) data.Frames {
		frames := p.over(t, p.before(), fmt.Sprintf(`{"queryType":%q,"jobs":[%q]%s}`, queryType, job, more))
		if notices := noticesOf(frames[0]); !slices.Contains(notices, notice) {
			t.Errorf("the notices of %s are %q", queryType, notices)
		}
		return frames
	}
	graph := query("nodeGraph", "")
	if nodes, edges := graph[0].Rows(), graph[1].Rows(); nodes != 4 || edges != 0 {
		t.Errorf("%d nodes and %d edges of a job whose graph is not known", nodes, edges)
	}
	verdict := rows(query("bottlenecks", "")[0])
	if len(verdict) != 1 || verdict[0]["kind"] != "unknown" || !strings.Contains(fmt.Sprint(verdict[0]["explanation"]), "how its tasks are connected is not known") {
		t.Errorf("the verdict is %v", verdict)
	}
	tasks := rows(query("tasks", "")[0])
	busiest := slices.MaxFunc(tasks, func(a, b row) int { return cmp.Compare(a["busy_max"].(float64), b["busy_max"].(float64)) })
	if busiest["task"] != "sink" || busiest["parallelism"] != int64(2) {
		t.Errorf("the busiest task was %v", busiest)
	}
	names := map[string]bool{}
	for _, frame := range query("history", `,"measure":"busy","by":"task"`) {
		names[frame.Fields[1].Labels["task"]] = true
		if source := customOf(t, frame).Source; frame.Rows() < 3 || source != "prometheus" {
			t.Errorf("%d points from %v", frame.Rows(), source)
		}
	}
	if len(names) != 4 || !names[p.label("Source: orders")] {
		t.Errorf("the tasks were %v", names)
	}
}
