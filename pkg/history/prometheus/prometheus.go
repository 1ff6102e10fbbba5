// Package prometheus reads the past of jobs from anything that speaks
// Prometheus' query API and scrapes Flink's Prometheus reporter: Prometheus,
// Mimir, Thanos, VictoriaMetrics.
//
// A subtask's shares are the growth of its accumulated idle, busy and
// backpressured time over a window, divided by their sum: it is the clock, as
// for two looks, so that what Prometheus extrapolates at the ends of the window
// cancels out, and it tells how much of the window was covered. For subtasks
// without such a clock, legacy sources and all of Flink before 1.16, the number
// of scrapes tells that.
package prometheus

import (
	"context"
	"net/http"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Reader reads the past of jobs. It keeps nothing between calls and is safe
// for concurrent use.
type Reader struct {
	api     v1.API
	base    string
	options Options
	now     func() time.Time
	// values is how many one query is to be answered with.
	values int
}

// Options are what a reader is told beside the address.
type Options struct {
	// Tenant is sent as X-Scope-OrgID, by which Mimir and others tell their
	// users apart; none if empty.
	Tenant string
	// Graph gives a job's graph, from Flink or from what is remembered of it.
	// Where it is nil, or gives nil, the tasks are those that the metrics
	// name, without edges.
	Graph func(context.Context, history.Key) (*job.Graph, error)
	// TaskManagers gives the ids of those that a job is known to have run on, as
	// Flink's reporter mangles its labels unless told otherwise. Others stay as
	// the metrics tell them.
	TaskManagers func(context.Context, history.Key) ([]string, error)
	// Row sums up a snapshot for [Reader.Rows].
	Row func(*job.Snapshot) history.Row
	// Notice, if not nil, gets each warning with which Prometheus answers the
	// call that has the context, once, and that nothing is told of a job because
	// its points are too far apart.
	Notice func(ctx context.Context, text string)
}

// New returns a reader of the API at the address, which may end in a path
// prefix, over an HTTP client that has the authentication, TLS and time-outs of
// Prometheus: its own, with none of Flink's credentials or headers. It fails if
// the address is no http or https one.
func New(client *http.Client, address string, options Options) (*Reader, error) {
	base, err := parse(address)
	if err != nil {
		return nil, err
	}
	asked := &caller{http: client, base: base, tenant: options.Tenant}
	return &Reader{api: v1.NewAPI(asked), base: base.String(), options: options, now: time.Now, values: mostValues}, nil
}
