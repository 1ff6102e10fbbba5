package collector_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// late is a job whose source is offered more than the slow task below it takes, and has
// another source without a rate.
func late() *sim.Job {
	return sim.New("late",
		sim.Task{Name: "Source: orders", Parallelism: 2, Rate: 200},
		sim.Task{Name: "Source: rates", Parallelism: 1},
		sim.Task{Name: "enrich", Inputs: []int{0, 1}, Parallelism: 2, Capacity: 75},
	)
}

// lagsOf polls the job until its metrics are there, and returns how far behind its tasks
// are and how many requests the last poll took.
func lagsOf(t *testing.T, of *sim.Job, change func(http.Handler) http.Handler) (lags []job.Lag, requests int) {
	t.Helper()
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{of}}
	c := collectorOf(t, change(cluster))
	info := listed(t, c)
	for range 4 {
		time.Sleep(fetch + settling)
		verdict, counted, err := c.VerdictWithLags(t.Context(), info)
		if err != nil {
			t.Fatal(err)
		}
		lags, requests = verdict.Snapshot.Lags, counted
	}
	return lags, requests
}

func asItIs(cluster http.Handler) http.Handler { return cluster }

// What a source has not read grows by what it is offered too much, and watermarks are as
// far behind as the oldest record that waits; a source without a rate reports none.
func TestLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := late()
		lags, requests := lagsOf(t, of, asItIs)
		if len(lags) != 3 {
			t.Fatalf("lags of %d tasks", len(lags))
		}
		if pending := lags[0].Pending; !(pending > 0) || !math.IsNaN(lags[1].Pending) || !math.IsNaN(lags[2].Pending) {
			t.Errorf("pending are %v, %v and %v: want those of the first source alone", lags[0].Pending, lags[1].Pending, lags[2].Pending)
		}
		for i, lag := range lags {
			if !(lag.Watermark > 0) {
				t.Errorf("the watermark of task %d is %v s behind", i, lag.Watermark)
			}
		}
		if lags[0].Watermark <= lags[1].Watermark || lags[2].Watermark != lags[0].Watermark {
			t.Errorf("watermarks are %v, %v and %v s behind: want the last as the first, which waits", lags[0].Watermark, lags[1].Watermark, lags[2].Watermark)
		}
		if requests != 1+3+3 { // the names of metrics are known for ten minutes
			t.Errorf("the last poll took %d requests, want one for the job and two for each task", requests)
		}
	})
}

// Nothing is requested for those who do not ask, and nothing more for those who share
// the poll of one who does.
func TestLagsCostNothingUnlessAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &sim.Cluster{Version: "2.3.0", Fetch: fetch, Jobs: []*sim.Job{late()}}
		c := collectorOf(t, cluster)
		info := listed(t, c)
		ofLags := func() (count int) {
			for _, path := range cluster.Requests() {
				if strings.Contains(path, "/subtasks/metrics") {
					count++
				}
			}
			return count
		}
		verdict, _, err := c.Verdict(t.Context(), info)
		if err != nil || verdict.Snapshot.Lags != nil || ofLags() != 0 {
			t.Fatalf("without being asked: %v, %v", verdict.Snapshot.Lags, err)
		}
		verdict, requests, err := c.VerdictWithLags(t.Context(), info)
		if err != nil || len(verdict.Snapshot.Lags) != 3 || requests == 0 || ofLags() == 0 {
			t.Fatalf("asked for: %v, %d requests, %v", verdict.Snapshot.Lags, requests, err)
		}
		if again, requests, err := c.VerdictWithLags(t.Context(), info); err != nil || again != verdict || requests != 0 || ofLags() != 0 {
			t.Errorf("a second one takes %d requests, %v", requests, err)
		}
		time.Sleep(2 * time.Hour) // nobody asks any more
		if verdict, _, err := c.Verdict(t.Context(), info); err != nil || verdict.Snapshot.Lags != nil {
			t.Errorf("long after: %v, %v", verdict.Snapshot.Lags, err)
		}
	})
}

// What Flink does not answer, or answers oddly, is not known, and the poll goes on.
func TestLagsThatAreNotKnown(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"an error":        func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "{}", http.StatusInternalServerError) },
		"nothing":         body(`[]`),
		"not a number":    body(`[{"id":"currentInputWatermark","min":"NaN","sum":"NaN"}]`),
		"none yet":        body(`[{"id":"currentInputWatermark","min":-9.223372036854776E18}]`),
		"all has arrived": body(`[{"id":"currentInputWatermark","min":9.223372036854776E18}]`),
		"a page":          body(`<html>`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lags, _ := lagsOf(t, late(), func(cluster http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if strings.HasSuffix(r.URL.Path, "/subtasks/metrics") {
							answer(w, r)
							return
						}
						cluster.ServeHTTP(w, r)
					})
				})
				for i, lag := range lags {
					if !math.IsNaN(lag.Watermark) || !math.IsNaN(lag.Pending) {
						t.Errorf("task %d is %v behind", i, lag)
					}
				}
			})
		})
	}
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}
