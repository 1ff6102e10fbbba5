//go:build e2e

// Package e2e runs the built plugin, as Grafana starts it, against real Flink
// clusters whose jobs have a known bottleneck.
package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	scraping "github.com/flinkscope/flinkscope-flink-datasource/e2e/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// dataSource is a plugin that runs, and the data source of its queries.
type dataSource struct {
	plugin   *host.Plugin
	settings backend.DataSourceInstanceSettings
	// source is where its shares have to come from.
	source string
}

// startPlugin runs the plugin until the end of the test.
func startPlugin(t *testing.T, url string) dataSource {
	t.Helper()
	settings, err := host.Settings(url)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	plugin, err := host.Start(t.Context(), host.Executable(filepath.Join("..", "dist")), &log)
	if err != nil {
		t.Fatalf("%v; it has printed:\n%s", err, log.String())
	}
	t.Cleanup(func() {
		plugin.Close()
		gone(t, "the plugin", plugin.PID())
		if t.Failed() {
			t.Logf("the plugin logged:\n%s", log.String())
		}
	})
	return dataSource{plugin: plugin, settings: settings}
}

// simulated is a data source of a simulated cluster with those jobs, which
// fetches its metrics more often than Flink does, to be quick.
func simulated(t *testing.T, jobs ...string) dataSource {
	t.Helper()
	flink, err := sim.Ready(cluster.Newest, jobs...)
	if err != nil {
		t.Fatal(err)
	}
	flink.Fetch = time.Second
	url, stop, err := sim.Serve(t.Context(), flink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return startPlugin(t, url)
}

// startFlink runs the jobs, with Flink's settings by their keys, until the end
// of the test.
func startFlink(t *testing.T, version string, conf map[string]string, jobs ...string) *cluster.Cluster {
	t.Helper()
	running, err := cluster.StartConfigured(t.Context(), "flink", version, conf, jobs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
		gone(t, "Flink", running.PID())
	})
	return running
}

// reporter is a Prometheus reporter of Flink's. It takes the first port of its
// range that is free.
type reporter struct {
	name        string
	first, last int
}

// conf are the settings for it. mangled is whether label values keep letters,
// digits, ":" and "_" alone, as they do by default.
func (r reporter) conf(mangled bool) map[string]string {
	prefix := "metrics.reporter." + r.name + "."
	return map[string]string{
		prefix + "factory.class": "org.apache.flink.metrics.prometheus.PrometheusReporterFactory",
		prefix + "port":          fmt.Sprintf("%d-%d", r.first, r.last), prefix + "filterLabelValueCharacters": fmt.Sprint(mangled),
	}
}

// target is where Prometheus scrapes it.
func (r reporter) target(t *testing.T, flink *cluster.Cluster) string {
	t.Helper()
	address := flink.Reporter(r.first, r.last)
	if address == "" {
		t.Fatalf("Flink has no reporter %s", r.name)
	}
	return address
}

// startPrometheus scrapes the target every second until the end of the test.
func startPrometheus(t *testing.T, target string) (address string) {
	t.Helper()
	return startScraper(t, scraping.Prometheus, target)
}

// startScraper is [startPrometheus] with another system that has its API.
func startScraper(t *testing.T, system scraping.System, target string) (address string) {
	t.Helper()
	scraper, err := system.Start(t.Context(), t.TempDir(), time.Second, target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scraper.Close(); err != nil {
			t.Error(err)
		}
		gone(t, string(system), scraper.PID())
	})
	return scraper.URL
}

// gone checks that a process has ended.
func gone(t *testing.T, name string, pid int) {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err == nil {
		err = process.Signal(syscall.Signal(0))
	}
	if !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("%s's process %d is still there (%v)", name, pid, err)
	}
}

// patience covers the warm-up of a task and two fetches of its metrics, several
// times over.
const patience = 90 * time.Second

// until repeats a query until its answer is complete.
func until[Answer any](t *testing.T, query func() (answer Answer, complete bool)) Answer {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, complete := query()
		if complete {
			return answer
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s the answer is %v", patience, answer)
		}
	}
}

func ending(from, to time.Time) backend.TimeRange { return backend.TimeRange{From: from, To: to} }

// over answers a query over a range.
func (ds dataSource) over(t *testing.T, over backend.TimeRange, query string) data.Frames {
	t.Helper()
	response, err := ds.plugin.QueryData(t.Context(), ds.settings, backend.DataQuery{RefID: "A", JSON: []byte(query), TimeRange: over})
	if err != nil {
		t.Fatal(err)
	}
	answer := response.Responses["A"]
	if answer.Error != nil || len(answer.Frames) == 0 {
		t.Fatalf("%d frames, %v: %s", len(answer.Frames), answer.Error, query)
	}
	return answer.Frames
}

// readFlink reads an answer of Flink's own.
func readFlink(t *testing.T, url string, into any) {
	t.Helper()
	response, err := newClient(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// row is a frame's row, its values by column; null is left out.
type row map[string]any

func rows(frame *data.Frame) []row {
	if frame == nil {
		return nil
	}
	table := make([]row, frame.Rows())
	for i := range table {
		table[i] = row{}
		for _, field := range frame.Fields {
			if value, known := field.ConcreteAt(i); known {
				table[i][field.Name] = value
			}
		}
	}
	return table
}

// custom is the custom metadata of a frame.
type custom struct {
	// From and To bound the time that its shares are measured over.
	From, To time.Time
	// Source is where the shares come from, nil where there are none.
	Source   any
	Requests int
}

func customOf(t *testing.T, frame *data.Frame) (of custom) {
	t.Helper()
	if frame.Meta == nil {
		t.Fatalf("the frame %s has no metadata", frame.Name)
	}
	text, err := json.Marshal(frame.Meta.Custom)
	if err == nil {
		err = json.Unmarshal(text, &of)
	}
	if err != nil {
		t.Fatalf("the metadata of %s is %v: %v", frame.Name, frame.Meta.Custom, err)
	}
	return of
}

// noticesOf are the texts of a frame's notices.
func noticesOf(frame *data.Frame) (texts []string) {
	for _, notice := range frame.Meta.Notices {
		texts = append(texts, notice.Text)
	}
	return texts
}
