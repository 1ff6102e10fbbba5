package plugin

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// heard is what came beside Prometheus' answers to one query: what it warned of,
// why it failed, the requests to Flink, whose graph nobody knew, whether more may
// be told soon, and the jobs of the clusters, which it does not know.
type heard struct {
	mu        sync.Mutex
	warnings  []string
	failed    error
	requests  int
	graphless []string
	passing   bool
	rosters   rosters
}

// hearing is the context key of a query's heard.
type hearing struct{}

// heardIn is what the context's query heard; it hears nothing without one.
func heardIn(ctx context.Context) *heard {
	if known, any := ctx.Value(hearing{}).(*heard); any {
		return known
	}
	return &heard{}
}

// warned notes a warning, each once: without it there may be more.
func (h *heard) warned(text string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passing = true
	if !slices.Contains(h.warnings, text) {
		h.warnings = append(h.warnings, text)
	}
}

// unsure notes that more may be told soon.
func (h *heard) unsure() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passing = true
}

// shared notes what was heard beside an answer that several may get: who began
// it has caused its requests.
func (h *heard) shared(beside *heard, began bool) {
	if beside == nil {
		return // there was no answer
	}
	for _, text := range beside.warnings {
		h.warned(text)
	}
	if began {
		h.asked(beside.requests)
	}
}

// asked counts requests to Flink.
func (h *heard) asked(requests int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests += requests
}

// unknown notes a job over time whose graph nobody knew, once.
func (h *heard) unknown(job string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.graphless, job) {
		h.graphless = append(h.graphless, job)
	}
}

// tell puts the warnings to the notices of an answer's first frame, and the
// requests to those of each.
func (h *heard) tell(frames data.Frames) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, each := range frames {
		if custom, told := each.Meta.Custom.(frame.Custom); told {
			custom.Requests += h.requests
			each.Meta.Custom = custom
		}
	}
	if len(h.graphless) > 0 {
		frames[0].AppendNotices(unconnected(slices.Sorted(slices.Values(h.graphless))))
	}
	for _, text := range h.warnings {
		frames[0].AppendNotices(warning("%s", text))
	}
}

func (h *heard) failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
}

// general are the failures that the next request would meet as well.
var general = []prometheus.Kind{
	prometheus.Unreachable, prometheus.TimedOut, prometheus.Refused, prometheus.NotFound, prometheus.Failing,
	prometheus.NotPrometheus, prometheus.NoMetrics,
}

// of notes a general failure, and returns the error as it is.
func (h *heard) of(err error) error {
	var failed *prometheus.Error
	if errors.As(err, &failed) && slices.Contains(general, failed.Kind) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.failed = err
	}
	return err
}
