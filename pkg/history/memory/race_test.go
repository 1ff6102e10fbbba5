package memory_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// What is read while it is written is whole, whatever is dropped meanwhile.
func TestReadWhileWritten(t *testing.T) {
	pool := memory.NewPool(768 << 10)
	limits := memory.Limits{Retention: time.Hour, MaxBytes: 512 << 10}
	ended := make(chan struct{})
	var writers, readers sync.WaitGroup
	for n := range 3 {
		of := newChained(3, 7, uint64(n%2)) // two write to one job
		cluster := pool.Open(memory.DataSource{ID: int64(n % 2)}, limits, began).Cluster("eu")
		writers.Go(func() {
			for i := range 700 {
				cluster.Add(of.next(10*time.Second), float64(i), maxGap)
				cluster.Answered(of.at, i%3 > 0)
				cluster.Listed(of.at, []job.Info{{ID: fmt.Sprint(i % 5)}}, maxGap)
			}
		})
	}
	for n := range 3 {
		cluster := pool.Open(memory.DataSource{ID: int64(n % 2)}, limits, began).Cluster("eu")
		readers.Go(func() {
			for {
				readAll(t, cluster, history.Job{ID: fmt.Sprintf("%032x", n%2)})
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(ended)
	readers.Wait()
	if pool.Bytes() > 768<<10 {
		t.Errorf("%d bytes", pool.Bytes())
	}
}

func readAll(t *testing.T, cluster *memory.Cluster, of history.Job) {
	last := began
	query := history.Query{Job: of, Range: always, Columns: []diagnosis.Column{diagnosis.MaxBusy, diagnosis.RootSince}}
	_, err := cluster.Snapshots(t.Context(), query, func(got history.Snapshot) bool {
		if len(got.Tasks) != 3 || len(got.Tasks[2].Subtasks) != 7 || !got.At.After(last) || got.Tasks[1].Subtasks[3].Host == "" {
			t.Errorf("a sample of %s after one of %s, with %v", got.At, last, got.Tasks)
			return false
		}
		last = got.At
		return true
	})
	cluster.Roots(of.ID, always)
	got, _, more := cluster.Summaries(t.Context(), query)
	if err != nil || more != nil || len(got.Tasks) > 0 && len(got.Tasks[0].Columns[0]) != len(got.At) {
		t.Errorf("%d times, %v, %v", len(got.At), err, more)
	}
	if _, _, err := cluster.At(t.Context(), of, last); err != nil {
		t.Error(err)
	}
	cluster.Up(always, time.Minute)
	cluster.Covers(between(0, 1000))
	cluster.Complete(between(0, 1000), func(job.Info) bool { return false })
	cluster.Ended(of.ID, last)
	cluster.Find(of.ID)
}
