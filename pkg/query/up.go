package query

import (
	"context"
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// upNow is 1 for a cluster whose REST API answers, else 0.
func upNow(ctx context.Context, req Request, clusters []*Cluster) (result frame.Result, err error) {
	results := eachCluster(clusters, func(r *clusterResult) {
		_, r.requests, r.err = r.cluster.jobs(ctx, req)
	})
	result.Requests = requestsOf(results)
	for _, each := range results {
		up := 1.0
		if each.err != nil {
			up = 0
			result.Add(warning("Cluster %s is not up: %s", each.cluster.Name, Sentence(each.err)))
		}
		result.Values = append(result.Values, upValue(each.cluster, up))
	}
	return result, ctx.Err()
}

// upAt reports whether each cluster answered at the end of the query's range.
func upAt(_ context.Context, req Request, clusters []*Cluster) (result frame.Result, err error) {
	known := false
	for _, cluster := range clusters {
		value := math.NaN()
		if at, up := cluster.history().Up(cluster.momentBefore(req), time.Minute); len(at) > 0 {
			value, known = up[len(up)-1], true
		}
		result.Values = append(result.Values, upValue(cluster, value))
	}
	if !known {
		result.Values = nil
		result.Notices, err = nothing(req, rangeEnded)
	}
	return result, err
}

func upValue(cluster *Cluster, value float64) frame.Value {
	return frame.Value{Labels: data.Labels{"cluster": cluster.Name}, Value: value}
}

// upSeries are when the clusters answered.
func upSeries(req Request, clusters []*Cluster) (all []frame.Series) {
	for _, cluster := range clusters {
		at, up := cluster.history().Up(req.Range, min(req.Step, cluster.interval().MaxGap()))
		if len(at) == 0 {
			continue
		}
		series := frame.Series{Labels: data.Labels{"cluster": cluster.Name}}
		for i, instant := range at {
			series.Add(instant.At, instant.MaxGap, up[i])
		}
		all = append(all, series)
	}
	return all
}
