package plugin

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// live tells whether a range ends so late that it is answered with now: later
// than a minute ago, or than two fetches.
func live(over backend.TimeRange, fetch time.Duration) bool {
	return over.To.IsZero() || time.Since(over.To) < max(time.Minute, 2*fetch)
}

// past tells whether the query asks for a time before the present of every
// cluster: of one that does not answer, the present is the last minute.
func past(results []found, over backend.TimeRange) bool {
	for _, result := range results {
		if live(over, result.fetch) {
			return false
		}
	}
	return len(results) > 0
}

// ended answers for a time that nothing remembers: no rows and a notice, or an
// error for an alert rule, which must not take it for all being well.
func ended(alert bool) (frame.Answer, error) {
	const text = "The time range has ended, and there is no history of it: choose a range that ends now."
	if alert {
		return frame.Answer{}, wrong(text)
	}
	return frame.Answer{Notices: []data.Notice{info(text)}}, nil
}
