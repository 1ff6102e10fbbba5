package frame_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/grafana/dataplane/sdata/timeseries"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// Grafana's expression engine reads each series of a history, with its labels.
func TestHistoryIsReadAsTimeSeries(t *testing.T) {
	for situation, result := range map[string]frame.Result{"two jobs": twoJobs(), "nothing": {}} {
		t.Run(situation, func(t *testing.T) {
			reader, err := timeseries.CollectionReaderFromFrames(overTime["history"](result))
			if err != nil {
				t.Fatal(err)
			}
			collection, err := reader.GetCollection(false)
			if err != nil || collection.Warning != nil {
				t.Fatal(err, collection.Warning)
			}
			if len(collection.Refs) != len(result.Series) {
				t.Fatalf("%d series of %d", len(collection.Refs), len(result.Series))
			}
			for i, ref := range collection.Refs {
				if ref.GetMetricName() != "status" || !ref.GetLabels().Equals(result.Series[i].Labels) {
					t.Errorf("series %d is %s %s", i, ref.GetMetricName(), ref.GetLabels())
				}
			}
		})
	}
}

// An answer holds a thousand series: the worst, which come first.
func TestHistoryHoldsTheWorstThousandSeries(t *testing.T) {
	for count, notice := range map[int]string{1000: "", 1001: "The answer holds the worst 1000 of 1001 series. Choose jobs or tasks in the query, or a coarser \"by\"."} {
		result := frame.Result{Notices: []data.Notice{{Text: "partial"}}}
		for i := range count {
			value := 0.5
			if i == 0 {
				value = 0.1 // well
			}
			if i == 999 {
				value = 0.9
			}
			result.Series = append(result.Series, seriesOf("orders", fmt.Sprint("task-", i), "", map[int]float64{0: value, 10: 0}))
		}
		frames := frame.History(result, measureNamed("busy"), 0)
		notices := frames[0].Meta.Notices
		if len(frames) != 1000 || notices[0].Text != "partial" || len(frames[1].Meta.Notices) > 0 {
			t.Errorf("of %d series there are %d, with the notices %v and %v", count, len(frames), notices, frames[1].Meta.Notices)
		}
		first, shown := frames[0].Fields[1].Labels["task"], map[string]bool{}
		for _, each := range frames {
			shown[each.Fields[1].Labels["task"]] = true
		}
		if notice == "" && (len(notices) != 1 || first != "task-0") {
			t.Errorf("of %d series %s comes first, with the notices %v", count, first, notices)
		}
		if notice != "" && (len(notices) != 2 || notices[1].Text != notice || first != "task-999" || shown["task-0"]) {
			t.Errorf("of %d series %s comes first, the least is shown %t, with the notices %v", count, first, shown["task-0"], notices)
		}
	}
}

// Rates have three digits, shares six decimals: what is beyond that is chance.
func TestNoiseIsNoChange(t *testing.T) {
	for _, c := range []struct {
		measure     string
		value, want float64
	}{
		{"records_in", 600.0000027, 600},
		{"records_in", 600.1, 600},
		{"records_in", 1234567, 1230000},
		{"records_in", 0.0123456, 0.0123},
		{"records_in", 0, 0},
		{"busy", 0.1234567, 0.123457},
	} {
		measure, _ := diagnosis.MeasureNamed(c.measure)
		began := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		result := frame.Result{End: began, Series: []frame.Series{{Times: []time.Time{began}, MaxGaps: []time.Duration{time.Minute}, Values: []float64{c.value}}}}
		if got, _ := frame.History(result, measure, 100)[0].Fields[1].ConcreteAt(0); got != c.want {
			t.Errorf("%s of %v is shown as %v, want %v", c.measure, c.value, got, c.want)
		}
	}
}
