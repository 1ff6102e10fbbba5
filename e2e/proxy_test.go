//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/proxy"
)

// marker is part of every secret, and of nothing else.
const marker = "m4rk3r"

// settings are a way's, of a data source of its own.
func settings(t *testing.T, w proxy.Way) backend.DataSourceInstanceSettings {
	t.Helper()
	settings, err := host.Settings(w.Address)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"url": w.Address}
	maps.Copy(all, w.JSONData)
	if settings.JSONData, err = json.Marshal(all); err != nil {
		t.Fatal(err)
	}
	settings.BasicAuthEnabled, settings.BasicAuthUser = w.User != "", w.User
	settings.UID, settings.DecryptedSecureJSONData = t.Name(), w.Secrets
	return settings
}

// Each way into Flink through an nginx is open with the right credentials, and
// with wrong ones closed by one sentence. No secret is in an answer or in the log.
func TestWaysIn(t *testing.T) {
	if err := proxy.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	site, err := proxy.Open(t.Context(), t.TempDir(), marker)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := site.Close(); err != nil {
			t.Error(err)
		}
		gone(t, "nginx", site.PID())
	}()
	var log bytes.Buffer
	plugin, err := host.Start(t.Context(), host.Executable(filepath.Join("..", "dist")), &log)
	if err != nil {
		t.Fatalf("%v; it has printed:\n%s", err, log.String())
	}
	defer plugin.Close()
	for name, w := range site.Ways() {
		t.Run(name, func(t *testing.T) { try(t, plugin, w) })
	}
	t.Run("forwarded session", func(t *testing.T) { testForwarded(t, plugin, site) })
	if f := site.Flink; f.Old.Load() > 0 || f.Connections.Load() > f.Requests.Load()/2 {
		t.Errorf("%d requests came on %d connections, %d of them not HTTP/1.1", f.Requests.Load(), f.Connections.Load(), f.Old.Load())
	}
	plugin.Close()
	if !strings.Contains(log.String(), "was refused with 401 Unauthorized") {
		t.Error("the plugin's log was not kept")
	}
	noSecretIn(t, "the log", log.String())
}

// try sends a query and a health check, whose sentences must be the same but for
// the path that each requests first.
func try(t *testing.T, plugin *host.Plugin, w proxy.Way) {
	settings := settings(t, w)
	query := backend.DataQuery{RefID: "A", JSON: []byte(`{"queryType": "tasks"}`), TimeRange: backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now()}}
	responses, err := plugin.QueryData(t.Context(), settings, query)
	if err != nil {
		t.Fatal(err)
	}
	health, err := plugin.CheckHealth(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	answer := responses.Responses["A"]
	noSecretIn(t, "the health", health.Message)
	noSecretIn(t, "the answer", fmt.Sprint(answer.Error))
	if w.Text == "" {
		if answer.Error != nil || len(answer.Frames) != 1 || answer.Frames[0].Rows() != proxy.Tasks || health.Status != backend.HealthStatusOk {
			t.Errorf("%d frames, %v; the health is %s: %s", len(answer.Frames), answer.Error, health.Status, health.Message)
		}
		return
	}
	ofQuery := strings.Replace(w.Text, w.Address+"/overview", w.Address+"/jobs/overview", 1)
	if answer.Error == nil || answer.Error.Error() != ofQuery || int(answer.Status) != w.Status || answer.ErrorSource != backend.ErrorSourceDownstream {
		t.Errorf("status %d, source %q: %v\nwant %d: %s", answer.Status, answer.ErrorSource, answer.Error, w.Status, ofQuery)
	}
	if health.Status != backend.HealthStatusError || health.Message != w.Text {
		t.Errorf("the health is %s: %s", health.Status, health.Message)
	}
}

// testForwarded has Grafana forward the session of the user, with the headers
// that a browser sends besides.
func testForwarded(t *testing.T, plugin *host.Plugin, site *proxy.Site) {
	settings := settings(t, proxy.Way{Address: site.Plain + "/login", JSONData: map[string]any{"keepCookies": []string{"session"}, "maxAge": "1h"}})
	for _, c := range []struct {
		session string
		status  int
	}{{marker, 200}, {marker + "2", 502}, {marker, 200}} {
		answer, err := plugin.CallResource(t.Context(), settings, backend.CallResourceRequest{
			Method: "GET", Path: "jobs", URL: "jobs",
			Headers: map[string][]string{"Cookie": {"session=" + c.session}, "Accept-Encoding": {"gzip, deflate, br, zstd"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != c.status || strings.Contains(string(answer.Body), `"orders"`) != (c.status == 200) {
			t.Errorf("status %d, want %d: %s", answer.Status, c.status, answer.Body)
		}
		noSecretIn(t, "the resource", string(answer.Body))
	}
}

func noSecretIn(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{marker, base64.StdEncoding.EncodeToString([]byte("grafana:" + marker)), "PRIVATE KEY"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s contains %q: %s", what, secret, text)
		}
	}
}
