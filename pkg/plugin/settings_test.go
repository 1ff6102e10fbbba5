package plugin_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Settings that cannot be used are one sentence for each query and for the
// health check: no panic, and no data source that fails to load.
func TestWrongSettings(t *testing.T) {
	for jsonData, want := range map[string]string{
		``:   `No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings.`,
		`{}`: `No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings.`,

		`{"url": 8081}`:                              unread("url cannot be a number"),
		`{"url": "http://a", "clusters": "b"}`:       unread("clusters cannot be a string"),
		`{"url": "http://a", "clusters": [1]}`:       unread("clusters cannot be a number"),
		`{"url": "http://a", "timeoutSeconds": "5"}`: unread("timeoutSeconds cannot be a string"),
		`{"url": "http://a", "maxConcurrency": 1.5}`: unread("maxConcurrency cannot be a number 1.5"),
		`{"url": "http://a", "maxAge": 2}`:           unread("maxAge cannot be a number"),
		`[]`:                                         unread("the whole cannot be an array"),
		`{"url": "http://a"`:                         unread("unexpected end of JSON input"),

		// On these the SDK panics.
		`{"url": "http://a", "basicAuth": true, "basicAuthUser": 7}`: wrongType("string", "float64"),
		`{"url": "http://a", "access": 1}`:                           wrongType("string", "float64"),
		`{"url": "http://a", "tlsAuth": true, "serverName": ["a"]}`:  wrongType("string", "[]interface {}"),
		`{"url": "http://a", "httpHeaderName1": false}`:              wrongType("string", "bool"),

		`{"url": "http://a", "maxAge": "2"}`:          `The setting maxAge is "2": it must be a duration such as 2s.`,
		`{"url": "http://a", "maxAge": "-2s"}`:        `The setting maxAge is "-2s": it must be a duration such as 2s.`,
		`{"url": "http://a", "maxConcurrency": -1}`:   `The setting maxConcurrency is -1: it must be at least 1.`,
		`{"url": "http://a", "timeoutSeconds": -1}`:   `The setting timeoutSeconds is -1: it must be between 0.1 and 600.`,
		`{"url": "http://a", "timeoutSeconds": 3600}`: `The setting timeoutSeconds is 3600: it must be between 0.1 and 600.`,

		`{"url": "http://a", "clusters": [{"url": "http://b"}]}`:                    `A cluster in the data source's settings has no name: give each of them one.`,
		`{"url": "http://a", "clusters": [{"name": "default", "url": "http://b"}]}`: `Two clusters in the data source's settings are called "default": give each its own name.`,
		`{"url": "http://a", "clusters": [{"name": "b", "url": "b:8081"}]}`:         `Cluster b: "b:8081" is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.`,
		`{"url": "http://a", "tlsAuthWithCACert": true}`:                            `The data source's TLS or proxy settings cannot be used (failed to parse TLS CA PEM certificate).`,
	} {
		t.Run(jsonData, func(t *testing.T) {
			settings := with(nil)
			settings.JSONData = []byte(jsonData)
			settings.DecryptedSecureJSONData = map[string]string{"httpHeaderValue1": "secret", "tlsCACert": "no certificate"}
			asked := open(t, settings)
			failed := queried(t.Context(), t, asked, `{"queryType": "tasks"}`)["A"]
			if failed.Error == nil || failed.Error.Error() != want || failed.Status != backend.StatusBadRequest || failed.ErrorSource != backend.ErrorSourceDownstream {
				t.Errorf("status %d, source %q: %v\nwant %s", failed.Status, failed.ErrorSource, failed.Error, want)
			}
			health, err := asked.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
			if err != nil || health.Status != backend.HealthStatusError || health.Message != want {
				t.Errorf("health is %s: %s, %v", health.Status, health.Message, err)
			}
		})
	}
}

func unread(why string) string {
	return "The data source's settings cannot be read (" + why + "): check the types of the values in jsonData."
}

func wrongType(want, is string) string {
	return "The data source's settings hold a value of the wrong type (interface conversion: interface {} is " + is + ", not " + want + "): check jsonData."
}

// What is set reaches Flink: Grafana's own keys too.
func TestSettingsReachFlink(t *testing.T) {
	var got http.Header
	cluster := &sim.Cluster{Version: "2.3.0"}
	server := httptest.NewServer(http.StripPrefix("/flink/orders", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		cluster.ServeHTTP(w, r)
	})))
	defer server.Close()
	settings := with(map[string]any{"url": strings.Replace(server.URL, "//", "//user:secret@", 1) + "/flink/orders/", "basicAuth": true, "basicAuthUser": "grafana", "httpHeaderName1": "X-Tenant"})
	settings.DecryptedSecureJSONData = map[string]string{"basicAuthPassword": "pass", "httpHeaderValue1": "north"}
	answer(t, queried(t.Context(), t, open(t, settings), `{"queryType": "jobs"}`), "A")
	request := http.Request{Header: got}
	if user, password, _ := request.BasicAuth(); user != "grafana" || password != "pass" || got.Get("X-Tenant") != "north" {
		t.Errorf("Flink was asked with %v", got)
	}
}

// Settings have defaults, bounds, and their effect.
func TestMaxAgeAndTimeout(t *testing.T) {
	for name, c := range map[string]struct {
		keys     map[string]any
		age      time.Duration // of a look that is still good
		patience time.Duration
	}{
		"defaults":         {map[string]any{}, 2 * time.Second, 10 * time.Second},
		"zeros and blanks": {map[string]any{"maxAge": "", "timeoutSeconds": 0, "maxConcurrency": 0}, 2 * time.Second, 10 * time.Second},
		"longer":           {map[string]any{"maxAge": "1m", "timeoutSeconds": 30.5}, time.Minute, 30500 * time.Millisecond},
		"shorter":          {map[string]any{"maxAge": "0s", "timeoutSeconds": 0.5}, 0, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", 2, 1, 1))
				c.keys["url"] = "http://flink:8081"
				l.source = open(t, with(c.keys))
				answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
				for _, pause := range []time.Duration{c.age, 1} {
					time.Sleep(pause)
					l.Asked()
					answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
					// The list of jobs, 200 ms older, is another matter.
					if fresh := slices.Contains(l.Asked(), "/jobs/"+l.Jobs[0].ID); fresh != (pause == 1) {
						t.Errorf("%s later looks again: %t", pause, fresh)
					}
				}
				l.Delay = time.Hour
				time.Sleep(c.age + time.Minute)
				begun := time.Now()
				if failed := queried(l.ctx, t, l, `{"queryType": "tasks"}`)["A"]; failed.Status != backend.StatusTimeout || time.Since(begun) != c.patience {
					t.Errorf("status %d after %s, %v; want a time-out after %s", failed.Status, time.Since(begun), failed.Error, c.patience)
				}
			})
		})
	}
}

// What somebody left empty is as if it were not there: spaces, and a row of
// the clusters' table that was only added.
func TestSettingsLeftEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.HeldBack("orders", 3, 2, 1))
		l.source = open(t, with(map[string]any{
			"url": " http://flink:8081 ", "clusterName": " ", "maxAge": " ", "clusters": []map[string]string{{"name": " ", "url": ""}},
			"history": map[string]any{"retention": " ", "idleAfter": "0s "},
		}))
		if clusters := cells(t, answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A"), "cluster"); len(clusters) != 1 || clusters[0] != "default" {
			t.Errorf("jobs of the clusters %q", clusters)
		}
	})
}
