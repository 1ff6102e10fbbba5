package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// flinkVersion is that of the simulated clusters.
const flinkVersion = "2.3.0"

// login is what the cluster "guarded" demands.
const (
	loginUser, loginPassword = "grafana", "correct horse"
	loginToken               = "battery-staple"
)

// flink is a simulated cluster, its address, and how many requests it got.
type flink struct {
	address  string
	requests atomic.Int64
}

// startFlinks starts the clusters that tests can choose from, by name, and a
// Prometheus with the past of the cluster "shop".
func startFlinks(ctx context.Context) (flinks map[string]*flink, past string, err error) {
	normal, err := sim.Ready(flinkVersion, "bottleneck", "healthy", "skew", "two-sources", "odd-names")
	if err != nil {
		return nil, "", err
	}
	east, err := sim.Ready(flinkVersion, "slow-sink")
	if err != nil {
		return nil, "", err
	}
	shop, err := newShop()
	if err != nil {
		return nil, "", err
	}
	if past, _, err = sim.Serve(ctx, pastOf(shop.Jobs)); err != nil {
		return nil, "", err
	}
	// Nothing listens on port 1: connections there are refused at once.
	flinks = map[string]*flink{"away": {address: "http://127.0.0.1:1"}}
	for name, handler := range map[string]http.Handler{
		"normal":  normal,
		"east":    east,
		"large":   large(500, 100),
		"shop":    shop,
		"odd":     newOdd(),
		"empty":   &sim.Cluster{Version: flinkVersion, Fetch: 10 * time.Second},
		"slow":    sim.Spoiled(normal, sim.Hanging()),
		"page":    sim.Spoiled(normal, sim.LoginPage()),
		"guarded": guarded(normal),
	} {
		started := &flink{}
		if started.address, _, err = sim.Serve(ctx, started.counting(handler)); err != nil {
			return nil, "", err
		}
		flinks[name] = started
	}
	return flinks, past, nil
}

// large is a cluster of jobs with tasks of one subtask each, whose names are
// all different.
func large(jobs, tasks int) *sim.Cluster {
	cluster := &sim.Cluster{Version: flinkVersion, Fetch: 10 * time.Second, Jobs: make([]*sim.Job, jobs)}
	for i := range cluster.Jobs {
		chain := make([]sim.Task, tasks)
		for t := range chain {
			chain[t] = sim.Task{Name: fmt.Sprintf("job-%03d step-%02d", i, t), Capacity: 5000}
		}
		chain[0].Rate = 100
		cluster.Jobs[i] = sim.Chain(fmt.Sprintf("job-%03d", i), chain...)
	}
	return cluster
}

// newOdd is a cluster of jobs whose names one does not expect.
func newOdd() *sim.Cluster {
	return &sim.Cluster{Version: flinkVersion, Fetch: 10 * time.Second, Jobs: []*sim.Job{
		sim.HeldBack("/^etl-(a|b)$/", 3, 2, 1), sim.HeldBack(`<img src=x onerror="document.title='run'">`, 3, 2, 1), sim.HeldBack(strings.Repeat("x", 500), 3, 2, 1),
	}}
}

func (f *flink) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.requests.Add(1)
		next.ServeHTTP(w, r)
	})
}

// guarded is a cluster behind a proxy that wants a login.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		known := user == loginUser && password == loginPassword
		if !known && r.Header.Get("Authorization") != "Bearer "+loginToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
