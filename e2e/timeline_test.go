//go:build e2e

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

// timeline is the answer to a query for one: the status of each task at each
// look.
type timeline struct {
	times    []time.Time
	tasks    []string
	status   map[string][]string // by task; empty where it is not known
	notices  []string
	requests int
}

// over answers a query over a range.
func (ds dataSource) over(t *testing.T, over backend.TimeRange, query string) data.Frames {
	t.Helper()
	response, err := ds.plugin.QueryData(t.Context(), ds.settings, backend.DataQuery{RefID: "A", JSON: []byte(query), TimeRange: over})
	if err != nil {
		t.Fatal(err)
	}
	answer := response.Responses["A"]
	if answer.Error != nil || len(answer.Frames) == 0 {
		t.Fatalf("%d frames, %v: %s", len(answer.Frames), answer.Error, query)
	}
	return answer.Frames
}

func (ds dataSource) timeline(t *testing.T, job string, over backend.TimeRange) (shown timeline) {
	t.Helper()
	frame := ds.over(t, over, fmt.Sprintf(`{"queryType":"timeline","jobs":[%q]}`, job))[0]
	shown.status = map[string][]string{}
	for i := range frame.Rows() {
		shown.times = append(shown.times, frame.Fields[0].At(i).(time.Time))
	}
	for _, field := range frame.Fields[1:] {
		task := field.Labels["task"]
		shown.tasks = append(shown.tasks, task)
		for i := range field.Len() {
			word, _ := field.ConcreteAt(i)
			status, _ := word.(string)
			shown.status[task] = append(shown.status[task], status)
		}
	}
	for _, notice := range frame.Meta.Notices {
		shown.notices = append(shown.notices, notice.Text)
	}
	var custom struct{ Requests int }
	if text, err := json.Marshal(frame.Meta.Custom); err != nil || json.Unmarshal(text, &custom) != nil {
		t.Fatalf("the metadata is %v", frame.Meta.Custom)
	}
	shown.requests = custom.Requests
	return shown
}

// holder is the task that holds the job back at a look, empty if none does.
func (shown timeline) holder(look int) string {
	for _, task := range shown.tasks {
		if shown.status[task][look] == "bottleneck" {
			return task
		}
	}
	return ""
}

// run is for how many looks in a row one task holds the job back.
type run struct {
	task  string
	looks int
}

func (shown timeline) runs() (runs []run) {
	for i := range shown.times {
		holder := shown.holder(i)
		if n := len(runs); n == 0 || runs[n-1].task != holder {
			runs = append(runs, run{task: holder})
		}
		runs[len(runs)-1].looks++
	}
	return runs
}

// changes counts how often the bottleneck moved from one task to another.
func (shown timeline) changes() (changes int) {
	last := ""
	for _, run := range shown.runs() {
		if run.task != "" && last != "" && run.task != last {
			changes++
		}
		last = cmp.Or(run.task, last)
	}
	return changes
}

// marks stand for a status, one for a look.
var marks = map[string]string{"bottleneck": "#", "backpressured": "=", "busy": "+", "mixed": "-", "idle": ".", "": "?"}

const legend = "# bottleneck  = backpressured  + busy  - mixed  . idle  ? not measured"

// text draws a lane a task, a character a look. Whose turn it was by the clock
// is drawn above where it is told.
func (shown timeline) text(whose func(time.Time) string) string {
	var text strings.Builder
	width := len(slices.MaxFunc(slices.Concat(shown.tasks, []string{"turn"}), func(a, b string) int { return cmp.Compare(len(a), len(b)) }))
	if whose != nil {
		fmt.Fprintf(&text, "%-*s  ", width, "turn")
		for _, at := range shown.times {
			text.WriteString(whose(at)[:1])
		}
		text.WriteString("\n")
	}
	for _, task := range shown.tasks {
		fmt.Fprintf(&text, "%-*s  ", width, task)
		for _, status := range shown.status[task] {
			text.WriteString(marks[status])
		}
		text.WriteString("\n")
	}
	return text.String()
}

// writeTimelines writes what was seen as a page of the documentation.
func writeTimelines(file string, shown, fast timeline) error {
	lasted := shown.times[len(shown.times)-1].Sub(shown.times[0]).Round(time.Second)
	page := fmt.Sprintf(`# A bottleneck that moves

What the query type `+"`timeline`"+` said of two jobs on a real Flink %s with its default settings, from one run of `+"`e2e/alternating_test.go`"+`: a lane a task, a character a look, %d looks in %s. One query began it; all looks are the sampler's, one for each fetch of Flink's metrics.

    %s

In the job `+"`alternating`"+` a window works on what it hoards for 40 s, and for the next 40 s it fires more than the buffers hold into a slower sink. The first lane says by the clock whose turn it was, **w**indow or **s**ink:

%s
In the job `+"`alternating-fast`"+` the window fires about every 20 s. That is too fast for metrics that Flink fetches every 10 s, and the answer says so:

%s
> %s
`, cluster.Newest, len(shown.times), lasted, legend, indented(shown.text(whose)), indented(fast.text(nil)), strings.Join(fast.notices, " "))
	return os.WriteFile(file, []byte(page), 0o644)
}

// indented makes a block of code of the lines.
func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
