package memory_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// polled is a small verdict at a second, by counters that moved last at another.
func polled(at, moved int, busy float64) *diagnosis.Verdict {
	verdict := smallFrom("a", second(at), second(moved-10), busy)
	verdict.Snapshot.To = second(moved)
	return verdict
}

// A sample that equals the last is left out, for half a minute.
func TestSamplesThatBringNothingNew(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for _, c := range []struct {
		at, moved int
		busy      float64
		kept      bool
	}{
		{10, 10, 0.1, true},
		{12, 10, 0.1, false},
		{20, 20, 0.2, true},
		{30, 20, 0.2, false},
		{49, 20, 0.2, false},
		{50, 20, 0.2, true},
		{52, 20, 0.2, false},
		{53, 53, 0.2, true}, // as busy as before, but at another time
		{54, 53, 0.1, true},
	} {
		if kept := cluster.Add(polled(c.at, c.moved, c.busy), math.NaN(), maxGap); kept != c.kept {
			t.Errorf("the sample at %d s is kept: %v, want %v", c.at, kept, c.kept)
		}
	}
}

// Gauges are always of the time up to the sample, which is no news.
func TestGaugesThatBringNothingNew(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for at, kept := range []bool{0: true, 10: false, 20: false, 30: true, 40: false} {
		verdict := small("a", second(at), 0.5)
		verdict.Snapshot.Source = job.FromGauge60s
		if at%10 == 0 && cluster.Add(verdict, math.NaN(), maxGap) != kept {
			t.Errorf("the sample at %d s is kept: %v, want %v", at, !kept, kept)
		}
	}
}

// One that is not newer than the job's last is left out; other jobs' may be.
func TestSamplesOutOfOrder(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	if refused := add(cluster, "a", 100, 110, 105, 110, 120); !slices.Equal(refused, []int{105, 110}) {
		t.Errorf("those of %v s were not kept", refused)
	}
	add(cluster, "b", 90)
	if a, b := seconds(t, cluster, "a"), seconds(t, cluster, "b"); !slices.Equal(a, []int{100, 110, 120}) || len(b) != 1 {
		t.Errorf("a has %v, b %v", a, b)
	}
}

// Whatever is kept of a sample is news, but for times.
func TestWhatIsNews(t *testing.T) {
	type change struct {
		snapshot func(*job.Snapshot)
		restarts float64
		maxGap   time.Duration
		kept     bool
	}
	subtask := func(do func(*job.SubtaskLoad)) func(*job.Snapshot) {
		return func(s *job.Snapshot) {
			loads := slices.Clone(s.Tasks[1].Subtasks)
			do(&loads[0])
			s.Tasks[1] = s.Tasks[1].WithSubtasks(loads)
		}
	}
	graph := func(do func(*job.Graph)) func(*job.Snapshot) {
		return func(s *job.Snapshot) {
			changed := *s.Graph
			changed.Tasks = slices.Clone(changed.Tasks)
			do(&changed)
			s.Graph = &changed
		}
	}
	nothing := func(*job.Snapshot) {}
	for name, c := range map[string]change{
		"nothing":              {nothing, 1, maxGap, false},
		"how long it has run":  {func(s *job.Snapshot) { s.Job.Duration = 1e9 }, 1, maxGap, false},
		"when counters moved":  {func(s *job.Snapshot) { s.From, s.To = s.From.Add(1e9), s.To.Add(1e9) }, 1, maxGap, true},
		"a restart":            {nothing, 2, maxGap, true},
		"unknown restarts":     {nothing, math.NaN(), maxGap, true},
		"the max gap":          {nothing, 1, maxGap + 1, true},
		"the job's name":       {func(s *job.Snapshot) { s.Job.Name = "b" }, 1, maxGap, true},
		"the job's state":      {func(s *job.Snapshot) { s.Job.State = job.Failed }, 1, maxGap, true},
		"the source":           {func(s *job.Snapshot) { s.Source = job.FromGauge60s }, 1, maxGap, true},
		"a task's state":       {graph(func(g *job.Graph) { g.Tasks[0].State = job.Failed }), 1, maxGap, true},
		"that edges are known": {graph(func(g *job.Graph) { g.EdgesUnknown = true }), 1, maxGap, true},
		"an attempt":           {subtask(func(l *job.SubtaskLoad) { l.Attempt++ }), 1, maxGap, true},
		"a reason":             {subtask(func(l *job.SubtaskLoad) { l.Why = job.Stale }), 1, maxGap, true},
		"a host":               {subtask(func(l *job.SubtaskLoad) { l.Host = "host-2" }), 1, maxGap, true},
		"an index":             {subtask(func(l *job.SubtaskLoad) { l.Subtask++ }), 1, maxGap, true},
		"a rate":               {subtask(func(l *job.SubtaskLoad) { l.RecordsIn *= 1.01 }), 1, maxGap, true},
		"less than is kept":    {subtask(func(l *job.SubtaskLoad) { l.RecordsIn *= 1.0001 }), 1, maxGap, false},
	} {
		cluster := open(roomy).Cluster("eu")
		cluster.Add(polled(1, 1, 0.5), 1, maxGap)
		snapshot := *polled(2, 1, 0.5).Snapshot
		snapshot.Tasks = slices.Clone(snapshot.Tasks)
		c.snapshot(&snapshot)
		if kept := cluster.Add(diagnosis.Diagnose(&snapshot), c.restarts, c.maxGap); kept != c.kept {
			t.Errorf("%s: it is kept: %v, want %v", name, kept, c.kept)
		}
	}
}
