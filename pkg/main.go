// The backend of the Flink Backpressure data source: Grafana starts it and
// talks gRPC to it.
package main

import (
	"math"
	"os"
	"runtime/debug"

	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

func main() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // else GOMEMLIMIT sets one
		debug.SetMemoryLimit(plugin.MemoryLimit)
	}
	if err := datasource.Manage("flinkscope-flink-datasource", plugin.New, datasource.ManageOpts{}); err != nil {
		log.DefaultLogger.Error("The plugin ended with an error", "error", err)
		os.Exit(1)
	}
}
