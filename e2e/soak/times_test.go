//go:build bench

package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// times are how long queries took, by name, and those that failed. It is safe for
// concurrent use.
type times struct {
	mu     sync.Mutex
	took   map[string][]time.Duration
	bytes  map[string]int
	failed []error
	late   int // refreshes that began before the one before had ended
}

func newTimes() *times { return &times{took: map[string][]time.Duration{}, bytes: map[string]int{}} }

// add adds a query.
func (s *times) add(name string, took time.Duration, bytes int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.took[name] = append(s.took[name], took)
	s.bytes[name] += bytes
	if err != nil {
		s.failed = append(s.failed, err)
	}
}

// skip counts a refresh that was late.
func (s *times) skip() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late++
}

// all are those of all queries.
func (s *times) all() []time.Duration {
	return slices.Concat(slices.Collect(maps.Values(s.took))...)
}

// share is the time within which that share of the queries was answered.
func share(of []time.Duration, share float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// table is a row for each name and one for all, in Markdown.
func (s *times) table() string {
	var text strings.Builder
	text.WriteString("| query | answers | KB each | p50 | p99 | longest |\n|---|---|---|---|---|---|\n")
	row := func(name string, took []time.Duration, bytes int) {
		fmt.Fprintf(&text, "| %s | %d | %.1f | %s | %s | %s |\n", name, len(took), float64(bytes)/1000/float64(max(len(took), 1)), rounded(share(took, 0.5)), rounded(share(took, 0.99)), rounded(share(took, 1)))
	}
	sum := 0
	for _, name := range slices.Sorted(maps.Keys(s.took)) {
		row(name, s.took[name], s.bytes[name])
		sum += s.bytes[name]
	}
	row("all", s.all(), sum)
	return text.String()
}

// rounded is a time in milliseconds with about three digits.
func rounded(d time.Duration) string {
	if d < 100*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}
