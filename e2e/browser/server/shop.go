package main

import (
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// newShop is the cluster that dashboards are shown with: jobs as a shop may have
// them, six of which are held back, each for a reason of its own.
func newShop() (*sim.Cluster, error) {
	shop, err := sim.Ready(flinkVersion, "bottleneck", "skew", "slow-sink", "slow-machine", "two-sources", "slow-source", "alternating", "healthy")
	if err != nil {
		return nil, err
	}
	for i, name := range []string{"checkout", "clickstream", "invoices", "fraud-scoring", "recommendations", "audit-log", "hourly-reports", "shipping"} {
		shop.Jobs[i].Name = name
	}
	// A slow machine without garbage collection: that is the TaskManager's, and would be
	// named with every job.
	shop.Jobs[3].Machines[1].GC = 0
	// Turns of 3 minutes: a range of 15 shows several, and each is more than Prometheus'
	// means over a minute.
	shop.Jobs[6].Phases = sim.Alternating("", 3*time.Minute).Phases
	shop.FlameGraphs, shop.StackSampling = true, time.Millisecond
	return shop, nil
}
