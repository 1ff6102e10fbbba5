//go:build bench

// Package soak puts the built plugin, over gRPC as Grafana calls it, under the load of
// many viewers and alert rules for minutes: how long queries take, whether any fails,
// how many requests reach Flink, and whether memory grows. docs/reliability.md keeps the
// figures of the last run.
package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// clusterKey is the environment's variable by which this executable is the simulated
// cluster instead, a process of its own.
const clusterKey = "SOAK_CLUSTER"

func TestMain(m *testing.M) {
	if os.Getenv(clusterKey) == "" {
		os.Exit(m.Run())
	}
	if err := serve(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

const (
	// largest is the name of the job of 10,000 subtasks.
	largest = "large"
	// others are how many jobs there are besides, of four tasks each.
	others = 99
	// maxAge is how long a sample answers queries, by default.
	maxAge = 2 * time.Second
	// requestsPath has how many requests there were, by path template.
	requestsPath = "/-/requests"
)

// serve prints the address of the simulated cluster and serves until this process is
// killed.
func serve() error {
	cluster, err := sim.Ready("2.3.0", "hundred", largest)
	if err != nil {
		return err
	}
	cluster.Jobs = cluster.Jobs[1:] // a hundred with the large one
	cluster.FlameGraphs = true
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, &counting{cluster: cluster, counts: map[string]int{}})
}

// counting is a cluster that counts its requests.
type counting struct {
	cluster *sim.Cluster
	mu      sync.Mutex
	counts  map[string]int
}

// id is what a path has where a template has a name.
var id = regexp.MustCompile(`[0-9a-f]{32}|tm-[0-9]+`)

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	if r.URL.Path == requestsPath {
		_ = json.NewEncoder(w).Encode(c.counts)
		c.mu.Unlock()
		return
	}
	c.counts[id.ReplaceAllString(r.URL.Path, "{id}")]++
	c.mu.Unlock()
	c.cluster.ServeHTTP(w, r)
	c.cluster.Requests() // which it keeps otherwise
}

// lab is the plugin and the cluster, each a process.
type lab struct {
	plugin   *host.Plugin
	settings backend.DataSourceInstanceSettings
	url      string
	pid      int // the cluster's
}

// newLab starts both until the end of the test.
func newLab(t *testing.T) lab {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), clusterKey+"=1")
	process.EndWithParent(command)
	server, err := process.Start(command, regexp.MustCompile(`^(http://\S+)$`))
	if err != nil {
		t.Fatal(err)
	}
	match, err := server.Await(t.Context(), time.Minute, "it served")
	if err != nil {
		t.Fatal(err)
	}
	log := &worstLines{}
	started, err := host.Start(t.Context(), host.Executable(filepath.Join("..", "..", "dist")), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		started.Close()
		if lines := log.read(); len(lines) > 0 {
			t.Errorf("%d lines of errors and warnings in the log, the first of them:\n%s", len(lines), strings.Join(lines[:min(5, len(lines))], "\n"))
		}
	})
	settings, err := host.Settings(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return lab{started, settings, match[1], server.PID()}
}

// requests are those that have reached the cluster, by path.
func (l lab) requests(t *testing.T) (counts map[string]int) {
	t.Helper()
	answer, err := http.Get(l.url + requestsPath)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(&counts); err != nil {
		t.Fatal(err)
	}
	return counts
}

// worstLines keeps the lines of a plugin's log that are warnings or errors, but for those
// on queries that took long, which the times show.
type worstLines struct {
	mu    sync.Mutex
	lines []string
}

func (w *worstLines) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "A query took long") {
			continue
		}
		if strings.Contains(line, `"@level":"warn"`) || strings.Contains(line, `"@level":"error"`) {
			w.mu.Lock()
			w.lines = append(w.lines, line)
			w.mu.Unlock()
		}
	}
	return len(text), nil
}

func (w *worstLines) read() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lines
}

// number is a parameter of the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 {
		t.Fatalf("%s is %q, and must be a number above 0", name, text)
	}
	return value
}

// asked is a query as JSON, with the name under which its times are reported.
type asked struct {
	name string
	json []byte
}

// queryOf is a query about jobs by name, all if there is none.
func queryOf(name, keys string, jobs ...string) asked {
	names, err := json.Marshal(append([]string{}, jobs...))
	if err != nil {
		panic(err)
	}
	return asked{name, fmt.Appendf(nil, `{"refId": "A", "schemaVersion": 1, "jobs": %s, %s}`, names, keys)}
}

// send sends a query as a panel or a rule does, and returns how long it took until the
// answer had arrived; it is not decoded.
func (l lab) send(ctx context.Context, of asked, fromAlert bool) (time.Duration, int, error) {
	now := time.Now()
	query := backend.DataQuery{RefID: "A", JSON: of.json, MaxDataPoints: 900, Interval: 5 * time.Second, TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now}}
	exchange := l.plugin.QueryEncoded
	if fromAlert {
		exchange = l.plugin.EvaluateEncoded
	}
	answer, err := exchange(ctx, l.settings, query)
	took := time.Since(now)
	if err != nil {
		return took, 0, err
	}
	bytes := 0
	for _, frame := range answer.Responses["A"].GetFrames() {
		bytes += len(frame)
	}
	if text := answer.Responses["A"].GetError(); text != "" {
		return took, bytes, fmt.Errorf("%s: %s", of.json, text)
	}
	return took, bytes, nil
}
