package demo

import (
	"cmp"
	"context"
	"fmt"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

// defaultJob has its bottleneck in the middle.
const defaultJob = "bottleneck"

// flink is the address of the cluster to look at. One that is started for it
// ends with stop.
func (o Options) flink(ctx context.Context) (url string, stop func() error, err error) {
	if o.URL != "" {
		return o.URL, func() error { return nil }, nil
	}
	if err := cluster.Available(); err != nil {
		return "", nil, fmt.Errorf("%w; or set FLINK_URL to a cluster that runs", err)
	}
	version, job := cmp.Or(o.Version, cluster.Newest), cmp.Or(o.Job, defaultJob)
	o.say("Starting Flink %s with the job %s; the first time Maven downloads it.", version, job)
	started, err := cluster.Start(ctx, o.Project, version, job)
	if err != nil {
		return "", nil, err
	}
	return started.URL(), started.Close, nil
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
