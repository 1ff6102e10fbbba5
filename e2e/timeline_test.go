//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

// timeline is the answer to a query for one: the status of each task in each
// sample.
type timeline struct {
	times    []time.Time
	tasks    []string
	status   map[string][]string // by task; empty where it is not known
	notices  []string
	requests int
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
	shown.notices, shown.requests = noticesOf(frame), customOf(t, frame).Requests
	return shown
}

// holder is the task that holds the job back in a sample, empty if none does.
func (shown timeline) holder(sample int) string {
	for _, task := range shown.tasks {
		if shown.status[task][sample] == "bottleneck" {
			return task
		}
	}
	return ""
}

// run is for how many samples in a row one task holds the job back.
type run struct {
	task    string
	samples int
}

func (shown timeline) runs() (runs []run) {
	for i := range shown.times {
		holder := shown.holder(i)
		if n := len(runs); n == 0 || runs[n-1].task != holder {
			runs = append(runs, run{task: holder})
		}
		runs[len(runs)-1].samples++
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

// marks stand for a status, one for a sample.
var marks = map[string]string{"bottleneck": "#", "backpressured": "=", "busy": "+", "mixed": "-", "idle": ".", "": "?"}

const legend = "# bottleneck  = backpressured  + busy  - mixed  . idle  ? not measured"

// text draws a lane a task, a character a sample. Whose turn it was by the clock
// is drawn above, where it is known.
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

// writeTimelines writes both timelines as a page of the documentation.
func writeTimelines(file string, shown, fast timeline) error {
	lasted := shown.times[len(shown.times)-1].Sub(shown.times[0]).Round(time.Second)
	page := fmt.Sprintf(`# A bottleneck that moves

The query type `+"`timeline`"+` for two jobs on a real Flink %s with its default settings, from one run of `+"`e2e/alternating_test.go`"+`: a lane a task, a character a sample, %d samples in %s. One query began it; all samples are the sampler's, one for each fetch of Flink's metrics.

    %s

In the job `+"`alternating`"+` a window works on what it hoards for 40 s, and for the next 40 s it fires more than the buffers hold into a slower sink. The first lane is by the clock, whose turn it was, **w**indow or **s**ink:

%s
In the job `+"`alternating-fast`"+` the window fires about every 20 s. That is too fast for metrics that Flink fetches every 10 s, and the answer has a notice:

%s
> %s
`, cluster.Newest, len(shown.times), lasted, legend, indented(shown.text(whose)), indented(fast.text(nil)), strings.Join(fast.notices, " "))
	return os.WriteFile(file, []byte(page), 0o644)
}

// indented makes a block of code of the lines.
func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n    ") + "\n"
}
