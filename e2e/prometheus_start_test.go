//go:build e2e

package e2e

import (
	"net"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	scraping "github.com/flinkscope/flinkscope-flink-datasource/e2e/prometheus"
)

// reporter is Flink's.
const reporter = "org.apache.flink.metrics.prometheus.PrometheusReporterFactory"

// reported is where Flink's reporter of that name is to be scraped, and the
// settings for that.
func reported(t *testing.T, name, mangled string) (target string, conf map[string]string) {
	t.Helper()
	target, port := free(t)
	prefix := "metrics.reporter." + name + "."
	return target, map[string]string{prefix + "factory.class": reporter, prefix + "port": port, prefix + "filterLabelValueCharacters": mangled}
}

// free is an address that nothing listens on, and its port.
func free(t *testing.T) (address, port string) {
	t.Helper()
	address, err := scraping.Free()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(address)
	return address, port
}

// startFlink runs the jobs until the end of the test.
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

// startPrometheus scrapes the target until the end of the test.
func startPrometheus(t *testing.T, target string) (address string) {
	t.Helper()
	scraper, err := scraping.Start(t.Context(), t.TempDir(), time.Second, target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := scraper.Close(); err != nil {
			t.Error(err)
		}
		gone(t, "Prometheus", scraper.PID())
	})
	return scraper.URL
}
