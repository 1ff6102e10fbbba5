package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// Options say which plugin to run, on which cluster, and how to print.
type Options struct {
	// Executable is the built backend.
	Executable string
	// Project is the Maven project of the real Flink, e2e/flink.
	Project string
	// URL is the REST API of a running cluster; empty to start one.
	URL string
	// Version of Flink to start; empty for a simulated cluster.
	Version string
	// Job is the one to query, or to start. Empty means all jobs of the cluster
	// at URL, and the job bottleneck in a cluster that is started.
	Job string
	// JSON prints one JSON object instead of text.
	JSON bool
	// Colour paints the text with 24-bit ANSI colours.
	Colour bool
	// Stdout gets the answers, Stderr the progress and the plugin's warnings.
	Stdout, Stderr io.Writer
}

// FromEnvironment reads FLINK_URL, FLINK_VERSION, FLINK_JOB, DEMO_FORMAT and
// NO_COLOR for a demo of the executable, in the repository's top directory.
func FromEnvironment(executable string) (Options, error) {
	o := Options{
		Executable: executable,
		Project:    "e2e/flink",
		URL:        os.Getenv("FLINK_URL"),
		Version:    os.Getenv("FLINK_VERSION"),
		Job:        os.Getenv("FLINK_JOB"),
		Colour:     os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminal(os.Stdout),
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
	}
	switch format := os.Getenv("DEMO_FORMAT"); format {
	case "", "text":
	case "json":
		o.JSON = true
	default:
		return o, fmt.Errorf("DEMO_FORMAT is %q: choose text or json", format)
	}
	return o, nil
}

func terminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const (
	// defaultJob has its bottleneck in the middle.
	defaultJob = "bottleneck"
	// simulatedFetch is how often the simulated cluster fetches metrics, and how long
	// it samples stacks: more often and shorter than Flink does, so that the demo is
	// quick.
	simulatedFetch = time.Second
)

// flink is the address of the cluster. One that is started for the demo ends
// with stop.
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
	o.logf("Starting Flink %s with the job %s; the first time Maven downloads it.", o.Version, job)
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
	simulated.Fetch, simulated.FlameGraphs, simulated.StackSampling = simulatedFetch, true, simulatedFetch
	o.logf("This is a simulated cluster; set FLINK_VERSION=%s for a real Flink, or FLINK_URL for yours.", cluster.Newest)
	url, end, err := sim.Serve(ctx, simulated)
	return url, func() error { end(); return nil }, err
}

// jobs are the names to query; none means all.
func (o Options) jobs() []string {
	if o.URL == "" || o.Job == "" {
		return []string{}
	}
	return []string{o.Job}
}

// logf writes progress. That it cannot be written is no reason to fail.
func (o Options) logf(format string, values ...any) {
	fmt.Fprintf(o.Stderr, format+"\n", values...)
}
