package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// source is a data source as Grafana knows it.
type source interface {
	instancemgmt.InstanceDisposer
	backend.QueryDataHandler
	backend.CheckHealthHandler
}

// open makes the data source that these settings describe.
func open(t *testing.T, settings backend.DataSourceInstanceSettings) source {
	t.Helper()
	made, err := plugin.New(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	opened := made.(source)
	t.Cleanup(opened.Dispose)
	return opened
}

// opened counts data sources: each has a history of its own.
var opened atomic.Int64

// with is jsonData of these keys; nothing is sampled unless they say so, as
// tests count requests.
func with(keys map[string]any) backend.DataSourceInstanceSettings {
	all := map[string]any{"history": map[string]any{"idleAfter": "0s"}}
	maps.Copy(all, keys)
	jsonData, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return backend.DataSourceInstanceSettings{Name: "Flink", Type: "flinkscope-flink-datasource", UID: fmt.Sprint("flink-", opened.Add(1)), JSONData: jsonData}
}

// at is a data source of one cluster at that address.
func at(t *testing.T, address string) source {
	t.Helper()
	return open(t, with(map[string]any{"url": address}))
}

// inMemory answers the requests to each host with its handler, without a
// network, so that it works in a bubble of testing/synctest.
func inMemory(ctx context.Context, hosts map[string]http.Handler) context.Context {
	return httpclient.WithContextualMiddleware(ctx, httpclient.MiddlewareFunc(
		func(httpclient.Options, http.RoundTripper) http.RoundTripper {
			return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
				recorder := httptest.NewRecorder()
				hosts[request.URL.Host].ServeHTTP(recorder, request)
				if err := request.Context().Err(); err != nil {
					return nil, err
				}
				return recorder.Result(), nil
			})
		}))
}

// lab is a data source of one simulated cluster in memory.
type lab struct {
	source
	*sim.Cluster
	ctx context.Context
}

// inLab serves the jobs with a fetch interval of 10 s.
func inLab(t *testing.T, jobs ...*sim.Job) lab {
	t.Helper()
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: jobs}
	return lab{at(t, "http://flink:8081"), cluster, inMemory(t.Context(), map[string]http.Handler{"flink:8081": cluster})}
}

// warm has looked once, and waits until the next fetch is due: from now on
// looks have something to compare with.
func (l lab) warm(t *testing.T) {
	t.Helper()
	answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
	time.Sleep(11 * time.Second)
	l.Asked()
}

// mayBeAway has the cluster answer with 503 while that is set.
func (l *lab) mayBeAway(t *testing.T) *atomic.Bool {
	t.Helper()
	var away atomic.Bool
	cluster := l.Cluster
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			says(503, "away")(w, r)
			return
		}
		cluster.ServeHTTP(w, r)
	})})
	return &away
}

// now is a range that ends now.
func now() backend.TimeRange {
	return backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now()}
}

// queried sends the queries, A, B and so on, in one request.
func queried(ctx context.Context, t *testing.T, asked source, queries ...string) backend.Responses {
	t.Helper()
	return queriedOver(ctx, t, asked, now(), nil, queries...)
}

// fromAlert are the headers of a request that an alert rule makes.
var fromAlert = map[string]string{backend.FromAlertHeaderName: "true"}

func queriedOver(ctx context.Context, t *testing.T, asked source, over backend.TimeRange, headers map[string]string, queries ...string) backend.Responses {
	t.Helper()
	request := &backend.QueryDataRequest{Headers: headers}
	for i, query := range queries {
		request.Queries = append(request.Queries, backend.DataQuery{RefID: string(rune('A' + i)), JSON: json.RawMessage(query), TimeRange: over})
	}
	response, err := asked.QueryData(ctx, request)
	if err != nil {
		t.Errorf("the request failed as a whole: %v", err)
		return nil
	}
	if len(response.Responses) != len(queries) {
		t.Errorf("%d answers to %d queries", len(response.Responses), len(queries))
	}
	return response.Responses
}

// answer is the first frame of a query that must have been answered.
func answer(t *testing.T, responses backend.Responses, refID string) *data.Frame {
	t.Helper()
	response := responses[refID]
	if response.Error != nil || len(response.Frames) == 0 || response.Status != backend.StatusOK {
		t.Fatalf("query %s: %d frames, status %d, %v", refID, len(response.Frames), response.Status, response.Error)
	}
	return response.Frames[0]
}

// cells are the values of a column as text; what is not known is null.
func cells(t *testing.T, of *data.Frame, column string) []string {
	t.Helper()
	field, _ := of.FieldByName(column)
	if field == nil {
		t.Fatalf("frame %s has no column %q", of.Name, column)
	}
	values := []string{}
	for i := range field.Len() {
		if value, known := field.ConcreteAt(i); known {
			values = append(values, fmt.Sprint(value))
		} else {
			values = append(values, "null")
		}
	}
	return values
}

// notices are the texts of a frame's notices.
func notices(of *data.Frame) []string {
	texts := []string{}
	for _, notice := range of.Meta.Notices {
		texts = append(texts, notice.Text)
	}
	return texts
}

// requests is how many Flink requests the frame says that its query caused.
func requests(of *data.Frame) int { return of.Meta.Custom.(frame.Custom).Requests }
