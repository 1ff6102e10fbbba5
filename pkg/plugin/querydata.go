package plugin

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// asking is one query with what it is answered from.
type asking struct {
	query
	clusters []cluster
	over     backend.TimeRange
	// points is how many a series over time may have, 0 for any number.
	points int
	// alert tells that an alert rule asks.
	alert bool
}

// cluster is that of a name.
func (a asking) cluster(name string) cluster {
	return a.clusters[slices.IndexFunc(a.clusters, func(c cluster) bool { return c.name == name })]
}

// QueryData answers every query of a request, all at once: they share looks,
// and the client bounds the requests to Flink. One query's failure is its own.
func (i *Instance) QueryData(ctx context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	response := backend.NewQueryDataResponse()
	_, alert := request.Headers[backend.FromAlertHeaderName]
	clusters := i.clustersFor(request.GetHTTPHeaders())
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, source := range request.Queries {
		group.Go(func() {
			answer := i.answered(ctx, source, asking{clusters: clusters, over: source.TimeRange, points: int(source.MaxDataPoints), alert: alert})
			mu.Lock()
			defer mu.Unlock()
			response.Responses[source.RefID] = answer
		})
	}
	group.Wait()
	return response, nil
}

// answered answers one query, whatever happens.
func (i *Instance) answered(ctx context.Context, source backend.DataQuery, a asking) (response backend.DataResponse) {
	defer func() {
		if fault := recover(); fault != nil {
			log.DefaultLogger.FromContext(ctx).Error("A query made the plugin panic", "refId", source.RefID, "fault", fault, "stack", string(debug.Stack()))
			response = refused(fmt.Errorf("the plugin failed on this query (%v): please report it with the server's log", fault))
		}
	}()
	frames, err := i.frames(ctx, source, a)
	if err != nil {
		return refused(err)
	}
	for _, f := range frames {
		f.RefID = source.RefID
	}
	return backend.DataResponse{Frames: frames, Status: backend.StatusOK}
}

// frames parses one query, looks, and frames the answer.
func (i *Instance) frames(ctx context.Context, source backend.DataQuery, a asking) (data.Frames, error) {
	q, err := parse(source, a.alert)
	if err != nil {
		return nil, err
	}
	a.query = q
	asked := views[q.QueryType]
	if a.alert && !asked.numeric {
		return nil, wrong("An alert rule cannot use the query type %s, which is not numeric: use the query type measure.", q.QueryType)
	}
	if i.err != nil {
		return nil, i.err
	}
	told := &heard{}
	frames, err := asked.frames(context.WithValue(ctx, hearing{}, told), a)
	if err == nil {
		told.tell(frames)
	}
	return frames, err
}
