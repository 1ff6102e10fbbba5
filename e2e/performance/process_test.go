//go:build bench

package performance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
)

// resident is the memory of a process, in MiB.
func resident(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("the memory of a process is read as Linux has it: ", err)
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// The process needs little memory, and is ready about as soon as one that does
// nothing.
func TestProcess(t *testing.T) {
	empty, settings := withoutHistory(t, startPrepared(t, 0, 0)), withoutHistory(t, startPrepared(t, 100, 100))
	plugin := host.Executable(filepath.Join("..", "..", "dist"))
	frame := data.Frames{data.NewFrame("minimal", data.NewField("value", nil, []float64{1}))}
	var ours, minimal []time.Duration
	for range 10 {
		ours = append(ours, firstHealth(t, func() *host.Plugin { return start(t, plugin) }, empty))
		minimal = append(minimal, firstHealth(t, func() *host.Plugin { return startMinimal(t, frame) }, empty))
	}
	a, b := slices.Min(ours), slices.Min(minimal)
	ratio := float64(a) / float64(b)
	figures.Add(t, processTable, "first health check of a cluster whose job has no tasks yet, from the start of the process", round(a), fmt.Sprintf("%.2f × a minimal plugin's %s (≤ 1.5)", ratio, round(b)))
	if ratio > 1.5 {
		t.Errorf("the first health check takes %s, a minimal plugin's %s", a, b)
	}

	running := start(t, plugin)
	idle := resident(t, running.PID())
	figures.Add(t, processTable, "resident memory, idle", fmt.Sprintf("%.1f MiB", idle), "≤ 30 MiB")
	query := func(text string) {
		now := time.Now()
		response, err := running.QueryData(t.Context(), settings, backend.DataQuery{RefID: "A", JSON: []byte(text), MaxDataPoints: 1000, TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now}})
		if err != nil || response.Responses["A"].Error != nil {
			t.Fatal(err, response)
		}
	}
	for range 20 {
		query(bottlenecks)
		time.Sleep(sharedFor + 100*time.Millisecond)
	}
	large := resident(t, running.PID())
	figures.Add(t, processTable, "resident memory, one job of 10,000 subtasks polled 20 times, no history", fmt.Sprintf("%.1f MiB", large), "≤ 60 MiB")
	if idle > 30 || large > 60 {
		t.Errorf("the process has %.1f MiB idle and %.1f MiB with a large job, more than 30 and 60", idle, large)
	}
}

// withoutHistory are the settings of a data source that keeps no history.
func withoutHistory(t *testing.T, f flink) backend.DataSourceInstanceSettings {
	t.Helper()
	settings, err := host.Settings(f.url)
	if err != nil {
		t.Fatal(err)
	}
	if settings.JSONData, err = json.Marshal(map[string]any{"url": f.url, "history": map[string]any{"retention": "0s"}}); err != nil {
		t.Fatal(err)
	}
	return settings
}

func start(t *testing.T, executable string) *host.Plugin {
	t.Helper()
	started, err := host.Start(t.Context(), executable, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.Close)
	return started
}

// firstHealth is how long it takes from the start of the process until its first
// health check is answered.
func firstHealth(t *testing.T, start func() *host.Plugin, settings backend.DataSourceInstanceSettings) time.Duration {
	t.Helper()
	begun := time.Now()
	plugin := start()
	if _, err := plugin.CheckHealth(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	plugin.Close()
	return took
}
