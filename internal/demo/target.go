package demo

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// defaultJob has its bottleneck in the middle.
const defaultJob = "bottleneck"

// simulatedFetch is how often the simulated cluster fetches metrics: more
// often than Flink does, so that the demo is quick.
const simulatedFetch = time.Second

// flink is the address of the cluster to look at. One that is started for it
// ends with stop.
func (o Options) flink(ctx context.Context) (url string, stop func() error, err error) {
	switch {
	case o.URL != "":
		return o.URL, func() error { return nil }, nil
	case o.Version == "":
		return o.simulated(ctx)
	}
	if err := cluster.Available(); err != nil {
		return "", nil, fmt.Errorf("%w; or leave FLINK_VERSION out for a simulated cluster", err)
	}
	job := cmp.Or(o.Job, defaultJob)
	o.say("Starting Flink %s with the job %s; the first time Maven downloads it.", o.Version, job)
	started, err := cluster.Start(ctx, o.Project, o.Version, job)
	if err != nil {
		return "", nil, err
	}
	return started.URL(), started.Close, nil
}

// simulated serves a simulated cluster, which needs nothing but Go.
func (o Options) simulated(ctx context.Context) (url string, stop func() error, err error) {
	simulated, err := sim.Ready(cluster.Newest, cmp.Or(o.Job, defaultJob))
	if err != nil {
		return "", nil, err
	}
	simulated.Fetch = simulatedFetch
	o.say("Looking at a simulated cluster; set FLINK_VERSION=%s for a real Flink, or FLINK_URL for yours.", cluster.Newest)
	url, end, err := sim.Serve(ctx, simulated)
	return url, func() error { end(); return nil }, err
}

// jobs names the ones to ask about; none means all.
func (o Options) jobs() []string {
	if o.URL == "" || o.Job == "" {
		return []string{}
	}
	return []string{o.Job}
}

// say tells whoever waits what is going on. That this cannot be written is no
// reason to fail.
func (o Options) say(format string, values ...any) {
	fmt.Fprintf(o.Stderr, format+"\n", values...)
}
