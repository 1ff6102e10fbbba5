package sim_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// The client classifies each fault.
func TestFaults(t *testing.T) {
	cluster := ready(t, "2.3.0", "bottleneck")
	job := cluster.Jobs[0]
	for name, c := range map[string]struct {
		fault sim.Fault
		want  remote.Kind
	}{
		"hanging":     {sim.Hanging(), remote.TimedOut},
		"failing":     {sim.Failing(), remote.Failing},
		"gone":        {sim.Gone(), remote.NotFound},
		"login page":  {sim.LoginPage(), remote.WrongService},
		"cut":         {sim.Cut(100), remote.Cut},
		"huge":        {sim.Huge(70), remote.TooLarge},
		"dripping":    {sim.Dripping(time.Second), remote.TimedOut},
		"after none":  {sim.After(0, sim.Failing()), remote.Failing},
		"after one":   {sim.After(1, sim.Failing()), 0},
		"elsewhere":   {sim.On("/backpressure", sim.Failing()), 0},
		"here":        {sim.On(job.ID, sim.Failing()), remote.Failing},
		"late":        {sim.Late(time.Millisecond), 0},
		"cyclic":      {sim.Cyclic(), 0},
		"dangling":    {sim.Dangling(), 0},
		"uncountable": {sim.Uncountable(), 0},
		"negative":    {sim.Negative(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := readJob(t, sim.Spoiled(cluster, c.fault), job.ID, c.want == remote.TimedOut)
			var failed *remote.Error
			switch {
			case c.want == 0 && err == nil, errors.As(err, &failed) && failed.Kind == c.want:
			case c.want == remote.TimedOut && errors.Is(err, context.DeadlineExceeded):
			default:
				t.Errorf("got %v, want kind %d", err, c.want)
			}
		})
	}
}

// readJob requests a job over a real connection. Only where the answer never
// ends, the request has a time limit: all others last as long as this machine
// takes.
func readJob(t *testing.T, cluster http.Handler, jobID string, endless bool) error {
	t.Helper()
	url, stop, err := sim.Serve(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	ctx := t.Context()
	if endless {
		limited, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	client, err := flink.New(&remote.Client{Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, Concurrency: 1}, url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Job(ctx, jobID)
	return err
}
