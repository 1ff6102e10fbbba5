//go:build !race

package history_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// hour is what is remembered of an hour of 10,000 subtasks, within the default
// limits.
var hour = sync.OnceValues(func() (*history.Store, *chained) {
	jobs := newChained(100, 100, 1)
	store, _ := filled(jobs, 10*time.Second, 360, history.Limits{Retention: time.Hour, Bytes: 64 * mib})
	return store, jobs
})

// minutes are the bounds of what the hour's job is asked for.
func minutes(jobs *chained, from, to int) history.Span {
	return history.Span{From: jobs.at.Add(-time.Duration(from) * time.Minute), To: jobs.at.Add(-time.Duration(to) * time.Minute)}
}

func keyOf(jobs *chained) history.Key {
	return history.Key{Cluster: "default", JobID: jobs.info.ID}
}

// BenchmarkAdd adds looks at 10,000 subtasks, the time for closing blocks
// included: one in 45.
func BenchmarkAdd(b *testing.B) {
	jobs := newChained(100, 100, 1)
	store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: 64 * mib})
	var longest time.Duration
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		look := jobs.look(10 * time.Second)
		row := jobs.row(look)
		b.StartTimer()
		begun := time.Now()
		store.Add("default", look, row)
		longest = max(longest, time.Since(begun))
	}
	b.ReportMetric(float64(longest.Microseconds())/1000, "longest-ms")
}

// BenchmarkRows reads one measure of 100 tasks over the hour.
func BenchmarkRows(b *testing.B) {
	store, jobs := hour()
	b.ReportAllocs()
	for b.Loop() {
		rowsOfTheHour(b, store, jobs, history.BusyMax)
	}
}

// BenchmarkAllRows reads all measures.
func BenchmarkAllRows(b *testing.B) {
	store, jobs := hour()
	all := make([]history.Measure, len(history.TaskRow{}))
	for i := range all {
		all[i] = history.Measure(i)
	}
	b.ReportAllocs()
	for b.Loop() {
		rowsOfTheHour(b, store, jobs, all...)
	}
}

func rowsOfTheHour(tb testing.TB, store *history.Store, jobs *chained, measures ...history.Measure) history.Rows {
	rows, err := store.Rows(tb.Context(), keyOf(jobs), minutes(jobs, 60, 0), measures...)
	if err != nil || len(rows.Tasks) != 100 || len(rows.Times) < 350 {
		tb.Fatalf("%d tasks at %d times, %v", len(rows.Tasks), len(rows.Times), err)
	}
	return rows
}

// BenchmarkEncoding is what the answer costs whichever way it was read: a
// frame a task, each encoded.
func BenchmarkEncoding(b *testing.B) {
	store, jobs := hour()
	frames := framesOf(rowsOfTheHour(b, store, jobs, history.BusyMax))
	b.ReportAllocs()
	for b.Loop() {
		encode(b, frames)
	}
}

// BenchmarkFrames makes the frames of rows, in a plain way.
func BenchmarkFrames(b *testing.B) {
	store, jobs := hour()
	rows := rowsOfTheHour(b, store, jobs, history.BusyMax)
	b.ReportAllocs()
	for b.Loop() {
		framesOf(rows)
	}
}

func framesOf(rows history.Rows) (frames data.Frames) {
	for _, task := range rows.Tasks {
		values := make([]float64, len(rows.Times))
		pointers := make([]*float64, len(rows.Times))
		for i, value := range task.Measures[0] {
			if !math.IsNaN(float64(value)) {
				values[i], pointers[i] = float64(value), &values[i]
			}
		}
		frames = append(frames, data.NewFrame("busy", data.NewField("time", nil, rows.Times), data.NewField("busy", data.Labels{"task": task.Name}, pointers)))
	}
	return frames
}

func encode(tb testing.TB, frames data.Frames) {
	for _, frame := range frames {
		if _, err := frame.MarshalArrow(); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkTimeTravel makes a snapshot of 10,000 subtasks half an hour ago.
func BenchmarkTimeTravel(b *testing.B) {
	store, jobs := hour()
	b.ReportAllocs()
	for b.Loop() {
		trail, looks := job.NewDeriver(pace), 0
		for look, err := range store.Looks(b.Context(), keyOf(jobs), minutes(jobs, 32, 30)) {
			if err != nil {
				b.Fatal(err)
			}
			trail.Add(look)
			looks++
		}
		if looks < 12 {
			b.Fatalf("%d looks in two minutes", looks)
		}
	}
}
