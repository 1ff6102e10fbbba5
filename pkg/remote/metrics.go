package remote

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The metrics of the plugin's own requests, which Grafana serves with the plugin's
// others: see docs/observability.md. They take the place of the SDK's for data sources,
// which are made anew, with all that they check, at each request: a quarter of what a
// poll costs.
var (
	requestsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: "flinkscope", Name: "requests_total",
		Help: "Requests to Flink and Prometheus, by HTTP status; \"error\" if there was no answer, \"canceled\" if its caller went away.",
	}, []string{"system", "path", "code"})
	requestSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "flinkscope", Name: "request_duration_seconds",
		Help:    "How long requests to Flink and Prometheus took until the answer began, without the wait for their turn.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"system", "path"})
	cacheReads = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: "flinkscope", Name: "cache_reads_total",
		Help: "Reads of what is kept of answers: a hit needed no request, one that is shared waited for another's, and a miss began requests.",
	}, []string{"cache", "result"})
)

// CacheReads count the reads of one cache.
type CacheReads struct {
	// Hit was kept; Shared was being requested for another reader, and Missed was
	// requested for this one.
	Hit, Shared, Missed prometheus.Counter
}

// NewCacheReads counts the reads of the cache of that name, which is to be a constant.
func NewCacheReads(cache string) CacheReads {
	return CacheReads{cacheReads.WithLabelValues(cache, "hit"), cacheReads.WithLabelValues(cache, "shared"), cacheReads.WithLabelValues(cache, "miss")}
}

// Endpoint is a path of a system's API as a template, such as /jobs/{job}: the metrics
// of its requests have that for their label, so that there are as many as endpoints,
// whatever ids and names are requested.
type Endpoint struct {
	requests *prometheus.CounterVec
	seconds  prometheus.Observer
}

// NewEndpoint returns the endpoint of a template, which is to be a constant.
func NewEndpoint(system System, template string) *Endpoint {
	return &Endpoint{
		requestsTotal.MustCurryWith(prometheus.Labels{"system": system.String(), "path": template}),
		requestSeconds.WithLabelValues(system.String(), template),
	}
}

// others count the requests whose endpoint is not given.
var others = map[System]*Endpoint{Flink: NewEndpoint(Flink, "other"), Prometheus: NewEndpoint(Prometheus, "other")}

// endpointKey is the context's key of an [Endpoint].
type endpointKey struct{}

// With has the requests of the context counted as the endpoint's.
func (e *Endpoint) With(ctx context.Context) context.Context {
	return context.WithValue(ctx, endpointKey{}, e)
}

// counted counts and times the requests to a system, each by its endpoint.
func counted(system System) httpclient.MiddlewareFunc {
	return func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			of, given := request.Context().Value(endpointKey{}).(*Endpoint)
			if !given {
				of = others[system]
			}
			begun := time.Now()
			answer, err := next.RoundTrip(request)
			of.seconds.Observe(time.Since(begun).Seconds())
			of.requests.WithLabelValues(codeOf(answer, err)).Inc()
			return answer, err
		})
	}
}

// codeOf is what became of a request: a status that HTTP has, or else its class, as a
// server may answer with any three digits.
func codeOf(answer *http.Response, err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case err != nil:
		return "error"
	case http.StatusText(answer.StatusCode) == "":
		return strconv.Itoa(answer.StatusCode/100) + "xx"
	default:
		return strconv.Itoa(answer.StatusCode)
	}
}

// isDataSourceMetrics reports whether a middleware is the SDK's for metrics of data
// sources.
func isDataSourceMetrics(middleware httpclient.Middleware) bool {
	named, ok := middleware.(httpclient.MiddlewareName)
	return ok && named.MiddlewareName() == httpclient.DataSourceMetricsMiddlewareName
}
