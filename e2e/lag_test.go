//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	flinkapi "github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// offered is how many records a second the source of LateJob.java is offered, and taken
// how many of them the slow task takes.
const offered, taken = 1600, 400

// On each version of Flink a job that falls behind has as many pending records as its
// source reports, and more of them all the time; its
// watermarks are behind by the time that records wait in buffers.
func TestLags(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for _, version := range hardVersions() {
		t.Run(version, func(t *testing.T) {
			flink := startFlink(t, version, nil, "late")
			ds := startPlugin(t, flink.URL())
			ds.source = source(version)
			var before, after float64
			var first, last time.Time
			until(t, func() (wrong error, complete bool) {
				lags := ds.lags(t)
				pending, found := lags.pending["Source: orders"]
				switch {
				case !found || pending <= 0 || len(lags.pending) != 1:
					return fmt.Errorf("pending records are %v", lags.pending), false
				case before == 0:
					before, first = pending, time.Now()
					return fmt.Errorf("pending records are %g for the first time", pending), false
				case time.Since(first) < 25*time.Second:
					return fmt.Errorf("pending records were %g and are %g", before, pending), false
				}
				after, last = pending, time.Now()
				for _, task := range []string{"Source: orders", "enrich", "slow-window", "sink"} {
					if lag, known := lags.watermark[task]; !known || lag < 0 || lag > 300 {
						return fmt.Errorf("the watermark of %s is %v s behind", task, lags.watermark), false
					}
				}
				if ahead, behind := lags.watermark["Source: orders"], lags.watermark["slow-window"]; behind < ahead {
					return fmt.Errorf("the watermark of the slow task is %g s behind, that of the source %g s", behind, ahead), false
				}
				return nil, true
			})
			growth := (after - before) / last.Sub(first).Seconds()
			t.Logf("%g pending records, %.0f more a second", after, growth)
			if most := 1.5 * (offered - taken); growth <= 0 || growth > most { // less while buffers fill
				t.Errorf("%.0f more are pending each second, want %d at most", growth, offered-taken)
			}
			own := ownPending(t, flink.URL())
			if off := math.Abs(own - after); off > 20*offered {
				t.Errorf("the plugin returned %g pending records, Flink %g", after, own)
			}
		})
	}
}

// Prometheus has the same figures as Flink, and those of its TaskManager.
func TestLagsInPrometheus(t *testing.T) {
	needPrometheus(t)
	prom := reporter{"prom", 23000, 23999}
	flink := startFlink(t, cluster.Newest, prom.conf(false), "late")
	reader := newReader(t, startPrometheus(t, prom.target(t, flink)))
	client, err := flinkapi.New(newClient(t), flink.URL())
	if err != nil {
		t.Fatal(err)
	}
	of := jobsOf(t, client)[0].job
	until(t, func() (wrong error, complete bool) {
		now := time.Now()
		query := history.Query{Job: of, Range: history.Range{From: now, To: now}, Step: 10 * time.Second, Columns: []diagnosis.Column{diagnosis.PendingRecords, diagnosis.WatermarkLag}}
		summaries, warnings, err := reader.Summaries(t.Context(), query)
		usages, _, failed := reader.Usages(t.Context(), now, of.TaskManagers)
		if err != nil || failed != nil || len(warnings) > 0 {
			t.Fatalf("%v, %v, %q", err, failed, warnings)
		}
		if len(summaries.At) != 1 || len(usages) == 0 {
			return fmt.Errorf("%d points and %d TaskManagers", len(summaries.At), len(usages)), false
		}
		for id, usage := range usages {
			if !usage.CPU.Known() || !usage.GC.Known() || !(usage.HeapUsed > 0) || !(usage.HeapMax > usage.HeapUsed) || !usage.Network.Known() {
				return fmt.Errorf("%s uses %+v", id, usage), false
			}
		}
		for _, task := range summaries.Tasks {
			pending, watermark := task.Columns[0][0], task.Columns[1][0]
			if isSource := task.Name == "Source: orders"; isSource == math.IsNaN(pending) || isSource && pending < 30*offered || math.IsNaN(watermark) || watermark > 300 {
				return fmt.Errorf("%s has %v pending, and a watermark %v s behind", task.Name, pending, watermark), false
			} else if isSource {
				own := ownPending(t, flink.URL())
				t.Logf("%g records are pending in Prometheus, %g in Flink", pending, own)
				if off := math.Abs(own - pending); off > 12*offered {
					return fmt.Errorf("%g records are pending in Prometheus, %g in Flink", pending, own), false
				}
			}
		}
		return nil, len(summaries.Tasks) == 4
	})
}

// lags are measures of how far behind the tasks of the job late are, by task.
type lags struct{ pending, watermark map[string]float64 }

func (ds dataSource) lags(t *testing.T) lags {
	t.Helper()
	now := time.Now()
	of := func(measure string) map[string]float64 {
		query := fmt.Sprintf(`{"schemaVersion": 1, "queryType": "measure", "measure": %q, "by": "task", "jobs": ["late"]}`, measure)
		return byTask(ds.over(t, ending(now.Add(-5*time.Minute), now), query)[0])
	}
	return lags{of("pending_records"), of("watermark_lag")}
}

// ownPending is what Flink itself returns of the source.
func ownPending(t *testing.T, url string) float64 {
	t.Helper()
	var listed struct{ Jobs []struct{ ID string } }
	readFlink(t, url+"/jobs", &listed)
	jobID := listed.Jobs[0].ID // there is but one
	var of struct {
		Vertices []struct{ ID, Name string }
	}
	readFlink(t, url+"/jobs/"+jobID, &of)
	for _, vertex := range of.Vertices {
		if vertex.Name != "Source: orders" {
			continue
		}
		var metrics []struct{ Sum float64 }
		readFlink(t, url+"/jobs/"+jobID+"/vertices/"+vertex.ID+"/subtasks/metrics?get=Source__orders.pendingRecords", &metrics)
		if len(metrics) == 1 {
			return metrics[0].Sum
		}
	}
	t.Fatal("Flink reports no pending records")
	return 0
}
