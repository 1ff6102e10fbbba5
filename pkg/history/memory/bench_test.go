package memory_test

import (
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// What one sample of 10,000 subtasks costs, beside diagnosing it.
func BenchmarkTenThousand(b *testing.B) {
	of, store := newChained(100, 100, 1), open(roomy)
	cluster := store.Cluster("eu")
	for range 40 {
		cluster.Add(of.next(10*time.Second), math.NaN(), maxGap)
	}
	query := history.Query{Job: history.Job{ID: of.info.ID}, Range: between(0, 400)}
	b.Run("diagnose", func(b *testing.B) {
		snapshot := of.next(10 * time.Second).Snapshot
		for b.Loop() {
			diagnosis.Diagnose(snapshot)
		}
	})
	b.Run("restore", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = cluster.Snapshots(b.Context(), query, func(history.Snapshot) bool { return true })
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(40*b.N), "µs/sample")
	})
	b.Run("verdict that is cached", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = cluster.At(b.Context(), query.Job, second(200))
		}
	})
	b.Run("summaries", func(b *testing.B) {
		query := query
		query.Columns = []diagnosis.Column{diagnosis.RootSeverity}
		for b.Loop() {
			_, _, _ = cluster.Summaries(b.Context(), query)
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(40*b.N), "µs/sample")
	})
	b.Run("add", func(b *testing.B) {
		verdicts := []*diagnosis.Verdict{of.next(10 * time.Second), of.next(10 * time.Second)}
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			verdict := verdicts[n%2]
			snapshot := *verdict.Snapshot
			n++
			snapshot.At = of.at.Add(time.Duration(n) * time.Second)
			cluster.Add(&diagnosis.Verdict{Snapshot: &snapshot, Kind: verdict.Kind, Roots: verdict.Roots}, math.NaN(), maxGap)
		}
	})
}

// A day of a job of 20 tasks, in columns.
func BenchmarkSummariesOfADay(b *testing.B) {
	of, cluster := newChained(20, 10, 1), open(roomy).Cluster("eu")
	for range 8640 {
		cluster.Add(of.next(10*time.Second), math.NaN(), maxGap)
	}
	query := history.Query{Job: history.Job{ID: of.info.ID}, Range: always, Columns: []diagnosis.Column{diagnosis.RootSeverity, diagnosis.MaxBusy}}
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = cluster.Summaries(b.Context(), query)
	}
}
