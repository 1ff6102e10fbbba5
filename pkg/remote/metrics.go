package remote

import (
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The metrics of the plugin's own requests, which Grafana serves with the plugin's
// others. They take the place of the SDK's for data sources, which are made anew,
// with all that they check, at each request: a quarter of what a poll costs.
var (
	requestsTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: "flinkscope", Name: "requests_total",
		Help: "Requests to Flink and Prometheus, by HTTP status; \"error\" if there was no answer.",
	}, []string{"system", "code"})
	requestSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "flinkscope", Name: "request_duration_seconds",
		Help:    "How long requests to Flink and Prometheus took until the answer began.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"system"})
)

// counted counts and times the requests to a system.
func counted(system System) httpclient.MiddlewareFunc {
	seconds, requests := requestSeconds.WithLabelValues(system.String()), requestsTotal.MustCurryWith(prometheus.Labels{"system": system.String()})
	return func(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
			begun := time.Now()
			answer, err := next.RoundTrip(request)
			seconds.Observe(time.Since(begun).Seconds())
			code := "error"
			if err == nil {
				code = strconv.Itoa(answer.StatusCode)
			}
			requests.WithLabelValues(code).Inc()
			return answer, err
		})
	}
}

// isDataSourceMetrics reports whether a middleware is the SDK's for metrics of data
// sources.
func isDataSourceMetrics(middleware httpclient.Middleware) bool {
	named, ok := middleware.(httpclient.MiddlewareName)
	return ok && named.MiddlewareName() == httpclient.DataSourceMetricsMiddlewareName
}
