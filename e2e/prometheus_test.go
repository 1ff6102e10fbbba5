//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	scraping "github.com/flinkscope/flinkscope-flink-datasource/e2e/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// maxShareError is how far a share from Prometheus may be from that of Flink's
	// own counters.
	maxShareError = 0.05
	// countedFor is how long the counters grow that Prometheus is compared with.
	countedFor = time.Minute
	// maxPollAge is how old counters are at most that changed since the poll
	// before the last.
	maxPollAge = 3 * time.Second
)

// Over the same minute, the shares of each subtask from Prometheus are those of
// Flink's own counters, for jobs with a known bottleneck, which the verdict
// names; with label values as Flink's reporter mangles them by default, and as
// they are. So are those from VictoriaMetrics.
func TestPrometheusAgreesWithFlink(t *testing.T) {
	needPrometheus(t)
	for name, c := range map[string]struct {
		version string
		mangled bool
		task    string
	}{
		"2.3.0, labels as they are": {cluster.Newest, false, "slow-window"},
		"1.20.5, labels mangled":    {"1.20.5", true, "slow_window"},
	} {
		t.Run(name, func(t *testing.T) {
			prom := reporter{"prom", 21000, 21999}
			running := startFlink(t, c.version, prom.conf(c.mangled), "bottleneck", "skew")
			readers := map[scraping.System]*prometheus.Reader{}
			for _, system := range scraping.Systems {
				readers[system] = newReader(t, startScraper(t, system, prom.target(t, running)))
				// VictoriaMetrics shows what it scraped 30 s ago at the latest.
				until(t, func() (error, bool) {
					err := readers[system].Check(t.Context())
					return err, err == nil
				})
			}
			minutes := countMinute(t, running.URL())
			for system, reader := range readers {
				t.Run(string(system), func(t *testing.T) {
					for _, minute := range minutes {
						snapshot := minute.fromPrometheus(t, reader)
						minute.compare(t, snapshot)
						checkVerdict(t, snapshot)
						if minute.job.Name == "bottleneck" {
							minute.checkWithoutGraph(t, reader, c.task)
						}
					}
				})
			}
		})
	}
}

// needPrometheus fails where a real Flink or Prometheus cannot be started.
func needPrometheus(t *testing.T) {
	t.Helper()
	for _, missing := range []error{cluster.Available(), scraping.Available()} {
		if missing != nil {
			t.Fatal(missing)
		}
	}
}

// newReader is the plugin's reader of a Prometheus.
func newReader(t *testing.T, address string) *prometheus.Reader {
	t.Helper()
	reader, err := prometheus.New(newClient(t), address, prometheus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// newClient leaves no connection behind.
func newClient(t *testing.T) *remote.Client {
	t.Helper()
	client, err := remote.NewClient(remote.Config{Timeout: 10 * time.Second, Concurrency: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// minute is two polls of a job, a minute apart, whose counters had just changed.
type minute struct {
	job         history.Job
	first, last poll
}

func (m minute) length() time.Duration { return m.last.at.Sub(m.first.at) }

// poll is what Flink's REST API returned of a job's subtasks.
type poll struct {
	at    time.Time
	tasks map[string][]flink.Subtask // by the task's id, in the order of their index
}

// countMinute polls Flink every second until it has such a minute of each job.
func countMinute(t *testing.T, address string) []minute {
	t.Helper()
	client, err := flink.New(newClient(t), address)
	if err != nil {
		t.Fatal(err)
	}
	minutes := jobsOf(t, client)
	recent := make([][]poll, len(minutes))
	deadline := time.After(2*countedFor + patience)
	for {
		done := true
		for i := range minutes {
			m := &minutes[i]
			if m.last.tasks != nil {
				continue
			}
			done = false
			now := newPoll(t, client, m.job)
			recent[i] = append(recent[i], now)
			recent[i] = recent[i][max(0, len(recent[i])-3):]
			switch changed := now.settled() && now.changedSince(recent[i][0]); {
			case changed && m.first.tasks == nil:
				m.first = now
			case changed && now.at.Sub(m.first.at) >= countedFor:
				m.last = now
			}
		}
		if done {
			return minutes
		}
		select {
		case <-time.After(time.Second):
		case <-deadline:
			t.Fatalf("Flink's counters were not there, or did not change: %+v", recent)
		}
	}
}

// jobsOf are Flink's jobs, with what the plugin keeps of them beside samples.
func jobsOf(t *testing.T, client *flink.Client) (minutes []minute) {
	t.Helper()
	plugin := collector.New(client, collector.Options{})
	t.Cleanup(plugin.Close)
	jobs, _, err := plugin.Jobs(t.Context())
	if err != nil || len(jobs) == 0 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	managers, _, err := plugin.TaskManagers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var taskManagers []string
	for _, manager := range managers {
		taskManagers = append(taskManagers, manager.ID)
	}
	for _, info := range jobs {
		graph, _, err := plugin.Graph(t.Context(), info)
		if err != nil {
			t.Fatal(err)
		}
		minutes = append(minutes, minute{job: history.Job{ID: info.ID, Name: info.Name, Graph: graph, TaskManagers: taskManagers}})
	}
	return minutes
}

func newPoll(t *testing.T, client *flink.Client, of history.Job) poll {
	t.Helper()
	now := poll{tasks: map[string][]flink.Subtask{}}
	for _, task := range of.Graph.Tasks {
		answer, err := client.Task(t.Context(), of.ID, task.ID, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(answer.Subtasks, func(a, b flink.Subtask) int { return a.Subtask - b.Subtask })
		now.tasks[task.ID] = answer.Subtasks
	}
	now.at = time.Now()
	return now
}

// settled reports whether all subtasks have counters, and have run for so long
// that Prometheus has scraped them before.
func (p poll) settled() bool {
	for _, subtasks := range p.tasks {
		for _, s := range subtasks {
			m := s.Metrics
			if !m.Idle.Reported || !m.Busy.Reported || !m.Backpressured.Reported || s.StatusDuration.Running.Number < 15_000 {
				return false
			}
		}
	}
	return true
}

// changedSince reports whether the counters of each subtask have changed since
// an earlier poll. Flink updates them every 10 s.
func (p poll) changedSince(earlier poll) bool {
	if !earlier.settled() {
		return false
	}
	for id, subtasks := range p.tasks {
		for n, s := range subtasks {
			if clock(s) == clock(earlier.tasks[id][n]) {
				return false
			}
		}
	}
	return true
}

// clock is the time that a subtask's counters cover, in milliseconds.
func clock(s flink.Subtask) float64 {
	return float64(s.Metrics.Idle.Number + s.Metrics.Busy.Number + s.Metrics.Backpressured.Number)
}

// grown is by how much of the time between two polls a counter has grown.
func grown(from, to flink.Subtask, counter func(flink.Metrics) flink.Optional) float64 {
	return float64(counter(to.Metrics).Number-counter(from.Metrics).Number) / (clock(to) - clock(from))
}

// fromPrometheus is the snapshot of that minute.
func (m minute) fromPrometheus(t *testing.T, reader *prometheus.Reader) (snapshot *job.Snapshot) {
	t.Helper()
	query := history.Query{Job: m.job, Range: history.Range{From: m.last.at, To: m.last.at}, Step: m.length()}
	warnings, err := reader.Snapshots(t.Context(), query, func(found history.Snapshot) bool {
		snapshot = found.Snapshot
		return true
	})
	if err != nil || len(warnings) > 0 || snapshot == nil {
		t.Fatalf("of %s there is %v, %q, %v", m.job.Name, snapshot, warnings, err)
	}
	return snapshot
}

// compare prints the shares of both, subtask by subtask.
func (m minute) compare(t *testing.T, snapshot *job.Snapshot) {
	t.Helper()
	var table strings.Builder
	lines := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(lines, "task\tsubtask\tidle, Flink\tPrometheus\tbusy, Flink\tPrometheus\tbackpressured, Flink\tPrometheus")
	worst := 0.0
	for i, task := range snapshot.Graph.Tasks {
		first, last := m.first.tasks[task.ID], m.last.tasks[task.ID]
		if len(snapshot.Tasks[i].Subtasks) != len(last) {
			t.Fatalf("%s has %d subtasks in Prometheus, %d in Flink", task.Name, len(snapshot.Tasks[i].Subtasks), len(last))
		}
		for n, load := range snapshot.Tasks[i].Subtasks {
			if covered := time.Duration(clock(last[n])-clock(first[n])) * time.Millisecond; (covered - m.length()).Abs() > maxPollAge {
				t.Errorf("%s %d: Flink's counters cover %s of %s", task.Name, n, covered, m.length())
			}
			if load.Attempt != last[n].Attempt || load.TaskManager != last[n].TaskManager() {
				t.Errorf("%s %d is attempt %d on %s, in Flink %d on %s", task.Name, n, load.Attempt, load.TaskManager, last[n].Attempt, last[n].TaskManager())
			}
			idle := grown(first[n], last[n], func(m flink.Metrics) flink.Optional { return m.Idle })
			busy := grown(first[n], last[n], func(m flink.Metrics) flink.Optional { return m.Busy })
			backpressured := grown(first[n], last[n], func(m flink.Metrics) flink.Optional { return m.Backpressured })
			difference := max(math.Abs(idle-float64(load.Idle)), math.Abs(busy-float64(load.Busy)), math.Abs(backpressured-float64(load.Backpressured)))
			_, _ = fmt.Fprintf(lines, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\n", task.Name, n, idle, load.Idle, busy, load.Busy, backpressured, load.Backpressured)
			if worst = max(worst, difference); !(difference <= maxShareError) { // NaN is not known
				t.Errorf("%s %d: %+v in Prometheus, in Flink idle %.3f, busy %.3f, backpressured %.3f", task.Name, n, load.Shares, idle, busy, backpressured)
			}
		}
	}
	_ = lines.Flush() // into a string
	t.Logf("%s, over %s: at most %.3f different\n%s", m.job.Name, m.length().Round(time.Second), worst, table.String())
}

// checkVerdict checks that the verdict names the task that the job was made for.
func checkVerdict(t *testing.T, snapshot *job.Snapshot) {
	t.Helper()
	want := map[string]struct {
		task string
		kind diagnosis.Kind
	}{"bottleneck": {"slow-window", diagnosis.Capacity}, "skew": {"aggregate", diagnosis.Skewed}}[snapshot.Job.Name]
	verdict := diagnosis.Diagnose(snapshot)
	if verdict.Kind != want.kind || len(verdict.Roots) != 1 || snapshot.Graph.Tasks[verdict.Roots[0].Task].Name != want.task {
		t.Errorf("the verdict on %s is %s: %+v", snapshot.Job.Name, verdict.Kind, verdict.Roots)
	}
}

// checkWithoutGraph checks what Prometheus has of a job whose graph is not known:
// names as the labels have them, and no verdict.
func (m minute) checkWithoutGraph(t *testing.T, reader *prometheus.Reader, busiest string) {
	t.Helper()
	jobs, warnings, err := reader.Jobs(t.Context(), history.Range{From: m.first.at, To: m.last.at})
	at := slices.IndexFunc(jobs, func(found history.Job) bool { return found.ID == m.job.ID && found.Name == m.job.Name })
	if err != nil || len(warnings) > 0 || at < 0 {
		t.Fatalf("jobs are %+v, %q, %v", jobs, warnings, err)
	}
	verdict, warnings, err := reader.At(t.Context(), jobs[at], m.last.at)
	if err != nil || len(warnings) > 0 || verdict == nil {
		t.Fatalf("the verdict is %v, %q, %v", verdict, warnings, err)
	}
	graph, tasks := verdict.Snapshot.Graph, verdict.Snapshot.Tasks
	if len(tasks) != len(m.job.Graph.Tasks) || !graph.EdgesUnknown || verdict.Kind != diagnosis.NotKnown {
		t.Fatalf("the verdict on a job whose graph is not known is %s, and the graph %+v", verdict.Kind, graph)
	}
	worst := 0
	for i, load := range tasks {
		if load.Busy.Max > tasks[worst].Busy.Max {
			worst = i
		}
	}
	if graph.Tasks[worst].Name != busiest {
		t.Errorf("the busiest task is %s, want %s", graph.Tasks[worst].Name, busiest)
	}
}
