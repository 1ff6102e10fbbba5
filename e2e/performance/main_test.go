//go:build bench

// Package performance measures what a query costs beside what it cannot do without:
// ratios within one run, of which docs/performance.md keeps the last.
package performance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"golang.org/x/sync/errgroup"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/prepared"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// shapeKey is the environment's variable by which this executable serves prepared
// answers instead: a process of its own, whose time is nobody's here.
const shapeKey = "PREPARED_FLINK"

// framesKey is the environment's variable by which this executable is a plugin
// that answers any query with the frames in that file.
const framesKey = "MINIMAL_PLUGIN"

func TestMain(m *testing.M) {
	log.DefaultLogger = log.NewNullLogger()
	if path := os.Getenv(framesKey); path != "" {
		if err := minimal(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	if shape := os.Getenv(shapeKey); shape != "" {
		if err := serve(shape); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve prints its address and serves until this process is killed.
func serve(shape string) error {
	var tasks, subtasks int
	if _, err := fmt.Sscanf(shape, "%dx%d", &tasks, &subtasks); err != nil {
		return err
	}
	flink := prepared.New(tasks, subtasks)
	mux := http.NewServeMux()
	mux.Handle("/", flink)
	mux.HandleFunc(pathsPath, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(flink.Paths()) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, mux)
}

// flink is a Flink, or a server of prepared answers, that notes which paths are
// requested.
type flink struct {
	url    string
	client *http.Client
}

// recording is a real Flink behind a proxy that notes the paths.
func recording(t *testing.T, address string) flink {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 4 * concurrency
	proxy.Transport = transport
	var mu sync.Mutex
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if r.URL.Path == pathsPath {
			_ = json.NewEncoder(w).Encode(paths)
			paths = nil
			mu.Unlock()
			return
		}
		paths = append(paths, r.URL.Path)
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(transport.CloseIdleConnections)
	return flink{server.URL, client(t)}
}

// pathsPath lists the paths that were requested since it was requested last.
const pathsPath = "/-/paths"

// client keeps as many connections as it uses at once.
func client(t *testing.T) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = concurrency
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// startPrepared runs a server of the shape until the end of the test.
func startPrepared(t *testing.T, tasks, subtasks int) flink {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%dx%d", shapeKey, tasks, subtasks))
	process.EndWithParent(command)
	server, err := process.Start(command, regexp.MustCompile(`^(http://\S+)$`))
	if err != nil {
		t.Fatal(err)
	}
	match, err := server.Await(t.Context(), time.Minute, "it served")
	if err != nil {
		t.Fatal(err)
	}
	return flink{match[1], client(t)}
}

// concurrency is how many requests are under way at once, by default.
const concurrency = 8

// paths are those of the requests since the last call.
func (f flink) paths(t *testing.T) (paths []string) {
	t.Helper()
	answer, err := f.client.Get(f.url + pathsPath)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(&paths); err != nil {
		t.Fatal(err)
	}
	return paths
}

// fetch requests the paths as a poll does, and discards the answers: those about
// no task one by one, the tasks 8 at once.
func (f flink) fetch(t *testing.T, paths []string) {
	get := func(path string) error {
		answer, err := f.client.Get(f.url + path)
		if err != nil {
			return err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answered %s", path, answer.Status)
		}
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, path := range paths {
		if strings.Contains(path, "/vertices/") {
			group.Go(func() error { return get(path) })
		} else if err := get(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// dataSource is the plugin in this process.
type dataSource struct {
	backend.QueryDataHandler
	settings backend.DataSourceInstanceSettings
}

// open makes a data source that answers no query from an older poll.
func open(t *testing.T, address string) dataSource {
	t.Helper()
	return openFor(t, address, 0)
}

// openFor makes one that answers queries from a poll for so long.
func openFor(t *testing.T, address string, maxAge time.Duration) dataSource {
	t.Helper()
	jsonData, err := json.Marshal(map[string]any{"url": address, "maxAge": maxAge.String(), "timeoutSeconds": 60})
	if err != nil {
		t.Fatal(err)
	}
	settings := backend.DataSourceInstanceSettings{UID: address, Name: "Flink", Type: "flinkscope-flink-datasource", JSONData: jsonData}
	ctx := backend.WithPluginContext(t.Context(), backend.PluginContext{Namespace: "default"})
	instance, err := plugin.New(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(instance.(interface{ Dispose() }).Dispose)
	return dataSource{instance.(backend.QueryDataHandler), settings}
}

// query answers a query, which must have so many rows at least.
func (d dataSource) query(t *testing.T, rows int, text string) {
	now := time.Now()
	response, err := d.QueryData(context.Background(), &backend.QueryDataRequest{
		PluginContext: backend.PluginContext{DataSourceInstanceSettings: &d.settings},
		Queries: []backend.DataQuery{{
			RefID: "A", JSON: []byte(text), MaxDataPoints: 1000, Interval: 10 * time.Second, TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer := response.Responses["A"]
	if answer.Error != nil || len(answer.Frames) == 0 || answer.Frames[0].Rows() < rows {
		t.Fatalf("%s: %v, %d frames", text, answer.Error, len(answer.Frames))
	}
}

// cost is the time and the CPU time of this process that something takes.
type cost struct{ wall, cpu time.Duration }

func measure(do func()) cost {
	before, begun := cpu(), time.Now()
	do()
	return cost{time.Since(begun), cpu() - before}
}

// cpu is the time that this process has run.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// best are the least of each: what else the machine does adds to either.
func best(costs []cost) cost {
	least := costs[0]
	for _, c := range costs[1:] {
		least.wall, least.cpu = min(least.wall, c.wall), min(least.cpu, c.cpu)
	}
	return least
}
