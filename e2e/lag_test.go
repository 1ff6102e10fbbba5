//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
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
			ds.awaitLags(t, func(measures map[string]map[string]float64) error {
				pending, found := measures["pending_records"]["Source: orders"]
				switch {
				case !found || pending <= 0 || len(measures["pending_records"]) != 1:
					return fmt.Errorf("pending records are %v", measures["pending_records"])
				case before == 0:
					before, first = pending, time.Now()
					return fmt.Errorf("pending records are %g for the first time", pending)
				case time.Since(first) < 25*time.Second:
					return fmt.Errorf("pending records were %g and are %g", before, pending)
				}
				after, last = pending, time.Now()
				for _, task := range []string{"Source: orders", "enrich", "slow-window", "sink"} {
					if lag, known := measures["watermark_lag"][task]; !known || lag < 0 || lag > 300 {
						return fmt.Errorf("the watermark of %s is %v s behind", task, measures["watermark_lag"])
					}
				}
				if ahead, behind := measures["watermark_lag"]["Source: orders"], measures["watermark_lag"]["slow-window"]; behind < ahead {
					return fmt.Errorf("the watermark of the slow task is %g s behind, that of the source %g s", behind, ahead)
				}
				return nil
			})
			growth := (after - before) / last.Sub(first).Seconds()
			t.Logf("%g pending records, %.0f more a second", after, growth)
			if most := 1.5 * (offered - taken); growth <= 0 || growth > most { // less while buffers fill
				t.Errorf("%.0f more are pending each second, want %d at most", growth, offered-taken)
			}
			own := ownPending(t, flink.URL(), ds.jobID(t))
			if off := math.Abs(own - after); off > 20*offered {
				t.Errorf("the plugin returned %g pending records, Flink %g", after, own)
			}
		})
	}
}

// awaitLags queries how far behind the tasks of the job late are, by task, until the
// check passes.
func (ds dataSource) awaitLags(t *testing.T, check func(map[string]map[string]float64) error) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		now := time.Now()
		over := ending(now.Add(-5*time.Minute), now)
		response, err := ds.plugin.QueryData(t.Context(), ds.settings, lagQuery(over, "watermark_lag"), lagQuery(over, "pending_records"))
		if err != nil {
			t.Fatal(err)
		}
		measures := map[string]map[string]float64{}
		for refID, answer := range response.Responses {
			if answer.Error != nil {
				t.Fatalf("query %s: %v", refID, answer.Error)
			}
			measures[refID] = byTask(answer.Frames[0])
		}
		if err = check(measures); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s: %v", patience, err)
		}
	}
}

func lagQuery(over backend.TimeRange, measure string) backend.DataQuery {
	return backend.DataQuery{
		RefID: measure, QueryType: "measure", TimeRange: over,
		JSON: fmt.Appendf(nil, `{"refId":%q,"schemaVersion":1,"queryType":"measure","measure":%q,"by":"task","jobs":["late"]}`, measure, measure),
	}
}

// jobID is that of the job late.
func (ds dataSource) jobID(t *testing.T) string {
	t.Helper()
	now := time.Now()
	response, err := ds.plugin.QueryData(t.Context(), ds.settings, query(ending(now.Add(-5*time.Minute), now), "late", "jobs", ""))
	if err != nil {
		t.Fatal(err)
	}
	return rows(response.Responses["jobs"].Frames[0])[0]["job_id"].(string)
}

// ownPending is what Flink itself returns of the source.
func ownPending(t *testing.T, url, jobID string) float64 {
	t.Helper()
	var of struct {
		Vertices []struct{ ID, Name string }
	}
	readJSON(t, url+"/jobs/"+jobID, &of)
	for _, vertex := range of.Vertices {
		if vertex.Name != "Source: orders" {
			continue
		}
		var metrics []struct{ Sum float64 }
		readJSON(t, url+"/jobs/"+jobID+"/vertices/"+vertex.ID+"/subtasks/metrics?get=Source__orders.pendingRecords", &metrics)
		if len(metrics) == 1 {
			return metrics[0].Sum
		}
	}
	t.Fatal("Flink reports no pending records")
	return 0
}

func readJSON(t *testing.T, url string, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
