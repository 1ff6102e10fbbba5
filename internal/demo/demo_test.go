package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

func TestQueriesAreAsADashboardStoresThem(t *testing.T) {
	s := session{Options: Options{URL: "http://127.0.0.1:8081", Job: "orders"}}
	sent := s.dataQueries([]query{queries[0], queries[len(queries)-2]})
	for i, want := range []string{
		`{"refId":"jobs","schemaVersion":1,"queryType":"jobs","clusters":[],"jobs":["orders"],"tasks":[]}`,
		`{"refId":"status by task","schemaVersion":1,"queryType":"measure","clusters":[],"jobs":["orders"],"tasks":[],"measure":"status","by":"task"}`,
	} {
		if got := string(sent[i].JSON); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// fakePlugin answers all queries from frames, each request after some time.
type fakePlugin struct {
	frames map[string]data.Frames
	took   time.Duration
	// fails is called before each answer; n counts requests from 0.
	fails func(n int) error
	n     int
}

func (*fakePlugin) CheckHealth(context.Context, backend.DataSourceInstanceSettings) (*backend.CheckHealthResult, error) {
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: "Flink 2.3.0; no metrics have arrived."}, nil
}

func (p *fakePlugin) QueryData(ctx context.Context, _ backend.DataSourceInstanceSettings, sent ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	n := p.n
	p.n++
	// gRPC gives up a little before the context that it got ends.
	deadline, _ := ctx.Deadline()
	select {
	case <-time.After(p.took):
	case <-time.After(time.Until(deadline) - time.Millisecond):
		return nil, errors.New("the plugin did not answer 1 queries: context deadline exceeded")
	}
	if p.fails != nil {
		if err := p.fails(n); err != nil {
			return nil, err
		}
	}
	response := &backend.QueryDataResponse{Responses: backend.Responses{}}
	for _, query := range sent {
		response.Responses[query.RefID] = backend.DataResponse{Frames: p.frames[query.QueryType]}
	}
	return response, nil
}

// unmeasured is a job of whose metrics none have arrived.
func unmeasured() map[string]data.Frames {
	frames := branches()
	for _, field := range frames["subtasks"][0].Fields {
		if field.Name == "busy" {
			field.Set(0, nil)
		}
	}
	frames["subtasks"][0].Meta = &data.FrameMeta{Notices: []data.Notice{{Text: "Not measured in job two-sources: score (no metrics yet)."}}}
	return frames
}

// On a cluster whose metrics never arrive, the demo prints what there is and
// the reason of what is not known: its wait may end in the midst of a query,
// and a query may fail.
func TestMetricsThatNeverArrive(t *testing.T) {
	const notice = "Not measured in job two-sources: score (no metrics yet)."
	crashed := fmt.Errorf("the plugin did not answer %d queries: connection refused", len(queries))
	for name, c := range map[string]struct {
		plugin fakePlugin
		err    string
		wants  []string
	}{
		"the wait ends between queries": {fakePlugin{}, "", []string{notice, "score"}},
		"the wait ends within a query":  {fakePlugin{took: 7 * time.Second}, "", []string{notice, "score"}},
		"a query fails meanwhile": {fakePlugin{fails: func(n int) error {
			if n == 1 {
				return crashed
			}
			return nil
		}}, "", []string{notice, "score"}},
		"all fail in the end": {fakePlugin{fails: func(n int) error {
			if n > 0 {
				return crashed
			}
			return nil
		}}, fmt.Sprintf("%[1]d of %[1]d queries were not answered", len(queries)), []string{crashed.Error()}},
	} {
		for _, format := range []string{"text", "JSON"} {
			t.Run(name+" "+format, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var stdout, stderr strings.Builder
					plugin := c.plugin
					plugin.frames = unmeasured()
					s := session{Options: Options{JSON: format == "JSON", Stdout: &stdout, Stderr: &stderr}, plugin: &plugin}
					err := s.run(t.Context())
					if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
						t.Errorf("got %v, want %q", err, c.err)
					}
					for _, want := range c.wants {
						if !strings.Contains(stdout.String(), want) {
							t.Errorf("%q is not in\n%s", want, stdout.String())
						}
					}
					if format == "JSON" {
						var frames map[string]data.Frames
						if err := json.Unmarshal([]byte(stdout.String()), &frames); err != nil {
							t.Fatal(err)
						}
						if got := slices.Sorted(maps.Keys(frames)); !slices.Equal(got, []string{"bottlenecks", "checkpoints", "exceptions", "flameGraph", "jobs", "measure", "nodeGraph", "subtasks", "tasks", "variable"}) {
							t.Errorf("the keys are %v", got)
						}
					}
					if !strings.Contains(stderr.String(), "0 of 2 subtasks are measured after") {
						t.Errorf("the progress is %q", stderr.String())
					}
				})
			})
		}
	}
}

// A cluster that cannot be reached is one sentence.
func TestFailedHealthCheck(t *testing.T) {
	var stdout, stderr strings.Builder
	s := session{Options: Options{Stdout: &stdout, Stderr: &stderr}, url: "http://127.0.0.1:1", plugin: unreachable{}}
	if err := s.run(t.Context()); err == nil || err.Error() != "the health check of http://127.0.0.1:1 failed: Flink could not be reached." {
		t.Errorf("got %v", err)
	}
}

type unreachable struct{}

func (unreachable) CheckHealth(context.Context, backend.DataSourceInstanceSettings) (*backend.CheckHealthResult, error) {
	return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: "Flink could not be reached."}, nil
}

func (unreachable) QueryData(context.Context, backend.DataSourceInstanceSettings, ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	return nil, errors.New("nothing is queried")
}
