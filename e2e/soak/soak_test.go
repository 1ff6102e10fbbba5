//go:build bench

package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// refresh is how often dashboards are refreshed and rules evaluated.
	refresh = 5 * time.Second
	// rules are how many alert rules there are.
	rules = 50
	// limit is how long the slowest hundredth of queries may take while the machine
	// keeps up, and full from how much of its cores on it does not.
	limit = 250 * time.Millisecond
	full  = 0.9
	// mostMemory is how much resident memory the plugin may take, in MiB.
	mostMemory = 300.0
)

// allJobs are the ten queries of the bundled dashboard of all jobs, its annotations
// included.
func allJobs() []asked {
	return []asked{
		queryOf("measure up", `"queryType": "measure", "measure": "up", "by": "cluster"`),
		queryOf("jobs", `"queryType": "jobs"`), queryOf("jobs", `"queryType": "jobs"`), queryOf("jobs", `"queryType": "jobs"`), queryOf("jobs, with their course", `"queryType": "jobs", "detail": true`),
		queryOf("history restarts, 100 jobs", `"queryType": "history", "measure": "restarts", "by": "job"`),
		queryOf("timeline, 100 jobs", `"queryType": "timeline", "by": "job"`),
		queryOf("history bottleneck, 100 jobs", `"queryType": "history", "measure": "bottleneck", "by": "job"`),
		queryOf("taskmanagers", `"queryType": "taskmanagers"`),
		queryOf("events, 100 jobs", `"queryType": "events"`),
	}
}

// oneJob are the first ten panels of the bundled dashboard of one job.
func oneJob(job string) []asked {
	of := "a job"
	if job == largest {
		of = "10,000 subtasks"
	}
	query := func(name, keys string) asked { return queryOf(name+", "+of, keys, job) }
	return []asked{
		query("history bottleneck", `"queryType": "history", "measure": "bottleneck", "by": "job"`),
		query("bottlenecks", `"queryType": "bottlenecks"`), query("bottlenecks", `"queryType": "bottlenecks"`), query("bottlenecks", `"queryType": "bottlenecks"`), query("bottlenecks", `"queryType": "bottlenecks"`),
		query("history records_in", `"queryType": "history", "measure": "records_in", "by": "job"`),
		query("timeline", `"queryType": "timeline"`),
		query("nodeGraph", `"queryType": "nodeGraph"`),
		query("subtasks", `"queryType": "subtasks"`),
		query("history backpressured by task", `"queryType": "history", "measure": "backpressured", "by": "task"`),
	}
}

// jobName is that of one of the cluster's jobs.
func jobName(n int) string { return fmt.Sprintf("job-%03d", 1+n%others) }

// dashboardOf is what a viewer has open: every other viewer all jobs, and of the rest
// every other the largest one.
func dashboardOf(viewer int) []asked {
	switch viewer % 4 {
	case 0, 2:
		return allJobs()
	case 1:
		return oneJob(largest)
	default:
		return oneJob(jobName(viewer))
	}
}

// rule is the query of an alert rule: the first is about all jobs, the others about one.
func rule(n int) asked {
	if n == 0 {
		return queryOf("rule, 100 jobs", `"queryType": "measure", "measure": "bottleneck", "by": "job"`)
	}
	return queryOf("rule, a job", `"queryType": "measure", "measure": "bottleneck", "by": "job"`, jobName(n))
}

// every calls do each refresh, at a phase of its own, until the context ends. One that
// is still at it when the next is due leaves that out.
func every(ctx context.Context, phase float64, late func(), do func()) {
	next := time.Now().Add(time.Duration(phase * float64(refresh)))
	for {
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return
		}
		do()
		for next = next.Add(refresh); time.Now().After(next); next = next.Add(refresh) {
			late()
		}
	}
}

// Viewers and alert rules are answered in time, without an error, with one poll of a job
// for all of them per age limit, and without memory that grows.
func TestSoak(t *testing.T) {
	minutes, viewers := number(t, "SOAK_MINUTES", 10), number(t, "SOAK_VIEWERS", 200)
	l := newLab(t)
	warmUp, end := context.WithTimeout(t.Context(), 5*time.Minute)
	defer end()
	for range 3 { // until there are shares of all jobs
		for _, each := range slices.Concat(allJobs(), oneJob(largest)) {
			if _, _, err := l.send(warmUp, each, false); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
	}
	sent, start := l.requests(t), l.used(t)
	seen := newTimes()
	during := time.Duration(minutes) * time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	ask := func(of asked, fromAlert bool) {
		took, bytes, err := l.send(t.Context(), of, fromAlert)
		seen.add(of.name, took, bytes, err)
	}
	var group sync.WaitGroup
	for viewer := range viewers {
		panels := dashboardOf(viewer)
		group.Go(func() {
			every(ctx, float64(viewer)/float64(viewers), seen.skip, func() {
				var refreshed sync.WaitGroup
				for _, panel := range panels {
					refreshed.Go(func() { ask(panel, false) })
				}
				refreshed.Wait()
			})
		})
	}
	for n := range rules {
		of := rule(n)
		group.Go(func() {
			every(ctx, float64(n)/rules, seen.skip, func() { ask(of, true) })
		})
	}
	last, peaks := l.watch(t, start, during)
	group.Wait()
	machine, plugin, cluster, viewer := last.cores(start)
	took := last.at.Sub(start.at)
	t.Logf("%d viewers with ten panels and %d rules every %s for %s: %d queries, %.0f a second; %d refreshes late; %d errors\n%s", viewers, rules, refresh, took.Round(time.Second),
		len(seen.all()), float64(len(seen.all()))/took.Seconds(), seen.late, len(seen.failed), seen.table())
	t.Logf("cores busy: %.2f of %d; the plugin %.2f, the viewers %.2f, the simulated Flink %.2f", machine, runtime.NumCPU(), plugin, viewer, cluster)
	t.Logf("resident memory at the start %.0f MiB, at most in each quarter of the time %.0f MiB, at the end %.0f MiB; histories %.1f MiB", start.resident, peaks, last.resident, l.metric(t, "flinkscope_history_bytes")/(1<<20))
	if len(seen.failed) > 0 {
		t.Errorf("%d queries failed, the first with: %v", len(seen.failed), seen.failed[0])
	}
	l.checkRequests(t, sent, took)
	if p99 := share(seen.all(), 0.99); p99 > limit {
		if machine < full*float64(runtime.NumCPU()) {
			t.Errorf("the slowest hundredth took %s and more, though the machine was not full", p99)
		} else {
			t.Logf("the slowest hundredth took %s and more: the machine was full", rounded(p99))
		}
	}
	if last.peak > mostMemory {
		t.Errorf("the plugin took %.0f MiB, more than %.0f", last.peak, mostMemory)
	}
	if peaks[3] > 1.15*max(peaks[1], peaks[2]) {
		t.Errorf("resident memory grew: it was at most %.0f MiB in the quarters of the time", peaks)
	}
}

// watch reads what is used every few seconds: the last usage, and the most resident
// memory, in MiB, in each quarter of the time.
func (l lab) watch(t *testing.T, start usage, during time.Duration) (last usage, peaks [4]float64) {
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	for last = start; last.at.Sub(start.at) < during; last = l.used(t) {
		quarter := min(int(4*last.at.Sub(start.at)/during), 3)
		peaks[quarter] = max(peaks[quarter], last.resident)
		select {
		case <-tick.C:
		case <-t.Context().Done():
			return last, peaks
		}
	}
	return last, peaks
}

// checkRequests compares the requests to Flink with one poll of each job per age limit.
func (l lab) checkRequests(t *testing.T, before map[string]int, took time.Duration) {
	t.Helper()
	sent := l.requests(t)
	rounds := int(took/maxAge) + 1
	most := map[string]int{
		"/jobs/overview":             rounds,
		"/jobs/{id}":                 rounds * (others + 1),
		"/jobs/{id}/vertices/{id}":   rounds * (others*4 + 100),
		"/overview":                  int(took/time.Minute) + 2,
		"/jobmanager/config":         int(took/time.Minute) + 2,
		"/taskmanagers":              rounds,
		"/taskmanagers/{id}/metrics": rounds * l.taskManagers(t),
		"/jobs/{id}/checkpoints":     rounds * (others + 1),
		"/jobs/{id}/exceptions":      rounds * (others + 1),
		"/jobs/{id}/metrics":         rounds * (others + 1),
	}
	var text strings.Builder
	text.WriteString("| requests to Flink | sent | at one for each job or task per age limit |\n|---|---|---|\n")
	for _, path := range slices.Sorted(maps.Keys(sent)) {
		count, bound := sent[path]-before[path], "–"
		if allowed, known := most[path]; known {
			bound = fmt.Sprint(allowed)
			if count > allowed {
				t.Errorf("%d requests for %s, more than %d", count, path, allowed)
			}
		}
		if count > 0 {
			fmt.Fprintf(&text, "| `%s` | %d | %s |\n", path, count, bound)
		}
	}
	t.Logf("requests in %s\n%s", took.Round(time.Second), text.String())
}

// taskManagers is how many the cluster has.
func (l lab) taskManagers(t *testing.T) int {
	t.Helper()
	answer, err := http.Get(l.url + "/taskmanagers")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var listed struct{ TaskManagers []json.RawMessage }
	if err := json.NewDecoder(answer.Body).Decode(&listed); err != nil {
		t.Fatal(err)
	}
	return len(listed.TaskManagers)
}

// metric is the sum of a metric's series, as Grafana gets them.
func (l lab) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	text, err := l.plugin.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil || families[name] == nil {
		t.Fatalf("no metric %s, %v", name, err)
	}
	for _, metric := range families[name].GetMetric() {
		sum += metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
	}
	return sum
}

// views are queries of all types, about all jobs where nothing else is said.
var views = []asked{
	queryOf("subtasks", `"queryType": "subtasks"`),
	queryOf("subtasks in detail, a job", `"queryType": "subtasks", "detail": true`, jobName(0)),
	queryOf("tasks", `"queryType": "tasks"`),
	queryOf("nodeGraph", `"queryType": "nodeGraph"`),
	queryOf("bottlenecks", `"queryType": "bottlenecks"`),
	queryOf("jobs", `"queryType": "jobs"`),
	queryOf("measure busy by subtask", `"queryType": "measure", "measure": "busy", "by": "subtask"`),
	queryOf("measure bottleneck by task", `"queryType": "measure", "measure": "bottleneck", "by": "task"`),
	queryOf("history busy by task", `"queryType": "history", "measure": "busy", "by": "task"`),
	queryOf("timeline by job", `"queryType": "timeline", "by": "job"`),
	queryOf("taskmanagers", `"queryType": "taskmanagers"`),
	queryOf("scaling", `"queryType": "scaling"`),
	queryOf("variable tasks", `"queryType": "variable", "variable": "tasks"`),
	queryOf("flameGraph, a job", `"queryType": "flameGraph"`, jobName(9)),
	queryOf("checkpoints", `"queryType": "checkpoints"`),
	queryOf("exceptions", `"queryType": "exceptions"`),
	queryOf("events", `"queryType": "events"`),
}

// However many queries of all types are sent at once, about a hundred jobs and one of
// 10,000 subtasks, all are answered.
func TestAttack(t *testing.T) {
	parallel, during := 200, time.Duration(number(t, "SOAK_ATTACK_SECONDS", 60))*time.Second
	l := newLab(t)
	for _, each := range views {
		if _, _, err := l.send(t.Context(), each, false); err != nil {
			t.Fatal(err)
		}
	}
	start, seen := l.used(t), newTimes()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	var group sync.WaitGroup
	for n := range parallel {
		group.Go(func() {
			for ; ctx.Err() == nil; n++ {
				of := views[n%len(views)]
				took, bytes, err := l.send(t.Context(), of, false)
				seen.add(of.name, took, bytes, err)
			}
		})
	}
	group.Wait()
	end := l.used(t)
	machine, plugin, cluster, viewer := end.cores(start)
	t.Logf("%d queries at once of %d kinds for %s: %.0f answers a second; %d errors\n%s", parallel, len(views), end.at.Sub(start.at).Round(time.Second),
		float64(len(seen.all()))/end.at.Sub(start.at).Seconds(), len(seen.failed), seen.table())
	t.Logf("cores busy: %.2f of %d; the plugin %.2f, who asks %.2f, the simulated Flink %.2f; resident memory at most %.0f MiB", machine, runtime.NumCPU(), plugin, viewer, cluster, end.peak)
	if err := errors.Join(seen.failed...); err != nil {
		t.Errorf("%d queries failed, the first with: %v", len(seen.failed), seen.failed[0])
	}
	if end.peak > mostMemory {
		t.Errorf("the plugin took %.0f MiB, more than %.0f", end.peak, mostMemory)
	}
	http.DefaultClient.CloseIdleConnections()
}
