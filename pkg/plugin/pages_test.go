package plugin_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Links lead where a browser reaches Flink's UI, at the route of the version, at
// present, in the past, and over time; credentials in an address stay out of them.
func TestLinksToFlink(t *testing.T) {
	for name, c := range map[string]struct{ webURL, version, want string }{
		"the address itself":      {"", "1.20.0", "http://flink:8081/#/job/running/"},
		"another address":         {" https://web.example/flink/ ", "1.20.0", "https://web.example/flink/#/job/running/"},
		"an older version":        {"https://web.example", "1.15.4", "https://web.example/#/job/"},
		"credentials":             {"https://name:password@web.example/?a=b#/x", "2.3.0", "https://web.example/#/job/running/"},
		"a variable of Grafana's": {"https://web.example/${user}", "2.3.0", "https://web.example/%24%7Buser%7D/#/job/running/"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLabWith(t, map[string]any{"webUrl": c.webURL, "history": map[string]any{"idleAfter": "1h"}}, sim.HeldBack("orders", 3, 2, 1))
				l.Version = c.version
				job := c.want + l.Jobs[0].ID
				l.warm(t)
				time.Sleep(3 * time.Minute)
				past := backend.TimeRange{From: time.Now().Add(-2 * time.Minute), To: time.Now().Add(-90 * time.Second)}
				for when, over := range map[string]backend.TimeRange{"now": {From: time.Now().Add(-time.Minute), To: time.Now()}, "then": past} {
					for _, column := range []string{"job_url", "task_url"} {
						got := cells(t, l.frameOver(t, over, nil, `{"queryType": "bottlenecks"}`), column)
						if want := map[string]string{"job_url": job, "task_url": job + "/overview/" + l.Jobs[0].Tasks[1].ID}[column]; len(got) != 1 || got[0] != want {
							t.Errorf("%s: %s is %s, want %s", when, column, got, want)
						}
					}
					for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "history", "measure": "running"}`, `{"queryType": "timeline", "by": "job"}`} {
						if links := l.frameOver(t, over, nil, query).Fields[1].Config.Links; len(links) != 1 || links[0].URL != job {
							t.Errorf("%s: %s has the links %+v, want %s", when, query, links, job)
						}
					}
				}
				if links := l.frame(t, `{"queryType": "measure", "measure": "restarts"}`).Fields[0].Config.Links; len(links) != 1 || links[0].URL != job {
					t.Errorf("restarts have the links %+v, want %s", links, job)
				}
			})
		})
	}
}

// Each cluster has an address of its own.
func TestLinksOfClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		west, east := newLab(t, smallJobs("orders")...), newLab(t, smallJobs("clicks")...)
		ctx := inMemory(t.Context(), map[string]http.Handler{"west": west.Cluster, "east": east.Cluster})
		source := open(t, settingsWith(map[string]any{
			"url": "http://west", "clusterName": "west", "clusters": []map[string]any{{"name": "east", "url": "http://east", "webUrl": "https://browser.example/east"}},
		}))
		shown := firstFrame(t, send(ctx, t, source, `{"queryType": "taskmanagers"}`), "A")
		for row, cluster := range cells(t, shown, "cluster") {
			base := map[string]string{"west": "http://west", "east": "https://browser.example/east"}[cluster]
			if page := cells(t, shown, "taskmanager_url")[row]; !strings.HasPrefix(page, base+"/#/task-manager/") {
				t.Errorf("a TaskManager of %s is at %s", cluster, page)
			}
		}
	})
}
