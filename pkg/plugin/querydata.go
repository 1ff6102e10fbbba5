package plugin

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
)

// QueryData answers every query of a request, all at once: they share looks,
// and the client bounds the requests to Flink. One query's failure is its own.
func (i *Instance) QueryData(ctx context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	response := backend.NewQueryDataResponse()
	_, alert := request.Headers[backend.FromAlertHeaderName]
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, source := range request.Queries {
		group.Go(func() {
			answer := i.answered(ctx, source, alert)
			mu.Lock()
			defer mu.Unlock()
			response.Responses[source.RefID] = answer
		})
	}
	group.Wait()
	return response, nil
}

// answered answers one query, whatever happens.
func (i *Instance) answered(ctx context.Context, source backend.DataQuery, alert bool) (response backend.DataResponse) {
	defer func() {
		if fault := recover(); fault != nil {
			log.DefaultLogger.FromContext(ctx).Error("A query made the plugin panic", "refId", source.RefID, "fault", fault, "stack", string(debug.Stack()))
			response = refused(fmt.Errorf("the plugin failed on this query (%v): please report it with the server's log", fault))
		}
	}()
	frames, err := i.query(ctx, source, alert)
	if err != nil {
		return refused(err)
	}
	return frames
}

// query parses one query, looks, and frames the answer.
func (i *Instance) query(ctx context.Context, source backend.DataQuery, alert bool) (response backend.DataResponse, err error) {
	q, err := parse(source)
	if err != nil {
		return response, err
	}
	asked := views[q.QueryType]
	if alert && !asked.numeric {
		return response, wrong("An alert rule cannot use the query type %s, which is not numeric: use the query type measure.", q.QueryType)
	}
	if i.err != nil {
		return response, i.err
	}
	answer, err := i.look(ctx, q, source.TimeRange, alert)
	if err != nil {
		return response, err
	}
	frames := asked.frames(q, answer)
	for _, f := range frames {
		f.RefID = source.RefID
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}, nil
}
