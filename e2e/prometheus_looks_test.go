//go:build e2e

package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// compared is how long the looks are apart that Prometheus is compared with.
const compared = time.Minute

// pair is two looks at a job, some time apart.
type pair struct{ first, last *job.Sample }

func (p pair) apart() time.Duration { return p.last.At.Sub(p.first.At) }

// remembering is a keeper whose looks are remembered and go on.
func remembering(t *testing.T, address string) (*look.Keeper, *history.Store) {
	t.Helper()
	client, err := flink.New(httpClient(t), address, flink.Slots(8))
	if err != nil {
		t.Fatal(err)
	}
	keeper, store := look.New(client, time.Second), history.NewStore(history.Limits{Retention: time.Hour, Bytes: 64 << 20})
	keeper.Remember(look.Memory{Cluster: "default", Store: store, IdleAfter: time.Hour})
	t.Cleanup(keeper.Close)
	return keeper, store
}

// httpClient leaves no connection behind.
func httpClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// minuteApart waits for two looks at each job, by its name.
func minuteApart(t *testing.T, keeper *look.Keeper, store *history.Store) map[string]pair {
	t.Helper()
	jobs, _, err := keeper.Jobs(t.Context())
	if err != nil || len(jobs) != 2 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	for _, info := range jobs { // from now on they are sampled
		if _, _, err := keeper.Snapshot(t.Context(), info); err != nil {
			t.Fatal(err)
		}
	}
	late := time.After(2*compared + patience)
	for {
		looks := map[string]pair{}
		for _, info := range jobs {
			if found := remembered(t, store, info.ID); found.last != nil {
				looks[info.Name] = found
			}
		}
		if len(looks) == len(jobs) {
			return looks
		}
		select {
		case <-time.After(time.Second):
		case <-late:
			t.Fatal("there are no two looks a minute apart")
		}
	}
}

// remembered is the first two looks that are far enough apart, if there are.
func remembered(t *testing.T, store *history.Store, jobID string) (found pair) {
	t.Helper()
	for look, err := range store.Looks(t.Context(), history.Key{Cluster: "default", JobID: jobID}, history.Span{To: time.Now()}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case !counts(look):
		case found.first == nil:
			found.first = look
		case look.At.Sub(found.first.At) >= compared:
			found.last = look
			return found
		}
	}
	return found
}

// counts tells whether all subtasks have counters, and have run for long enough
// that Prometheus has seen them before.
func counts(look *job.Sample) bool {
	for _, task := range look.Tasks {
		for _, reading := range task.Subtasks {
			if reading.Counters == nil || reading.Running < 15*time.Second {
				return false
			}
		}
	}
	return len(look.Tasks) > 0
}
