// Command server stands in for Grafana in the browser tests: it starts the
// built plugin as Grafana does, before simulated Flinks, and serves the part of
// Grafana's HTTP API that the plugin's frontend uses, the built plugin, and the
// page that loads it. What lies under /test/ is for the tests alone. Each worker of
// the tests has a stand-in of its own, as tests change its settings and its Flinks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// longest is how long the server lives at most, whatever becomes of the tests.
const longest = time.Hour

func main() {
	var where places
	port := flag.Int("port", 3310, "the port of 127.0.0.1 to serve on, and those after it; 0 for free ones")
	count := flag.Int("count", 1, "how many to serve side by side")
	flag.StringVar(&where.plugin, "plugin", "dist", "the directory of the built plugin")
	flag.StringVar(&where.page, "page", "", "the directory of the bundled host page")
	flag.StringVar(&where.icons, "icons", "", "the directory of Grafana's icons")
	folders := flag.String("dashboards", "src/dashboards,e2e/browser/dashboards", "the directories of the dashboards, with commas between them")
	backend := flag.String("backend", host.Executable("dist"), "the plugin's backend")
	log := flag.String("log", os.DevNull, "where to write what the backend logs")
	parent := flag.Int("parent", os.Getppid(), "the process with which this one ends")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	cancelWithParent(ctx, cancel, *parent)
	if err := run(ctx, *backend, *log, *port, *count, where, strings.Split(*folders, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, backend, logFile string, port, count int, where places, folders []string) error {
	bundled, err := readDashboards(folders)
	if err != nil {
		return err
	}
	log, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer log.Close()
	var all errgroup.Group
	var addresses []string
	for n := range count {
		if port > 0 && n > 0 {
			port++
		}
		one, err := start(ctx, backend, log, port, where, bundled)
		if err != nil {
			return err
		}
		defer one.plugin.Close()
		addresses = append(addresses, "http://"+one.listener.Addr().String())
		all.Go(one.serve)
	}
	fmt.Println("Listening on", strings.Join(addresses, " "))
	return all.Wait()
}

// standIn is one that is ready to serve.
type standIn struct {
	plugin   *host.Plugin
	listener net.Listener
	server   *http.Server
}

// start starts the plugin and its Flinks, which end with ctx.
func start(ctx context.Context, backend string, log io.Writer, port int, where places, bundled dashboards) (*standIn, error) {
	plugin, err := host.Start(ctx, backend, log)
	if err != nil {
		return nil, err
	}
	flinks, past, err := startFlinks(ctx)
	if err != nil {
		plugin.Close()
		return nil, err
	}
	source := &dataSource{}
	source.reset(settings{JSONData: map[string]any{"url": flinks["normal"].address}})

	mux := http.NewServeMux()
	api{plugin, source}.handle(mux)
	bundled.handle(mux)
	controls{source, flinks, past}.handle(mux)
	where.handle(mux)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		plugin.Close()
		return nil, fmt.Errorf("no port for the browser tests, choose another with BROWSER_PORT: %w", err)
	}
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return &standIn{plugin, listener, server}, nil
}

// serve serves until the context of start ends.
func (s *standIn) serve() error {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
