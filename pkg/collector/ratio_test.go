//go:build bench

package collector_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A poll of 40 tasks, at 5 ms a request, takes at most 1.3 times as long as a
// bare client takes to send the same requests, equally many at once, and to
// read the answers without decoding them. The wait for a fetch that is due,
// 200 ms once in a fetch interval, is not in it.
func TestRatioOfAPollToItsRequests(t *testing.T) {
	const concurrency, runs, bar = 8, 15, 1.3
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: time.Hour, Delay: 5 * time.Millisecond, Jobs: []*sim.Job{sim.HeldBack("wide", 40, 4, 20)}}
	server := httptest.NewServer(cluster)
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	over, err := remote.NewClient(remote.Config{Timeout: time.Minute, Concurrency: concurrency})
	if err != nil {
		t.Fatal(err)
	}
	defer over.Close()
	asking, err := flink.New(over, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	polling := collector.New(asking, collector.Options{})
	poll := func() {
		if _, _, err := polling.Verdict(t.Context(), job.Info{ID: cluster.Jobs[0].ID, Name: "wide", State: job.Running}); err != nil {
			t.Error(err)
		}
	}
	poll() // the first waits for a fetch, and asks for gauges
	poll()
	cluster.Requests()
	poll()
	paths := slices.DeleteFunc(cluster.Requests(), func(path string) bool { return path == "/overview" || path == "/jobmanager/config" })

	var polls, bare []time.Duration
	for range runs {
		polls = append(polls, timed(poll))
		bare = append(bare, timed(func() { fetchAll(t, client, server.URL, paths, concurrency) }))
	}
	ratio := float64(median(polls)) / float64(median(bare))
	t.Logf("%d requests: a poll takes %s, a bare client %s: %.2f times as long", len(paths), median(polls), median(bare), ratio)
	if ratio > bar {
		t.Errorf("a poll takes %.2f times as long as its requests, more than %.1f", ratio, bar)
	}
}

// fetchAll requests the first path, then the others, so many at once.
func fetchAll(t *testing.T, client *http.Client, base string, paths []string, concurrency int) {
	fetch := func(path string) error {
		response, err := client.Get(base + path)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", path, response.Status)
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	if err := fetch(paths[0]); err != nil {
		t.Error(err)
	}
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, path := range paths[1:] {
		group.Go(func() error { return fetch(path) })
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func timed(do func()) time.Duration {
	begun := time.Now()
	do()
	return time.Since(begun)
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}
