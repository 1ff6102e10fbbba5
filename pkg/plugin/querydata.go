package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// QueryData answers every query of a request, all at once: they share samples,
// and the client bounds the requests to Flink. One query's failure is its own. Equal
// queries have one answer, and all answers together a limit.
func (i *Instance) QueryData(ctx context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	defer i.ending.begin()()
	if err := i.underWay.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer i.underWay.Release(1)
	keepPlace, err := takePlace(ctx)
	if err != nil {
		return nil, err
	}
	response := backend.NewQueryDataResponse()
	_, fromAlert := request.Headers[backend.FromAlertHeaderName]
	who := requester{request.PluginContext.User, request.PluginContext.Namespace, request.GetHTTPHeaders()}
	several := query.SeveralMeasures(sources(request.Queries))
	equal := equalQueries(request.Queries)
	answers := make([]backend.DataResponse, len(equal))
	var whole turn // of the response
	defer whole.endWhenEncoded(ctx)
	collector.Parallel(len(equal), maxQueries, func(n int) {
		own := &whole
		if len(equal) > 1 { // a query that waits for Flink must not hold the turn of another
			own = &turn{}
			defer own.end()
		}
		room := func(ctx context.Context, bytes int, held bool) error {
			if held && bytes >= largeAnswer && len(equal) == 1 { // else another query may wait for a Flink that hangs
				keepPlace()
			}
			return own.take(ctx, bytes)
		}
		answers[n] = i.answer(ctx, request.Queries[equal[n][0]], who, room, fromAlert, several)
	})
	bytes := 0
	for n, queries := range equal {
		each := answerBytes(answers[n])
		for copied, at := range queries {
			refID := request.Queries[at].RefID
			if bytes += each; bytes > maxAnswerBytes {
				response.Responses[refID] = errorResponse(&query.Error{Kind: query.BadQuery, Text: fmt.Sprintf(
					"The answers to the %d queries of this request take more than %d MiB: choose jobs or tasks in them, or ask in several requests.", len(request.Queries), maxAnswerBytes>>20)})
				continue
			}
			response.Responses[refID] = named(answers[n], refID, copied > 0)
		}
	}
	if whole.weight > 0 {
		whole.settle(bytes)
		return response, nil
	}
	keepPlace()
	return response, whole.take(ctx, bytes)
}

// sources are the queries' JSON.
func sources(queries []backend.DataQuery) [][]byte {
	sources := make([][]byte, len(queries))
	for i, each := range queries {
		sources[i] = each.JSON
	}
	return sources
}

const (
	// maxQueries is how many queries of a request are worked on at once.
	maxQueries = 32
	// maxAnswerBytes is about how long the answers to a request are together.
	maxAnswerBytes = 64 << 20
)

// equalQueries are the indexes of the queries, those that are equal but for their names
// together.
func equalQueries(queries []backend.DataQuery) (equal [][]int) {
	known := make(map[string]int, len(queries)) // the index in equal, by the key
	for at, each := range queries {
		key := queryKey(each)
		index, found := known[key]
		if !found {
			index = len(equal)
			known[key], equal = index, append(equal, nil)
		}
		equal[index] = append(equal[index], at)
	}
	return equal
}

// queryKey is the same for queries that are equal.
func queryKey(of backend.DataQuery) string {
	text := string(of.JSON)
	var fields map[string]json.RawMessage
	if json.Unmarshal(of.JSON, &fields) == nil && !ambiguous(fields) {
		delete(fields, "refId")
		if unnamed, err := json.Marshal(fields); err == nil { // in the order of the keys
			text = string(unnamed)
		}
	}
	return fmt.Sprintln(of.QueryType, of.MaxDataPoints, of.TimeRange.From.UTC(), of.TimeRange.To.UTC(), text)
}

// ambiguous reports whether keys differ in their case alone, or may: encoding/json takes
// them for one, of which the last counts.
func ambiguous(fields map[string]json.RawMessage) bool {
	folded := make(map[string]bool, len(fields))
	for key := range fields {
		if strings.ContainsFunc(key, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return true
		}
		folded[strings.ToLower(key)] = true
	}
	return len(folded) < len(fields)
}

// named is an answer for the query of that name; others have the same fields. A copy
// caused no requests.
func named(answer backend.DataResponse, refID string, copied bool) backend.DataResponse {
	frames := make(data.Frames, len(answer.Frames))
	for i, shown := range answer.Frames {
		own := *shown
		own.RefID = refID
		if custom, is := customOf(shown); copied && is {
			custom.Requests = 0
			meta := *shown.Meta
			meta.Custom, own.Meta = custom, &meta
		}
		frames[i] = &own
	}
	if answer.Error == nil {
		answer.Frames = frames
	}
	return answer
}

// customOf is what a frame of package frame has beside its fields.
func customOf(of *data.Frame) (custom frame.Custom, is bool) {
	if of.Meta != nil {
		custom, is = of.Meta.Custom.(frame.Custom)
	}
	return custom, is
}

// answerBytes is about how long an answer is.
func answerBytes(answer backend.DataResponse) (bytes int) {
	for _, shown := range answer.Frames {
		for _, field := range shown.Fields {
			bytes += 300 // its name, labels and configuration
			switch field.Type() {
			case data.FieldTypeString:
				for i := range field.Len() {
					bytes += 4 + len(*field.PointerAt(i).(*string)) // At would allocate
				}
			case data.FieldTypeNullableString:
				for i := range field.Len() {
					if text := *field.PointerAt(i).(**string); text != nil {
						bytes += 4 + len(*text)
					}
				}
			default:
				bytes += 8 * field.Len()
			}
		}
	}
	return bytes
}

// slowQuery is from how long on a query has a line in the log.
const slowQuery = 5 * time.Second

// answer answers one query, whatever happens. All that is logged within has its
// identifiers, and so has its span, if it is part of a trace.
func (i *Instance) answer(ctx context.Context, source backend.DataQuery, who requester, room func(ctx context.Context, bytes int, held bool) error, fromAlert, several bool) (response backend.DataResponse) {
	begun := time.Now()
	ctx = identified(ctx, "refId", source.RefID)
	ctx, span := remote.Span(ctx, "query", attribute.String("grafana.ref_id", remote.Shortened(source.RefID)))
	var parsed query.Query
	defer func() {
		if fault := recover(); fault != nil {
			caught := collector.Caught(fault)
			log.DefaultLogger.FromContext(ctx).Error("A query made the plugin panic", "fault", caught, "stack", string(caught.Stack))
			response = errorResponse(fmt.Errorf("the plugin failed on this query (%w): please report it with the server's log", caught))
		}
		took := time.Since(begun)
		if took >= slowQuery {
			log.DefaultLogger.FromContext(ctx).Warn("A query took long", "duration", took, "error", response.Error)
		}
		observeQuery(parsed.Type, took, response)
		describe(span, parsed.Type, response)
		remote.EndSpan(span, response.Error)
	}()
	parsed, err := query.Parse(source.JSON, source.QueryType, fromAlert)
	ctx = identified(ctx, "queryType", parsed.Type)
	if err != nil {
		return errorResponse(err)
	}
	if i.err != nil {
		return errorResponse(i.err)
	}
	over := history.Range{From: source.TimeRange.From, To: source.TimeRange.To}
	request := query.NewRequest(parsed, over, begun, int(source.MaxDataPoints), fromAlert)
	request.AmongMeasures, request.Ending, request.Room = several, i.ending.context(), room
	frames, err := i.viewFor(who).engine.Answer(ctx, request)
	if err != nil {
		return errorResponse(err)
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}
}

// identified has what is logged within the context carry a text of the query, in one
// line and of a bounded length.
func identified(ctx context.Context, name, text string) context.Context {
	return log.WithContextualAttributes(ctx, append(slices.Clone(log.ContextualAttributesFromContext(ctx)), name, remote.Shortened(text)))
}

// describe adds to a query's span what was queried, and how many requests that took.
func describe(span trace.Span, queryType string, answer backend.DataResponse) {
	span.SetAttributes(attribute.String("grafana.query_type", remote.Shortened(queryType)))
	if len(answer.Frames) == 0 {
		return
	}
	if custom, is := customOf(answer.Frames[0]); is {
		span.SetAttributes(attribute.Int("flink.requests", custom.Requests), attribute.Int("grafana.frames", len(answer.Frames)))
	}
}
