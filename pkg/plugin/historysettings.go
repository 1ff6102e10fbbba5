package plugin

import (
	"context"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// historySettings bound the built-in history.
type historySettings struct {
	Retention    string   `json:"retention"`
	MaxMemoryMiB *float64 `json:"maxMemoryMiB"`
	IdleAfter    string   `json:"idleAfter"`

	limits    history.Limits
	idleAfter time.Duration
}

// Defaults and bounds of the history.
const (
	defaultRetention = time.Hour
	leastRetention   = time.Minute
	mostSpan         = 30 * 24 * time.Hour
	defaultMemory    = 64.0 // MiB
	leastMemory      = 1.0
	mostMemory       = 16 * 1024.0
	defaultIdleAfter = time.Hour
	mebibyte         = 1 << 20
)

// read checks the settings and fills in the defaults. So little that nothing
// would be kept is refused: looks would be taken for nothing.
func (h *historySettings) read() (err error) {
	if h.limits.Retention, err = span("history.retention", h.Retention, defaultRetention); err != nil {
		return err
	}
	if h.limits.Retention > 0 && h.limits.Retention < leastRetention {
		return wrong("The setting history.retention is %q: it must be at least %s, or 0s for no history.", short(h.Retention), leastRetention)
	}
	if h.idleAfter, err = span("history.idleAfter", h.IdleAfter, defaultIdleAfter); err != nil {
		return err
	}
	memory := defaultMemory
	if h.MaxMemoryMiB != nil {
		memory = *h.MaxMemoryMiB
	}
	if memory != 0 && !(memory >= leastMemory && memory <= mostMemory) {
		return wrong("The setting history.maxMemoryMiB is %g: it must be between %g and %g, or 0 for no history.", memory, leastMemory, mostMemory)
	}
	h.limits.Bytes = int(memory * mebibyte)
	return nil
}

// span reads a duration between 0 and 30 days.
func span(key, text string, otherwise time.Duration) (time.Duration, error) {
	if text = strings.TrimSpace(text); text == "" {
		return otherwise, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < 0 || length > mostSpan {
		return 0, wrong("The setting %s is %q: it must be a duration such as 1h, at most %s.", key, short(text), mostSpan)
	}
	return length, nil
}

// on tells whether anything is remembered.
func (h historySettings) on() bool { return h.limits.Retention > 0 && h.limits.Bytes > 0 }

// store is where the data source's looks are remembered, for as long as the
// process lives: saving the settings does not lose it.
func (s settings) store(ctx context.Context, source backend.DataSourceInstanceSettings) *history.Store {
	if s.forwards() || !s.History.on() {
		return nil
	}
	of := history.Source{Namespace: backend.PluginConfigFromContext(ctx).Namespace, ID: source.ID, UID: source.UID}
	return history.For(of, s.History.limits, time.Now())
}

// remember has the cluster's looks remembered. The sampling it begins ends
// with the instance.
func (c cluster) remember(idleAfter time.Duration) {
	if c.store != nil {
		c.keeper.Remember(look.Memory{Cluster: c.place(), Store: c.store, IdleAfter: idleAfter})
	}
}

// place names the cluster in the history: at another address are other jobs.
func (c cluster) place() string { return c.name + " at " + c.client.Base() }

// key names a job of the cluster in the history.
func (c cluster) key(jobID string) history.Key { return history.Key{Cluster: c.place(), JobID: jobID} }
