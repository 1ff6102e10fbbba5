package plugin_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/tlstest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// attempt is an attempt of a subtask that a Prometheus has scraped: evenly loaded.
type attempt struct {
	jobID, job, taskID, task, manager string
	subtask                           int
	from, to                          time.Time
	idle, busy, backpressured         float64
}

const (
	scrapeInterval = 15 * time.Second
	// scrapedRestarts is how often each scraped job has restarted.
	scrapedRestarts = 3
)

// mangled is a name as Flink's reporter writes it.
func mangled(name string) string {
	return regexp.MustCompile("[^a-zA-Z0-9:_]").ReplaceAllString(name, "_")
}

// scrape adds what a Prometheus has of the attempts: names are mangled.
func scrape(prometheus *promtest.Server, attempts ...attempt) {
	jobs := map[string]bool{}
	for _, a := range attempts {
		of := map[string]string{
			"job_id": a.jobID, "job_name": mangled(a.job), "task_id": a.taskID, "task_name": mangled(a.task), "subtask_index": strconv.Itoa(a.subtask),
			"task_attempt_id": fmt.Sprintf("%s-%d_%s_%d", a.manager, a.from.Unix(), a.taskID, a.subtask), "task_attempt_num": "0", "host": a.manager, "tm_id": mangled(a.manager),
		}
		add := func(name string, value func(after time.Duration) float64) {
			labels := maps.Clone(of)
			labels["__name__"] = name
			prometheus.Add(labels, promtest.Every(scrapeInterval, a.from, a.to, value)...)
		}
		grows := func(rate float64) func(time.Duration) float64 {
			return func(after time.Duration) float64 { return rate * float64(after.Milliseconds()) }
		}
		add("flink_taskmanager_job_task_backPressuredTimeMsPerSecond", func(time.Duration) float64 { return 1000 * a.backpressured })
		add("flink_taskmanager_job_task_accumulateIdleTimeMs", grows(a.idle))
		add("flink_taskmanager_job_task_accumulateBusyTimeMs", grows(a.busy))
		add("flink_taskmanager_job_task_accumulateBackPressuredTimeMs", grows(a.backpressured))
		if key := a.jobID + a.from.String(); !jobs[key] {
			jobs[key] = true
			prometheus.Add(map[string]string{"__name__": "flink_jobmanager_job_numRestarts", "job_id": a.jobID, "job_name": mangled(a.job), "host": fmt.Sprint("jobmanager-", a.from.Unix())},
				promtest.Every(scrapeInterval, a.from, a.to, func(time.Duration) float64 { return scrapedRestarts })...)
		}
	}
}

// attemptsOf are those of a simulated job's subtasks, half busy and half
// backpressured all the time.
func attemptsOf(of *sim.Job, manager string, from, to time.Time) (all []attempt) {
	for _, task := range of.Tasks {
		for subtask := range max(task.Parallelism, 1) {
			all = append(all, attempt{of.ID, of.Name, task.ID, task.Name, manager, subtask, from, to, 0, 0.5, 0.5})
		}
	}
	return all
}

// newScrapedLab is a data source of jobs that a Prometheus has scraped for an hour,
// and goes on to for half of one, and that are sampled from now on only. Its requests
// may take 5 s.
func newScrapedLab(t *testing.T, jobs ...*sim.Job) (lab, *promtest.Server) {
	t.Helper()
	return newScrapedLabWith(t, nil, jobs...)
}

// newScrapedLabWith has these settings, too.
func newScrapedLabWith(t *testing.T, keys map[string]any, jobs ...*sim.Job) (lab, *promtest.Server) {
	t.Helper()
	all := map[string]any{"timeoutSeconds": 5, "history": map[string]any{"idleAfter": "1h"}, "prometheus": map[string]any{"url": "http://prometheus:9090"}}
	maps.Copy(all, keys)
	l, prometheus := newLabWith(t, all, jobs...), promtest.Handler()
	for _, job := range jobs {
		scrape(prometheus, attemptsOf(job, "tm-1", time.Now().Add(-time.Hour), time.Now().Add(30*time.Minute))...)
	}
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": prometheus})
	return l, prometheus
}

// scrapedPast is a range that only Prometheus has of a [newScrapedLab].
func scrapedPast() backend.TimeRange {
	return backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now().Add(-10 * time.Minute)}
}

// take is how many requests a Prometheus got since the last call.
func take(prometheus *promtest.Server) (requests int) {
	requests = len(prometheus.Requests())
	prometheus.Forget()
	return requests
}

// allQueries are those of a range and of a moment.
func allQueries() []string { return slices.Concat(rangeQueries, momentQueries) }

// That Prometheus is away is a notice, and costs only what it alone has. It gets its
// own credentials, trimmed, and none of Flink's.
func TestPrometheusAway(t *testing.T) {
	for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "history", "by": "subtask"}`, `{"queryType": "timeline"}`} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 2, 1))
				prometheus.Fail(respondWith(503, "away"))
				settings := settingsWith(map[string]any{
					"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"}, "prometheus": map[string]any{"url": "http://prometheus:9090/prefix", "tenant": "team-a"},
				})
				settings.DecryptedSecureJSONData = map[string]string{"bearerToken": "flink-secret", "prometheusBearerToken": "prometheus-secret\n"}
				l.dataSource = open(t, settings)
				l.frame(t, `{"queryType": "nodeGraph"}`)
				time.Sleep(5 * time.Minute)
				shown := l.frame(t, query) // the last hour
				if points := shown.Rows(); points < 25 {
					t.Errorf("%d points", points)
				}
				if texts := strings.Join(notices(shown), " "); !strings.Contains(texts, "The past is not known as a whole") || !strings.Contains(texts, "http://prometheus:9090/prefix/api") {
					t.Errorf("the notices are %q", texts)
				}
				for _, request := range prometheus.Requests() {
					if request.Header.Get("Authorization") != "Bearer prometheus-secret" || request.Header.Get("X-Scope-OrgID") != "team-a" {
						t.Errorf("Prometheus got %v", request.Header)
					}
				}
				if take(prometheus) == 0 {
					t.Error("Prometheus got no request")
				}
			})
		})
	}
}

// A redirect of Prometheus is not followed, wherever it leads: not with its
// credentials to another host, nor to a path of Flink's that cancels a job.
func TestRedirectsOfPrometheus(t *testing.T) {
	for name, c := range map[string]struct{ to, named string }{
		"to another host": {"http://elsewhere/api/v1/query_range", "http://elsewhere"},
		"to Flink":        {"http://flink:8081/jobs/0123456789abcdef0123456789abcdef/yarn-cancel", "http://flink:8081"},
		"to a login page": {"/login?token=" + marker, "http://prometheus:9090"},
	} {
		for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t)
					elsewhere := &guardedFlink{}
					redirecting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/login" {
							respondWith(200, page)(w, r)
							return
						}
						http.Redirect(w, r, c.to, status)
					})
					hosts := map[string]http.Handler{"flink:8081": elsewhere, "prometheus:9090": redirecting, "elsewhere": elsewhere}
					ctx := inMemory(t.Context(), hosts)
					settings := settingsWith(map[string]any{
						"url": "http://flink:8081", "prometheus": map[string]any{"url": "http://prometheus:9090", "tenant": marker},
					})
					settings.DecryptedSecureJSONData = map[string]string{"prometheusBearerToken": marker}
					l.dataSource = open(t, settings)
					shown := firstFrame(t, sendOver(ctx, t, l, scrapedPast(), nil, `{"queryType": "history"}`), "A")
					if texts := strings.Join(notices(shown), " "); !strings.Contains(texts, "redirects to "+c.named+", which is not followed") || strings.Contains(texts, marker) {
						t.Errorf("the notices are %q", texts)
					}
					for _, request := range elsewhere.received() {
						if strings.Contains(fmt.Sprint(request), marker) || strings.Contains(request.path, "yarn-cancel") || strings.HasPrefix(request.path, "/api") {
							t.Errorf("the other server got %v", request)
						}
					}
				})
			})
		}
	}
}

// Prometheus has TLS settings of its own, none of Flink's. Where a connection fails, one
// sentence says why, and which setting is for it.
func TestTLSOfPrometheus(t *testing.T) {
	const (
		unsigned = "its TLS certificate is signed by an unknown authority, see prometheus.tlsAuthWithCACert and prometheusTlsCACert"
		misnamed = "its TLS certificate is not for this host, see prometheus.serverName, but for prometheus.example"
		unasked  = `it broke off TLS with "handshake failure", see prometheus.tlsAuth, prometheusTlsClientCert and prometheusTlsClientKey`
	)
	ours, theirs := tlstest.NewAuthority("ours"), tlstest.NewAuthority("theirs")
	good := tlstest.Serve(t, promtest.Handler(), ours.Issue("prometheus", time.Hour, "127.0.0.1"), nil)
	named := tlstest.Serve(t, promtest.Handler(), ours.Issue("prometheus", time.Hour, "prometheus.example"), nil)
	mutual := tlstest.Serve(t, promtest.Handler(), ours.Issue("prometheus", time.Hour, "127.0.0.1"), ours)
	known, unknown := ours.Issue("plugin", time.Hour), theirs.Issue("plugin", time.Hour)
	flink := httptest.NewServer(newCluster())
	defer flink.Close()
	on := map[string]any{"tlsAuthWithCACert": true}
	both := map[string]any{"tlsAuthWithCACert": true, "tlsAuth": true}
	ca := map[string]string{"prometheusTlsCACert": ours.Certificate}
	client := func(of tlstest.Identity) map[string]string {
		return map[string]string{"prometheusTlsCACert": ours.Certificate, "prometheusTlsClientCert": of.Certificate, "prometheusTlsClientKey": of.Key}
	}
	answerOf := func(t *testing.T, address string, keys map[string]any, secrets map[string]string) backend.DataResponse {
		of := map[string]any{"url": address}
		maps.Copy(of, keys)
		settings := settingsWith(map[string]any{"url": flink.URL, "tlsAuthWithCACert": true, "tlsSkipVerify": true, "prometheus": of})
		// What is trusted for Flink is not for Prometheus.
		settings.DecryptedSecureJSONData = map[string]string{"tlsCACert": ours.Certificate}
		maps.Copy(settings.DecryptedSecureJSONData, secrets)
		return sendOver(t.Context(), t, open(t, settings), scrapedPast(), nil, `{"queryType": "history"}`)["A"]
	}
	for name, c := range map[string]struct {
		address string
		keys    map[string]any
		secrets map[string]string
		fault   string // "" where it is answered
	}{
		"own CA":                       {good, on, ca, ""},
		"Flink's CA":                   {good, nil, nil, unsigned},
		"another's CA":                 {good, on, map[string]string{"prometheusTlsCACert": theirs.Certificate}, unsigned},
		"a CA that is not switched on": {good, nil, ca, unsigned},
		"skip verify":                  {named, map[string]any{"tlsSkipVerify": true}, nil, ""},
		"another name":                 {named, on, ca, misnamed},
		"server name":                  {named, map[string]any{"tlsAuthWithCACert": true, "serverName": " prometheus.example "}, ca, ""},
		"client certificate":           {mutual, both, client(known), ""},
		"another's, for a client":      {mutual, both, client(unknown), unasked},
		"one that is not switched on":  {mutual, on, client(known), unasked},
	} {
		t.Run(name, func(t *testing.T) {
			response := answerOf(t, c.address, c.keys, c.secrets)
			if response.Error != nil {
				t.Fatal(response.Error)
			}
			texts := strings.Join(notices(response.Frames[0]), " ")
			switch want := "The past is not known as a whole: Prometheus could not be reached at " + c.address + "/api/v1/query_range (" + c.fault + ")"; {
			case c.fault == "" && strings.Contains(texts, "could not be reached"), c.fault != "" && !strings.HasPrefix(texts, want):
				t.Errorf("the notices are %q, want %q", texts, c.fault)
			}
		})
	}
	for what, secrets := range map[string]map[string]string{
		"failed to parse TLS CA PEM certificate":                {"prometheusTlsCACert": marker},
		"tls: failed to find any PEM data in certificate input": {"prometheusTlsCACert": ours.Certificate, "prometheusTlsClientCert": marker, "prometheusTlsClientKey": known.Key},
		"tls: private key does not match public key":            {"prometheusTlsCACert": ours.Certificate, "prometheusTlsClientCert": known.Certificate, "prometheusTlsClientKey": unknown.Key},
	} {
		t.Run(what, func(t *testing.T) {
			checkError(t, answerOf(t, good, both, secrets), backend.StatusBadRequest, "The data source's settings of Prometheus cannot be used ("+what+").")
		})
	}
}

// What the built-in history covers is not read from Prometheus, nor is anything
// where every user sees only what Flink's proxy lets them.
func TestPrometheusIsNotNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 2, 1))
		begin := time.Now()
		l.frame(t, `{"queryType": "nodeGraph"}`)
		time.Sleep(30 * time.Minute)
		over := backend.TimeRange{From: begin.Add(10 * time.Minute), To: time.Now()}
		shown := l.frameOver(t, over, nil, `{"queryType": "history"}`)
		if sent := take(prometheus); sent != 0 || shown.Rows() < 100 || len(notices(shown)) != 0 {
			t.Errorf("Prometheus got %d requests; %d points with the notices %q", sent, shown.Rows(), notices(shown))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLabWith(t, map[string]any{"oauthPassThru": true}, sim.HeldBack("orders", 3, 2, 1))
		shown := l.frame(t, `{"queryType": "history"}`)
		if sent := take(prometheus); sent != 0 || !strings.Contains(strings.Join(notices(shown), " "), "There is no history") {
			t.Errorf("Prometheus got %d requests for a user whose identity is forwarded; the notices are %q", sent, notices(shown))
		}
	})
}

// The built-in history has the recent part of a range and Prometheus the rest: no
// time twice, no gap between them, and the frame's source is Prometheus.
func TestMemoryAndPrometheusAreJoined(t *testing.T) {
	t.Parallel()
	for _, query := range rangeQueries {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(10*time.Minute + 5*time.Second)
				over := backend.TimeRange{From: time.Now().Add(-50 * time.Minute), To: time.Now()}
				shown := l.frameOver(t, over, nil, query)
				checkFrame(t, query, shown)
				checkWithin(t, query, shown, over.From, over.To)
				for i := 1; i < shown.Rows(); i++ {
					if at, before := shown.Fields[0].At(i).(time.Time), shown.Fields[0].At(i-1).(time.Time); at.Sub(before) > 20*time.Second {
						t.Errorf("a point at %s follows that at %s", at, before)
					}
				}
				if source := shown.Meta.Custom.(frame.Custom).Source; source == nil || *source != job.FromPrometheus || len(notices(shown)) != 0 {
					t.Errorf("the source is %v, and the notices are %q", source, notices(shown))
				}
			})
		})
	}
}

// A hole in the middle of the built-in history, in which nothing was sampled, is
// filled from Prometheus, over time and at a moment; a job that was there only then
// is found.
func TestHolesAreFilledFromPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLabWith(t, map[string]any{"history": map[string]any{"idleAfter": "1m"}}, sim.HeldBack("orders", 3, 1, 1))
		begin := time.Now()
		clicks := sim.HeldBack("clicks", 2, 1, 1)
		scrape(prometheus, attemptsOf(clicks, "tm-2", begin.Add(6*time.Minute), begin.Add(9*time.Minute))...)
		l.frame(t, `{"queryType": "tasks"}`) // is sampled for a minute
		time.Sleep(15 * time.Minute)
		for range 30 {
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(10 * time.Second)
		}
		over := backend.TimeRange{From: begin, To: time.Now()}
		for _, query := range []string{
			`{"queryType": "history", "measure": "busy", "jobs": ["orders"]}`, `{"queryType": "history", "measure": "busy", "by": "subtask", "jobs": ["orders"]}`,
			`{"queryType": "history", "measure": "running", "jobs": ["orders"]}`, `{"queryType": "timeline", "jobs": ["orders"]}`,
		} {
			shown := l.frameOver(t, over, nil, query)
			checkFrame(t, query, shown)
			checkWithin(t, query, shown, over.From, over.To)
			for i := 1; i < shown.Rows(); i++ {
				if gap := shown.Fields[0].At(i).(time.Time).Sub(shown.Fields[0].At(i - 1).(time.Time)); gap > 30*time.Second || shown.Fields[1].NilAt(i) {
					t.Errorf("%s: %s before the end there is a gap of %s", query, over.To.Sub(shown.Fields[0].At(i).(time.Time)), gap)
				}
			}
			if texts := notices(shown); len(texts) != 0 {
				t.Errorf("%s: the notices are %q", query, texts)
			}
		}
		within := backend.TimeRange{From: begin, To: begin.Add(8 * time.Minute)}
		for _, query := range momentQueries {
			for _, name := range []string{"orders", "clicks"} {
				shown := l.frameOver(t, within, nil, forJob(query, name))
				// How the tasks of clicks are connected, and so what holds it back, is not known.
				connected := name == "orders" || strings.Contains(query, "running") || strings.Contains(query, "restarts")
				if countAnswers(query, shown) == 0 || isNumeric(query) && connected && !hasValues(shown) {
					t.Errorf("%s: %d answers with the notices %q", forJob(query, name), countAnswers(query, shown), notices(shown))
				}
			}
			jobs := jobsIn(t, sendOver(l.ctx, t, l, within, nil, query)["A"])
			if !strings.Contains(query, `"nodeGraph"`) && !slices.Equal(jobs, []string{"clicks", "orders"}) {
				t.Errorf("%s has the jobs %q", query, jobs)
			}
		}
		if jobs := jobsWithValues(sendOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "busy", "by": "task"}`)["A"]); !slices.Contains(jobs, "clicks") {
			t.Errorf("over the whole time there are series of %q", jobs)
		}
	})
}

// The graph of a job that was never polled is read from Flink, and counted.
func TestGraphOfAJobOfPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		over := scrapedPast()
		for _, graphs := range []int{1, 0} {
			shown := l.frameOver(t, over, nil, `{"queryType": "tasks"}`)
			sent, read := l.Requests(), 0
			for _, path := range sent {
				read += strings.Count(path, "/jobs/"+l.Jobs[0].ID)
			}
			if read != graphs || requests(shown) != len(sent) || shown.Rows() != 3 {
				t.Errorf("%d rows, %d requests counted, the cluster got %q", shown.Rows(), requests(shown), sent)
			}
			l.frame(t, `{"queryType": "tasks"}`)
			time.Sleep(10 * time.Second)
			l.Requests()
		}
	})
}

// Restarts come from Prometheus where they were not sampled.
func TestRestartsFromPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
		begin := time.Now()
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(3 * time.Minute)
		over := backend.TimeRange{From: begin.Add(-30 * time.Minute), To: time.Now()}
		shown := l.frameOver(t, over, nil, `{"queryType": "history", "measure": "restarts"}`)
		if got, want := changesOf(shown, begin), fmt.Sprintf("-30m %d, 0m ?, 3m 0", scrapedRestarts); got != want {
			t.Errorf("restarts are %q, want %q", got, want)
		}
		over.To = begin.Add(-10 * time.Minute)
		past := l.frameOver(t, over, fromAlert, `{"queryType": "measure", "measure": "restarts"}`)
		if got := seriesOf(past); len(got) != 1 || got[0] != fmt.Sprintf("restarts{cluster=default, job=orders} %d", scrapedRestarts) {
			t.Errorf("ten minutes before they were %q", got)
		}
	})
}

// A moment before the built-in history is read from Prometheus, for a panel and a
// rule alike. A job that Flink lists has its name from there, however the reporter
// mangled it.
func TestMomentsBeforeTheHistory(t *testing.T) {
	for _, query := range momentQueries {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := newScrapedLab(t, sim.HeldBack("orders of the EU", 3, 1, 1))
				l.frame(t, `{"queryType": "tasks"}`)
				response := sendOver(l.ctx, t, l, scrapedPast(), nil, query)["A"]
				shown := l.frameOver(t, scrapedPast(), nil, query)
				checkFrame(t, query, shown)
				if jobs := jobsIn(t, response); !strings.Contains(query, `"nodeGraph"`) && !slices.Equal(jobs, []string{"orders of the EU"}) {
					t.Errorf("the jobs are %q", jobs)
				}
				if count := countAnswers(query, shown); count == 0 || len(notices(shown)) > 0 {
					t.Errorf("%d answers with the notices %q", count, notices(shown))
				}
				if isNumeric(query) {
					l.frameOver(t, scrapedPast(), fromAlert, query)
				}
			})
		})
	}
}

// Warnings of Prometheus are notices, each once for all jobs and requests.
func TestWarningsOfPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 1))
		prometheus.Warn("a store is away", "results may be incomplete")
		l.frame(t, `{"queryType": "tasks"}`)
		over, queries := scrapedPast(), allQueries()
		responses := sendOver(l.ctx, t, l, over, nil, queries...) // all at once
		for i, query := range queries {
			texts := notices(firstFrame(t, responses, string(rune('A'+i))))
			if got := strings.Join(texts, "; "); got != "Prometheus warns: a store is away; Prometheus warns: results may be incomplete" {
				t.Errorf("%s: the notices are %q", query, got)
			}
		}
		prometheus.Warn()
		time.Sleep(2*time.Second + 1) // an answer with a warning is kept for maxAge
		if texts := notices(l.frameOver(t, over, nil, rangeQueries[0])); len(texts) != 0 {
			t.Errorf("the notices of the next query are %q", texts)
		}
	})
}

// However long a range and however many points, a job costs a bounded number of
// requests for a bounded number of points. Where these are further apart than the
// job ran for, a notice says so.
func TestLongRangesOfPrometheus(t *testing.T) {
	t.Parallel()
	year := 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		long      time.Duration
		maxPoints int64
		step      time.Duration
		most      int // points of one request
		tooFew    bool
	}{
		"an hour":                   {time.Hour, 1000, 10 * time.Second, 400, false},
		"a day":                     {24 * time.Hour, 1000, 86 * time.Second, 1010, false},
		"a year":                    {year, 1000, 31536 * time.Second, 1010, true},
		"a year, one point":         {year, 1, year / 100, 110, true},
		"a year, as many as it has": {year, 0, 105120 * time.Second, 310, true},
		"a year, more than it has":  {year, 1 << 40, 0, 11_000, true},
		"all time":                  {time.Since(time.UnixMilli(-1 << 50)), 1000, 0, 1010, true},
	} {
		for _, query := range []string{`{"queryType": "history", "by": "task"}`, `{"queryType": "history", "by": "subtask"}`, `{"queryType": "timeline"}`} {
			t.Run(fmt.Sprint(name, " ", query), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
					l.frame(t, `{"queryType": "nodeGraph"}`)
					time.Sleep(5 * time.Minute)
					over := backend.TimeRange{From: time.Now().Add(-c.long), To: time.Now()}
					shown := framesFor(t, l, over, c.maxPoints, query)[0]
					texts := notices(shown)
					if shown.Rows() == 0 || len(texts) > 1 || len(texts) == 1 != c.tooFew || c.maxPoints > 0 && int64(shown.Rows()) > c.maxPoints {
						t.Errorf("%d points with the notices %q", shown.Rows(), texts)
					}
					if c.tooFew && c.step > 0 && !strings.Contains(strings.Join(texts, ""), "a mean over every "+c.step.String()+",") {
						t.Errorf("the notices are %q", texts)
					}
					sent := prometheus.Requests()
					if len(sent) == 0 || len(sent) > 12 {
						t.Errorf("Prometheus got %d requests", len(sent))
					}
					measured := false
					for _, request := range sent {
						if request.Points() > c.most && !strings.Contains(request.Query(), " by (") {
							t.Errorf("%d points for %s", request.Points(), request.Query())
						}
						if strings.HasPrefix(request.Query(), "delta(") {
							measured = true
							if step, _ := strconv.ParseFloat(request.Form.Get("step"), 64); c.step > 0 && step != c.step.Seconds() {
								t.Errorf("a step of %g s for %s", step, request.Query())
							}
						}
					}
					if !measured && !c.tooFew {
						t.Errorf("none of %d requests measures anything", len(sent))
					}
				})
			})
		}
	}
}

// What Flink has forgotten, or while it is away, is read from Prometheus alone: with
// the built-in history or without.
func TestPrometheusAlone(t *testing.T) {
	t.Parallel()
	for name, flink := range map[string]http.Handler{"forgotten": newCluster(), "away": respondWith(503, "away")} {
		for _, retention := range []string{"1h", "0s"} {
			for _, query := range allQueries() {
				t.Run(fmt.Sprint(name, ", history of ", retention, " ", query), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						l, prometheus := newScrapedLabWith(t, map[string]any{"history": map[string]any{"retention": retention}}, sim.HeldBack("orders", 3, 1, 1))
						l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": flink, "prometheus:9090": prometheus})
						shown := l.frameOver(t, scrapedPast(), nil, query)
						checkFrame(t, query, shown)
						if countAnswers(query, shown) == 0 || strings.Contains(query, "subtask") && !strings.Contains(query, `"bottleneck"`) && !hasValues(shown) {
							t.Errorf("%d answers with the notices %q", countAnswers(query, shown), notices(shown))
						}
						if tasks, _ := shown.FieldByName("task"); tasks != nil && !isBottlenecks(query) && tasks.Len() != 3 {
							t.Errorf("%d tasks", tasks.Len())
						}
					})
				})
			}
		}
	}
}

// faults are what a Prometheus, or what stands before it, can do to a request, and
// the sentence for it.
var faults = map[string]struct {
	fault  http.HandlerFunc
	notice string
}{
	"away":                  {respondWith(503, "away"), "Prometheus failed to answer http://prometheus:9090/api/v1/query_range (503 Service Unavailable): see its log, or that of the proxy before it, for the cause."},
	"slow":                  {hang, "Prometheus did not answer http://prometheus:9090/api/v1/query_range in time: choose a shorter time range or fewer jobs, or raise the time-out in the data source's settings."},
	"refusing":              {respondWith(401, page), "http://prometheus:9090/api/v1/query_range was refused with 401 Unauthorized: check the authentication of Prometheus (user, password or token, tenant) in the data source's settings."},
	"elsewhere":             {respondWith(404, page), "Prometheus has nothing at http://prometheus:9090/api/v1/query_range (404): the address may lack a path prefix, such as /prometheus for Mimir."},
	"a login page":          {respondWith(200, page), "http://prometheus:9090/api/v1/query_range answered 200 OK with something that is not Prometheus' JSON, such as a proxy's login page: check the address, its path prefix and the authentication."},
	"half a JSON":           {respondWith(200, `{"status":"success","data":{"resultType":"mat`), "The answer of http://prometheus:9090/api/v1/query_range is not the JSON that Prometheus sends, or breaks off: check the connection and any proxy in between."},
	"bad data":              {respondWith(400, apiError("bad_data", "parse error")), `Prometheus refused the query at http://prometheus:9090/api/v1/query_range with "parse error": check that it is a version that has PromQL's delta and count_values.`},
	"an error with 200":     {respondWith(200, apiError("bad_data", "parse error")), `Prometheus refused the query at http://prometheus:9090/api/v1/query_range with "parse error": check that it is a version that has PromQL's delta and count_values.`},
	"an error in execution": {respondWith(422, apiError("execution", "expanding series: boom")), `Prometheus refused the query at http://prometheus:9090/api/v1/query_range with "expanding series: boom": check that it is a version that has PromQL's delta and count_values.`},
	"too much":              {respondWith(422, apiError("execution", "query processing would load too many samples into memory")), `The query at http://prometheus:9090/api/v1/query_range is too much for Prometheus ("query processing would load too many samples into memory"): choose a shorter time range, or raise its limit.`},
	"not ready":             {respondWith(503, apiError("unavailable", "TSDB not ready")), "Prometheus failed to answer http://prometheus:9090/api/v1/query_range (TSDB not ready): see its log, or that of the proxy before it, for the cause."},
	"without the metrics":   {promtest.Handler().ServeHTTP, "Prometheus at http://prometheus:9090 has no metrics flink_taskmanager_job_task_…: turn on Flink's reporter on the TaskManagers (metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory) and have Prometheus scrape it."},
}

// apiError is an error as Prometheus' API answers with it.
func apiError(kind, text string) string {
	return fmt.Sprintf(`{"status":"error","errorType":%q,"error":%q}`, kind, text)
}

// pastUnknown is the notice about a part of the past that could not be read.
const pastUnknown = "The past is not known as a whole: "

// What the built-in history has is answered in any case, with one notice that says
// what to do; an alert rule is answered, too.
func TestPrometheusFailsBesideTheHistory(t *testing.T) {
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1), sim.HeldBack("payments", 3, 1, 1))
				prometheus.Fail(c.fault)
				began := time.Now()
				l.frame(t, `{"queryType": "tasks"}`)
				time.Sleep(5*time.Minute + 5*time.Second)
				for _, query := range momentQueries {
					over := backend.TimeRange{From: began.Add(-time.Hour), To: began.Add(20 * time.Second)}
					shown := l.frameOver(t, over, nil, query)
					// The built-in history has that moment; the blame is of all the range, and
					// since when a root cause has been there is of any time before.
					before := strings.Contains(query, "blame") || strings.Contains(query, `"tasks"`) || isBottlenecks(query) || query == `{"queryType": "jobs"}`
					if texts := notices(shown); countAnswers(query, shown) == 0 || slices.Contains(texts, pastUnknown+c.notice) != before || len(texts) > 1 || !before && len(texts) > 0 {
						t.Errorf("%s: %d answers with the notices %q", query, countAnswers(query, shown), texts)
					}
				}
				for _, query := range rangeQueries {
					begun := time.Now()
					shown := l.frame(t, query)
					if texts := notices(shown); len(texts) != 1 || texts[0] != pastUnknown+c.notice {
						t.Errorf("%s: the notices are %q", query, texts)
					}
					if shown.Rows() < 25 {
						t.Errorf("%s: %d points", query, shown.Rows())
					}
					if took := time.Since(begun); took > 6*time.Second {
						t.Errorf("%s took %s", query, took)
					}
					if !isTimeline(query) {
						l.frameOver(t, lastHour(), fromAlert, query)
					}
				}
			})
		})
	}
}

// Where there is nothing else, a panel gets a notice, and an alert rule an error.
func TestPrometheusFailsAlone(t *testing.T) {
	for name, c := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
				prometheus.Fail(c.fault)
				l.frame(t, `{"queryType": "tasks"}`)
				for _, query := range allQueries() {
					for _, query := range []string{query, forJob(query, "orders")} {
						shown := l.frameOver(t, scrapedPast(), nil, query)
						if texts := notices(shown); shown.Rows() > 0 && hasValues(shown) || len(texts) == 0 || texts[0] != pastUnknown+c.notice {
							t.Errorf("%s: %d rows with the notices %q", query, shown.Rows(), texts)
						}
						rule := sendOver(l.ctx, t, l, scrapedPast(), fromAlert, query)["A"]
						if isNumeric(query) && (rule.Error == nil || rule.Error.Error() != c.notice || rule.ErrorSource != backend.ErrorSourceDownstream) {
							t.Errorf("%s: an alert rule gets %d frames, %v", query, len(rule.Frames), rule.Error)
						}
					}
				}
			})
		})
	}
}

// A query that is cancelled, or whose time runs out, while Prometheus is slow ends
// at once, and nothing goes on for it.
func TestCancelledWhilePrometheusIsSlow(t *testing.T) {
	for _, query := range allQueries() {
		for status, ending := range map[backend.Status]func(context.Context) (context.Context, context.CancelFunc){
			backend.StatusOK: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Second)
			},
			clientClosed: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			},
		} {
			t.Run(fmt.Sprint(query, " ", status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newScrapedLab(t, sim.HeldBack("orders", 3, 1, 1))
					prometheus.Fail(hang)
					l.frame(t, `{"queryType": "tasks"}`)
					time.Sleep(5 * time.Second)
					ctx, cancel := ending(l.ctx)
					defer cancel()
					begun, meanwhile := time.Now(), false
					time.AfterFunc(time.Second/2, func() { meanwhile = readsPrometheus() })
					response := sendOver(ctx, t, l, scrapedPast(), nil, query)["A"]
					took := time.Since(begun)
					if response.Status != status || took > 1100*time.Millisecond {
						t.Errorf("after %s status %d, %v", took, response.Status, response.Error)
					}
					if status == backend.StatusOK && (took > 900*time.Millisecond || !strings.Contains(strings.Join(notices(response.Frames[0]), " "), "The past is not known as a whole")) {
						t.Errorf("after %s %d frames with the notices %q", took, len(response.Frames), notices(response.Frames[0]))
					}
					synctest.Wait()
					if !meanwhile || readsPrometheus() {
						t.Errorf("Prometheus is read meanwhile: %t, and afterwards: %t", meanwhile, readsPrometheus())
					}
				})
			})
		}
	}
}

// readsPrometheus reports whether any goroutine reads from it.
func readsPrometheus() bool {
	stacks := make([]byte, 1<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "/history/prometheus.(*")
}
