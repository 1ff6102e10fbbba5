package plugin_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A query that is part of a trace has a span, with that of the poll it began and of the
// poll's requests below it. One that shares a poll has a span alone, and the sampler, as
// a query outside of a trace, has none.
func TestSpans(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(provider)
	defer otel.SetTracerProvider(before)
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
		ctx, request := provider.Tracer("grafana").Start(l.ctx, "request")
		l.ctx = ctx
		l.frame(t, `{"queryType": "tasks"}`)
		var names []string
		ids := map[string]string{} // of spans, by name
		parents := map[string]string{}
		for _, span := range spans.GetSpans() {
			names = append(names, span.Name)
			ids[span.SpanContext.SpanID().String()], parents[span.Name] = span.Name, span.Parent.SpanID().String()
		}
		if count := len(slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name != "HTTP Outgoing Request" })); count != 10 {
			t.Errorf("%d spans of requests, want 10: %q", count, names)
		}
		if !slices.Contains(names, "poll") || ids[parents["poll"]] != "query" || parents["query"] != request.SpanContext().SpanID().String() {
			t.Errorf("spans %q, whose parents are %v", names, parents)
		}
		spans.Reset()
		l.frame(t, `{"queryType": "tasks"}`)
		time.Sleep(time.Minute)
		if after := spans.GetSpans(); len(after) != 1 || after[0].Name != "query" {
			t.Errorf("%d spans of a query that shares a poll", len(after))
		}
		for _, span := range spans.GetSpans() {
			for _, attribute := range span.Attributes {
				if attribute.Key == "flink.requests" && attribute.Value.AsInt64() != 0 {
					t.Errorf("it caused %d requests", attribute.Value.AsInt64())
				}
			}
		}
	})
}
