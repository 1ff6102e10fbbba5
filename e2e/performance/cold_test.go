//go:build bench

package performance

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
)

// The tables of the page: see the Magefile.
const (
	coldTable    = "A cold query"
	warmTable    = "A warm query"
	genericTable = "A generic JSON data source"
	viewersTable = "Requests of a dashboard"
	growthTable  = "Growth"
	hourTable    = "An hour of sampling"
	processTable = "The process"
)

const bottlenecks = `{"queryType": "bottlenecks"}`

// compareCold measures a query that polls against a bare client that sends the same
// requests and discards the answers.
func compareCold(t *testing.T, name string, f flink, runs int, bar float64) {
	t.Helper()
	source := open(t, f.url)
	for range 3 { // the first requests gauges, too
		source.query(t, 1, bottlenecks)
	}
	f.paths(t)
	source.query(t, 1, bottlenecks)
	paths := f.paths(t)
	var ours, floor []cost
	for range runs {
		ours = append(ours, measure(func() { source.query(t, 1, bottlenecks) }))
		floor = append(floor, measure(func() { f.fetch(t, paths) }))
	}
	a, b := best(ours), best(floor)
	ratio := float64(a.wall) / float64(b.wall)
	figures.Add(t, coldTable, name, fmt.Sprint(len(paths)), round(b.wall), round(b.cpu), round(a.wall), round(a.cpu), fmt.Sprintf("%.2f", ratio)+missed(bar > 0 && ratio > bar), ofBar(bar))
	if bar > 0 && ratio > bar {
		t.Errorf("%.2f times as long as the bare requests, more than %g", ratio, bar)
	}
}

// A query that nothing is shared with costs little beside its requests.
func TestColdQuery(t *testing.T) {
	for _, c := range []struct {
		tasks, subtasks, runs int
		bar                   float64 // 0 is reported only
	}{
		{10, 4, 100, 2}, {100, 100, 40, 3}, {400, 10, 20, 0}, {1000, 10, 20, 0},
	} {
		name := fmt.Sprintf("%d × %d", c.tasks, c.subtasks)
		t.Run(name, func(t *testing.T) {
			compareCold(t, name+", prepared", startPrepared(t, c.tasks, c.subtasks), c.runs, c.bar)
		})
	}
}

// realRuns are so many that Java has compiled what it runs before the last of them.
const realRuns = 60

// On a real Flink, which has to make its answers, it costs little beside that: from
// ten tasks to a thousand.
func TestColdQueryOfARealFlink(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Skip(err)
	}
	// Each task takes buffers of Flink's network memory, of which it has too little
	// by default for a thousand in one JVM.
	memory := map[string]string{"taskmanager.memory.network.min": "768m", "taskmanager.memory.network.max": "768m"}
	for _, job := range []string{"all", "tasks-10", "tasks-100", "tasks-400", "tasks-1000"} {
		t.Run(job, func(t *testing.T) {
			started, err := cluster.StartConfigured(t.Context(), filepath.Join("..", "flink"), cluster.Newest, memory, job)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = started.Close() })
			compareCold(t, fmt.Sprintf("job %s, Flink %s", job, cluster.Newest), recording(t, started.URL()), realRuns, 1.3)
		})
	}
}

// round is a time with three digits.
func round(d time.Duration) string {
	switch {
	case d >= 100*time.Millisecond:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(time.Microsecond).String()
	}
}

// missed marks a figure that did not meet its bar.
func missed(bar bool) string {
	if bar {
		return " ✗"
	}
	return ""
}

func ofBar(bar float64) string {
	if bar == 0 {
		return "–"
	}
	return fmt.Sprintf("≤ %g", bar)
}
