package prometheus_test

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"
)

// apply evaluates a function of PromQL over the samples of a window.
func apply(function string, samples []sample, end, width float64) (value float64, any bool) {
	within := between(samples, end-width, end)
	switch {
	case len(within) == 0 || function == "delta" && len(within) < 2:
		return 0, false
	case function == "count_over_time":
		return float64(len(within)), true
	case function == "delta":
		return delta(within, end-width, end), true
	case function == "max_over_time":
		return slices.MaxFunc(within, func(a, b sample) int { return cmp.Compare(a.value, b.value) }).value, true
	}
	sum := 0.0
	for _, s := range within {
		sum += s.value
	}
	return sum / float64(len(within)), true
}

// delta extrapolates to the ends of the window where samples come near enough,
// as Prometheus does.
func delta(samples []sample, start, end float64) float64 {
	first, last := samples[0], samples[len(samples)-1]
	sampled := unix(last.at) - unix(first.at)
	interval := sampled / float64(len(samples)-1)
	reach := func(gap float64) float64 {
		if gap >= 1.1*interval {
			return interval / 2
		}
		return gap
	}
	covered := sampled + reach(unix(first.at)-start) + reach(end-unix(last.at))
	return (last.value - first.value) * covered / sampled
}

// between are the samples of a window, which has its end but not its beginning.
func between(samples []sample, start, end float64) []sample {
	after := func(limit float64) int {
		at, _ := slices.BinarySearchFunc(samples, limit, func(s sample, limit float64) int {
			if unix(s.at) <= limit {
				return -1
			}
			return 1
		})
		return at
	}
	return samples[after(start):max(after(start), after(end))]
}

func unix(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

func millis(text []string) int64 { return int64(math.Round(1000 * seconds(text))) }

func seconds(text []string) float64 {
	value, _ := strconv.ParseFloat(text[0], 64)
	return value
}
