//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	scraping "github.com/flinkscope/flinkscope-flink-datasource/e2e/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// agreement is how far apart the shares of the two may be.
const agreement = 0.05

// Over the same minute, Prometheus and looks at Flink tell the same of each
// subtask of a job with a known bottleneck, and come to the same verdict; with
// label values as Flink's reporter mangles them by default, and as they are.
func TestPrometheusAgreesWithLooks(t *testing.T) {
	for _, missing := range []error{cluster.Available(), scraping.Available()} {
		if missing != nil {
			t.Fatal(missing)
		}
	}
	for name, c := range map[string]struct{ version, mangled, task string }{
		"2.3.0, labels as they are": {cluster.Newest, "false", "slow-window"},
		"1.20.5, labels mangled":    {"1.20.5", "true", "slow_window"},
	} {
		t.Run(name, func(t *testing.T) {
			address, prometheus := scrapedFlink(t, c.version, c.mangled)
			keeper, store := remembering(t, address)
			looks := minuteApart(t, keeper, store)
			reader := readerOf(t, prometheus, keeper)
			for _, pair := range looks {
				snapshot := pastOf(t, reader, pair)
				compare(t, pair, snapshot)
				blames(t, snapshot)
			}
			forgotten(t, prometheus, looks["bottleneck"].last, c.task)
		})
	}
}

// blames checks that the verdict names the task that the job was made for.
func blames(t *testing.T, snapshot *job.Snapshot) {
	t.Helper()
	want := map[string]struct {
		task string
		kind diagnosis.Kind
	}{"bottleneck": {"slow-window", diagnosis.Capacity}, "skew": {"aggregate", diagnosis.Skewed}}[snapshot.Job.Name]
	verdict := diagnosis.Diagnose(snapshot)
	if verdict.Kind != want.kind || snapshot.Graph.Tasks[verdict.Roots[0].Task].Name != want.task {
		t.Errorf("the verdict on %s is %+v", snapshot.Job.Name, verdict)
	}
}

// scrapedFlink is a Flink with the job, and a Prometheus that scrapes it.
func scrapedFlink(t *testing.T, version, mangled string) (flink, prometheus string) {
	t.Helper()
	target, conf := reported(t, "prom", mangled)
	return startFlink(t, version, conf, "bottleneck", "skew").URL(), startPrometheus(t, target)
}

// readerOf is a reader with the graph from Flink.
func readerOf(t *testing.T, address string, keeper *look.Keeper) *prometheus.Reader {
	t.Helper()
	reader, err := prometheus.New(httpClient(t), address, prometheus.Options{
		Row: look.Row,
		Graph: func(ctx context.Context, of history.Key) (*job.Graph, error) {
			snapshot, _, err := keeper.Snapshot(ctx, job.Info{ID: of.JobID})
			if err != nil {
				return nil, err
			}
			return snapshot.Graph, nil
		},
		Notice: func(_ context.Context, text string) { t.Log(text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// pastOf is what Prometheus tells of the time between two looks.
func pastOf(t *testing.T, reader *prometheus.Reader, looks pair) (past *job.Snapshot) {
	t.Helper()
	over := history.Span{From: looks.last.At, To: looks.last.At}
	for snapshot, err := range reader.Snapshots(t.Context(), history.Key{JobID: looks.last.Job.ID}, over, looks.apart()) {
		if err != nil {
			t.Fatal(err)
		}
		past = snapshot
	}
	if past == nil {
		t.Fatal("Prometheus knows nothing of the job")
	}
	return past
}

// compare prints what both tell, subtask by subtask.
func compare(t *testing.T, looks pair, past *job.Snapshot) {
	t.Helper()
	first, last := looks.first, looks.last
	var table strings.Builder
	lines := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	worst := 0.0
	_, _ = fmt.Fprintln(lines, "task\tsubtask\tidle, looks\tPrometheus\tbusy, looks\tPrometheus\tbackpressured, looks\tPrometheus")
	for i, task := range last.Tasks {
		for n, reading := range task.Subtasks {
			looked := reading.Counters.Since(*first.Tasks[i].Subtasks[n].Counters).Shares()
			told := past.Tasks[i].Subtasks[n].Shares
			_, _ = fmt.Fprintf(lines, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\n", last.Graph.Tasks[i].Name, n,
				looked.Idle, told.Idle, looked.Busy, told.Busy, looked.Backpressured, told.Backpressured)
			for _, apart := range []job.Share{looked.Idle - told.Idle, looked.Busy - told.Busy, looked.Backpressured - told.Backpressured} {
				if worst = max(worst, math.Abs(float64(apart))); !(worst <= agreement) {
					t.Errorf("%s %d: looks tell %v, Prometheus %v", last.Graph.Tasks[i].Name, n, looked, told)
				}
			}
		}
	}
	_ = lines.Flush() // into a string
	t.Logf("%s, over %s: at most %.3f apart\n%s", past.Job.Name, looks.apart().Round(time.Second), worst, table.String())
}

// forgotten checks what Prometheus alone tells of a job: names as the labels
// have them, and tasks whose edges are not known.
func forgotten(t *testing.T, address string, last *job.Sample, task string) {
	t.Helper()
	reader, err := prometheus.New(httpClient(t), address, prometheus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := reader.Jobs(t.Context(), history.Span{From: last.At.Add(-time.Minute), To: last.At})
	if err != nil || !slices.ContainsFunc(jobs, func(of history.Job) bool { return of.JobID == last.Job.ID && of.Name == "bottleneck" }) {
		t.Errorf("jobs are %+v, %v", jobs, err)
	}
	past := pastOf(t, reader, pair{last, last})
	busiest, graph := 0, past.Graph
	for i, load := range past.Tasks {
		if load.Busy.Max > past.Tasks[busiest].Busy.Max {
			busiest = i
		}
	}
	if len(graph.Tasks) != len(last.Graph.Tasks) || graph.Tasks[busiest].Name != task || !graph.EdgesUnknown {
		t.Errorf("the busiest is task %d of %+v", busiest, graph)
	}
}
