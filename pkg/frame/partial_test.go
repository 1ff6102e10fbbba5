package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// Where some running subtasks of a task are not measured, the hottest may be
// among them: an alert rule gets no value rather than one that looks well.
func TestPartlyMeasuredTaskIsUnknownToAlertRules(t *testing.T) {
	answer := frame.Answer{Jobs: []frame.Job{jobOf("default", "orders", chain(
		task("in", at(0.1, 0.9)), task("map", at(0.1, 0), silent), task("out", at(0, 0)),
	)...)}}
	for name, want := range map[string]string{
		"bottleneck": "0.0000 null 0.0000", "busy": "0.1000 null 0.0000", "status": "3.0000 null 0.0000", "idle": "0.0000 null 1.0000",
	} {
		for _, measure := range frame.Measures {
			if measure.Name == name {
				if got := values(frame.NumericWide(answer, measure, frame.ByTask)); got != want {
					t.Errorf("%s is %s, want %s", name, got, want)
				}
			}
		}
	}
	if got := values(frame.NumericWide(answer, frame.Measures[0], frame.ByJob)); got != "null" {
		t.Errorf("the job's bottleneck is %s, want null", got)
	}
}

// values are those of a measure's series, in order.
func values(frames data.Frames) string {
	var texts []string
	for _, field := range frames[0].Fields {
		if value, _ := field.NullableFloatAt(0); value == nil {
			texts = append(texts, "null")
		} else {
			texts = append(texts, fmt.Sprintf("%.4f", *value))
		}
	}
	return strings.Join(texts, " ")
}
