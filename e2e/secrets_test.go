//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/fault"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// secureFields are all that hold secrets in a data source's settings.
var secureFields = []string{
	"bearerToken", "basicAuthPassword", "httpHeaderValue1", "prometheusBearerToken", "prometheusPassword",
	"tlsCACert", "tlsClientCert", "tlsClientKey", "secureSocksProxyPassword", "password", "sigV4SecretKey",
}

// login is what a data source sends to prove who it is.
type login struct {
	name string
	keys map[string]any
	// url is put before the address, where a secret may stand, too.
	url string
	// headers are those of the user's request.
	headers map[string]string
	// sent is whether a secret is in the requests to Flink.
	sent bool
}

var logins = []login{
	{name: "token", sent: true},
	{name: "basic", keys: map[string]any{"basicAuth": true}, sent: true},
	{name: "header", keys: map[string]any{"httpHeaderName1": "X-Any-Key"}, sent: true},
	{name: "address", url: "user:" + marker + "@"},
	{name: "forwarded token", keys: map[string]any{"oauthPassThru": true}, headers: map[string]string{"Authorization": "Bearer " + marker, "X-Id-Token": marker, "http_X-Grafana-Id": marker}, sent: true},
	{name: "forwarded cookie", keys: map[string]any{"keepCookies": []string{"session"}}, headers: map[string]string{"Cookie": "session=" + marker}, sent: true},
	{name: "not forwarded", headers: map[string]string{"Authorization": "Bearer " + marker, "Cookie": "session=" + marker, "http_X-Any": marker}},
	{name: "certificates", keys: map[string]any{"tlsAuth": true, "tlsAuthWithCACert": true}},
}

// settings are those of a data source with a secret in every secure field, of which the
// login decides which is used.
func (l login) settings(t *testing.T, address, prometheus string) backend.DataSourceInstanceSettings {
	t.Helper()
	settings, err := host.Settings("")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]any{
		"url": strings.Replace(address, "//", "//"+l.url, 1), "timeoutSeconds": 0.3, "maxAge": "0s", "webUrl": strings.Replace(address, "//", "//user:"+marker+"@", 1),
		"prometheus": map[string]string{"url": strings.Replace(prometheus, "//", "//user:"+marker+"@", 1), "user": "reader", "tenant": "a"},
	}
	for key, value := range l.keys {
		keys[key] = value
	}
	if settings.JSONData, err = json.Marshal(keys); err != nil {
		t.Fatal(err)
	}
	settings.UID, settings.BasicAuthEnabled, settings.BasicAuthUser = "secrets "+l.name, l.name == "basic", "grafana"
	settings.DecryptedSecureJSONData = map[string]string{}
	for _, field := range secureFields {
		if field != "bearerToken" || l.name == "token" { // it comes before other ways to log in
			settings.DecryptedSecureJSONData[field] = marker
		}
	}
	return settings
}

// secretWritings are the ways in which the secret may be written.
var secretWritings = []string{
	marker, base64.StdEncoding.EncodeToString([]byte("grafana:" + marker)), base64.StdEncoding.EncodeToString([]byte("user:" + marker)), base64.StdEncoding.EncodeToString([]byte("reader:" + marker)),
}

// holdsSecret is how a text has the secret in it, empty if it has not.
func holdsSecret(text string) string {
	for _, writing := range secretWritings {
		if at := strings.Index(text, writing); at >= 0 {
			return text[max(0, at-100):min(len(text), at+100)]
		}
	}
	return ""
}

// Whatever fails, and however the data source logs in, no secret is in anything that the
// process emits: answers and what Grafana captures with them, errors, health checks, lists
// for the editor, its own metrics, and its log.
func TestSecretsStayInTheProcess(t *testing.T) {
	simulated, err := sim.Ready(cluster.Newest, "bottleneck")
	if err != nil {
		t.Fatal(err)
	}
	url, stop, err := sim.Serve(t.Context(), simulated)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	flink, prometheus := startFault(t, url), startFault(t, url)
	var log bytes.Buffer
	started, err := host.Start(t.Context(), host.Executable(filepath.Join("..", "dist")), &log)
	if err != nil {
		t.Fatal(err)
	}
	defer started.Close()
	captured, sent := 0, map[string]bool{}
	var mu sync.Mutex
	failing := map[string]fault.Fault{
		"refused login": fault.Answering(http.StatusUnauthorized, "text/html", "<html>"), "forbidden": fault.Answering(http.StatusForbidden, "text/plain", "no"),
		"failing": fault.Answering(http.StatusInternalServerError, "application/json", `{"errors":["x"]}`), "busy": fault.Answering(http.StatusTooManyRequests, "text/plain", ""),
		"not found": fault.Answering(http.StatusNotFound, "application/json", `{"errors":[]}`), "login page": fault.Answering(http.StatusOK, "text/html", "<html>Sign in</html>"),
		"reset": fault.Reset, "cut": fault.Cut, "hanging": fault.Hanging, "swapped": fault.Swapped, "twice": fault.Twice, "none": nil, "refused": nil,
		"echo": func(e *fault.Exchange) { // of a server that sends back what it gets
			header, _ := json.Marshal(e.Request.Header)
			fault.Answering(http.StatusBadRequest, "application/json", `{"errors":[`+string(header)+`]}`)(e)
		},
	}
	var names []string
	for name := range failing {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, login := range logins {
			each := failing[name]
			if each == nil {
				each = func(e *fault.Exchange) { _, _ = e.Conn.Write(append(e.Head, e.Body...)) }
			}
			flink.Begin(func(e *fault.Exchange) {
				if holdsSecret(fmt.Sprint(e.Request.Header)) != "" {
					mu.Lock()
					sent[login.name] = true
					mu.Unlock()
				}
				each(e)
			})
			prometheus.Begin(each)
			if name == "refused" {
				flink.Refuse()
			}
			emitted, capture := everythingEmitted(t, started, login, flink.URL(), prometheus.URL())
			if strings.Contains(capture, "/jobs/overview") {
				captured++
			}
			if name == "echo" {
				capture = "" // it has the bodies of answers
			}
			if name == "refused" {
				if err := flink.Accept(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if found := holdsSecret(emitted + capture); found != "" {
				t.Errorf("%s, %s: %s", name, login.name, found)
			}
		}
	}
	metrics, err := started.Metrics(t.Context())
	if err != nil || holdsSecret(string(metrics)) != "" || !strings.Contains(string(metrics), "go_goroutines") {
		t.Errorf("the metrics are %.200q, %v", metrics, err)
	}
	started.Close()
	if log.Len() == 0 || holdsSecret(log.String()) != "" {
		t.Errorf("of %d bytes the log has %q", log.Len(), holdsSecret(log.String()))
	}
	for _, quoted := range []string{"bottleneck", "slow-window", "flink-version"} {
		if strings.Contains(log.String(), quoted) {
			t.Errorf("the log has %q of an answer:\n%s", quoted, log.String())
		}
	}
	if captured < len(logins) {
		t.Errorf("Grafana captured the requests of %d queries", captured)
	}
	for _, login := range logins {
		if sent[login.name] != login.sent {
			t.Errorf("that the secret of %q was sent is %t", login.name, sent[login.name])
		}
	}
}

// everythingEmitted is all that comes of a data source's queries, health check and
// resources, and what Grafana captures of its requests.
func everythingEmitted(t *testing.T, started *host.Plugin, as login, address, prometheus string) (emitted, capture string) {
	t.Helper()
	settings := as.settings(t, address, prometheus)
	headers := map[string]string{"X-Grafana-HAR-Capture": "true"}
	resourceHeaders := map[string][]string{}
	for name, value := range as.headers {
		headers[name], resourceHeaders[name] = value, []string{value}
	}
	now := time.Now()
	var queries []backend.DataQuery
	for n, text := range faultQueries {
		queries = append(queries, backend.DataQuery{RefID: fmt.Sprint(n), TimeRange: ending(now.Add(-3*time.Hour), now), JSON: []byte(text + "}")})
	}
	response, err := started.QueryWith(t.Context(), settings, headers, queries...)
	if err != nil {
		t.Fatal(err)
	}
	health, err := started.CheckHealth(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	resource, err := started.CallResource(t.Context(), settings, backend.CallResourceRequest{Method: http.MethodGet, Path: "jobs", URL: "jobs", Headers: resourceHeaders})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	fmt.Fprintln(&all, health.Message, string(health.JSONDetails), string(resource.Body), resource.Headers)
	for refID, answer := range response.Responses {
		frames, err := json.Marshal(answer.Frames)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(refID, "__har__") {
			capture += string(frames)
			continue
		}
		fmt.Fprintln(&all, refID, answer.Error, string(frames))
	}
	return all.String(), capture
}
