//go:build e2e

// Package e2e runs the built plugin, as Grafana starts it, against real Flink
// clusters whose jobs have a known bottleneck.
package e2e

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// versions are those of FLINK_VERSIONS, separated by commas, or the newest, the
// last of 1.x, and the oldest.
func versions() []string {
	return strings.Split(cmp.Or(os.Getenv("FLINK_VERSIONS"), cluster.Newest+",1.20.5,1.13.6"), ",")
}

// source is where the shares of a version come from: before 1.16 Flink had no
// counters.
func source(version string) string {
	if slices.Contains([]string{"1.13", "1.14", "1.15"}, version[:strings.LastIndex(version, ".")]) {
		return "gauge5s"
	}
	return "counters"
}

func TestRealFlink(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for _, version := range versions() {
		t.Run(version, func(t *testing.T) { testVersion(t, version) })
	}
	if file := os.Getenv("FLINK_VERSIONS_REPORT"); file != "" && !t.Failed() {
		if err := report(file); err != nil {
			t.Error(err)
		}
	}
}

func testVersion(t *testing.T, version string) {
	flink, err := cluster.Start(t.Context(), "flink", version, "all")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flink.Close(); err != nil {
			t.Error(err)
		}
		gone(t, "Flink", flink.PID())
	})
	ds := startPlugin(t, flink.URL())
	ds.source = source(version)
	t.Run("health", func(t *testing.T) { testHealth(t, ds, version) })
	t.Run("jobs", func(t *testing.T) {
		for name, check := range verdicts {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each waits for two fetches of its metrics
				seen.add(version, name, ds.await(t, name, check))
			})
		}
	})
	t.Run("demo", func(t *testing.T) { testDemo(t, flink.URL()) })
}

// dataSource is a plugin that runs, and the data source it is asked about.
type dataSource struct {
	plugin   *host.Plugin
	settings backend.DataSourceInstanceSettings
	// source is where its shares have to come from.
	source string
}

func startPlugin(t *testing.T, url string) dataSource {
	t.Helper()
	settings, err := host.Settings(url)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	plugin, err := host.Start(t.Context(), host.Executable(filepath.Join("..", "dist")), &log)
	if err != nil {
		t.Fatal(err)
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

func testHealth(t *testing.T, ds dataSource, version string) {
	health, err := ds.plugin.CheckHealth(t.Context(), ds.settings)
	if err != nil {
		t.Fatal(err)
	}
	if health.Status != backend.HealthStatusOk {
		t.Errorf("health is %s: %s", health.Status, health.Message)
	}
	for _, want := range []string{"Flink " + version, fmt.Sprintf("%d running jobs", len(verdicts)), "2 TaskManagers"} {
		if !strings.Contains(health.Message, want) {
			t.Errorf("%q does not say %q", health.Message, want)
		}
	}
}

// gone looks whether a process has ended and left nothing.
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
