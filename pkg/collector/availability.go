package collector

import (
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// Availability is whether a cluster answers requests for its list of jobs. All
// collectors of a cluster for one data source have it in common, those of other users
// and of earlier settings too, so that each change is one line of the log. It is safe
// for concurrent use.
type Availability struct {
	logger log.Logger // nil for none
	// personal is set where each user has credentials of their own.
	personal bool

	mu          sync.Mutex
	known, down bool
}

// NewAvailability returns that of a cluster that is taken to answer until it does not.
// The logger, nil for none, gets a line when the cluster stops answering, and when it
// answers again; it is to have the identifiers of the cluster. Where users have
// credentials of their own (personal), that one of them is refused shows nothing of the
// cluster.
func NewAvailability(logger log.Logger, personal bool) *Availability {
	return &Availability{logger: logger, personal: personal}
}

// note keeps what a request showed.
func (a *Availability) note(err error) {
	if a.personal && remote.IsKind(err, remote.Refused) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock() // the lines are in the order of the changes
	changed := a.down != (err != nil)
	a.known, a.down = true, err != nil
	switch {
	case a.logger == nil || !changed:
	case err != nil:
		a.logger.Warn("The Flink cluster does not answer", "error", err)
	default:
		a.logger.Info("The Flink cluster answers again")
	}
}

// state is whether it is known, and that the cluster did not answer the last request
// for its jobs.
func (a *Availability) state() (known, down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.known, a.down
}
