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

// Settings that cannot be used are one sentence, for each query and for Save & test:
// no panic, and no data source that fails to load.
func TestWrongSettings(t *testing.T) {
	for jsonData, want := range map[string]string{
		``:   `No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings.`,
		`{}`: `No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings.`,

		`{"url": "jobmanager:8081"}`: `"jobmanager:8081" is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.`,
		`{"clusterName": "west", "clusters": [{"name": "b", "url": "http://b"}]}`: `Cluster west: No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings.`,

		`{"url": "http://a", "clusters": [` + strings.TrimSuffix(strings.Repeat(`{"name": "b", "url": "http://b"},`, 100), ",") + `]}`: "The data source's settings have 101 clusters: at most 100 can be in one data source, so use several.",

		`{"url": 8081}`:                              unreadable("url cannot be a number"),
		`{"url": "http://a", "clusters": "b"}`:       unreadable("clusters cannot be a string"),
		`{"url": "http://a", "clusters": [1]}`:       unreadable("clusters cannot be a number"),
		`{"url": "http://a", "timeoutSeconds": "5"}`: unreadable("timeoutSeconds cannot be a string"),
		`{"url": "http://a", "maxConcurrency": 1.5}`: unreadable("maxConcurrency cannot be a number 1.5"),
		`{"url": "http://a", "maxAge": 2}`:           unreadable("maxAge cannot be a number"),
		`[]`:                                         unreadable("the whole cannot be an array"),
		`{"url": "http://a"`:                         unreadable("unexpected end of JSON input"),

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

		`{"url": "http://a", "webUrl": "javascript:alert(1)"}`:                                     `The setting webUrl of cluster default is "javascript:alert(1)": it must start with http:// or https:// and name a host, such as https://flink.example.com.`,
		`{"url": "http://a", "clusters": [{"name": "b", "url": "http://b", "webUrl": "ftp://b"}]}`: `The setting webUrl of cluster b is "ftp://b": it must start with http:// or https:// and name a host, such as https://flink.example.com.`,
		`{"url": "http://a", "webUrl": "flink:secret@host"}`:                                       `The setting webUrl of cluster default is "host": it must start with http:// or https:// and name a host, such as https://flink.example.com.`,

		`{"url": "http://a", "prometheus": {"url": "prometheus"}}`: `The setting prometheus.url: "prometheus" is no address of a Prometheus API: it must start with http:// or https:// and name a host, such as http://prometheus:9090.`,

		`{"url": "http://a", "clusters": [{"url": "http://b"}]}`:                    `A cluster in the data source's settings has no name: give each of them one.`,
		`{"url": "http://a", "clusters": [{"name": "default", "url": "http://b"}]}`: `Two clusters in the data source's settings are called "default": give each its own name.`,
		`{"url": "http://a", "clusters": [{"name": "b", "url": "b:8081"}]}`:         `Cluster b: "b:8081" is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.`,
		`{"url": "http://a", "tlsAuthWithCACert": true}`:                            `The data source's TLS or proxy settings cannot be used (failed to parse TLS CA PEM certificate).`,
	} {
		t.Run(jsonData, func(t *testing.T) {
			settings := settingsWith(nil)
			settings.JSONData = []byte(jsonData)
			settings.DecryptedSecureJSONData = map[string]string{"httpHeaderValue1": "secret", "tlsCACert": "no certificate"}
			source := open(t, settings)
			failed := send(t.Context(), t, source, `{"queryType": "tasks"}`)["A"]
			if failed.Error == nil || failed.Error.Error() != want || failed.Status != backend.StatusBadRequest || failed.ErrorSource != backend.ErrorSourceDownstream {
				t.Errorf("status %d, source %q: %v\nwant %s", failed.Status, failed.ErrorSource, failed.Error, want)
			}
			health, err := source.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
			if err != nil || health.Status != backend.HealthStatusError || health.Message != want {
				t.Errorf("health is %s: %s, %v", health.Status, health.Message, err)
			}
		})
	}
}

func unreadable(why string) string {
	return "The data source's settings cannot be read (" + why + "): check the types of the values in jsonData."
}

func wrongType(want, is string) string {
	return "The data source's settings hold a value of the wrong type (interface conversion: interface {} is " + is + ", not " + want + "): check jsonData."
}

// Grafana's own settings reach Flink, too.
func TestSettingsReachFlink(t *testing.T) {
	var got http.Header
	cluster := &sim.Cluster{Version: "2.3.0"}
	server := httptest.NewServer(http.StripPrefix("/flink/orders", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		cluster.ServeHTTP(w, r)
	})))
	defer server.Close()
	settings := settingsWith(map[string]any{"url": strings.Replace(server.URL, "//", "//user:secret@", 1) + "/flink/orders/", "basicAuth": true, "basicAuthUser": "grafana", "httpHeaderName1": "X-Tenant"})
	settings.DecryptedSecureJSONData = map[string]string{"basicAuthPassword": "pass", "httpHeaderValue1": "north"}
	firstFrame(t, send(t.Context(), t, open(t, settings), `{"queryType": "jobs"}`), "A")
	request := http.Request{Header: got}
	if user, password, _ := request.BasicAuth(); user != "grafana" || password != "pass" || got.Get("X-Tenant") != "north" {
		t.Errorf("Flink got %v", got)
	}
}

// maxAge and timeoutSeconds have defaults and bounds.
func TestMaxAgeAndTimeout(t *testing.T) {
	for name, c := range map[string]struct {
		keys     map[string]any
		age      time.Duration // of a sample that may still answer
		patience time.Duration
	}{
		"defaults":         {map[string]any{}, 2 * time.Second, 10 * time.Second},
		"zeros and blanks": {map[string]any{"maxAge": "", "timeoutSeconds": 0, "maxConcurrency": 0}, 2 * time.Second, 10 * time.Second},
		"longer":           {map[string]any{"maxAge": "1m", "timeoutSeconds": 30.5}, time.Minute, 30500 * time.Millisecond},
		"shorter":          {map[string]any{"maxAge": "0s", "timeoutSeconds": 0.5}, 0, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, sim.HeldBack("orders", 2, 1, 1))
				c.keys["url"] = "http://flink:8081"
				l.dataSource = open(t, settingsWith(c.keys))
				l.frame(t, `{"queryType": "tasks"}`)
				for _, pause := range []time.Duration{c.age, 1} {
					time.Sleep(pause)
					l.Requests()
					l.frame(t, `{"queryType": "tasks"}`)
					// The list of jobs, 200 ms older, is another matter.
					if fresh := slices.Contains(l.Requests(), "/jobs/"+l.Jobs[0].ID); fresh != (pause == 1) {
						t.Errorf("%s later there is a poll: %t", pause, fresh)
					}
				}
				l.Delay = time.Hour
				time.Sleep(c.age + time.Minute)
				begun := time.Now()
				if failed := send(l.ctx, t, l, `{"queryType": "tasks"}`)["A"]; failed.Status != backend.StatusTimeout || time.Since(begun) != c.patience {
					t.Errorf("status %d after %s, %v; want a time-out after %s", failed.Status, time.Since(begun), failed.Error, c.patience)
				}
			})
		})
	}
}

// Spaces, and a row of the clusters' table that was only added, count as empty.
func TestSettingsLeftEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, sim.HeldBack("orders", 3, 2, 1))
		l.dataSource = open(t, settingsWith(map[string]any{
			"url": " http://flink:8081 ", "clusterName": " ", "maxAge": " ", "clusters": []map[string]string{{"name": " ", "url": ""}},
			"history":    map[string]any{"retention": " ", "idleAfter": "0s "},
			"prometheus": map[string]any{"url": " ", "user": " ", "tenant": "\n"},
		}))
		if clusters := cells(t, l.frame(t, `{"queryType": "jobs"}`), "cluster"); len(clusters) != 1 || clusters[0] != "default" {
			t.Errorf("jobs of the clusters %q", clusters)
		}
	})
}

// The settings of the history leave room for something, or turn it off.
func TestHistoryBounds(t *testing.T) {
	for name, c := range map[string]struct {
		history map[string]any
		want    string
	}{
		"a nanosecond":         {map[string]any{"retention": "1ns"}, `The setting history.retention is "1ns": it must be at least 1m0s, or 0s for no history.`},
		"less than a minute":   {map[string]any{"retention": "59s"}, `The setting history.retention is "59s": it must be at least 1m0s, or 0s for no history.`},
		"before it began":      {map[string]any{"retention": "-1h"}, `The setting history.retention is "-1h": it must be a duration such as 1h, at most 720h0m0s.`},
		"more than a month":    {map[string]any{"retention": "721h"}, `The setting history.retention is "721h": it must be a duration such as 1h, at most 720h0m0s.`},
		"hardly any memory":    {map[string]any{"maxMemoryMiB": 0.001}, "The setting history.maxMemoryMiB is 0.001: it must be between 1 and 16384, or 0 for no history."},
		"less than none":       {map[string]any{"maxMemoryMiB": -1}, "The setting history.maxMemoryMiB is -1: it must be between 1 and 16384, or 0 for no history."},
		"more than a machine":  {map[string]any{"maxMemoryMiB": 16385}, "The setting history.maxMemoryMiB is 16385: it must be between 1 and 16384, or 0 for no history."},
		"the least":            {map[string]any{"retention": "1m", "maxMemoryMiB": 1}, ""},
		"the most":             {map[string]any{"retention": "720h", "maxMemoryMiB": 16384}, ""},
		"none":                 {map[string]any{"retention": "0s"}, ""},
		"none in no memory":    {map[string]any{"maxMemoryMiB": 0}, ""},
		"as short as sampling": {map[string]any{"idleAfter": "1ns"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLabWith(t, map[string]any{"history": c.history}, sim.HeldBack("orders", 3, 2, 1))
				health, err := l.CheckHealth(l.ctx, &backend.CheckHealthRequest{})
				switch ok := c.want == ""; {
				case err != nil:
					t.Error(err)
				case ok && health.Status != backend.HealthStatusOk, !ok && health.Message != c.want:
					t.Errorf("health is %s: %s", health.Status, health.Message)
				}
			})
		})
	}
}
