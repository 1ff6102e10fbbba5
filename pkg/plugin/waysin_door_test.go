package plugin_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
)

// marker is part of every secret in these tests, and of nothing else.
const marker = "m4rk3r"

// door is a Flink with one job that has not begun to run, and a guard in front
// of it who may answer instead. It keeps the headers of whom it let in.
type door struct {
	guard func(w http.ResponseWriter, r *http.Request) (answered bool)

	mu  sync.Mutex
	saw []http.Header
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.guard != nil && d.guard(w, r) {
		return
	}
	d.mu.Lock()
	d.saw = append(d.saw, r.Header.Clone())
	d.mu.Unlock()
	body := `[]`
	switch r.URL.Path {
	case "/overview":
		body = `{"flink-version":"2.3.0","taskmanagers":1,"jobs-running":1}`
	case "/jobs/overview":
		body = `{"jobs":[{"jid":"` + fuzzJob + `","name":"orders","state":"RUNNING"}]}`
	case "/jobs/" + fuzzJob:
		body = `{"jid":"` + fuzzJob + `","name":"orders","state":"RUNNING","vertices":[{"id":"` + fuzzTask + `","name":"sink","parallelism":1,"status":"CREATED"}],"plan":{"nodes":[{"id":"` + fuzzTask + `"}]}}`
	}
	_, _ = w.Write([]byte(body)) // the client may have gone
}

// let are the headers of the requests since the last call.
func (d *door) let() []http.Header {
	d.mu.Lock()
	defer d.mu.Unlock()
	saw := d.saw
	d.saw = nil
	return saw
}

// logbook is the plugin's log, kept.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

// keepLog has the plugin and the SDK log into a book until the test ends.
func keepLog(t *testing.T) *logbook {
	t.Helper()
	book, own, sdk := &logbook{}, log.DefaultLogger, backend.Logger
	log.DefaultLogger, backend.Logger = book, book
	t.Cleanup(func() { log.DefaultLogger, backend.Logger = own, sdk })
	return book
}

func (l *logbook) write(text string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprint(text, " ", args))
}

func (l *logbook) Debug(text string, args ...any) { l.write(text, args...) }
func (l *logbook) Info(text string, args ...any)  { l.write(text, args...) }
func (l *logbook) Warn(text string, args ...any)  { l.write(text, args...) }
func (l *logbook) Error(text string, args ...any) { l.write(text, args...) }
func (l *logbook) With(args ...any) log.Logger    { l.write("with", args...); return l }
func (l *logbook) Level() log.Level               { return log.Debug }
func (l *logbook) FromContext(ctx context.Context) log.Logger {
	return l.With(log.ContextualAttributesFromContext(ctx)...)
}

func (l *logbook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// noSecretIn looks for the marker, for the data source's secrets, line by line
// as keys have many, and for what basic authentication makes of them.
func noSecretIn(t *testing.T, settings backend.DataSourceInstanceSettings, what, text string) {
	t.Helper()
	secrets := []string{marker}
	for _, value := range settings.DecryptedSecureJSONData {
		secrets = append(secrets, strings.Split(value, "\n")...)
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(settings.BasicAuthUser+":"+value)))
	}
	for _, secret := range secrets {
		if secret != "" && !strings.HasPrefix(secret, "-----") && strings.Contains(text, secret) {
			t.Errorf("%s tells the secret %q: %s", what, secret, text)
		}
	}
}

// entered asks a data source of these settings, for its jobs and for its
// health: both must say the same. It returns the error, which is nil where the
// way in is open.
func entered(t *testing.T, settings backend.DataSourceInstanceSettings) backend.DataResponse {
	t.Helper()
	book := keepLog(t)
	asked := open(t, settings)
	response := queried(t.Context(), t, asked, `{"queryType": "jobs"}`)["A"]
	health, err := asked.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"the answer": string(whole), "the health": health.Message, "the log": book.text()} {
		noSecretIn(t, settings, what, text)
	}
	if response.Error != nil && (health.Status != backend.HealthStatusError || health.Message != response.Error.Error()) {
		t.Errorf("the health is %s: %s", health.Status, health.Message)
	}
	if response.Error == nil && (health.Status != backend.HealthStatusOk || len(response.Frames) != 1 || response.Frames[0].Rows() != 1) {
		t.Errorf("%d frames, the health is %s: %s", len(response.Frames), health.Status, health.Message)
	}
	return response
}

// opens wants an answer, fails a sentence with its status.
func opens(t *testing.T, settings backend.DataSourceInstanceSettings) {
	t.Helper()
	if response := entered(t, settings); response.Error != nil {
		t.Errorf("status %d: %v", response.Status, response.Error)
	}
}

func fails(t *testing.T, settings backend.DataSourceInstanceSettings, status backend.Status, want string) {
	t.Helper()
	response := entered(t, settings)
	if response.Error == nil || response.Error.Error() != want || response.Status != status || response.ErrorSource != backend.ErrorSourceDownstream {
		t.Errorf("status %d, source %q: %v\nwant %d: %s", response.Status, response.ErrorSource, response.Error, status, want)
	}
}
