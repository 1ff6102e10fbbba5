package plugin_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Save & test asks Prometheus, too, where the settings name one, and says what
// is wrong with it.
func TestHealthOfPrometheus(t *testing.T) {
	for name, c := range map[string]struct {
		prometheus http.Handler
		status     backend.HealthStatus
		want       string // its end
	}{
		"all is well":    {&fakePrometheus{attempts: []attempt{{jobID: "a"}}}, backend.HealthStatusOk, " Prometheus answers, and has metrics of Flink's tasks."},
		"no metrics yet": {&fakePrometheus{}, backend.HealthStatusOk, "and have Prometheus scrape it."},
		"it is away":     {says(503, "away"), backend.HealthStatusError, "see its log, or that of the proxy before it, for the cause."},
		"it is Flink":    {&sim.Cluster{Version: "2.3.0"}, backend.HealthStatusError, "the address may lack a path prefix, such as /prometheus for Mimir."},
		"a login page":   {says(200, page), backend.HealthStatusError, "check the address, its path prefix and the authentication."},
		"it refuses":     {says(401, "who are you"), backend.HealthStatusError, "check user, password or token, and the tenant, of Prometheus in the data source's settings."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t)
				l.source = open(t, with(map[string]any{"url": "http://flink:8081", "prometheus": map[string]any{"url": "http://prometheus:9090"}}))
				hosts := map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": c.prometheus}
				health, err := l.CheckHealth(inMemory(t.Context(), hosts), &backend.CheckHealthRequest{})
				if err != nil || health.Status != c.status || !strings.HasPrefix(health.Message, "Flink 2.3.0, ") || !strings.HasSuffix(health.Message, c.want) {
					t.Errorf("%s %q, %v", health.Status, health.Message, err)
				}
			})
		})
	}
}
