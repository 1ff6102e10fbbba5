package plugin

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// prometheusClient is that of the settings' Prometheus, nil if they name none,
// or if every user is to see only what Flink's proxy shows them: it has
// credentials of its own, and none of Flink's. It closes with the instance.
func (i *Instance) prometheusClient(s settings, source backend.DataSourceInstanceSettings) (*http.Client, error) {
	if s.Prometheus.URL == "" || s.forwards() {
		return nil, nil
	}
	timeouts := httpclient.DefaultTimeoutOptions
	timeouts.Timeout = s.timeout()
	options := httpclient.Options{Timeouts: &timeouts, Header: http.Header{}}
	if s.Prometheus.User != "" {
		options.BasicAuth = &httpclient.BasicAuthOptions{User: s.Prometheus.User, Password: source.DecryptedSecureJSONData["prometheusPassword"]}
	}
	if token := source.DecryptedSecureJSONData["prometheusBearerToken"]; token != "" {
		options.Header.Set("Authorization", "Bearer "+token)
	}
	options.ConfigureTransport = i.closing
	return httpclient.New(options)
}

// withFar reads the cluster's past from Prometheus; nil where the settings name
// none.
func (c cluster) withFar(client *http.Client, s settings) (cluster, error) {
	if client == nil {
		return c, nil
	}
	reader, err := prometheus.New(client, s.Prometheus.URL, prometheus.Options{
		Tenant: s.Prometheus.Tenant, Graph: c.graph, Row: look.Row,
		Notice: func(ctx context.Context, text string) { heardIn(ctx).warned(text) },
	})
	c.far = &distant{reader: reader}
	return c, err
}

// graph is a job's graph, from Flink or, for a job that it has forgotten, as it
// was last remembered; nil if neither knows it.
func (c cluster) graph(ctx context.Context, of history.Key) (graph *job.Graph, err error) {
	known, _, err := c.keeper.Graph(ctx, job.Info{ID: of.JobID})
	switch {
	case err == nil:
		return known, nil
	case c.store == nil:
		return nil, nil
	}
	for taken, err := range c.store.Looks(ctx, history.Key{Cluster: c.name, JobID: of.JobID}, history.Span{To: time.Now()}) {
		if err != nil {
			return nil, err
		}
		graph = taken.Graph
	}
	return graph, nil
}

// rest is the part of a span that the built-in history does not reach back to,
// given the times of what it has: none of it is asked for twice.
func (c cluster) rest(over history.Span, near []time.Time, step time.Duration) (rest history.Span, wanted bool) {
	if len(near) > 0 {
		over.To = near[0].Add(-time.Millisecond)
	}
	return over, c.far != nil && over.To.Sub(over.From) >= step
}

// rows tells of a job over time: what is remembered, and from before that what
// Prometheus has. If only that fails there are rows beside the error.
func (c cluster) rows(ctx context.Context, jobID string, over history.Span, step time.Duration, measures ...history.Measure) (rows history.Rows, err error) {
	key := history.Key{Cluster: c.name, JobID: jobID}
	if c.store != nil {
		if rows, err = c.store.Rows(ctx, key, over, measures...); err != nil {
			return rows, err
		}
	}
	rest, wanted := c.rest(over, rows.Times, step)
	if !wanted {
		return rows, nil
	}
	far, err := c.far.rows(ctx, key, rest, step, measures...)
	return history.Joined(far, rows), err
}

// snapshots are those of a job over time, Prometheus' first; what is remembered
// follows even if that fails.
func (c cluster) snapshots(ctx context.Context, info job.Info, over history.Span, step time.Duration) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		rows, err := c.rows(ctx, info.ID, over, time.Duration(1<<62)) // the times alone, of what is remembered
		if err != nil {
			yield(nil, err)
			return
		}
		if rest, wanted := c.rest(over, rows.Times, step); wanted {
			for snapshot, err := range c.far.snapshots(ctx, history.Key{Cluster: c.name, JobID: info.ID}, rest, step) {
				if snapshot != nil {
					snapshot.Job.Name = info.Name // Prometheus' may be mangled
				}
				if !yield(snapshot, err) {
					return
				}
			}
		}
		c.replay(ctx, info.ID, over)(yield)
	}
}

// replay makes the snapshots of the looks that are remembered.
func (c cluster) replay(ctx context.Context, jobID string, over history.Span) iter.Seq2[*job.Snapshot, error] {
	return func(yield func(*job.Snapshot, error) bool) {
		if c.store == nil {
			return
		}
		pace := c.keeper.LastPace()
		trail, begin := job.NewTrail(pace), over.From
		over.From = begin.Add(-pace.Most()) // what the first is compared with
		for taken, err := range c.store.Looks(ctx, history.Key{Cluster: c.name, JobID: jobID}, over) {
			if err != nil {
				yield(nil, err)
				return
			}
			if snapshot := trail.Add(taken); !taken.At.Before(begin) && !yield(snapshot, nil) {
				return
			}
		}
	}
}

// farJobs are the jobs that Prometheus alone remembers of a span. It knows no
// clusters: with several behind the data source, only those that Flink still
// lists are known to be this one's.
func (c cluster) farJobs(ctx context.Context, over history.Span, near []job.Info) (jobs []job.Info, err error) {
	if oldest, any := c.oldest(); c.far == nil || any && !oldest.After(over.From) {
		return nil, nil
	}
	seen, err := c.far.jobs(ctx, over)
	listed := c.keeper.LastJobs()
	for _, each := range seen {
		same := func(info job.Info) bool { return info.ID == each.JobID }
		at := slices.IndexFunc(listed, same)
		switch {
		case slices.ContainsFunc(near, same):
		case at >= 0:
			jobs = append(jobs, job.Info{ID: each.JobID, Name: listed[at].Name})
		case !c.among:
			jobs = append(jobs, job.Info{ID: each.JobID, Name: each.Name})
		}
	}
	return jobs, err
}

// oldest is how far back the built-in history reaches.
func (c cluster) oldest() (at time.Time, any bool) {
	if c.store == nil {
		return at, false
	}
	return c.store.Oldest()
}
