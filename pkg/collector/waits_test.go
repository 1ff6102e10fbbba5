package collector_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// How a task waits is read once a minute; ordinary backpressure is soft, that of a legacy
// source hard, and what Flink does not report or answer is not known.
func TestWaits(t *testing.T) {
	slow := func(legacy bool) *sim.Job {
		return sim.New("orders", sim.Task{Name: "Source: in", Legacy: legacy}, sim.Task{Name: "map", Inputs: []int{0}, Capacity: 100})
	}
	unknown := diagnosis.Waits{Soft: job.Unknown, Hard: job.Unknown}
	for name, c := range map[string]struct {
		version string
		legacy  bool
		fails   bool
		want    diagnosis.Waits
	}{
		"an ordinary source": {"2.3.0", false, false, diagnosis.Waits{Soft: 1, Hard: 0}},
		"a legacy source":    {"1.20.5", true, false, diagnosis.Waits{Soft: 0, Hard: 1}},
		"before 1.15":        {"1.14.6", false, false, unknown},
		"an error":           {"2.3.0", false, true, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				of := slow(c.legacy)
				cluster := &sim.Cluster{Version: c.version, Fetch: fetch, Jobs: []*sim.Job{of}}
				col := collectorOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if c.fails && strings.HasSuffix(r.URL.Path, "/subtasks/metrics") {
						http.Error(w, "{}", http.StatusInternalServerError)
						return
					}
					cluster.ServeHTTP(w, r)
				}))
				info := listed(t, col)
				for range 3 {
					if _, _, err := col.Verdict(t.Context(), info); err != nil {
						t.Fatal(err)
					}
					time.Sleep(fetch + settling)
				}
				for _, want := range []struct {
					pause    time.Duration
					requests int
				}{{0, 1}, {50 * time.Second, 0}, {20 * time.Second, 1}} {
					time.Sleep(want.pause)
					got, requests := col.Waits(t.Context(), info.ID, of.Tasks[0].ID)
					if requests != want.requests {
						t.Errorf("%d requests, want %d", requests, want.requests)
					}
					if !near(got.Soft, c.want.Soft) || !near(got.Hard, c.want.Hard) {
						t.Errorf("it waits %+v, want %+v", got, c.want)
					}
				}
			})
		})
	}
}

func near(a, b job.Share) bool {
	return a == b || !a.Known() && !b.Known() || a-b < 0.1 && b-a < 0.1
}
