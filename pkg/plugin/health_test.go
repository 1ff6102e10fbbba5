package plugin_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Save & test says what the data source finds, in a few sentences, and what to
// do where something lacks.
func TestHealth(t *testing.T) {
	orders := func(state string, since time.Duration) *sim.Job {
		job := sim.HeldBack("orders", 3, 2, 1)
		job.State, job.Start = state, time.Now().Add(-since)
		return job
	}
	flink := func(fetch time.Duration, jobs ...*sim.Job) http.Handler {
		return &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: jobs}
	}
	const dark = " Flame graphs are off: with rest.flamegraph.enabled: true in its configuration, Flink's UI shows where a busy task spends its time."
	const measured = "Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; they arrive: 3 of 3 tasks of job orders measured." + dark
	const perUser = " Grafana forwards who asks, so every user has looks of their own: more requests to Flink, and no sampling in the background."
	for name, c := range map[string]struct {
		cluster func() http.Handler
		source  backend.DataSourceInstanceSettings
		status  backend.HealthStatus
		want    string
	}{
		"all is well": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, address, ok, measured},
		"flame graphs are on": {func() http.Handler {
			return &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, FlameGraphs: true}
		}, address, ok, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 10s; whether they arrive shows once a job runs."},
		"no job":               {func() http.Handler { return flink(10 * time.Second) }, address, ok, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 10s; whether they arrive shows once a job runs." + dark},
		"a job has ended":      {func() http.Handler { return flink(10*time.Second, orders("FINISHED", time.Hour)) }, address, ok, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 10s; whether they arrive shows once a job runs." + dark},
		"a job has just begun": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Second)) }, address, ok, "Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; none have arrived for job orders yet, which is normal in the first 10 s after its start." + dark},
		"another interval":     {func() http.Handler { return flink(time.Minute) }, address, ok, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 1m0s; whether they arrive shows once a job runs." + dark},
		"fetching is off":      {func() http.Handler { return flink(0, orders("RUNNING", time.Hour)) }, address, ok, "Flink 2.3.0, 1 running job, 1 TaskManager. Metric fetching is turned off, so nothing can be measured: remove metrics.fetcher.update-interval: 0 from Flink's configuration."},
		"no configuration": {func() http.Handler {
			return without(flink(10*time.Second, orders("RUNNING", time.Hour)), "/jobmanager/config")
		}, address, ok,
			"Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; they arrive: 3 of 3 tasks of job orders measured. Flink's configuration could not be read: a fetch every 10 s is its default."},
		"root url": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, backend.DataSourceInstanceSettings{URL: "http://flink:8081"}, ok,
			measured + " Warning: the address stands in the data source's root url, so everyone who may query can send any request to Flink through Grafana's proxy, cancelling jobs included. Move it to jsonData.url."},
		"forwards who asks": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, with(map[string]any{"url": "http://flink:8081", "oauthPassThru": true}), ok,
			measured + perUser},
		"forwards cookies": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, with(map[string]any{"url": "http://flink:8081", "keepCookies": []string{"session"}}), ok,
			measured + perUser},
		"forwards no cookies": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, with(map[string]any{"url": "http://flink:8081", "oauthPassThru": false, "keepCookies": []string{}}), ok,
			measured},
		"wrong address":   {func() http.Handler { return says(200, page) }, address, failed, "http://flink:8081/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"no list of jobs": {func() http.Handler { return without(flink(10*time.Second), "/jobs/overview") }, address, failed, "Flink has nothing at http://flink:8081/jobs/overview (404): the job may be gone, or the address lacks a path prefix."},
		"one of two clusters fails": {func() http.Handler { return flink(10 * time.Second) }, with(map[string]any{"url": "http://flink:8081", "clusters": []map[string]string{{"name": "east", "url": "http://east:8081"}}}), failed,
			"east: Flink failed to answer http://east:8081/overview (500 Internal Server Error): see the JobManager's log for the cause."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := inMemory(t.Context(), map[string]http.Handler{"flink:8081": c.cluster(), "east:8081": says(500, trace)})
				health, err := open(t, c.source).CheckHealth(ctx, &backend.CheckHealthRequest{})
				if err != nil || health.Status != c.status || health.Message != c.want {
					t.Errorf("%s: %s, %v\nwant %s: %s", health.Status, health.Message, err, c.status, c.want)
				}
			})
		})
	}
}

var address = with(map[string]any{"url": "http://flink:8081"})

const (
	ok     = backend.HealthStatusOk
	failed = backend.HealthStatusError
)

// without answers 404 for one path, else as the cluster does.
func without(cluster http.Handler, path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			says(404, `{"errors":["Not found."]}`)(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	})
}
