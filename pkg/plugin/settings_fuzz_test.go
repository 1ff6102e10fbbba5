package plugin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// allowedOfPrometheus are all requests that may ever reach a Prometheus.
var allowedOfPrometheus = regexp.MustCompile(`^(GET|POST) .*/api/v1/(query_range|label/[a-z_]+/values)$`)

// secretOf is the value of a secure field in tests, which must be nowhere else.
func secretOf(field string) string { return "s3cret-of-" + field }

// secureFields are all that the data source has.
var secureFields = []string{"bearerToken", "basicAuthPassword", "prometheusBearerToken", "prometheusPassword", "httpHeaderValue1", "tlsCACert", "tlsClientCert", "tlsClientKey", "secureSocksProxyPassword"}

// secrets are a value for each secure field.
func secrets() map[string]string {
	secrets := map[string]string{}
	for _, field := range secureFields {
		secrets[field] = secretOf(field)
	}
	return secrets
}

// settingsNetwork is all that a data source can reach: it answers as a Flink, or as a
// Prometheus without metrics, whatever the host is, and keeps the request lines.
type settingsNetwork struct {
	flink fuzzFlink
	mu    sync.Mutex
	lines []string
}

func (n *settingsNetwork) middleware() httpclient.Middleware {
	return httpclient.MiddlewareFunc(func(httpclient.Options, http.RoundTripper) http.RoundTripper {
		return inmemory.Transport{Handler: n}
	})
}

func (n *settingsNetwork) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.lines = append(n.lines, r.Method+" "+r.URL.RequestURI())
	n.mu.Unlock()
	if strings.Contains(r.URL.Path, "/api/v1/") {
		http.Error(w, `{"status":"error","errorType":"bad_data","error":"x"}`, http.StatusBadRequest)
		return
	}
	n.flink.ServeHTTP(w, r)
}

// Whatever is in the settings, each query, resource and health check is answered; nothing
// is requested but from the fixed list, below the path of an address that was configured;
// and no secret is in an answer.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		`{"url":"http://flink:8081"}`, `{"url":"https://flink/proxy/","clusters":[{"name":"b","url":"http://b:1"},{"name":"c","url":"http://c/x"}],"timeoutSeconds":1}`,
		`{"url":"http://flink:8081/jobs/../../yarn-cancel"}`, `{"url":"http://flink:8081?x=/jobs/1/yarn-cancel#"}`, `{"url":"http://user:pw@flink:8081","webUrl":"javascript:alert(1)"}`,
		`{"url":"http://flink","prometheus":{"url":"http://prometheus:9090/p","user":"u","tenant":"t\r\nX: y"}}`, `{"url":"http://flink","basicAuth":true,"basicAuthUser":"u"}`,
		`{"url":"http://flink","httpHeaderName1":"X-Key"}`, `{"url":"http://flink","httpHeaderName1":"X Key\r\nY"}`, `{"url":"http://flink","tlsAuth":true,"tlsAuthWithCACert":true}`, `{"url":"http://flink","tlsSkipVerify":true,"serverName":"x"}`,
		`{"url":"http://flink","oauthPassThru":true,"keepCookies":["a"]}`, `{"url":"http://flink","history":{"retention":"1h","maxMemoryMiB":1,"idleAfter":"0s"},"maxAge":"1s","maxConcurrency":1}`,
		`{"url":"http://flink","enableSecureSocksProxy":true}`, `{"url":"http://flink","sigV4Auth":true}`, `{"url":"http://fl%69nk"}`, `{"url":1}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(seed), "")
	}
	f.Add([]byte(`{}`), "http://root:8081/x")
	f.Fuzz(func(t *testing.T, jsonData []byte, rootURL string) {
		network := &settingsNetwork{flink: fuzzFlink{job: soundJob, task: soundTask}}
		settings := backend.DataSourceInstanceSettings{UID: "fuzz", URL: rootURL, JSONData: jsonData, DecryptedSecureJSONData: secrets()}
		made, err := plugin.Factory{Pool: memory.NewPool(1 << 20), Middlewares: []httpclient.Middleware{network.middleware()}}.New(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		instance := made.(*plugin.Instance)
		defer instance.Dispose()
		answers := &strings.Builder{}
		request := &backend.QueryDataRequest{}
		for n, query := range []string{`{"queryType":"tasks"}`, `{"queryType":"nodeGraph"}`, `{"queryType":"history"}`} {
			request.Queries = append(request.Queries, backend.DataQuery{RefID: fmt.Sprint(n), JSON: []byte(query), TimeRange: lastHour()})
		}
		response, err := instance.QueryData(t.Context(), request)
		if err != nil || len(response.Responses) != len(request.Queries) {
			t.Fatal(response, err)
		}
		for _, answer := range response.Responses {
			if answer.Error != nil && strings.Contains(answer.Error.Error(), "the plugin failed") {
				t.Error(answer.Error)
			}
			frames, err := json.Marshal(answer.Frames)
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintln(answers, answer.Error, string(frames))
		}
		health, err := instance.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
		if err != nil || health.Message == "" {
			t.Fatal(health, err)
		}
		fmt.Fprintln(answers, health.Message, string(health.JSONDetails))
		for _, secret := range secrets() {
			if strings.Contains(answers.String(), secret) {
				t.Errorf("%q is in an answer:\n%s", secret, answers)
			}
		}
		network.checkLines(t, jsonData, rootURL)
	})
}

// checkLines checks every request line: what follows the path of some address that was
// configured is on the fixed list.
func (n *settingsNetwork) checkLines(t *testing.T, jsonData []byte, rootURL string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, line := range n.lines {
		if allowedOfPrometheus.MatchString(strings.SplitN(line, "?", 2)[0]) {
			continue
		}
		method, path, _ := strings.Cut(line, " ")
		fixed := false
		for at := range path {
			fixed = fixed || path[at] == '/' && allowed.MatchString(method+" "+path[at:])
		}
		if !fixed {
			t.Errorf("%s was requested with %s, %q", line, jsonData, rootURL)
		}
	}
}
