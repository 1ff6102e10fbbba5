package flink_test

import (
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// Flink writes the fetch interval as its configuration file has it.
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
