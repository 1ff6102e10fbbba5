package diagnosis_test

import (
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// The pairs are what Flink's own UI draws.
func TestColours(t *testing.T) {
	for _, c := range []struct {
		busy, backpressured job.Share
		fill, border        string
	}{
		{0, 0, "#5db1ff", "#1890ff"},
		{0.5, 0, "#a68bb2", "#835991"},
		{1, 0, "#ee6464", "#ee2222"},
		{0, 0.5, "#739dc4", "#0c4880"},
		{0, 1, "#888888", "#000000"},
		{0.6, 0.6, "#9a8692", "#3d1f31"},
		{0.3, 0.7, "#888d9e", "#1a2139"},
	} {
		if got := diagnosis.Fill(c.busy, c.backpressured); got != c.fill {
			t.Errorf("%v busy, %v backpressured is filled %s, want %s", c.busy, c.backpressured, got, c.fill)
		}
		if got := diagnosis.Border(c.busy, c.backpressured); got != c.border {
			t.Errorf("%v busy, %v backpressured has border %s, want %s", c.busy, c.backpressured, got, c.border)
		}
	}
}

// Flink's UI blends by whole per cents, at most 100: its moving averages add
// up to as much as 1078 ms a second.
func TestColoursGoByWholePerCents(t *testing.T) {
	for _, c := range []struct {
		share              job.Share
		busy, heldBack     string
		percentOfThatShare int
	}{
		{0.004, "#5db1ff", "#5db1ff", 0},
		{0.005, "#5eb0fd", "#5db1fe", 1},
		{0.014, "#5eb0fd", "#5db1fe", 1},
		{0.994, "#ed6566", "#888889", 99},
		{0.995, "#ee6464", "#888888", 100},
		{1.078, "#ee6464", "#888888", 100},
	} {
		if got := diagnosis.Fill(c.share, 0); got != c.busy {
			t.Errorf("%v busy, %d %%, is filled %s, want %s", c.share, c.percentOfThatShare, got, c.busy)
		}
		if got := diagnosis.Fill(0, c.share); got != c.heldBack {
			t.Errorf("%v backpressured, %d %%, is filled %s, want %s", c.share, c.percentOfThatShare, got, c.heldBack)
		}
	}
}

// Unknown has a colour of its own, which no blend gives. A legacy source, of
// which backpressure alone is known, is coloured by that.
func TestColourOfTheUnknown(t *testing.T) {
	for _, c := range []struct {
		busy, backpressured job.Share
		want                string
	}{
		{job.Unknown, job.Unknown, diagnosis.UnknownColour},
		{1, job.Unknown, diagnosis.UnknownColour},
		{job.Unknown, 0.5, diagnosis.UnknownColour},
		{job.Unknown, 0.51, diagnosis.Fill(0, 0.51)},
		{job.Unknown, 1, diagnosis.Fill(0, 1)},
	} {
		if got := diagnosis.Fill(c.busy, c.backpressured); got != c.want {
			t.Errorf("%v busy, %v backpressured is filled %s, want %s", c.busy, c.backpressured, got, c.want)
		}
	}
	for busy := range 101 {
		for backpressured := range 101 {
			if fill := diagnosis.Fill(job.Share(busy)/100, job.Share(backpressured)/100); fill == diagnosis.UnknownColour {
				t.Fatalf("%d %% busy, %d %% backpressured has the colour of unknown", busy, backpressured)
			}
		}
	}
}

// Flink's UI shows the maximum over the subtasks, which need not be of one.
func TestTaskFillIsOfTheMaxima(t *testing.T) {
	load := snapshotOf(task("map", at(0.6, 0), at(0, 0.6), at(0.1, 0.1))).Tasks[0]
	if got, want := diagnosis.TaskFill(load), "#9a8692"; got != want {
		t.Errorf("filled %s, want %s", got, want)
	}
}
