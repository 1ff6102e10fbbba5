//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// testForgotten asks a Flink that has started anew about jobs of the one
// before it: of two the plugin remembers the graph, of one nobody does.
func testForgotten(t *testing.T, b *behind) {
	for _, job := range []string{"bottleneck", "two-sources"} {
		b.then(t, job, b.before())
		curves := b.curves(t, job, "busy", "task")
		if len(curves) < 4 {
			t.Errorf("%d tasks of %s", len(curves), job)
		}
		for _, c := range curves {
			seam := c.seam(b.begun)
			c.isWhole(t, b, "busy", seam)
			c.apart(t, "busy", seam)
		}
		t.Logf("%s, which Flink has forgotten: %d series", job, len(curves))
	}
	b.remembers(t)
	b.unknownGraph(t, b.label("slow-sink"))
}

// remembers asks about a time that looks are remembered of, once it is past.
func (b *behind) remembers(t *testing.T) {
	t.Helper()
	over := ending(b.scraped, b.begun.Add(30*time.Second))
	until(t, func() (jobs []row, past bool) {
		jobs = rows(b.over(t, over, `{"queryType":"jobs"}`)[0])
		return jobs, slices.ContainsFunc(jobs, func(r row) bool { return r["job"] == "bottleneck" })
	})
	then, err := b.askOver(t, "bottleneck", over)
	if err := errors.Join(err, verdicts["bottleneck"](then)); err != nil {
		t.Errorf("of a time that is remembered: %v", err)
	}
}

// unknownGraph asks about a job of which Prometheus alone knows.
func (b *behind) unknownGraph(t *testing.T, job string) {
	t.Helper()
	asked := func(queryType, more string) data.Frames {
		return b.over(t, b.before(), fmt.Sprintf(`{"queryType":%q,"jobs":[%q]%s}`, queryType, job, more))
	}
	graph := asked("nodeGraph", "")
	if nodes, edges := graph[0].Rows(), graph[1].Rows(); nodes != 4 || edges != 0 {
		t.Errorf("%d nodes and %d edges of a job whose graph nobody knows", nodes, edges)
	}
	for _, frame := range []*data.Frame{graph[0], asked("tasks", "")[0], asked("bottlenecks", "")[0]} {
		if told := fmt.Sprint(noticesOf(frame)); !strings.Contains(told, "how they are connected") {
			t.Errorf("the notices of %s are %s", frame.Name, told)
		}
	}
	verdict := rows(asked("bottlenecks", "")[0])
	if len(verdict) != 1 || verdict[0]["kind"] != "unknown" || !strings.Contains(fmt.Sprint(verdict[0]["explanation"]), "connected") {
		t.Errorf("the verdict is %v", verdict)
	}
	busiest := row{}
	for _, task := range rows(asked("tasks", "")[0]) {
		if busy, _ := task["busy_max"].(float64); busiest["busy_max"] == nil || busy > busiest["busy_max"].(float64) {
			busiest = task
		}
	}
	if busiest["task"] != "sink" || busiest["parallelism"] != int64(2) {
		t.Errorf("the busiest task was %v", busiest)
	}
	names := map[string]bool{}
	for _, frame := range asked("history", `,"measure":"busy","by":"task"`) {
		names[frame.Fields[1].Labels["task"]] = true
		if frame.Rows() < 3 || sourceOf(frame) != "prometheus" {
			t.Errorf("%d points from %v", frame.Rows(), sourceOf(frame))
		}
	}
	if len(names) != 4 || !names[b.label("Source: orders")] {
		t.Errorf("the tasks were %v", names)
	}
}

func noticesOf(frame *data.Frame) (texts []string) {
	for _, notice := range frame.Meta.Notices {
		texts = append(texts, notice.Text)
	}
	return texts
}

// window is the time that a frame's shares are measured over.
func window(t *testing.T, frame *data.Frame) (from, to time.Time) {
	t.Helper()
	var custom struct{ From, To time.Time }
	if text, err := json.Marshal(frame.Meta.Custom); err != nil || json.Unmarshal(text, &custom) != nil {
		t.Fatalf("the metadata of %s are %v", frame.Name, frame.Meta.Custom)
	}
	return custom.From, custom.To
}
