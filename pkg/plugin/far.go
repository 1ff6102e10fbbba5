package plugin

import (
	"cmp"
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
	client, err := httpclient.New(options)
	if err == nil {
		slots := make(chan struct{}, min(s.MaxConcurrency, mostQueries))
		client.Transport, client.Timeout = bounded{client.Transport, slots, s.timeout()}, 0
	}
	return client, err
}

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

// farJobs are the jobs that Prometheus alone remembers of a span. It is not
// asked where the built-in history reaches back and knows what was chosen.
// It knows no clusters: with several behind the data source, only those that
// Flink still lists, or that are remembered of another time, are known to be
// this one's.
func (c cluster) farJobs(ctx context.Context, over history.Span, chosen patterns, near []job.Info) (jobs []job.Info, err error) {
	oldest, any := c.oldest()
	strange := len(near) == 0 || slices.ContainsFunc(chosen, func(p pattern) bool { return !anyJob(near, p) })
	if c.far == nil || any && !oldest.After(over.From) && !strange {
		return nil, nil
	}
	seen, failed := c.far.Jobs(ctx, over)
	known, err := c.known(ctx)
	for _, each := range seen {
		same := func(info job.Info) bool { return info.ID == each.JobID }
		at := slices.IndexFunc(known, same)
		switch {
		case slices.ContainsFunc(near, same):
		case at >= 0:
			jobs = append(jobs, job.Info{ID: each.JobID, Name: known[at].Name})
		case !c.among:
			jobs = append(jobs, job.Info{ID: each.JobID, Name: each.Name})
		}
	}
	return jobs, cmp.Or(err, failed)
}
