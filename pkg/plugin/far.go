package plugin

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// withFar reads the cluster's past from Prometheus; nil where the settings name
// none.
func (c cluster) withFar(client *http.Client, s settings, told *look.Kept[question, told]) (cluster, error) {
	if client == nil {
		return c, nil
	}
	reader, err := prometheus.New(client, s.Prometheus.URL, prometheus.Options{
		Tenant: s.Prometheus.Tenant, Graph: c.graph, TaskManagers: c.taskManagers, Row: look.Row,
		Notice: func(ctx context.Context, text string) { heardIn(ctx).warned(text) },
	})
	if err == nil {
		c.far = &distant{name: c.name, reader: reader, told: told, maxAge: s.maxAge}
	}
	return c, err
}

// pasts are those of the cluster: what is remembered, and what Prometheus has
// from before that.
func (c cluster) pasts() (pasts history.Pasts) {
	if c.store != nil {
		pasts = append(pasts, c.near())
	}
	if c.far != nil {
		pasts = append(pasts, c.far)
	}
	return pasts
}

// near is what is remembered.
func (c cluster) near() history.Past {
	return history.Paced{Store: c.store, Pace: c.keeper.LastPace()}
}

// rows tells of a job over time. If only what is far fails there are rows
// beside the error.
func (c cluster) rows(ctx context.Context, jobID string, over history.Span, step time.Duration, measures ...history.Measure) (history.Rows, error) {
	return c.pasts().Rows(ctx, c.key(jobID), over, step, measures...)
}

// snapshots are those of a job over time. What is remembered follows even if
// what is far fails.
func (c cluster) snapshots(ctx context.Context, info job.Info, over history.Span, step time.Duration) iter.Seq2[*job.Snapshot, error] {
	return byName(info, c.pasts().Snapshots(ctx, c.key(info.ID), over, step))
}

// byName gives the job its name in what Prometheus tells, which may be mangled.
func byName(info job.Info, snapshots iter.Seq2[*job.Snapshot, error]) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		for snapshot, err := range snapshots {
			if snapshot != nil && snapshot.Source == job.FromPrometheus {
				snapshot = renamed(snapshot, info)
			}
			if !yield(snapshot, err) {
				return
			}
		}
	}
}

// renamed is a snapshot with the job's name: others may have it, too.
func renamed(snapshot *job.Snapshot, info job.Info) *job.Snapshot {
	named := *snapshot
	named.Job.Name = info.Name
	return &named
}
