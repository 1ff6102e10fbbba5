package plugin_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// wellFormed checks what Grafana needs of any frame: columns of one length,
// nothing that is not a number, no series twice, metadata, and JSON.
func wellFormed(t *testing.T, query string, f *data.Frame) {
	t.Helper()
	if _, err := f.RowLen(); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	if _, err := json.Marshal(f); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	custom, told := f.Meta.Custom.(frame.Custom)
	if !told || custom.Requests < 0 || (custom.From == nil) != (custom.To == nil) {
		t.Errorf("%s: frame %s has the metadata %+v", query, f.Name, f.Meta.Custom)
	}
	series := map[string]bool{}
	for _, field := range f.Fields {
		for i := 1; field.Name == "time" && i < field.Len(); i++ {
			if before, at := field.At(i-1).(time.Time), field.At(i).(time.Time); !before.Before(at) {
				t.Errorf("%s: the time %s follows %s", query, at, before)
			}
		}
		for i := range field.Len() {
			if number, err := field.NullableFloatAt(i); err == nil && number != nil && (math.IsNaN(*number) || math.IsInf(*number, 0)) {
				t.Errorf("%s: %s is %f in row %d", query, field.Name, *number, i)
			}
		}
		if key := field.Name + field.Labels.String(); series[key] {
			t.Errorf("%s: the series %s is there twice", query, key)
		} else {
			series[key] = true
		}
	}
	if f.Meta.Type == data.FrameTypeNumericWide && f.Meta.TypeVersion.IsZero() {
		t.Errorf("%s: the frame's type has no version", query)
	}
}

// edgesHaveEnds checks that both ends of each edge are nodes, or the Node
// graph panel breaks.
func edgesHaveEnds(t *testing.T, nodes, edges *data.Frame) {
	t.Helper()
	ids := cells(t, nodes, "id")
	for _, end := range []string{"source", "target"} {
		for _, id := range cells(t, edges, end) {
			if !slices.Contains(ids, id) {
				t.Errorf("an edge has the %s %s, which is no node", end, id)
			}
		}
	}
}
