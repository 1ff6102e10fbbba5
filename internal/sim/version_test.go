package sim_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// get asks the cluster for a path.
func get(cluster http.Handler, path string) (status int, body string) {
	recorder := httptest.NewRecorder()
	cluster.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder.Code, recorder.Body.String()
}

// fetched is a cluster of a ready-made job whose metrics have arrived.
func fetched(t *testing.T, version, name string) (*sim.Cluster, *sim.Job) {
	t.Helper()
	cluster := ready(t, version, name)
	get(cluster, "/jobs/"+cluster.Jobs[0].ID)
	time.Sleep(200 * time.Millisecond)
	return cluster, cluster.Jobs[0]
}

// Which fields an answer has, and which metrics there are, follows from the
// version.
func TestWhatDiffersByVersion(t *testing.T) {
	versions := []string{"1.13.6", "1.14.6", "1.15.4", "1.16.3", "1.17.2", "1.19.3", "1.20.5", "2.0.2", "2.3.0"}
	job := func(j *sim.Job) string { return "/jobs/" + j.ID }
	window := func(j *sim.Job) string { return "/jobs/" + j.ID + "/vertices/" + j.Tasks[2].ID }
	pressure := func(j *sim.Job) string { return window(j) + "/backpressure" }
	metric := func(name string) func(*sim.Job) string {
		return func(j *sim.Job) string { return window(j) + "/metrics?get=0." + name }
	}
	list := func(*sim.Job) string { return "/jobs/overview" }
	for _, c := range []struct {
		text        string
		of          func(*sim.Job) string
		first, last string
	}{
		{`"busyRatio":1.0`, pressure, "1.13.6", "2.3.0"},
		{`"backpressureLevel":"ok"`, pressure, "1.15.4", "2.3.0"},
		{`"type":"STREAMING"`, job, "1.14.6", "2.3.0"},
		{`"accumulated-busy-time":`, job, "1.16.3", "2.3.0"},
		{`"accumulated-busy-time":`, window, "1.16.3", "2.3.0"},
		{`"status-duration":`, window, "1.16.3", "2.3.0"},
		{`"aggregated":`, window, "1.16.3", "2.3.0"},
		{`"host":"host-1"`, window, "1.13.6", "1.20.5"},
		{`"endpoint":"host-1:6121"`, window, "1.19.3", "2.3.0"},
		{`"job-type":"STREAMING"`, job, "1.20.5", "2.3.0"},
		{`"slotSharingGroupId":`, job, "1.20.5", "2.3.0"},
		{`"pending-operators":0`, job, "2.0.2", "2.3.0"},
		{`"jobType":"STREAMING"`, list, "2.3.0", "2.3.0"},
		{`"value"`, metric("busyTimeMsPerSecond"), "1.13.6", "2.3.0"},
		{`"value"`, metric("softBackPressuredTimeMsPerSecond"), "1.15.4", "2.3.0"},
		{`"value"`, metric("accumulateBusyTimeMs"), "1.16.3", "2.3.0"},
		{`"value"`, metric("buffers.inPoolUsage"), "1.13.6", "1.20.5"},
		{`"value"`, metric("Shuffle.Netty.Input.Buffers.inPoolUsage"), "1.13.6", "2.3.0"},
	} {
		within := false
		for _, version := range versions {
			within = within || version == c.first
			synctest.Test(t, func(t *testing.T) {
				cluster, made := fetched(t, version, "bottleneck")
				if _, body := get(cluster, c.of(made)); strings.Contains(body, c.text) != within {
					t.Errorf("%s of %s has %s: %t, want %t", c.of(made), version, c.text, !within, within)
				}
			})
			within = within && version != c.last
		}
	}
}

// Aggregated metrics know the skew from 1.20 on; one unknown name makes the
// answer empty, whereas the metrics of subtasks leave it out.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for version, c := range map[string]struct {
			skew int
			all  string
		}{
			"1.19.3": {http.StatusBadRequest, `[{"id":"busyTimeMsPerSecond","min":143.0,"max":1000.0,"avg":357.25,"sum":1429.0}]`},
			"1.20.5": {http.StatusOK, `[{"id":"busyTimeMsPerSecond","min":143.0,"max":1000.0,"avg":357.25,"sum":1429.0,"skew":89.95801259622114}]`},
		} {
			cluster, made := fetched(t, version, "skew")
			path := "/jobs/" + made.ID + "/vertices/" + made.Tasks[2].ID
			for query, want := range map[string]string{
				"/subtasks/metrics?get=busyTimeMsPerSecond":                         c.all,
				"/subtasks/metrics?get=busyTimeMsPerSecond&agg=MIN,Max":             `[{"id":"busyTimeMsPerSecond","min":143.0,"max":1000.0}]`,
				"/subtasks/metrics?get=busyTimeMsPerSecond,bad":                     `[]`,
				"/metrics?get=2.busyTimeMsPerSecond,0.bad,99.busyTimeMsPerSecond,x": `[{"id":"2.busyTimeMsPerSecond","value":"1000.0"}]`,
				"/metrics?get=2.idleTimeMsPerSecond,2.backPressuredTimeMsPerSecond": `[{"id":"2.idleTimeMsPerSecond","value":"0"},{"id":"2.backPressuredTimeMsPerSecond","value":"0"}]`,
				"/metrics?get=": `[]`,
			} {
				if _, body := get(cluster, path+query); strings.TrimSpace(body) != want {
					t.Errorf("%s of %s: %s, want %s", query, version, body, want)
				}
			}
			if status, _ := get(cluster, path+"/subtasks/metrics?get=busyTimeMsPerSecond&agg=skew"); status != c.skew {
				t.Errorf("agg=skew of %s: status %d, want %d", version, status, c.skew)
			}
		}
	})
}

// The plan names tasks escaped, and a chain as a tree from 1.17 on.
func TestDescriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for version, want := range map[string]string{
			"1.13.6": "Source: orders -&gt; parse -&gt; filter -&gt; sink: Writer",
			"2.3.0":  "Source: orders<br/>+- parse<br/>   +- filter<br/>      +- sink: Writer<br/>",
		} {
			cluster, made := fetched(t, version, "chained")
			var answer struct {
				Plan struct {
					Nodes []struct{ Description string }
				}
			}
			_, body := get(cluster, "/jobs/"+made.ID)
			if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Plan.Nodes[0].Description != want {
				t.Errorf("%s: %+v, %v; want %s", version, answer, err, want)
			}
		}
	})
}
