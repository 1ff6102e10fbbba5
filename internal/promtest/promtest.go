// Package promtest is a Prometheus for tests: its query API over samples that a
// test adds, evaluated by Prometheus' own engine, without storage or goroutines
// of its own, so that it can be served in a synctest bubble too.
package promtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
)

// maxPoints is how many points Prometheus answers a query with.
const maxPoints = 11_000

// Server is a Prometheus. It is safe for concurrent use.
type Server struct {
	// URL is the address of the API; empty for one that [Handler] made.
	URL string

	engine *promql.Engine
	store  store

	mu              sync.Mutex
	fault           http.HandlerFunc
	delay           time.Duration
	warnings        []string
	victoriaMetrics bool
	requests        []Request
	now, most       int // requests under way
}

// Request is one that was answered.
type Request struct {
	Method, Path string
	Header       http.Header
	Form         url.Values
}

// Query is the expression that was evaluated.
func (r Request) Query() string { return r.Form.Get("query") }

// Points is how many points a range query asked for; 0 for any other.
func (r Request) Points() int {
	start, end, step := seconds(r.Form.Get("start")), seconds(r.Form.Get("end")), seconds(r.Form.Get("step"))
	if step == 0 {
		return 0
	}
	return int((end-start)/step) + 1
}

// New serves a Prometheus until the test ends.
func New(t testing.TB) *Server {
	t.Helper()
	made := Handler()
	listening := httptest.NewServer(made)
	t.Cleanup(listening.Close)
	made.URL = listening.URL
	return made
}

// Handler is a Prometheus that the test serves itself, at any path prefix.
func Handler() *Server {
	return &Server{engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: 2 * time.Minute, LookbackDelta: 5 * time.Minute,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() },
	})}
}

// Sample is a value at a time.
type Sample struct {
	At    time.Time
	Value float64
}

// Add adds samples, in the order of time, to the series with these labels, among
// them __name__.
func (s *Server) Add(of map[string]string, samples ...Sample) {
	s.store.add(labels.FromMap(of), samples)
}

// Load adds series as they are written in tests of Prometheus, one a line, such
// as up{job="flink"} 0 1 _ 1+2x10, the first value at from, the others each a step
// later.
func (s *Server) Load(t testing.TB, from time.Time, step time.Duration, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		of, values, err := parser.ParseSeriesDesc(line)
		if err != nil {
			t.Fatal(err)
		}
		var samples []Sample
		for i, value := range values {
			if !value.Omitted {
				samples = append(samples, Sample{from.Add(time.Duration(i) * step), value.Value})
			}
		}
		s.store.add(of, samples)
	}
}

// Fail answers every request with this, until it is nil again.
func (s *Server) Fail(fault http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// Delay makes every answer take so long.
func (s *Server) Delay(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = by
}

// Warn adds warnings to every answer.
func (s *Server) Warn(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = texts
}

// VictoriaMetrics answers as VictoriaMetrics does where that is different: it
// stores no NaN, and keeps the metric's name where a function keeps its meaning.
func (s *Server) VictoriaMetrics() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.victoriaMetrics = true
}

// Requests are those so far; Forget begins anew.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Forget forgets the requests so far.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.most = nil, 0
}

// Count is how many requests there were to paths with this ending, such as
// query_range.
func (s *Server) Count(ending string) (count int) {
	for _, request := range s.Requests() {
		if strings.HasSuffix(request.Path, ending) {
			count++
		}
	}
	return count
}

// MostAtOnce is how many requests were under way at once at most.
func (s *Server) MostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		answerError(w, &apiError{http.StatusBadRequest, "bad_data", err})
		return
	}
	fault, delay := s.begin(r)
	defer s.end()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
			return
		}
	}
	if fault != nil {
		fault(w, r)
		return
	}
	data, err := s.answer(r)
	var failed *apiError
	if errors.As(err, &failed) {
		answerError(w, failed)
		return
	}
	s.mu.Lock()
	warnings := s.warnings
	s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data, "warnings": warnings}) // a test sees what is missing
}

// RoundTrip implements [http.RoundTripper]: it answers requests to any host
// without a network, as in a synctest bubble.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	return inmemory.Transport{Handler: s}.RoundTrip(r)
}

func (s *Server) begin(r *http.Request) (http.HandlerFunc, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{r.Method, r.URL.Path, r.Header.Clone(), maps.Clone(r.Form)})
	s.now++
	s.most = max(s.most, s.now)
	return s.fault, s.delay
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
}

func (s *Server) isVictoriaMetrics() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.victoriaMetrics
}

// apiError is an error as the API returns it.
type apiError struct {
	status int
	kind   string
	error
}

func answerError(w http.ResponseWriter, failed *apiError) {
	w.WriteHeader(failed.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": "error", "errorType": failed.kind, "error": failed.Error()}) // as above
}

// answer is the data of an answer.
func (s *Server) answer(r *http.Request) (any, error) {
	queryable := s.store.queryable(s.isVictoriaMetrics())
	_, path, _ := strings.Cut(r.URL.Path, "/api/v1/")
	switch parts := strings.Split(path, "/"); {
	case path == "query":
		query, err := s.engine.NewInstantQuery(r.Context(), queryable, nil, r.Form.Get("query"), at(r.Form.Get("time")))
		return s.evaluated(r, query, err)
	case path == "query_range":
		start, end, step := at(r.Form.Get("start")), at(r.Form.Get("end")), seconds(r.Form.Get("step"))
		if step <= 0 || end.Sub(start).Seconds()/step > maxPoints {
			return nil, &apiError{http.StatusBadRequest, "bad_data", errors.New("exceeded maximum resolution of 11,000 points per timeseries")}
		}
		query, err := s.engine.NewRangeQuery(r.Context(), queryable, nil, r.Form.Get("query"), start, end, time.Duration(math.Round(step*1e9)))
		return s.evaluated(r, query, err)
	case len(parts) == 3 && parts[0] == "label" && parts[2] == "values":
		return s.store.values(parts[1], r.Form)
	default:
		return nil, &apiError{http.StatusNotFound, "not_found", fmt.Errorf("no endpoint %s", r.URL.Path)}
	}
}

func (s *Server) evaluated(r *http.Request, query promql.Query, err error) (any, error) {
	if err != nil {
		return nil, &apiError{http.StatusBadRequest, "bad_data", err}
	}
	defer query.Close()
	result := query.Exec(r.Context())
	if result.Err != nil {
		return nil, &apiError{http.StatusUnprocessableEntity, "execution", result.Err}
	}
	value := any(result.Value)
	if matrix, over := value.(promql.Matrix); over {
		if s.isVictoriaMetrics() {
			matrix = withNames(matrix, query)
		}
		value = append(promql.Matrix{}, matrix...) // [] rather than null
	}
	// The engine takes back what it returned when the query is closed.
	text, err := json.Marshal(value)
	return map[string]any{"resultType": result.Value.Type(), "result": json.RawMessage(text)}, err
}

// withNames adds the metric's name to what VictoriaMetrics' functions that keep
// it return.
func withNames(matrix promql.Matrix, query promql.Query) promql.Matrix {
	statement, _ := query.Statement().(*parser.EvalStmt)
	expression := statement.Expr
	if wrapped, is := expression.(*parser.StepInvariantExpr); is {
		expression = wrapped.Expr
	}
	call, is := expression.(*parser.Call)
	if !is || !slices.Contains([]string{"avg_over_time", "min_over_time", "max_over_time", "last_over_time"}, call.Func.Name) {
		return matrix
	}
	selected := call.Args[0]
	if wrapped, is := selected.(*parser.StepInvariantExpr); is {
		selected = wrapped.Expr
	}
	metric := selected.(*parser.MatrixSelector).VectorSelector.(*parser.VectorSelector).Name
	for i := range matrix {
		matrix[i].Metric = labels.NewBuilder(matrix[i].Metric).Set(labels.MetricName, metric).Labels()
	}
	return matrix
}

func seconds(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64) // 0 for what is missing
	return value
}

func at(text string) time.Time { return time.UnixMilli(int64(math.Round(1000 * seconds(text)))) }
