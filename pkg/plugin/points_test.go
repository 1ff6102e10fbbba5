package plugin_test

import (
	"encoding/json"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// thinned is the first frame of a query that can draw so many points.
func thinned(t *testing.T, l lab, over backend.TimeRange, points int64, query string) *data.Frame {
	t.Helper()
	return answer(t, map[string]backend.DataResponse{"A": thinnedAll(t, l, over, points, query)}, "A")
}

func thinnedAll(t *testing.T, l lab, over backend.TimeRange, points int64, query string) backend.DataResponse {
	t.Helper()
	response, err := l.QueryData(l.ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{
		{RefID: "A", JSON: json.RawMessage(query), TimeRange: over, MaxDataPoints: points},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return response.Responses["A"]
}
