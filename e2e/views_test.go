//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// pause is how long await waits between two queries.
const pause = 2 * time.Second

// views are the answers to all query types about one job.
type views struct {
	jobs, tasks, subtasks, nodes, edges, bottlenecks []row
	// severity is measure bottleneck, status measure status by task.
	severity *float64
	status   map[string]float64
}

// await repeats the queries until the check passes, which takes two samples of the
// job at least.
func (ds dataSource) await(t *testing.T, job string, check func(views) error) views {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		answers, err := ds.query(t, job)
		if err == nil {
			err = check(answers)
		}
		if err == nil {
			return answers
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s: %v", patience, err)
		}
	}
}

// query sends all queries in one request. A query that fails fails the test; an
// answer that does not come from counters yet is an error.
func (ds dataSource) query(t *testing.T, job string) (v views, err error) {
	t.Helper()
	now := time.Now()
	return ds.queryOver(t, job, ending(now.Add(-5*time.Minute), now))
}

// queryOver is query over a range: an answer that does not come from where it should
// is an error.
func (ds dataSource) queryOver(t *testing.T, job string, over backend.TimeRange) (v views, err error) {
	t.Helper()
	response, err := ds.plugin.QueryData(t.Context(), ds.settings,
		query(over, job, "jobs", ""), query(over, job, "tasks", ""), query(over, job, "subtasks", ""), query(over, job, "nodeGraph", ""),
		query(over, job, "bottlenecks", ""), query(over, job, "measure", "bottleneck"), query(over, job, "measure", "status"))
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string]*data.Frame{}
	for refID, answer := range response.Responses {
		if answer.Error != nil {
			t.Fatalf("query %s: %v", refID, answer.Error)
		}
		for _, frame := range answer.Frames {
			frames[refID+frame.Name] = frame
			if source := customOf(t, frame).Source; source != ds.source {
				err = fmt.Errorf("the source of %s is %v, want %s", refID, source, ds.source)
			}
		}
	}
	v.jobs, v.tasks, v.subtasks = rows(frames["jobsjobs"]), rows(frames["taskstasks"]), rows(frames["subtaskssubtasks"])
	v.nodes, v.edges = rows(frames["nodeGraphnodes"]), rows(frames["nodeGraphedges"])
	v.bottlenecks = rows(frames["bottlenecksbottlenecks"])
	v.severity, v.status = number(frames["bottleneckmeasure"]), byTask(frames["statusmeasure"])
	return v, err
}

// query is one about a job; a measure has its name for refId.
func query(over backend.TimeRange, job, queryType, measure string) backend.DataQuery {
	refID, extra := queryType, ""
	if measure != "" {
		by := map[string]string{"bottleneck": "job", "status": "task"}[measure]
		refID, extra = measure, fmt.Sprintf(`,"measure":%q,"by":%q`, measure, by)
	}
	return backend.DataQuery{
		RefID:     refID,
		QueryType: queryType,
		TimeRange: over,
		JSON: fmt.Appendf(nil, `{"refId":%q,"schemaVersion":1,"queryType":%q,"jobs":[%q],"tasks":[],"clusters":[]%s}`,
			refID, queryType, job, extra),
	}
}

// number is the one value of a measure of a job, nil for null.
func number(frame *data.Frame) *float64 {
	if frame == nil || len(frame.Fields) != 1 || frame.Rows() != 1 {
		return nil
	}
	value, err := frame.Fields[0].NullableFloatAt(0)
	if err != nil {
		return nil
	}
	return value
}

// byTask are the values of a measure by the label task.
func byTask(frame *data.Frame) map[string]float64 {
	values := map[string]float64{}
	if frame == nil {
		return values
	}
	for _, field := range frame.Fields {
		if value, err := field.NullableFloatAt(0); err == nil && value != nil {
			values[field.Labels["task"]] = *value
		}
	}
	return values
}
