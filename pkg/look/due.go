package look

import "time"

// due lists the jobs that are to be looked at, else tells when the next one
// will be. Where no job is wanted the sampling ends.
func (k *Keeper) due(now time.Time) (next time.Time, due []*watch, wanted bool) {
	every := k.pace()
	next = now.Add(every)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, watched := range k.watched {
		if !k.sampled(watched, now) {
			continue
		}
		wanted = true
		at := k.dueAt(watched, every)
		if watched.looking { // the next look comes after that
			at = later(at, now.Add(leastPace))
		}
		if !at.After(now) {
			watched.tried = now
			due = append(due, watched)
		} else if at.Before(next) {
			next = at
		}
	}
	if !wanted {
		k.stop, k.ended = nil, nil
	}
	return next, due, wanted
}

// dueAt is when a job is to be looked at: as soon as the metrics can be fetched
// anew, or have been since the last look; a look before that brings nothing. One
// that is missing is tried more seldom, until somebody has found it.
func (k *Keeper) dueAt(watched *watch, every time.Duration) time.Time {
	looked := watched.load.when()
	if watched.missed.After(looked) {
		return watched.missed.Add(max(missing, every))
	}
	if looked.IsZero() {
		looked = watched.wanted // whoever asked takes the first look
		return later(looked, watched.tried).Add(every)
	}
	at := k.fetch.next(every)
	if arrived := k.fetch.arrived(); looked.Before(arrived) {
		at = arrived
	}
	return later(at, watched.tried.Add(every*9/10))
}

const (
	// unknownPace is Flink's default, until the cluster has told its own.
	unknownPace = 10 * time.Second
	// leastPace bounds what a cluster that fetches all the time costs.
	leastPace = time.Second
)

// pace is how often jobs are sampled: as often as metrics are fetched; where
// that is off, often enough to see what runs.
func (k *Keeper) pace() time.Duration {
	switch cluster := k.cluster.last(); {
	case cluster.Version == "":
		return unknownPace
	case cluster.Fetch == 0:
		return clusterAge
	default:
		return max(cluster.Fetch, leastPace)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
