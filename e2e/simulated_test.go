//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// simulated is a plugin that looks at a simulated cluster with those jobs,
// which fetches its metrics more often than Flink does, to be quick.
func simulated(t *testing.T, jobs ...string) dataSource {
	t.Helper()
	flink, err := sim.Ready(cluster.Newest, jobs...)
	if err != nil {
		t.Fatal(err)
	}
	flink.Fetch = time.Second
	url, stop, err := sim.Serve(t.Context(), flink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return startPlugin(t, url)
}

// until asks again and again, until the answer is known.
func until[Answer any](t *testing.T, ask func() (answer Answer, known bool)) Answer {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, known := ask()
		if known {
			return answer
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s the answer is %v", patience, answer)
		}
	}
}
