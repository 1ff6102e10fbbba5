package plugin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// healthText is what Save & test answers: its message, and the lines to unfold below it.
func healthText(t *testing.T, health *backend.CheckHealthResult) string {
	t.Helper()
	var details struct{ VerboseMessage string }
	if len(health.JSONDetails) > 0 {
		if err := json.Unmarshal(health.JSONDetails, &details); err != nil {
			t.Errorf("the details are %s: %v", health.JSONDetails, err)
		}
	}
	return strings.TrimSpace(health.Message + "\n" + details.VerboseMessage)
}

// The next step that Save & test ends with.
const (
	stepExplore = " Next: import the dashboards under the tab Dashboards of this page, or open Explore, which begins with the bottlenecks."
	stepStart   = " Next: start a job, and test again."
	stepWait    = " Next: test again in 20 seconds."
	stepChange  = " Next: change that, restart Flink's JobManager, and test again."
)

// Save & test says what the data source finds, in a few sentences, what to do where
// something is missing, and the next step.
func TestHealth(t *testing.T) {
	orders := func(state string, since time.Duration) *sim.Job {
		job := sim.HeldBack("orders", 3, 2, 1)
		job.State, job.Start = state, time.Now().Add(-since)
		return job
	}
	waiting := func(states ...string) *sim.Job {
		job := orders("RUNNING", time.Hour)
		for i, state := range states {
			job.Tasks[i].State = state
		}
		return job
	}
	flink := func(fetch time.Duration, jobs ...*sim.Job) http.Handler {
		return &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: jobs}
	}
	const dark = " Flame graphs are off: with rest.flamegraph.enabled: true in its configuration, Flink's UI shows where a busy task spends its time."
	const measured = "Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; they arrive: 3 of 3 tasks of job orders measured." + dark
	const perUser = " Grafana forwards each user's login to Flink, so every user has samples of their own: more requests to Flink, no sampling in the background, and no history."
	for name, c := range map[string]struct {
		cluster func() http.Handler
		source  backend.DataSourceInstanceSettings
		status  backend.HealthStatus
		want    string
	}{
		"all is well": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, flinkSettings, healthy, measured + stepExplore},
		"flame graphs are on": {func() http.Handler {
			return &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, FlameGraphs: true}
		}, flinkSettings, healthy, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 10s; whether they arrive shows once a job runs." + stepStart},
		"no job":                            {func() http.Handler { return flink(10 * time.Second) }, flinkSettings, healthy, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 10s; whether they arrive shows once a job runs." + dark + stepStart},
		"a job has ended":                   {func() http.Handler { return flink(10*time.Second, orders("FINISHED", time.Hour)) }, flinkSettings, healthy, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 10s; whether they arrive shows once a job runs." + dark + stepStart},
		"a job has just begun":              {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Second)) }, flinkSettings, healthy, "Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; none have arrived for job orders yet, which is normal in the first 10 s after its start." + dark + stepWait},
		"a job waits for slots":             {func() http.Handler { return flink(10*time.Second, waiting("SCHEDULED", "SCHEDULED", "SCHEDULED")) }, flinkSettings, healthy, "Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; none have arrived for job orders yet (the first subtask: not running)." + dark + stepWait},
		"a job waits for some of its slots": {func() http.Handler { return flink(10*time.Second, waiting("SCHEDULED", "CREATED", "CREATED")) }, flinkSettings, healthy, "Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; none have arrived for job orders yet (the first subtask: not running)." + dark + stepWait},
		"a job's tasks are refused": {func() http.Handler {
			healthy, refused := flink(10*time.Second, orders("RUNNING", time.Hour)), respondWith(403, page)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/vertices/") {
					refused(w, r)
					return
				}
				healthy.ServeHTTP(w, r)
			})
		}, flinkSettings, unhealthy, "http://flink:8081/jobs/1c168adb00d208e42f93314529f1fa9c/vertices/d1af8df89383c3ebf5ccb6a5ff5c4610 was refused with 403 Forbidden: check the authentication in the data source's settings."},
		"another interval": {func() http.Handler { return flink(time.Minute) }, flinkSettings, healthy, "Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 1m0s; whether they arrive shows once a job runs." + dark + stepStart},
		"fetching is off":  {func() http.Handler { return flink(0, orders("RUNNING", time.Hour)) }, flinkSettings, healthy, "Flink 2.3.0, 1 running job, 1 TaskManager. Metric fetching is turned off, so nothing can be measured: remove metrics.fetcher.update-interval: 0 from Flink's configuration." + stepChange},
		"no configuration": {func() http.Handler {
			return withoutPath(flink(10*time.Second, orders("RUNNING", time.Hour)), "/jobmanager/config")
		}, flinkSettings, healthy,
			"Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; they arrive: 3 of 3 tasks of job orders measured. Flink's configuration could not be read: a fetch every 10 s is its default." + stepExplore},
		"root url": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, backend.DataSourceInstanceSettings{URL: "http://flink:8081"}, healthy,
			measured + " Warning: the address stands in the data source's root url, so everyone who may query can send any request to Flink through Grafana's proxy, cancelling jobs included. Move it to jsonData.url." + stepExplore},
		"forwards who asks": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, settingsWith(map[string]any{"url": "http://flink:8081", "oauthPassThru": true}), healthy,
			measured + perUser + stepExplore},
		"forwards cookies": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, settingsWith(map[string]any{"url": "http://flink:8081", "keepCookies": []string{"session"}}), healthy,
			measured + perUser + stepExplore},
		"forwards no cookies": {func() http.Handler { return flink(10*time.Second, orders("RUNNING", time.Hour)) }, settingsWith(map[string]any{"url": "http://flink:8081", "oauthPassThru": false, "keepCookies": []string{}}), healthy,
			measured + stepExplore},
		"wrong address":   {func() http.Handler { return respondWith(200, page) }, flinkSettings, unhealthy, "http://flink:8081/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
		"no list of jobs": {func() http.Handler { return withoutPath(flink(10*time.Second), "/jobs/overview") }, flinkSettings, unhealthy, "Flink has nothing at http://flink:8081/jobs/overview (404): the job may be gone, or the address lacks a path prefix."},
		"one of two clusters fails": {func() http.Handler { return flink(10 * time.Second) }, settingsWith(map[string]any{"url": "http://flink:8081", "clusters": []map[string]string{{"name": "east", "url": "http://east:8081"}}}), unhealthy,
			"east: Flink failed to answer http://east:8081/overview (500 Internal Server Error): see the JobManager's log for the cause.\n" +
				"default: Flink 2.3.0, 0 running jobs, 1 TaskManager. Metrics are fetched every 10s; whether they arrive shows once a job runs." + dark + "\n" +
				"east: Flink failed to answer http://east:8081/overview (500 Internal Server Error): see the JobManager's log for the cause."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := inMemory(t.Context(), map[string]http.Handler{"flink:8081": c.cluster(), "east:8081": respondWith(500, stackTrace)})
				health, err := open(t, c.source).CheckHealth(ctx, &backend.CheckHealthRequest{})
				if err != nil || health.Status != c.status || healthText(t, health) != c.want {
					t.Errorf("%s: %s, %v\nwant %s: %s", health.Status, healthText(t, health), err, c.status, c.want)
				}
			})
		})
	}
}

// Save & test looks at all running jobs, at ten of a cluster at most; of those without
// metrics it names the first.
func TestHealthOfSeveralJobs(t *testing.T) {
	jobs := func(n int, state string) (jobs []*sim.Job) {
		for i := range n {
			each := sim.HeldBack(fmt.Sprintf("%s-%d", strings.ToLower(state), i), 3, 2, 1)
			each.Start = time.Now().Add(time.Duration(i)*time.Minute - time.Hour)
			if state == "WAITING" {
				for i := range each.Tasks {
					each.Tasks[i].State = "SCHEDULED"
				}
			}
			jobs = append(jobs, each)
		}
		return jobs
	}
	const fetched = " 1 TaskManager. Metrics are fetched every 10s; "
	for name, c := range map[string]struct {
		jobs func() []*sim.Job
		want string
	}{
		"all are measured":     {func() []*sim.Job { return jobs(3, "RUNNING") }, "Flink 2.3.0, 3 running jobs," + fetched + "they arrive: 9 of 9 tasks of 3 jobs measured." + stepExplore},
		"one is not":           {func() []*sim.Job { return append(jobs(2, "RUNNING"), jobs(1, "WAITING")...) }, "Flink 2.3.0, 3 running jobs," + fetched + "they arrive: 6 of 9 tasks of 3 jobs measured; none have arrived for job waiting-0 yet (the first subtask: not running)." + stepExplore},
		"some are not":         {func() []*sim.Job { return append(jobs(1, "RUNNING"), jobs(3, "WAITING")...) }, "Flink 2.3.0, 4 running jobs," + fetched + "they arrive: 3 of 12 tasks of 4 jobs measured; none have arrived for job waiting-0 yet (the first subtask: not running), and 2 other jobs are not measured." + stepExplore},
		"none is":              {func() []*sim.Job { return jobs(2, "WAITING") }, "Flink 2.3.0, 2 running jobs," + fetched + "none have arrived for job waiting-0 yet (the first subtask: not running), and 1 other job is not measured." + stepWait},
		"more than are polled": {func() []*sim.Job { return jobs(12, "RUNNING") }, "Flink 2.3.0, 12 running jobs," + fetched + "they arrive: 30 of 30 tasks of the first 10 jobs measured." + stepExplore},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				flink := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, FlameGraphs: true, Jobs: c.jobs()}
				health, err := open(t, flinkSettings).CheckHealth(inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink}), &backend.CheckHealthRequest{})
				if err != nil || health.Status != healthy || healthText(t, health) != c.want {
					t.Errorf("%s: %s, %v\nwant %s", health.Status, healthText(t, health), err, c.want)
				}
			})
		})
	}
}

// Of several clusters the message is the sum, and each stands on a line of its own.
func TestHealthOfSeveralClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const want = "2 clusters, 3 running jobs, 2 TaskManagers: 9 of 9 tasks measured." + stepExplore + "\n" +
			"default: Flink 2.3.0, 1 running job, 1 TaskManager. Metrics are fetched every 10s; they arrive: 3 of 3 tasks of job orders measured.\n" +
			"east: Flink 1.20.5, 2 running jobs, 1 TaskManager. Metrics are fetched every 10s; they arrive: 6 of 6 tasks of 2 jobs measured."
		cluster := func(version string, names ...string) http.Handler {
			cluster := &sim.Cluster{Version: version, Fetch: 10 * time.Second, FlameGraphs: true}
			for _, name := range names {
				each := sim.HeldBack(name, 3, 2, 1)
				each.Start = time.Now().Add(-time.Hour)
				cluster.Jobs = append(cluster.Jobs, each)
			}
			return cluster
		}
		ctx := inMemory(t.Context(), map[string]http.Handler{"flink:8081": cluster("2.3.0", "orders"), "east:8081": cluster("1.20.5", "clicks", "etl")})
		source := open(t, settingsWith(map[string]any{"url": "http://flink:8081", "clusters": []map[string]string{{"name": "east", "url": "http://east:8081"}}}))
		health, err := source.CheckHealth(ctx, &backend.CheckHealthRequest{})
		if err != nil || health.Status != healthy || healthText(t, health) != want {
			t.Errorf("%s: %s, %v\nwant %s", health.Status, healthText(t, health), err, want)
		}
	})
}

var flinkSettings = settingsWith(map[string]any{"url": "http://flink:8081"})

const (
	healthy   = backend.HealthStatusOk
	unhealthy = backend.HealthStatusError
)

// Of a service of Flink's that is no JobManager, Save & test says what it probably is,
// and which address is needed.
func TestHealthOfAHistoryServer(t *testing.T) {
	const want = "http://flink:8081 answers as a Flink service, but not as a JobManager; it may be a history server or a SQL gateway: enter the address of the JobManager's REST API, such as http://jobmanager:8081."
	for name, service := range map[string]http.Handler{
		"history server": pathsOf(map[string]string{"/config": `{"refresh-interval":10000,"flink-version":"2.3.0"}`, "/jobs/overview": `{"jobs":[]}`}),
		"SQL gateway":    pathsOf(map[string]string{"/v1/info": `{"productName":"Apache Flink","version":"2.3.0"}`}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				health, err := open(t, flinkSettings).CheckHealth(inMemory(t.Context(), map[string]http.Handler{"flink:8081": service}), &backend.CheckHealthRequest{})
				if err != nil || health.Status != unhealthy || health.Message != want {
					t.Errorf("%s: %s, %v", health.Status, health.Message, err)
				}
			})
		})
	}
}

// pathsOf answers at these paths, and 404 as Flink does elsewhere.
func pathsOf(bodies map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, found := bodies[r.URL.Path]
		if !found {
			respondWith(404, `{"errors":["Unable to load requested file `+r.URL.Path+`."]}`)(w, r)
			return
		}
		respondWith(200, body)(w, r)
	})
}

// Save & test asks Prometheus, too, where the settings name one.
func TestHealthOfPrometheus(t *testing.T) {
	scraped := promtest.Handler()
	scrape(scraped, attempt{jobID: fuzzJob, job: "orders", taskID: fuzzTask, task: "sink", from: time.Now().Add(-time.Minute), to: time.Now()})
	for name, c := range map[string]struct {
		prometheus http.Handler
		status     backend.HealthStatus
		want       string // its end
	}{
		"all is well":    {scraped, healthy, " Prometheus answers, and has metrics of Flink's tasks." + stepStart},
		"no metrics yet": {promtest.Handler(), healthy, "and have Prometheus scrape it." + stepStart},
		"it is away":     {respondWith(503, "away"), unhealthy, "see its log, or that of the proxy before it, for the cause."},
		"it is Flink":    {&sim.Cluster{Version: "2.3.0"}, unhealthy, "the address may lack a path prefix, such as /prometheus for Mimir."},
		"a login page":   {respondWith(200, page), unhealthy, "check the address, its path prefix and the authentication."},
		"it refuses":     {respondWith(401, "who are you"), unhealthy, "check the authentication of Prometheus (user, password or token, tenant) in the data source's settings."},
		"it redirects":   {http.RedirectHandler("http://elsewhere/", http.StatusFound), unhealthy, "if that is where Prometheus is, enter that address in the data source's settings; if it is a login page, check the authentication."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLabWith(t, map[string]any{"prometheus": map[string]any{"url": "http://prometheus:9090"}})
				hosts := map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": c.prometheus}
				health, err := l.CheckHealth(inMemory(t.Context(), hosts), &backend.CheckHealthRequest{})
				if err != nil || health.Status != c.status || !strings.HasPrefix(health.Message, "Flink 2.3.0, ") || c.status == healthy && !strings.HasSuffix(healthText(t, health), c.want) || c.status != healthy && !strings.HasSuffix(health.Message, c.want) {
					t.Errorf("%s %q, %v", health.Status, healthText(t, health), err)
				}
			})
		})
	}
}

// Of a Prometheus behind a redirect to TLS, Save & test is well if queries are, and else
// names the redirect in their words: they are POSTs, which not every redirect lets
// pass.
func TestHealthOfARedirectingPrometheus(t *testing.T) {
	for status, well := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 2, 1))
				l.ctx = inMemory(t.Context(), map[string]http.Handler{
					"flink:8081": l.Cluster, "prometheus": prometheus, "prometheus:9090": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						http.Redirect(w, r, "https://prometheus"+r.URL.RequestURI(), status)
					}),
				})
				health, err := l.CheckHealth(l.ctx, &backend.CheckHealthRequest{})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(3 * time.Second) // a failure is kept for maxAge
				shown := l.frameOver(t, scrapedPast(), nil, `{"queryType": "history"}`)
				if well {
					if health.Status != healthy || !hasValues(shown) {
						t.Errorf("%s %q, and the notices are %q", health.Status, health.Message, notices(shown))
					}
					return
				}
				const redirected = "http://prometheus:9090/api/v1/query_range redirects to https://prometheus, which is not followed, as the credentials would go there too: if that is where Prometheus is, enter that address in the data source's settings; if it is a login page, check the authentication."
				if health.Status != unhealthy || !strings.HasSuffix(health.Message, ": "+redirected) {
					t.Errorf("%s %q", health.Status, health.Message)
				}
				if texts := notices(shown); !slices.Equal(texts, []string{"The past is not known as a whole: " + redirected}) {
					t.Errorf("the notices are %q", texts)
				}
			})
		})
	}
}
