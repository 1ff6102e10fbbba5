// Package demo prints what the plugin answers about a Flink cluster: it starts
// the built backend as Grafana does, sends a query of every type, and prints
// the answers in the terminal or as JSON.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// Run prints what the options ask for. What could not be answered is printed
// with its reason beside the rest, and then makes the error. Before that, an
// error says why there was nothing to query: no cluster, no plugin, or a
// failed health check.
func Run(ctx context.Context, o Options) (err error) {
	url, stop, err := o.flink(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	plugin, err := host.Start(ctx, o.Executable, &logFilter{to: o.Stderr})
	if err != nil {
		return err
	}
	defer plugin.Close()
	settings, err := host.Settings(url)
	if err != nil {
		return err
	}
	s := session{Options: o, url: url, plugin: plugin, settings: settings}
	return s.run(ctx)
}

const (
	requestTimeout = 30 * time.Second
	// sampleTimeout is how long the demo waits for measured values, and
	// samplePause the time between two queries meanwhile.
	sampleTimeout = 40 * time.Second
	samplePause   = 2 * time.Second
	// settleTime is more than one metric fetch of Flink's usual ten seconds:
	// what is unknown for that long, such as finished tasks, stays unknown.
	settleTime = 12 * time.Second
	// queryRange is the time range of each query.
	queryRange = 5 * time.Minute
)

// plugin is the running backend: a [host.Plugin], but in tests.
type plugin interface {
	CheckHealth(context.Context, backend.DataSourceInstanceSettings) (*backend.CheckHealthResult, error)
	QueryData(context.Context, backend.DataSourceInstanceSettings, ...backend.DataQuery) (*backend.QueryDataResponse, error)
}

// session is a running plugin and the data source that is queried.
type session struct {
	Options
	url      string
	plugin   plugin
	settings backend.DataSourceInstanceSettings
	requests int // to Flink so far
}

func (s *session) run(ctx context.Context) error {
	before, err := s.health(ctx)
	if err != nil {
		return err
	}
	if before.Status != backend.HealthStatusOk {
		return fmt.Errorf("the health check of %s failed: %s", s.url, before.Message)
	}
	s.awaitSamples(ctx)
	s.query(ctx, flameGraph)
	a := s.query(ctx, queries...)
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.JSON {
		err = a.writeJSON(s.Stdout)
	} else {
		err = s.writeText(ctx, a)
	}
	return errors.Join(err, a.incomplete())
}

func (s *session) writeText(ctx context.Context, a answer) error {
	r := report{address: s.url, answer: a, requests: s.requests, paint: painter(s.Colour)}
	// Once more: only now the message says whether metrics arrive.
	if health, err := s.health(ctx); err != nil {
		r.health = err.Error()
	} else {
		r.health = health.Message
	}
	text, err := r.text()
	_, errWrite := io.WriteString(s.Stdout, text)
	return errors.Join(err, errWrite)
}

// health is the answer to Save & test.
func (s *session) health(ctx context.Context) (*backend.CheckHealthResult, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return s.plugin.CheckHealth(ctx, s.settings)
}

// awaitSamples returns when the plugin has two samples of every running
// subtask, as far as can be seen, or when waiting longer is of no use: after 40
// seconds, or when the query fails. The answers then give the reason.
func (s *session) awaitSamples(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	tick := time.NewTicker(samplePause)
	defer tick.Stop()
	begin := time.Now()
	var last progress
	changed := begin
	giveUp := func() {
		s.logf("%d of %d subtasks are measured after %s.", last.measured, last.subtasks, time.Since(begin).Round(time.Second))
	}
	for first := true; ; first = false {
		a := s.query(ctx, subtasks)
		if len(a.failures) > 0 {
			giveUp()
			return
		}
		if now := progressOf(a.frames[subtasks.QueryType]); now != last {
			last, changed = now, time.Now()
		}
		if last.complete() || last.averaged() && time.Since(changed) > settleTime {
			return
		}
		if first {
			s.logf("Waiting for two samples of the job, one metric fetch of Flink apart: %s at most.", sampleTimeout)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			giveUp()
			return
		}
	}
}

// query sends the queries in one request, as a dashboard's panel does. If the
// request fails, so does each of its queries.
func (s *session) query(ctx context.Context, queries ...query) answer {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	begin := time.Now()
	response, err := s.plugin.QueryData(ctx, s.settings, s.dataQueries(queries)...)
	if err != nil {
		response = &backend.QueryDataResponse{Responses: backend.Responses{}}
		for _, q := range queries {
			response.Responses[q.RefID] = backend.DataResponse{Error: err}
		}
	}
	a := answerOf(queries, response, time.Since(begin))
	s.requests += a.requests
	return a
}

func (s *session) dataQueries(queries []query) []backend.DataQuery {
	now := time.Now()
	sent := make([]backend.DataQuery, len(queries))
	for i, q := range queries {
		q.SchemaVersion, q.Clusters, q.Jobs, q.Tasks = 1, []string{}, s.jobs(), []string{}
		text, _ := json.Marshal(q) // texts and numbers
		sent[i] = backend.DataQuery{
			RefID:         q.RefID,
			QueryType:     q.QueryType,
			MaxDataPoints: 1000,
			Interval:      time.Second,
			TimeRange:     backend.TimeRange{From: now.Add(-queryRange), To: now},
			JSON:          text,
		}
	}
	return sent
}
