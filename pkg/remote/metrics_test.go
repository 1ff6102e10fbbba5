package remote_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// requestsOf are the requests that the process' metrics count of a system, by code.
func requestsOf(t *testing.T, system string) map[string]float64 {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "flinkscope_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["system"] == system {
				counts[labels["code"]] = metric.GetCounter().GetValue()
			}
		}
	}
	return counts
}

// Each request is counted by its status, or as an error if there was no answer.
func TestRequestsAreCounted(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	client, err := remote.NewClient(remote.Config{System: remote.Prometheus, Timeout: time.Second, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	before := requestsOf(t, "Prometheus")
	for range 3 {
		_, _ = get(context.Background(), client, server.URL)
	}
	server.Close()
	_, _ = get(context.Background(), client, server.URL)
	after := requestsOf(t, "Prometheus")
	if found, failed := after["404"]-before["404"], after["error"]-before["error"]; found != 3 || failed != 1 {
		t.Errorf("%g requests were answered and %g not, want 3 and 1", found, failed)
	}
}
