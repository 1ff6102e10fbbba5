package look_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// maxAge is how old a look may be in these tests.
const maxAge = 2 * time.Second

// wire answers requests with a handler, without a network: it works in a
// bubble of testing/synctest, where time passes only while everybody waits.
type wire struct{ http.Handler }

func (w wire) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, request)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

// keeper looks at the cluster that the handler is, with eight slots.
func keeper(t *testing.T, cluster http.Handler) *look.Keeper {
	t.Helper()
	return keeperWith(t, cluster, 8)
}

func keeperWith(t *testing.T, cluster http.Handler, slots int) *look.Keeper {
	t.Helper()
	return keeperWithin(t, cluster, slots, 0)
}

// keeperWithin is one whose requests time out; 0 for never.
func keeperWithin(t *testing.T, cluster http.Handler, slots int, timeout time.Duration) *look.Keeper {
	t.Helper()
	client, err := flink.New(&http.Client{Transport: wire{cluster}, Timeout: timeout}, "http://flink:8081", flink.Slots(slots))
	if err != nil {
		t.Fatal(err)
	}
	return look.New(client, maxAge)
}

// listed is the cluster's only job, as the list of jobs tells it.
func listed(t *testing.T, k *look.Keeper) job.Info {
	t.Helper()
	jobs, _, err := k.Jobs(t.Context())
	if err != nil || len(jobs) != 1 {
		t.Fatalf("listed %v, %v; want one job", jobs, err)
	}
	return jobs[0]
}

// looked takes a snapshot, and tells the requests that it says it caused.
func looked(t *testing.T, k *look.Keeper, info job.Info) (*job.Snapshot, int) {
	t.Helper()
	taken, requests, err := k.Snapshot(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	return taken, requests
}
