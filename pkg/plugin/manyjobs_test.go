package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// Of the jobs that Prometheus remembers of a long time no more are asked for
// than one query looks at; which, is for the user to choose.
func TestMoreJobsOfThePastThanAQueryLooksAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := scrapedLab(t)
		now := time.Now()
		for i := range 1002 {
			prometheus.attempts = append(prometheus.attempts, attempt{
				jobID: fmt.Sprintf("%032x", i+1), job: fmt.Sprint("job ", i), taskID: "a", task: "a", manager: "tm-1",
				from: now.Add(-2 * time.Hour), to: now.Add(-time.Hour), busy: 0.5, idle: 0.5,
			})
		}
		over := backend.TimeRange{From: now.Add(-3 * time.Hour), To: now.Add(-10 * time.Minute)}
		const all, few = `{"queryType": "timeline"}`, `{"queryType": "timeline", "jobs": ["/^job 7.?$/"]}`
		const told = "Only the first 1000 of 1002 jobs of cluster default are looked at: choose jobs in the query."
		shown := queriedOver(l.ctx, t, l, over, nil, all)["A"]
		const graphs = " Neither Flink nor the history knows the graph of job job 0, job 1, job 10, job 100, job 101 and 995 more: "
		if got := strings.Join(notices(shown.Frames[0]), " "); !strings.HasPrefix(got, told+graphs) || len(shown.Frames) != 1000 || len(prometheus.asked) > 1+9*1000 {
			t.Errorf("%d frames after %d requests, with the notices %q", len(shown.Frames), len(prometheus.asked), got)
		}
		prometheus.asked = nil
		shown = queriedOver(l.ctx, t, l, over, nil, few)["A"]
		if got := notices(shown.Frames[0]); len(got) != 1 || len(shown.Frames) != 11 || len(prometheus.asked) > 1+9*11 {
			t.Errorf("%d frames after %d requests, with the notices %q", len(shown.Frames), len(prometheus.asked), got)
		}
	})
}
