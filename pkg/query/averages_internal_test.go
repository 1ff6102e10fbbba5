package query

import (
	"context"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// faulty is a history that panics.
type faulty struct{ failing }

func (faulty) Snapshots(context.Context, history.Query, func(history.Snapshot) bool) (history.Warnings, error) {
	panic("a fault")
}

// A panic while an average is made goes on where the query waits for it, which recovers.
func TestPanicWhileAveraging(t *testing.T) {
	limits := memory.Limits{Retention: time.Hour, MaxBytes: 1 << 20}
	cluster := &Cluster{Collector: collector.New(nil, collector.Options{}), Memory: memory.NewPool(1<<20).Open(memory.DataSource{}, limits, time.Now()).Cluster("c")}
	verdict := &diagnosis.Verdict{Snapshot: &job.Snapshot{Graph: &job.Graph{}, At: time.Now()}}
	defer func() {
		if fault := recover(); fault == nil || collector.Caught(fault).Error() != "a fault" {
			t.Errorf("the panic is %v", fault)
		}
	}()
	_, err := (&averages{}).over(t.Context(), verdict, Request{Range: history.Range{From: time.Now().Add(-time.Hour)}}, pastOf{cluster: cluster, source: faulty{}})
	t.Errorf("it returned, with %v", err)
}
