package prometheus

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// prefix is what the reporter calls the metrics of a subtask.
const prefix = "flink_taskmanager_job_task_"

// Metrics of subtasks. The gauge of backpressure is there in all versions.
const (
	accumulatedIdle          = prefix + "accumulateIdleTimeMs"
	accumulatedBusy          = prefix + "accumulateBusyTimeMs"
	accumulatedBackpressured = prefix + "accumulateBackPressuredTimeMs"
	gaugeIdle                = prefix + "idleTimeMsPerSecond"
	gaugeBusy                = prefix + "busyTimeMsPerSecond"
	gaugeBackpressured       = prefix + "backPressuredTimeMsPerSecond"
	totalRecordsIn           = prefix + "numRecordsIn"
	totalRecordsOut          = prefix + "numRecordsOut"
)

// The labels that the reporter writes. Their values may be mangled, but for
// ids and numbers.
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

// mangling is what Flink's reporter does to the values of labels by default
// (org.apache.flink.metrics.prometheus.AbstractPrometheusReporter).
var mangling = regexp.MustCompile("[^a-zA-Z0-9:_]")

// mangled are values by what the reporter makes of them.
func mangled(values []string) map[string]string {
	by := make(map[string]string, len(values))
	for _, value := range values {
		by[mangling.ReplaceAllString(value, "_")] = value
	}
	return by
}

var jobIDFormat = regexp.MustCompile("^[0-9a-f]{32}$")

// jobMatcher matches the metrics of a job. An id that is not Flink's goes into
// no expression.
func jobMatcher(jobID string) (string, error) {
	if !jobIDFormat.MatchString(jobID) {
		return "", &Error{Kind: BadJobID, Detail: shortened(jobID)}
	}
	return jobIDLabel + `="` + jobID + `"`, nil
}

// firstSubtasks matches a series of each task.
const firstSubtasks = subtaskLabel + `="0"`

// over applies a function to a metric's range.
func over(function, metric, matchers string, window time.Duration) string {
	return fmt.Sprintf("%s(%s)", function, ranged(metric, matchers, window))
}

func ranged(metric, matchers string, window time.Duration) string {
	return fmt.Sprintf("%s{%s}[%sms]", metric, matchers, strconv.FormatInt(window.Milliseconds(), 10))
}
