package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// wide is a result of one job with a task of that parallelism and a name of that length.
func wide(parallelism, name int) frame.Result {
	graph := job.NewGraph([]job.Task{{ID: "a", Name: strings.Repeat("n", name), Parallelism: parallelism}}, nil)
	verdict := diagnosis.Diagnose(job.UnknownSnapshot(job.Info{ID: "j", Name: "j"}, graph, started, nil))
	return frame.Result{Jobs: []frame.Job{{Cluster: "c", Verdict: verdict, Tasks: []int{0}}}}
}

// A table has 20,000 rows, and 16 MiB of texts, at most, with a notice of how many more
// there are: also when it is made again for others who ask for the same.
func TestTablesAreBounded(t *testing.T) {
	for _, c := range []struct{ parallelism, name, least, most int }{
		{20_000, 10, 20_000, 20_000},
		{30_000, 10, 20_000, 20_000},
		{10_000, 2000, 5_000, 8_500},
		{1000, 2000, 1000, 1000},
	} {
		result := wide(c.parallelism, c.name)
		for range 2 {
			shown := frame.Subtasks(result, false)[0]
			want := ""
			if shown.Rows() < c.parallelism {
				want = fmt.Sprintf("The table has the first %d of %d rows. Choose jobs or tasks in the query to see the others.", shown.Rows(), c.parallelism)
			}
			text := ""
			for _, notice := range shown.Meta.Notices {
				text += notice.Text
			}
			if shown.Rows() < c.least || shown.Rows() > c.most || text != want {
				t.Errorf("of %d rows with names of %d there are %d, with the notice %q", c.parallelism, c.name, shown.Rows(), text)
			}
		}
	}
}
