//go:build !race

package look_test

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
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// A round of 40 tasks, at 5 ms a request, takes at most 1.3 times as long as a
// bare client takes to send the same requests, equally many at once, and to
// read the answers without decoding them. The wait for a fetch that is due,
// 200 ms once in a fetch interval, is not in it. The race detector slows us
// and not the server: this is measured without it.
func TestARoundIsAsFastAsItsRequests(t *testing.T) {
	const atOnce, runs, bar = 8, 15, 1.3
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: time.Hour, Delay: 5 * time.Millisecond, Jobs: []*sim.Job{sim.HeldBack("wide", 40, 4, 20)}}
	server := httptest.NewServer(cluster)
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	asking, err := flink.New(client, server.URL, flink.Slots(atOnce))
	if err != nil {
		t.Fatal(err)
	}
	keeper := look.New(asking, 0)
	round := func() { sameRound(t, keeper, cluster.Jobs[0]) }
	round() // the first waits for a fetch, and asks for gauges
	begun := time.Now()
	round()
	t.Logf("a first round with gauges took %s", time.Since(begun))
	cluster.Asked()
	round()
	paths := slices.DeleteFunc(cluster.Asked(), func(path string) bool { return path == "/overview" || path == "/jobmanager/config" })

	var rounds, bare []time.Duration
	for range runs {
		rounds = append(rounds, timed(round))
		bare = append(bare, timed(func() { fetchAll(t, client, server.URL, paths, atOnce) }))
	}
	ratio := float64(median(rounds)) / float64(median(bare))
	t.Logf("%d requests: a round takes %s, a bare client %s: %.2f times as long, with %s of wait for a due fetch besides", len(paths), median(rounds), median(bare), ratio, 200*time.Millisecond)
	if ratio > bar {
		t.Errorf("a round takes %.2f times as long as its requests, more than %.1f", ratio, bar)
	}
}

func sameRound(t *testing.T, keeper *look.Keeper, of *sim.Job) {
	if _, _, err := keeper.Snapshot(t.Context(), job.Info{ID: of.ID, Name: of.Name, State: job.Running}); err != nil {
		t.Error(err)
	}
}

// fetchAll asks for the first path, then for the others, so many at once.
func fetchAll(t *testing.T, client *http.Client, base string, paths []string, atOnce int) {
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
	group.SetLimit(atOnce)
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
