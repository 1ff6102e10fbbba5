package frame_test

import (
	"math"
	"testing"

	"github.com/grafana/dataplane/sdata/numeric"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// reading is one series as Grafana's expression engine reads it.
type reading struct {
	name   string
	labels data.Labels
	value  *float64
}

// readNumeric reads frames, as they are beyond Arrow, the way Grafana's
// expression engine does, which for equal label sets fails.
func readNumeric(t *testing.T, frames data.Frames) (series []reading) {
	t.Helper()
	frames = beyondArrow(t, frames)
	if meta := frames[0].Meta; len(frames) != 1 || meta.Type != data.FrameTypeNumericWide || meta.TypeVersion != (data.FrameTypeVersion{0, 1}) {
		t.Fatalf("%d frames, the first of type %s %v", len(frames), meta.Type, meta.TypeVersion)
	}
	reader, err := numeric.CollectionReaderFromFrames(frames)
	if err != nil {
		t.Fatal(err)
	}
	collection, err := reader.GetCollection(false)
	if err != nil || collection.Warning != nil {
		t.Fatal(err, collection.Warning)
	}
	if len(collection.Refs) != len(frames[0].Fields) {
		t.Fatalf("%d of %d fields are numbers", len(collection.Refs), len(frames[0].Fields))
	}
	seen := map[data.Fingerprint]bool{}
	for _, ref := range collection.Refs {
		value, empty, err := ref.NullableFloat64Value()
		if err != nil || empty {
			t.Fatalf("%v: empty %v, %v", ref.GetLabels(), empty, err)
		}
		if print := ref.GetLabels().Fingerprint(); seen[print] {
			t.Errorf("two series are labelled %v", ref.GetLabels())
		} else {
			seen[print] = true
		}
		series = append(series, reading{ref.GetMetricName(), ref.GetLabels(), value})
	}
	return series
}

// Measures that need no looks, such as whether a job runs, are read alike.
func TestWide(t *testing.T) {
	got := readNumeric(t, frame.Wide(frame.Answer{}, frame.State("running", true), []frame.Series{
		{Labels: data.Labels{"cluster": "default", "job": "orders"}, Value: 1},
		{Labels: data.Labels{"cluster": "default", "job": "gone"}, Value: 0},
		{Labels: data.Labels{"cluster": "eu", "job": "orders"}, Value: math.NaN()},
	}))
	if len(got) != 3 || !equal(got[0].value, "1") || !equal(got[1].value, "0") || got[2].value != nil || got[0].name != "running" {
		t.Errorf("the series are %+v", got)
	}
}

// A cluster without jobs answers with no series, which is no error.
func TestMeasureOfNoJobs(t *testing.T) {
	for _, measure := range frame.Measures {
		for by := range measured {
			if got := readNumeric(t, frame.NumericWide(frame.Answer{}, measure, by)); len(got) > 0 {
				t.Errorf("%s by %s of no jobs has series %v", measure.Name, by, got)
			}
		}
	}
}

// Jobs of one program have the same tasks: cluster and job tell them apart.
func TestLabelSetsAreUnique(t *testing.T) {
	nodes := chain(task("in", at(0.1, 0.8)), task("map", at(1, 0), at(1, 0)))
	answer := frame.Answer{Jobs: []frame.Job{
		jobOf("default", "etl", nodes...), jobOf("default", "etl #2", nodes...), jobOf("eu", "etl", nodes...),
	}}
	for by, want := range map[frame.By]int{frame.ByJob: 3, frame.ByTask: 6, frame.BySubtask: 9} {
		if got := readNumeric(t, frame.NumericWide(answer, frame.Measures[0], by)); len(got) != want {
			t.Errorf("by %s there are %d series, want %d", by, len(got), want)
		}
	}
}
