//go:build bench

package performance

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
)

// exponent is that of y over x: the slope of their logarithms, by least squares.
func exponent(x, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i := range x {
		a, b := math.Log(x[i]), math.Log(y[i])
		sx, sy, sxx, sxy = sx+a, sy+b, sxx+a*a, sxy+a*b
	}
	n := float64(len(x))
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// The cost of a poll grows no faster than the number of subtasks, and so does what
// is kept of a job; one of 100,000 subtasks is sampled every 10 s with a twentieth
// of a core.
func TestGrowth(t *testing.T) {
	const maxExponent, sampling, share = 1.05, 10 * time.Second, 0.05
	var subtasks, walls, cpus, heaps []float64
	for _, shape := range []struct{ tasks, subtasks, runs int }{{10, 10, 40}, {10, 100, 40}, {10, 1000, 20}, {10, 10_000, 8}} {
		f := startPrepared(t, shape.tasks, shape.subtasks)
		before := heap()
		source := open(t, f.url)
		for range 3 {
			source.query(t, 1, bottlenecks)
		}
		f.paths(t)
		source.query(t, 1, bottlenecks)
		paths := f.paths(t)
		var ours, floor []cost
		for range shape.runs {
			ours = append(ours, measure(func() { source.query(t, 1, bottlenecks) }))
			floor = append(floor, measure(func() { f.fetch(t, paths) }))
		}
		kept := heap() - before
		a, b := best(ours), best(floor)
		n := shape.tasks * shape.subtasks
		figures.Add(t, growthTable, fmt.Sprint(n), round(a.wall), round(a.cpu), fmt.Sprintf("%.2f", float64(a.wall)/float64(b.wall)), fmt.Sprintf("%.1f MiB", kept/(1<<20)), fmt.Sprintf("%.2f %%", 100*a.cpu.Seconds()/sampling.Seconds()))
		subtasks, walls, cpus, heaps = append(subtasks, float64(n)), append(walls, a.wall.Seconds()), append(cpus, a.cpu.Seconds()), append(heaps, kept)
		if n == 100_000 && a.cpu > time.Duration(share*float64(sampling)) {
			t.Errorf("a sample of %d subtasks takes %s of CPU", n, a.cpu)
		}
		if n == 100_000 && a.wall > 3*b.wall {
			t.Errorf("%d subtasks are answered in %s, more than 3 times their requests' %s", n, a.wall, b.wall)
		}
		runtime.KeepAlive(source)
	}
	time, cpu, memory := exponent(subtasks, walls), exponent(subtasks, cpus), exponent(subtasks, heaps)
	figures.Add(t, growthTable, "exponent (≤ 1.05)", fmt.Sprintf("%.2f", time), fmt.Sprintf("%.2f", cpu), "", fmt.Sprintf("%.2f", memory), "")
	if max(time, cpu, memory) > maxExponent {
		t.Errorf("time grows with the power %.2f, CPU %.2f, memory %.2f: more than %.2f", time, cpu, memory, maxExponent)
	}
}

// An hour of sampling every 10 s takes little, with all that the history keeps of it.
func TestHourOfSampling(t *testing.T) {
	const samples = 360
	for _, shape := range []struct{ tasks, subtasks int }{{10, 4}, {100, 100}} {
		source := open(t, startPrepared(t, shape.tasks, shape.subtasks).url)
		for range 3 {
			source.query(t, 1, bottlenecks)
		}
		before := heap()
		spent := measure(func() {
			for range samples {
				source.query(t, 1, bottlenecks)
			}
		})
		kept := heap() - before
		figures.Add(t, hourTable, fmt.Sprintf("%d × %d", shape.tasks, shape.subtasks), round(spent.cpu), fmt.Sprintf("%.2f %%", 100*spent.cpu.Hours()), fmt.Sprintf("%.1f MiB", kept/(1<<20)))
		runtime.KeepAlive(source)
	}
}

// heap is what is in use, in bytes.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
