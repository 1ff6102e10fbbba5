package plugin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// twoClusters are west, and east that may be something else, each with a job
// of the same name.
func twoClusters(t *testing.T, east http.Handler) lab {
	t.Helper()
	l := inLab(t, named("orders")...)
	if east == nil {
		east = &sim.Cluster{Version: "1.20.5", Fetch: 10 * time.Second, Jobs: named("orders")}
	}
	l.source = open(t, with(map[string]any{"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}}}))
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"west": l.Cluster, "east": east})
	return l
}

// Two clusters may have jobs of one name: the label cluster tells them apart.
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
				l := twoClusters(t, nil)
				responses := queried(l.ctx, t, l, `{"queryType": "jobs", "clusters": `+clusters+`}`, `{"queryType": "measure", "clusters": `+clusters+`}`)
				if got := strings.Join(cells(t, answer(t, responses, "A"), "cluster"), ", "); got != want {
					t.Errorf("jobs of %s, want %s", got, want)
				}
				var labelled []string
				for _, field := range answer(t, responses, "B").Fields {
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
func TestOneOfTwoClustersFails(t *testing.T) {
	const silent = "Cluster east did not answer: Flink failed to answer http://east/overview (500 Internal Server Error): see the JobManager's log for the cause."
	for query, c := range map[string]struct{ column, want string }{
		`{"queryType": "jobs"}`:                     {"cluster", "west"},
		`{"queryType": "tasks"}`:                    {"cluster", "west west"},
		`{"queryType": "jobs", "jobs": ["orders"]}`: {"cluster", "west"},
		`{"queryType": "measure"}`:                  {"bottleneck", "0.95"},
		`{"queryType": "nodeGraph"}`:                {"detail__cluster", "west west"},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := twoClusters(t, says(500, trace))
				shown := answer(t, queried(l.ctx, t, l, query), "A")
				if got := strings.Join(cells(t, shown, c.column), " "); got != c.want {
					t.Errorf("%s is %s, want %s", c.column, got, c.want)
				}
				if told := notices(shown); !slices.Equal(told, []string{silent}) {
					t.Errorf("notices are %q", told)
				}
			})
		})
	}
}

// Where nothing is left to show, what failed is an error: also an exact name
// that the failing cluster may have.
func TestNothingButTheClusterThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := twoClusters(t, says(500, trace))
		const want = "Flink failed to answer http://east/overview (500 Internal Server Error): see the JobManager's log for the cause."
		for refID, failed := range queried(l.ctx, t, l, `{"queryType": "jobs", "clusters": ["east"]}`, `{"queryType": "jobs", "jobs": ["payments"]}`) {
			if failed.Error == nil || failed.Error.Error() != want || failed.Status != 502 {
				t.Errorf("query %s: status %d, %v", refID, failed.Status, failed.Error)
			}
		}
	})
}

// A job, or a task, that fails costs its own rows and a notice too.
func TestPartOfAClusterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jobs := named("orders", "payments")
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: jobs}
		l := twoClusters(t, without(cluster, "/jobs/"+jobs[1].ID))
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "jobs", "clusters": ["east"]}`), "A")
		want := "Job payments did not answer: Flink has nothing at http://east/jobs/" + jobs[1].ID + " (404): the job may be gone, or the address lacks a path prefix."
		if got, told := cells(t, shown, "job"), notices(shown); !slices.Equal(got, []string{"orders"}) || !slices.Equal(told, []string{want}) {
			t.Errorf("shows %q with the notices %q", got, told)
		}
		path := "/jobs/" + jobs[0].ID + "/vertices/" + jobs[0].Tasks[1].ID
		l = twoClusters(t, without(cluster, path))
		shown = answer(t, queried(l.ctx, t, l, `{"queryType": "tasks", "clusters": ["east"], "jobs": ["orders"]}`), "A")
		want = "1 of 2 tasks of job orders did not answer (task-1): Flink has nothing at http://east" + path + " (404): the job may be gone, or the address lacks a path prefix."
		if got, told := cells(t, shown, "status"), notices(shown); !slices.Equal(got, []string{"backpressured", "unknown"}) || !slices.Equal(told, []string{want}) {
			t.Errorf("statuses are %q with the notices %q", got, told)
		}
	})
}
