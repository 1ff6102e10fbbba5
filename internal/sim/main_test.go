package sim_test

import (
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// client is a client of the cluster that the handler is.
func client(t *testing.T, cluster http.Handler) *flink.Client {
	t.Helper()
	made, err := flink.New(&remote.Client{Client: &http.Client{Transport: inmemory.Transport{Handler: cluster}}, Concurrency: 8}, "http://flink:8081")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// ready is a cluster of the ready-made jobs of those names.
func ready(t *testing.T, version string, names ...string) *sim.Cluster {
	t.Helper()
	cluster, err := sim.Ready(version, names...)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// measured is the snapshot of the cluster's first job, from two samples.
func measured(t *testing.T, cluster *sim.Cluster) *job.Snapshot {
	t.Helper()
	c := collector.New(client(t, cluster), collector.Options{MaxAge: 2 * time.Second})
	info := job.Info{ID: cluster.Jobs[0].ID, Name: cluster.Jobs[0].Name}
	if _, _, err := c.Verdict(t.Context(), info); err != nil {
		t.Fatal(err)
	}
	time.Sleep(cluster.Fetch + time.Second)
	verdict, _, err := c.Verdict(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	return verdict.Snapshot
}
