package remote

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Span begins a span of the trace that the context is part of. Outside of one there is
// none: what the sampler does would otherwise be a trace for each of its polls.
func Span(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, noop.Span{}
	}
	return tracing.DefaultTracer().Start(ctx, name, trace.WithAttributes(attributes...))
}

// EndSpan ends a span, with the error, if there is one, that its work failed with.
func EndSpan(span trace.Span, err error) {
	if err != nil {
		_ = tracing.Error(span, err) // which returns it
	}
	span.End()
}
