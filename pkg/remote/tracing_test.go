package remote_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A request that is part of a trace names it; one that is part of none has no header
// of a trace.
func TestTraces(t *testing.T) {
	before := otel.GetTextMapPropagator()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	defer otel.SetTextMapPropagator(before)
	var sent http.Header
	network := httpclient.MiddlewareFunc(func(httpclient.Options, http.RoundTripper) http.RoundTripper {
		return inmemory.Transport{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent = r.Header.Clone() })}
	})
	client, err := remote.NewClient(remote.Config{Timeout: time.Second, Concurrency: 1, Middlewares: []httpclient.Middleware{network}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := get(t.Context(), client, address); err != nil || sent.Get("Traceparent") != "" {
		t.Errorf("without a trace: %q, %v", sent.Get("Traceparent"), err)
	}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{4}, TraceFlags: trace.FlagsSampled})
	if _, err := get(trace.ContextWithSpanContext(t.Context(), span), client, address); err != nil || !strings.Contains(sent.Get("Traceparent"), span.TraceID().String()) {
		t.Errorf("in trace %s: %q, %v", span.TraceID(), sent.Get("Traceparent"), err)
	}
}
