// The backend of the Flink Backpressure data source: Grafana starts it and
// talks gRPC to it.
package main

import (
	"io"
	stdlog "log"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

func main() {
	// net/http writes to it what comes unasked on a connection, which quotes answers. Its
	// failures are returned besides.
	stdlog.SetOutput(io.Discard)
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // else GOMEMLIMIT sets one
		debug.SetMemoryLimit(plugin.MemoryLimit)
	}
	ending := plugin.NewEnding()
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		ending.End()
		os.Exit(0)
	}()
	if err := datasource.Manage("flinkscope-flink-datasource", plugin.Factory{Ending: ending}.New, datasource.ManageOpts{}); err != nil {
		log.DefaultLogger.Error("The plugin ended with an error", "error", err)
		os.Exit(1)
	}
}
