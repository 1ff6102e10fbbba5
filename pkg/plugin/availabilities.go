package plugin

import (
	"net/url"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// availabilities are those of the clusters of all data sources: saving settings makes
// another instance, and the log is not to say again that a cluster does not answer. It
// is safe for concurrent use.
type availabilities struct {
	mu  sync.Mutex
	all map[availabilityKey]*sharedAvailability
}

// availabilityKey is a cluster of a data source, at its address.
type availabilityKey struct {
	of         memory.DataSource
	name, base string
	// personal is set where each user has credentials of their own.
	personal bool
}

// sharedAvailability is one that instances have in common.
type sharedAvailability struct {
	*collector.Availability
	instances int
}

// known are those of the process.
var known = &availabilities{all: map[availabilityKey]*sharedAvailability{}}

// join finds or makes that of a cluster; leave is called with the end of the instance.
func (a *availabilities) join(key availabilityKey) (of *collector.Availability, leave func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.all[key]
	if found == nil {
		found = &sharedAvailability{Availability: collector.NewAvailability(clusterLogger(key), key.personal)}
		a.all[key] = found
	}
	found.instances++
	return found.Availability, sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if found.instances--; found.instances == 0 {
			delete(a.all, key)
		}
	})
}

// clusterLogger is one whose lines name a cluster: as users do, and by its host.
func clusterLogger(key availabilityKey) log.Logger {
	host := ""
	if address, err := url.Parse(key.base); err == nil {
		host = address.Host
	}
	return log.DefaultLogger.With("cluster", remote.Shortened(key.name), "host", remote.Shortened(host), "dsUid", remote.Shortened(key.of.UID))
}
