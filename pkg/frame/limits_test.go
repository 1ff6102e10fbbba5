package frame_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// graded is a job of 30 tasks of 40 subtasks, each a little busier than the
// one before it; the first hundred are not measured.
func graded() frame.Answer {
	var nodes []node
	for i := range 30 {
		n := task(fmt.Sprintf("task-%d", i))
		for k := range 40 {
			s := at(float64(i*40+k)/1200, 0)
			s.unmeasured = i*40+k < 100
			n.subtasks = append(n.subtasks, s)
		}
		nodes = append(nodes, n)
	}
	return frame.Answer{Jobs: []frame.Job{jobOf("default", "wide", nodes...)}}
}

// A thousand series are what an answer holds: the worst.
func TestAnAnswerHoldsTheWorstThousandSeries(t *testing.T) {
	for name, bounds := range map[string][2]float64{"busy": {200. / 1200, 1}, "idle": {0, 1000. / 1200}} {
		for _, measure := range frame.Measures {
			if measure.Name != name {
				continue
			}
			frames := frame.NumericWide(graded(), measure, frame.BySubtask)
			got := readNumeric(t, frames)
			lowest, highest := math.Inf(1), math.Inf(-1)
			for _, s := range got {
				if s.value == nil {
					t.Fatalf("%s: %v is unknown, yet told before a known one", name, s.labels)
				}
				lowest, highest = min(lowest, *s.value), max(highest, *s.value)
			}
			if len(got) != 1000 || lowest < bounds[0]-1e-9 || highest > bounds[1]+1e-9 {
				t.Errorf("%s: %d series from %v to %v, want 1000 within %v", name, len(got), lowest, highest, bounds)
			}
			notices := frames[0].Meta.Notices
			if len(notices) != 1 || notices[0].Severity != data.NoticeSeverityWarning || !strings.Contains(notices[0].Text, "worst 1000 of 1200") {
				t.Errorf("%s: the notices are %v", name, notices)
			}
		}
	}
	exactly := graded()
	exactly.Jobs[0].Tasks = exactly.Jobs[0].Tasks[:25]
	if frames := frame.NumericWide(exactly, frame.Measures[2], frame.BySubtask); len(frames[0].Fields) != 1000 || len(frames[0].Meta.Notices) > 0 {
		t.Errorf("of a thousand there are %d, with notices %v", len(frames[0].Fields), frames[0].Meta.Notices)
	}
}

// What is not known comes before what is well: a rule that fired for it must
// not lose its series.
func TestUnknownSeriesAreKeptBeforeHealthyOnes(t *testing.T) {
	unknown := 0
	for _, s := range readNumeric(t, frame.NumericWide(graded(), frame.Measures[0], frame.BySubtask)) {
		if s.value == nil {
			unknown++
		}
	}
	if unknown != 100 {
		t.Errorf("%d of 100 unknown series are kept", unknown)
	}
}

// The panel draws 200 nodes: those are the worst, and a notice tells of the
// rest. Edges lose those whose end is not shown.
func TestTheWorst200NodesAreShown(t *testing.T) {
	nodes := make([]node, 250)
	for i := range nodes {
		nodes[i] = task(fmt.Sprintf("task-%03d", i), at(float64(i%125)/250, 0))
	}
	nodes[10].subtasks = []sub{at(0, 0.9)}
	nodes[11].subtasks = []sub{at(1, 0)}
	nodes[12].subtasks = []sub{silent}
	answer := frame.Answer{Jobs: []frame.Job{jobOf("default", "long", chain(nodes...)...)}}
	shown, edges := graph(t, answer)
	titles := strings.Join(texts(t, shown, "title"), " ")
	if shown.Rows() != 200 || edges.Rows() == 0 || edges.Rows() >= 200 {
		t.Errorf("there are %d nodes and %d edges", shown.Rows(), edges.Rows())
	}
	for name, want := range map[string]bool{"task-010": true, "task-011": true, "task-124": true, "task-249": true, "task-000": false, "task-125": false, "task-012": false} {
		if strings.Contains(titles, name) != want {
			t.Errorf("%s is shown: %v, want %v", name, !want, want)
		}
	}
	if notices := shown.Meta.Notices; len(notices) != 1 || !strings.Contains(notices[0].Text, "worst 200 of 250") {
		t.Errorf("the notices are %v", notices)
	}
	answer.Jobs[0].Tasks = answer.Jobs[0].Tasks[:200]
	if shown, _ := graph(t, answer); shown.Rows() != 200 || len(shown.Meta.Notices) > 0 {
		t.Errorf("of 200 tasks %d are shown, with notices %v", shown.Rows(), shown.Meta.Notices)
	}
}
