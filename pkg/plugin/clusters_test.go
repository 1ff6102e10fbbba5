package plugin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Clusters may have jobs of one name: the label cluster distinguishes them.
func TestTwoClusters(t *testing.T) {
	for clusters, want := range map[string]string{
		`[]`:          "west, east",
		`["$__all"]`:  "west, east",
		`["east"]`:    "east",
		`["/^w/"]`:    "west",
		`["/north/"]`: "",
	} {
		t.Run(clusters, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTwoClusters(t, nil)
				responses := send(l.ctx, t, l, `{"queryType": "jobs", "clusters": `+clusters+`}`, `{"queryType": "measure", "clusters": `+clusters+`}`)
				if got := strings.Join(cells(t, firstFrame(t, responses, "A"), "cluster"), ", "); got != want {
					t.Errorf("jobs of %s, want %s", got, want)
				}
				var labelled []string
				for _, field := range firstFrame(t, responses, "B").Fields {
					if field.Labels["job"] != "orders" {
						t.Errorf("a series has the labels %s", field.Labels)
					}
					labelled = append(labelled, field.Labels["cluster"])
				}
				if got := strings.Join(labelled, ", "); got != want {
					t.Errorf("series of %s, want %s", got, want)
				}
			})
		})
	}
}

// A cluster that fails costs its own rows and a notice.
func TestOneClusterFails(t *testing.T) {
	const silent = "Cluster east did not answer: Flink failed to answer http://east/jobs/overview (500 Internal Server Error): see the JobManager's log for the cause."
	for query, c := range map[string]struct{ column, want string }{
		`{"queryType": "jobs"}`:                     {"cluster", "west"},
		`{"queryType": "tasks"}`:                    {"cluster", "west west"},
		`{"queryType": "jobs", "jobs": ["orders"]}`: {"cluster", "west"},
		`{"queryType": "measure"}`:                  {"bottleneck", "0.95"},
		`{"queryType": "nodeGraph"}`:                {"detail__cluster", "west west"},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTwoClusters(t, respondWith(500, stackTrace))
				shown := l.frame(t, query)
				if got := strings.Join(cells(t, shown, c.column), " "); got != c.want {
					t.Errorf("%s is %s, want %s", c.column, got, c.want)
				}
				if texts := notices(shown); !slices.Equal(texts, []string{silent}) {
					t.Errorf("notices are %q", texts)
				}
			})
		})
	}
}

// Where nothing is left to show, the failure is the error: also for an exact name
// that the failing cluster may have.
func TestOnlyTheFailingClusterIsChosen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTwoClusters(t, respondWith(500, stackTrace))
		const want = "Flink failed to answer http://east/jobs/overview (500 Internal Server Error): see the JobManager's log for the cause."
		for refID, failed := range send(l.ctx, t, l, `{"queryType": "jobs", "clusters": ["east"]}`, `{"queryType": "jobs", "jobs": ["payments"]}`) {
			if failed.Error == nil || failed.Error.Error() != want || failed.Status != 502 {
				t.Errorf("query %s: status %d, %v", refID, failed.Status, failed.Error)
			}
		}
	})
}

// A job, or a task, that fails costs its own rows and a notice.
func TestOneJobOrTaskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := smallJobs("orders", "payments")
		cluster := newCluster(jobs...)
		l := newTwoClusters(t, withoutPath(cluster, "/jobs/"+jobs[1].ID))
		shown := l.frame(t, `{"queryType": "jobs", "clusters": ["east"]}`)
		want := "Job payments did not answer: Flink has nothing at http://east/jobs/" + jobs[1].ID + " (404): the job may be gone, or the address lacks a path prefix."
		if got, texts := cells(t, shown, "job"), notices(shown); !slices.Equal(got, []string{"orders"}) || !slices.Equal(texts, []string{want}) {
			t.Errorf("shows %q with the notices %q", got, texts)
		}
		path := "/jobs/" + jobs[0].ID + "/vertices/" + jobs[0].Tasks[1].ID
		l = newTwoClusters(t, withoutPath(cluster, path))
		shown = l.frame(t, `{"queryType": "tasks", "clusters": ["east"], "jobs": ["orders"]}`)
		want = "1 of 2 tasks of job orders did not answer (task-1): Flink has nothing at http://east" + path + " (404): the job may be gone, or the address lacks a path prefix."
		if got, texts := cells(t, shown, "status"), notices(shown); !slices.Equal(got, []string{"backpressured", "unknown"}) || !slices.Equal(texts, []string{want}) {
			t.Errorf("statuses are %q with the notices %q", got, texts)
		}
	})
}

// Clusters are read side by side: eight, whose every answer takes a second, take as
// long as one, whatever the query, and Save & test as well.
func TestClustersAreReadSideBySide(t *testing.T) {
	const clusters = 8
	took := func(t *testing.T, clusters int, query string) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			hosts, more := map[string]http.Handler{}, []map[string]string{}
			for n := range clusters {
				host := fmt.Sprint("flink-", n)
				cluster := newCluster(sim.HeldBack("orders", 2, 1, 1), sim.HeldBack("payments", 2, 1, 1))
				cluster.Delay = time.Second
				hosts[host] = cluster
				if n > 0 {
					more = append(more, map[string]string{"name": host, "url": "http://" + host})
				}
			}
			source := open(t, settingsWith(map[string]any{"url": "http://flink-0", "clusters": more, "maxConcurrency": 256}))
			ctx := inMemory(t.Context(), hosts)
			begin := time.Now()
			if query == "" {
				if health, err := source.CheckHealth(ctx, &backend.CheckHealthRequest{}); err != nil || health.Status != healthy {
					t.Errorf("%v, %v", health, err)
				}
			} else if shown := firstFrame(t, send(ctx, t, source, query), "A"); shown.Rows() == 0 || len(notices(shown)) > 0 {
				t.Errorf("%d rows with the notices %q", shown.Rows(), notices(shown))
			}
			took = time.Since(begin)
		})
		return took
	}
	for name, query := range map[string]string{
		"Save & test": "", "tasks": `{"queryType": "tasks"}`, "history": `{"queryType": "history"}`, "history by subtask": `{"queryType": "history", "by": "subtask"}`,
		"history of running": `{"queryType": "history", "measure": "running"}`, "history of up": `{"queryType": "history", "measure": "up"}`, "timeline": `{"queryType": "timeline"}`,
		"up": `{"queryType": "measure", "measure": "up"}`, "running": `{"queryType": "measure", "measure": "running"}`, "restarts": `{"queryType": "measure", "measure": "restarts"}`,
		"jobs": `{"queryType": "variable", "variable": "jobs"}`, "names of tasks": `{"queryType": "variable", "variable": "tasks"}`,
		"subtasks": `{"queryType": "variable", "variable": "subtasks"}`, "TaskManagers": `{"queryType": "variable", "variable": "taskmanagers"}`,
		"details": `{"queryType": "subtasks", "detail": true}`,
	} {
		t.Run(name, func(t *testing.T) {
			if one, all := took(t, 1, query), took(t, clusters, query); one < time.Second || all != one {
				t.Errorf("one cluster takes %s, %d take %s", one, clusters, all)
			}
		})
	}
}
