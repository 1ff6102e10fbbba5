package memory

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// listing keeps the jobs of a cluster that were not sampled.
type listing struct {
	// known are the times for which the list of jobs is complete.
	known  uptime
	others map[string]other // by id
	// maxGap is the longest time between two lists for which the time between them
	// counts as known.
	maxGap time.Duration
}

// other is a job that was not sampled, and when it was listed.
type other struct {
	name        string
	jobType     job.Type
	first, last time.Duration
}

const (
	// otherBytes is about how much of the heap one takes, beside its name.
	otherBytes = 176
	// maxOthers bounds them: with more, the list is dropped, and Prometheus is always
	// queried.
	maxOthers = 1000
)

func (l *listing) bytes() int {
	bytes := stretchBytes * len(l.known)
	for _, other := range l.others {
		bytes += otherBytes + len(other.name)
	}
	return bytes
}

// add notes the jobs that were not sampled at a time.
func (l *listing) add(at time.Duration, others []job.Info, maxGap time.Duration) {
	l.maxGap = maxGap
	l.known = l.known.add(at, true, maxGap)
	for _, info := range others {
		of, known := l.others[info.ID]
		if !known {
			of = other{name: strings.Clone(info.Plain), jobType: clone(info.Type), first: at}
		}
		of.last = at
		l.others[strings.Clone(info.ID)] = of
	}
	if len(l.others) > maxOthers {
		l.known = nil
		clear(l.others)
	}
}

// dropBefore drops what ended before a position.
func (l *listing) dropBefore(position time.Duration) {
	l.known = l.known.since(position)
	maps.DeleteFunc(l.others, func(_ string, of other) bool { return of.last < position })
}

// complete reports whether all jobs that there were between two positions are known,
// and none of those that were not sampled is wanted. One may have begun since it was
// last looked for, and ended before it was looked for again.
func (l *listing) complete(from, to time.Duration, wanted func(job.Info) bool) bool {
	if !slices.ContainsFunc(l.known, func(s stretch) bool { return s.first-l.maxGap <= from && to <= s.last+l.maxGap }) {
		return false
	}
	for id, of := range l.others {
		if of.first-l.maxGap <= to && from <= of.last+l.maxGap && wanted(job.Info{ID: id, Name: of.name, Plain: of.name, Type: of.jobType}) {
			return false
		}
	}
	return true
}
