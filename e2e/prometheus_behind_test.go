//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// scrapedAlone is how long Prometheus alone knows of the jobs.
const scrapedAlone = time.Minute

// behind is a data source with a Prometheus behind it.
type behind struct {
	dataSource
	address string
	// label is what Flink's reporter makes of a label's value.
	label func(value string) string
	// scraped is when Prometheus began, and begun when the plugin was first
	// asked, so that nothing older is remembered.
	scraped, begun time.Time
	// now is what is told of the job bottleneck from looks.
	now views
}

// behind is a data source of the plugin's, with a Prometheus that scrapes the
// target.
func (ds dataSource) behind(t *testing.T, uid, flink, target string, label func(string) string) *behind {
	t.Helper()
	b := &behind{dataSource: ds, address: startPrometheus(t, target), label: label, scraped: time.Now()}
	text, err := json.Marshal(map[string]any{"url": flink, "prometheus": map[string]string{"url": b.address}})
	if err != nil {
		t.Fatal(err)
	}
	b.settings.UID, b.settings.JSONData, b.source = uid, text, "counters"
	return b
}

// awaitScrapes returns when Prometheus has known that many jobs for a while.
func (b *behind) awaitScrapes(t *testing.T, jobs int) {
	t.Helper()
	reader, err := prometheus.New(httpClient(t), b.address, prometheus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() (told string, known bool) {
		found, err := reader.Jobs(t.Context(), history.Span{From: b.scraped, To: time.Now()})
		known = err == nil && len(found) == jobs
		for _, job := range found {
			known = known && job.Last.Sub(job.First) >= scrapedAlone
		}
		return fmt.Sprint(found, err), known
	})
}

// begin asks the plugin for the first time, about two of the jobs.
func (b *behind) begin(t *testing.T) {
	t.Helper()
	b.begun = time.Now()
	for _, job := range []string{"bottleneck", "two-sources"} {
		b.over(t, ending(b.begun.Add(-time.Minute), b.begun), fmt.Sprintf(`{"queryType":"jobs","jobs":[%q]}`, job))
	}
	b.now = b.await(t, "bottleneck", verdicts["bottleneck"])
}

// series is how many there are of the job bottleneck.
func (b *behind) series(by string) int {
	managers := map[any]bool{}
	for _, subtask := range b.now.subtasks {
		managers[subtask["taskmanager"]] = true
	}
	return map[string]int{"job": 1, "task": len(b.now.tasks), "subtask": len(b.now.subtasks), "taskmanager": len(managers)}[by]
}

// awaitPast returns when a range that ended before the plugin was asked is told
// of as it was then.
func (b *behind) awaitPast(t *testing.T) {
	t.Helper()
	until(t, func() (source any, past bool) {
		frames := b.over(t, ending(b.scraped, b.begun), `{"queryType":"jobs","jobs":["bottleneck"]}`)
		source = sourceOf(frames[0])
		return source, source == "prometheus"
	})
}

// awaitEnd returns when the plugin has seen that a job was cancelled.
func (b *behind) awaitEnd(t *testing.T, job string) {
	t.Helper()
	until(t, func() (state any, ended bool) {
		now := time.Now()
		state = rows(b.over(t, ending(now.Add(-time.Minute), now), fmt.Sprintf(`{"queryType":"jobs","jobs":[%q]}`, job))[0])[0]["state"]
		return state, state == "CANCELED"
	})
}

// cancelled has Flink cancel a job.
func cancelled(t *testing.T, flink, jobID string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, flink+"/jobs/"+jobID+"?mode=cancel", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := httpClient(t).Do(request)
	if err != nil || answer.StatusCode != http.StatusAccepted || answer.Body.Close() != nil {
		t.Fatalf("%v, %v", answer, err)
	}
}

func idOf(t *testing.T, b *behind, job string) string {
	t.Helper()
	now := time.Now()
	id, _ := rows(b.over(t, ending(now.Add(-time.Minute), now), fmt.Sprintf(`{"queryType":"jobs","jobs":[%q]}`, job))[0])[0]["job_id"].(string)
	return id
}
