package prometheus_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/docs"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Each expression of PromQL in the documentation has the values of the measure that the
// line above it names, as the plugin reads it from the same samples.
func TestDocumentedPromQL(t *testing.T) {
	page := pageNamed(t, "docs/beside-prometheus.md")
	columns := []diagnosis.Column{
		diagnosis.MaxBusy, diagnosis.MaxBackpressured, diagnosis.MinIdle, diagnosis.RecordsIn, diagnosis.RecordsOut, diagnosis.WatermarkLag, diagnosis.PendingRecords,
	}
	figures := []diagnosis.Figure{diagnosis.RestartCount, diagnosis.CheckpointAge, diagnosis.CheckpointDuration, diagnosis.CheckpointFailures}
	server := fake(t, documentedJob())
	got, _, err := readerOf(t, server).Summaries(t.Context(), history.Query{
		Job: orders, Range: minutes(-5, 0), Step: time.Minute, Columns: columns, Figures: figures, Records: true,
	})
	if err != nil || len(got.At) == 0 || !got.At[len(got.At)-1].At.Equal(noon) {
		t.Fatalf("summaries at %v, %v", got.At, err)
	}
	last := len(got.At) - 1
	want := map[string]map[string]float64{} // by measure, then by the name of the task, empty for the job
	for n, name := range []string{"busy", "backpressured", "idle", "records_in", "records_out", "watermark_lag", "pending_records"} {
		want[name] = map[string]float64{}
		for _, task := range got.Tasks {
			if value := task.Columns[n][last]; !math.IsNaN(value) {
				want[name][task.Name] = value
			}
		}
	}
	for n, name := range []string{"restarts", "checkpoint_age", "checkpoint_duration", "checkpoint_failures"} {
		want[name] = map[string]float64{"": got.Jobs[last].Figures[figures[n]]}
	}
	compared := map[string]bool{}
	for _, found := range documentedPromQL(page) {
		compared[found.measure] = true
		values := evaluated(t, server, found.expression)
		if len(values) == 0 || len(values) != len(want[found.measure]) {
			t.Errorf("%s has the values %v, want %v", found.expression, values, want[found.measure])
		}
		for task, value := range values {
			if math.Abs(value-want[found.measure][task]) > 0.002*max(1, value) {
				t.Errorf("%s of %q is %v in PromQL, and %v as the plugin reads it", found.measure, task, value, want[found.measure][task])
			}
		}
	}
	if len(compared) != len(want) {
		t.Errorf("of %d measures these have an expression: %v", len(want), compared)
	}
}

// documentedJob are the series of a source and of a task of two subtasks.
func documentedJob() []series {
	source, first, second := always("a", 0, job.Shares{Idle: 0.1, Backpressured: 0.9}), always("b", 0, mixed), always("b", 1, job.Shares{Idle: 0.7, Busy: 0.2, Backpressured: 0.1})
	all := scraped(source, first, second)
	constant := func(value float64) func(time.Duration) float64 {
		return func(time.Duration) float64 { return value }
	}
	behind := func(seconds float64, of ran) func(time.Duration) float64 {
		return func(time.Duration) float64 { return float64(noon.UnixMilli()) - 1000*seconds }
	}
	operator := source
	operator.labels = map[string]string{"operator_id": "reads", "operator_name": "reads"}
	return append(all,
		first.series("flink_taskmanager_job_task_currentInputWatermark", behind(30, first)),
		second.series("flink_taskmanager_job_task_currentInputWatermark", behind(45, second)),
		operator.series("flink_taskmanager_job_task_operator_pendingRecords", constant(1200)),
		source.series("flink_jobmanager_job_numRestarts", constant(3)),
		source.series("flink_jobmanager_job_lastCheckpointCompletedTimestamp", behind(20, source)),
		source.series("flink_jobmanager_job_lastCheckpointDuration", constant(2500)),
		source.series("flink_jobmanager_job_numberOfFailedCheckpoints", constant(2)))
}

// documented is an expression and the measure that it is said to be.
type documented struct{ measure, expression string }

var commented = regexp.MustCompile(`(?m)^# (\w+).*\n((?:[^#\n].*\n)+)`)

func documentedPromQL(page docs.Page) (all []documented) {
	for _, example := range page.Examples {
		if example.Language == "promql" {
			for _, found := range commented.FindAllStringSubmatch(example.Text, -1) {
				all = append(all, documented{found[1], strings.TrimSpace(found[2])})
			}
		}
	}
	return all
}

func pageNamed(t *testing.T, path string) docs.Page {
	t.Helper()
	pages, err := docs.Read("../../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := docs.Named(pages, path)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// evaluated are an expression's values at noon, by the name of the task.
func evaluated(t *testing.T, server *promtest.Server, expression string) map[string]float64 {
	t.Helper()
	form := url.Values{"query": {expression}, "time": {strconv.FormatInt(noon.Unix(), 10)}}
	answer, err := http.PostForm(server.URL+"/api/v1/query", form)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var read struct {
		Error string
		Data  struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&read); err != nil || read.Error != "" {
		t.Fatalf("%s: %v %s", expression, err, read.Error)
	}
	values := map[string]float64{}
	for _, series := range read.Data.Result {
		text, _ := series.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		values[series.Metric["task_name"]] = value
	}
	return values
}
