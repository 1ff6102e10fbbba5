package plugin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

// QueryData answers every query of a request, all at once: they share samples,
// and the client bounds the requests to Flink. One query's failure is its own.
func (i *Instance) QueryData(ctx context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	response := backend.NewQueryDataResponse()
	_, fromAlert := request.Headers[backend.FromAlertHeaderName]
	who := requester{request.PluginContext.User, request.PluginContext.Namespace, request.GetHTTPHeaders()}
	several := query.SeveralMeasures(sources(request.Queries))
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, source := range request.Queries {
		group.Go(func() {
			answer := i.answer(ctx, source, who, fromAlert, several)
			mu.Lock()
			defer mu.Unlock()
			response.Responses[source.RefID] = answer
		})
	}
	group.Wait()
	return response, nil
}

// sources are the queries' JSON.
func sources(queries []backend.DataQuery) [][]byte {
	sources := make([][]byte, len(queries))
	for i, each := range queries {
		sources[i] = each.JSON
	}
	return sources
}

// answer answers one query, whatever happens.
func (i *Instance) answer(ctx context.Context, source backend.DataQuery, who requester, fromAlert, several bool) (response backend.DataResponse) {
	defer func() {
		if fault := recover(); fault != nil {
			caught := collector.Caught(fault)
			log.DefaultLogger.FromContext(ctx).Error("A query made the plugin panic", "refId", source.RefID, "fault", caught, "stack", string(caught.Stack))
			response = errorResponse(fmt.Errorf("the plugin failed on this query (%w): please report it with the server's log", caught))
		}
	}()
	frames, err := i.frames(ctx, source, who, fromAlert, several)
	if err != nil {
		return errorResponse(err)
	}
	for _, frame := range frames {
		frame.RefID = source.RefID
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}
}

func (i *Instance) frames(ctx context.Context, source backend.DataQuery, who requester, fromAlert, several bool) (data.Frames, error) {
	parsed, err := query.Parse(source.JSON, source.QueryType, fromAlert)
	if err != nil {
		return nil, err
	}
	if i.err != nil {
		return nil, i.err
	}
	over := history.Range{From: source.TimeRange.From, To: source.TimeRange.To}
	request := query.NewRequest(parsed, over, time.Now(), int(source.MaxDataPoints), fromAlert)
	request.AmongMeasures = several
	return i.viewFor(who).engine.Answer(ctx, request)
}
