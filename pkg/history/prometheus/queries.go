package prometheus

import (
	"context"
	"fmt"
	"regexp"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// prefix is what the reporter puts before the metrics of a subtask.
const prefix = "flink_taskmanager_job_task_"

const (
	accumulatedIdle          = prefix + "accumulateIdleTimeMs"
	accumulatedBusy          = prefix + "accumulateBusyTimeMs"
	accumulatedBackpressured = prefix + "accumulateBackPressuredTimeMs"
	gaugeIdle                = prefix + "idleTimeMsPerSecond"
	gaugeBusy                = prefix + "busyTimeMsPerSecond"
	// gaugeBackpressured is there in all versions of Flink, so it is by this
	// metric that jobs and scrapes are found.
	gaugeBackpressured = prefix + "backPressuredTimeMsPerSecond"
	totalRecordsIn     = prefix + "numRecordsIn"
	totalRecordsOut    = prefix + "numRecordsOut"
)

// The labels that the reporter writes. By default it mangles their values, but
// for ids and numbers.
const (
	jobIDLabel       = "job_id"
	jobNameLabel     = "job_name"
	taskIDLabel      = "task_id"
	taskNameLabel    = "task_name"
	subtaskLabel     = "subtask_index"
	attemptIDLabel   = "task_attempt_id"
	attemptLabel     = "task_attempt_num"
	hostLabel        = "host"
	taskManagerLabel = "tm_id"
)

// firstSubtasks matches a series of each task.
const firstSubtasks = subtaskLabel + `="0"`

// mangling matches what Flink's reporter replaces in the values of labels by
// default (org.apache.flink.metrics.prometheus.AbstractPrometheusReporter).
var mangling = regexp.MustCompile("[^a-zA-Z0-9:_]")

var jobIDFormat = regexp.MustCompile("^[0-9a-f]{32}$")

// ranged selects the samples of a metric in the window before a point.
func ranged(metric, matchers string, window time.Duration) string {
	return fmt.Sprintf("%s{%s}[%dms]", metric, matchers, window.Milliseconds())
}

// over applies a function to a metric's window.
func over(function, metric, matchers string, window time.Duration) string {
	return fmt.Sprintf("%s(%s)", function, ranged(metric, matchers, window))
}

// session sends the queries that one answer is made from, and collects their
// warnings.
type session struct {
	*Reader
	job      history.Job // none where jobs are listed
	matcher  string      // of the job's series
	warnings history.Warnings
}

// overTime evaluates an expression at each point.
func (s *session) overTime(ctx context.Context, expression string, at grid) (model.Matrix, error) {
	ctx, end := begin(ctx)
	defer end()
	value, warnings, err := s.client.api.QueryRange(ctx, expression, v1.Range{Start: at.start, End: at.end(), Step: at.step})
	return s.matrix(ctx, "query_range", value, warnings, err)
}

// samples are those that a range selector selects, as they were scraped.
func (s *session) samples(ctx context.Context, selector string, at time.Time) (model.Matrix, error) {
	ctx, end := begin(ctx)
	defer end()
	value, warnings, err := s.client.api.Query(ctx, selector, at)
	return s.matrix(ctx, "query", value, warnings, err)
}

// matrix removes the metric's name from the labels: VictoriaMetrics keeps it where
// Prometheus does not.
func (s *session) matrix(ctx context.Context, endpoint string, value model.Value, warnings v1.Warnings, err error) (model.Matrix, error) {
	s.warn(warnings)
	matrix, is := value.(model.Matrix)
	if err == nil && !is {
		err = fmt.Errorf("a %T", value)
	}
	for _, series := range matrix {
		delete(series.Metric, model.MetricNameLabel)
	}
	return matrix, s.client.failed(ctx, endpoint, err)
}

// jobIDs are the ids of which there are metrics in a range by the index, which is
// coarse: there may be some from before or after.
func (s *session) jobIDs(ctx context.Context, over history.Range, most uint64) ([]string, error) {
	ctx, end := begin(ctx)
	defer end()
	values, warnings, err := s.client.api.LabelValues(ctx, jobIDLabel, []string{gaugeBackpressured}, over.From, over.To, v1.WithLimit(most))
	s.warn(warnings)
	ids := make([]string, len(values))
	for i, value := range values {
		ids[i] = string(value)
	}
	return ids, s.client.failed(ctx, "label/"+jobIDLabel+"/values", err)
}

// check fails if there are no metrics of Flink's at any time, which is another
// thing than a job or a time without.
func (s *session) check(ctx context.Context) error {
	ids, err := s.jobIDs(ctx, history.Range{}, 1)
	if err == nil && len(ids) == 0 {
		err = s.client.failed(ctx, "", &remote.Error{System: remote.Prometheus, Kind: remote.NoMetrics, Request: s.client.base.String()})
	}
	return err
}

// maxWarned is how many warnings of an answer are looked at.
const maxWarned = 1000

func (s *session) warn(warnings v1.Warnings) {
	for _, text := range warnings[:min(len(warnings), maxWarned)] {
		s.warnings = s.warnings.Add("Prometheus warns: " + remote.Shortened(text))
	}
}
