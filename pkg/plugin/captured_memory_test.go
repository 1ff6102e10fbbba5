//go:build !race

package plugin_test

import (
	"context"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/harcapture"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A query whose requests Grafana captures begins sampling, which it does not capture: the
// capture stays as long as it was, and so does what is in use.
func TestMemoryAfterACapturedQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLabWith(t, map[string]any{"history": map[string]any{"idleAfter": "2h", "retention": "10m"}}, sim.HeldBack("orders", 10, 4, 2))
		l.Fetch = 10 * time.Second
		buffer := harcapture.NewBuffer()
		capture := httpclient.NamedMiddlewareFunc("sdk-har-capture", func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
			return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
				body, cut := buffer.DrainRequestBody(request)
				response, err := next.RoundTrip(request)
				buffer.AddEntry(request, body, cut, response, err, time.Now(), 0)
				return response, err
			})
		})
		ctx, cancel := context.WithCancel(httpclient.WithContextualMiddleware(l.ctx, capture))
		firstFrame(t, send(ctx, t, l, `{"queryType": "tasks"}`), "A")
		cancel()
		captured := buffer.Len()
		time.Sleep(20 * time.Minute) // the history has all that it keeps
		before := inUse()
		time.Sleep(time.Hour)
		grown := inUse() - before
		t.Logf("%d requests captured, %d KiB more in use after an hour of sampling", captured, grown>>10)
		if captured == 0 || buffer.Len() != captured || grown > 1<<20 {
			t.Errorf("%d requests were captured, then %d, and %d bytes more are in use", captured, buffer.Len(), grown)
		}
		runtime.KeepAlive(buffer)
	})
}

// inUse is how much memory is in use, in bytes.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
