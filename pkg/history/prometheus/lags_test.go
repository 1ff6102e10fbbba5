package prometheus_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// How far behind tasks are is by their lowest watermark, which a source sends and the
// others receive, and by the records that a source has not read yet, of all its subtasks.
func TestLagsOverTime(t *testing.T) {
	const noWatermark, lastWatermark = math.MinInt64, math.MaxInt64
	source, count, last, ended := always("a", 0, mixed), always("b", 0, mixed), always("c", 0, mixed), always("d", 0, mixed)
	other, restarted := always("a", 1, mixed), always("a", 1, mixed)
	restarted.attempt, restarted.number = "execution_a_1_1", 1
	other.to, restarted.from = noon, noon.Add(15*time.Second)
	behind := func(seconds float64, of ran) func(time.Duration) float64 {
		return func(after time.Duration) float64 { return float64(of.from.Add(after).UnixMilli()) - 1000*seconds }
	}
	constant := func(value float64) func(time.Duration) float64 {
		return func(time.Duration) float64 { return value }
	}
	operator := func(of ran, id string) ran {
		of.labels = map[string]string{"operator_id": id, "operator_name": id}
		return of
	}
	// gone is a series that is scraped no more after its end, as its attempt has ended.
	gone := func(of series) series {
		last := of.samples[len(of.samples)-1].At
		of.samples = append(of.samples, promtest.Sample{At: last.Add(15 * time.Second), Value: math.Float64frombits(value.StaleNaN)})
		return of
	}
	all := scraped(source, other, restarted, count, last, ended)
	for _, subtask := range []ran{source, other, restarted} {
		reads, filters := operator(subtask, "reads"), operator(subtask, "filters")
		added := []series{
			reads.series("flink_taskmanager_job_task_operator_pendingRecords", constant(100+float64(subtask.subtask))),
			reads.series("flink_taskmanager_job_task_operator_currentOutputWatermark", behind(10, reads)),
			filters.series("flink_taskmanager_job_task_operator_currentOutputWatermark", behind(20+float64(subtask.subtask), filters)),
		}
		for i := range added {
			if subtask.to.Equal(noon) {
				added[i] = gone(added[i])
			}
		}
		all = append(all, added...)
	}
	all = append(all,
		count.series("flink_taskmanager_job_task_currentInputWatermark", behind(30, count)),
		operator(count, "counts").series("flink_taskmanager_job_task_operator_currentOutputWatermark", behind(90, count)),
		last.series("flink_taskmanager_job_task_currentInputWatermark", constant(noWatermark)),
		ended.series("flink_taskmanager_job_task_currentInputWatermark", constant(lastWatermark)))

	got := summarized(t, readerOf(t, fake(t, all)), orders, minutes(-5, 5), diagnosis.MaxBusy, diagnosis.WatermarkLag, diagnosis.PendingRecords)
	if len(got.Tasks) != 4 {
		t.Fatalf("got %+v", got.Tasks)
	}
	unknown := math.NaN()
	for id, want := range map[string]struct{ watermark, pending float64 }{"a": {21, 201}, "b": {30, unknown}, "c": {unknown, unknown}, "d": {unknown, unknown}} {
		task := got.Task(id)
		for point := range got.At {
			watermark, pending := task.Columns[1][point], task.Columns[2][point]
			if !(math.Abs(watermark-want.watermark) <= 15) && !(math.IsNaN(watermark) && math.IsNaN(want.watermark)) { // a scrape may be 15 s old
				t.Errorf("at point %d the watermark of %s is %v s behind, want %v", point, id, watermark, want.watermark)
			}
			if pending != want.pending && !(math.IsNaN(pending) && math.IsNaN(want.pending)) {
				t.Errorf("at point %d, %v records are pending for %s, want %v", point, pending, id, want.pending)
			}
		}
	}
}

// Where no connector reports it, and there are no watermarks, it is not known.
func TestLagsThatNobodyReports(t *testing.T) {
	reader := readerOf(t, fake(t, scraped(always("a", 0, job.Shares{Busy: 1}))))
	got := summarized(t, reader, orders, minutes(-5, 5), diagnosis.WatermarkLag, diagnosis.PendingRecords)
	for n, column := range got.Task("a").Columns {
		for point, value := range column {
			if !math.IsNaN(value) {
				t.Errorf("column %d is %v at point %d", n, value, point)
			}
		}
	}
}
