package flink_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A client asks below its address, which may have a path prefix; what is no
// address is an error before anything is asked.
func TestNew(t *testing.T) {
	client, err := flink.New(&remote.Client{Client: http.DefaultClient, Concurrency: 2}, " http://proxy/flink/ ")
	if err != nil || client.Base() != "http://proxy/flink" || client.Concurrency() != 2 {
		t.Errorf("base %q, %d at once, %v", client.Base(), client.Concurrency(), err)
	}
	for address, kind := range map[string]remote.Kind{"": remote.NoAddress, "jobmanager:8081": remote.BadAddress} {
		if _, err := flink.New(&remote.Client{Client: http.DefaultClient, Concurrency: 2}, address); !remote.IsKind(err, kind) {
			t.Errorf("%q: %v, want kind %d", address, err, kind)
		}
	}
}

// Services of Flink's that have no jobs that run are named for what they may be:
// a history server has a configuration, and a SQL gateway its own information.
func TestServiceThatIsNoJobManager(t *testing.T) {
	const gateway = `{"productName":"Apache Flink","version":"2.3.0"}`
	for name, c := range map[string]struct {
		service answers
		kind    remote.Kind
		text    string // URL stands for the address
	}{
		"a history server": {
			answers{"/config": `{"refresh-interval":10000,"flink-version":"2.3.0"}`, "/jobs/overview": `{"jobs":[]}`}, remote.HistoryServer,
			"URL answers as a Flink service, but not as a JobManager; it may be a history server or a SQL gateway: enter the address of the JobManager's REST API, such as http://jobmanager:8081.",
		},
		"a SQL gateway": {
			answers{"/v1/info": gateway}, remote.HistoryServer,
			"URL answers as a Flink service, but not as a JobManager; it may be a history server or a SQL gateway: enter the address of the JobManager's REST API, such as http://jobmanager:8081.",
		},
		"another service with a configuration": {
			answers{"/config": `{"version":"2.3.0"}`, "/v1/info": `{"productName":"Trino"}`}, remote.NotFound,
			"Flink has nothing at URL/overview (404): the job may be gone, or the address lacks a path prefix.",
		},
		"nothing": {
			answers{}, remote.NotFound,
			"Flink has nothing at URL/overview (404): the job may be gone, or the address lacks a path prefix.",
		},
		"no overview that is Flink's": {
			answers{"/overview": `{"hello":"world"}`, "/config": `{"flink-version":"2.3.0"}`}, remote.WrongService,
			"URL/overview answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, address := serve(t, c.service)
			_, err := client.Overview(t.Context())
			status := http.StatusNotFound
			if c.kind == remote.WrongService {
				status = http.StatusOK
			}
			fails(t, err, c.kind, status, strings.ReplaceAll(c.text, "URL", address))
		})
	}
}

// A JobManager that is away behind a proxy, which has none of its paths, is not
// taken for another service, nor asked for more.
func TestJobManagerThatIsAwayBehindAProxy(t *testing.T) {
	var away atomic.Bool
	var asked atomic.Int64
	client, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1); away.Load() {
			answers{"/config": `{"flink-version":"2.3.0"}`}.ServeHTTP(w, r)
			return
		}
		answers{"/overview": `{"flink-version":"2.3.0"}`}.ServeHTTP(w, r)
	}))
	if _, err := client.Overview(t.Context()); err != nil {
		t.Fatal(err)
	}
	away.Store(true)
	if _, err := client.Overview(t.Context()); !remote.IsKind(err, remote.NotFound) || asked.Load() != 2 {
		t.Errorf("%v, after %d requests", err, asked.Load())
	}
}

// Flink reports the fetch interval as it is written in the configuration.
func TestFetchInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10000":            10 * time.Second,
		"10000 ms":         10 * time.Second,
		"10 s":             10 * time.Second,
		"15s":              15 * time.Second,
		"15 sec":           15 * time.Second,
		"15 seconds":       15 * time.Second,
		"1 second":         time.Second,
		"PT15S":            15 * time.Second,
		"PT0.5S":           500 * time.Millisecond,
		"PT1M30S":          90 * time.Second,
		"1 min":            time.Minute,
		"2 minutes":        2 * time.Minute,
		"2m":               2 * time.Minute,
		"1 h":              time.Hour,
		"1 day":            24 * time.Hour,
		"500 milliseconds": 500 * time.Millisecond,
		"500 millis":       500 * time.Millisecond,
		"0":                0,
		"0 ms":             0,
		"PT0S":             0,
		"-1":               0, // Flink fetches only if it is above 0
		"soon":             10 * time.Second,
		"":                 10 * time.Second,
		"10 parsecs":       10 * time.Second,
		"PT":               10 * time.Second,
		"99999999999 days": 10 * time.Second,
	} {
		config := flink.Config{{Key: "rest.port", Value: "8081"}, {Key: "metrics.fetcher.update-interval", Value: text}}
		for range 10 { // whatever the order in which units are tried
			if got := config.FetchInterval(); got != want {
				t.Errorf("%q is read as %s, want %s", text, got, want)
			}
		}
	}
	if got := (flink.Config{}).FetchInterval(); got != 10*time.Second {
		t.Errorf("unset, the interval is %s, want Flink's default", got)
	}
}

// Flame graphs are off unless configured.
func TestFlameGraphs(t *testing.T) {
	for value, want := range map[string]bool{"true": true, " TRUE ": true, "false": false, "": false, "yes": false} {
		if got := (flink.Config{{Key: "rest.flamegraph.enabled", Value: value}}).FlameGraphs(); got != want {
			t.Errorf("%q is read as %t, want %t", value, got, want)
		}
	}
	if (flink.Config{{Key: "rest.port", Value: "true"}}).FlameGraphs() {
		t.Error("flame graphs are on though not configured")
	}
}
