package memory

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// minSpan and spans bound how much of the retention a segment may last, so
	// that what is dropped at once is little.
	minSpan = 10 * time.Minute
	spans   = 4
)

// series is what is kept of one job over time.
type series struct {
	store    *Store
	key      jobKey
	segments []*segment // none is empty
	jobType  job.Type   // the last one known
	// taskManagers are those that it ran on when that was last known: when a job
	// has ended its subtasks run nowhere. They are replaced, never changed.
	taskManagers []string
}

// current is the segment that samples are added to, nil if there is none yet.
func (s *series) current() *segment {
	if len(s.segments) == 0 {
		return nil
	}
	return s.segments[len(s.segments)-1]
}

// add adds a sample, unless it is not newer than the last one, or repeats it.
func (s *series) add(of *sample, at time.Duration) (kept bool) {
	var before shared
	current := s.current()
	if current != nil {
		if at <= current.last().at {
			return false
		}
		before = shared{current.last().facts, current.rosters(len(current.heads) - 1)}
	}
	next := before.next(of)
	head, added := newHead(of, at, next.facts), next.bytes(before)
	fits := current != nil && next.sameTasks(before)
	if fits && added == 0 && current.repeats(head, of.cells, of.lags) {
		return false
	}
	if !fits || current.full() || at-current.first() > max(minSpan, s.store.limits.Retention/spans) {
		current = s.begin(of, next.bytes(shared{})-added)
	}
	current.add(head, of.cells, of.lags, next.rosters)
	current.count(added)
	if next.facts.Job.Type != "" {
		s.jobType = next.facts.Job.Type
	}
	if added > 0 {
		s.setTaskManagers(next.rosters)
	}
	return true
}

// begin begins a segment, which shares so many bytes with the one before. They are
// counted here from now on: so they still are when the one before is dropped.
func (s *series) begin(of *sample, bytes int) *segment {
	before := s.current()
	segment := newSegment(s, of.Graph.Tasks, len(of.cells), before)
	if before != nil {
		before.clip()
		before.count(-bytes)
		segment.count(bytes)
	}
	s.segments = append(s.segments, segment)
	s.store.segments = append(s.store.segments, segment)
	return segment
}

// setTaskManagers notes those that the job runs on, if it is known to run on any.
func (s *series) setTaskManagers(rosters []*roster) {
	seen := map[string]bool{}
	for _, roster := range rosters {
		for _, subtask := range roster.subtasks {
			seen[subtask.texts.Value().taskManager] = true
		}
	}
	delete(seen, "")
	if len(seen) > 0 {
		s.taskManagers = slices.Clip(slices.Sorted(maps.Keys(seen)))
	}
}

// during are the segments that may have samples between two positions, both
// included. Where there are several, each has some.
func (s *series) during(from, to time.Duration) []*segment {
	first := sort.Search(len(s.segments), func(i int) bool { return s.segments[i].last().at >= from })
	end := sort.Search(len(s.segments), func(i int) bool { return s.segments[i].first() > to })
	return s.segments[first:max(first, end)]
}

// rows are the samples between two positions, to be read without a lock.
func (s *series) rows(from, to time.Duration, clock clock) (all []rows) {
	for _, segment := range s.during(from, to) {
		if rows := segment.rows(from, to, clock); rows.from < rows.end {
			all = append(all, rows)
		}
	}
	return all
}

// newest are rows that end with the newest sample at or before a position; found
// is false if that is older than its max gap.
func (s *series) newest(position time.Duration, clock clock) (newest rows, found bool) {
	segments := s.during(math.MinInt64, position)
	if len(segments) == 0 {
		return newest, false
	}
	newest = segments[len(segments)-1].rows(math.MinInt64, position, clock)
	head := newest.heads[newest.end-1]
	return newest, position-head.at <= head.facts.maxGap
}

// job is the job as it was last between two positions; found is false where it was
// not sampled.
func (s *series) job(from, to time.Duration, clock clock) (of history.Job, found bool) {
	all := s.rows(from, to, clock)
	if len(all) == 0 {
		return of, false
	}
	first, last := all[0], all[len(all)-1]
	begin, end := first.heads[first.from], last.heads[last.end-1]
	of = history.Job{
		ID: s.key.id, Type: s.jobType, First: clock.time(begin.at), Last: clock.time(end.at),
		Graph: end.facts.Graph, TaskManagers: s.taskManagers,
	}
	of.Name, of.Names = namesIn(all)
	return of, true
}

// namesIn are the last name that a job ran with in some rows, and all that it had
// if there are others. One that it has when it has ended may have the number by
// which Flink's list of jobs is distinct.
func namesIn(all []rows) (name string, names []string) {
	var last *facts
	for _, rows := range all {
		for _, head := range rows.heads[rows.from:rows.end] {
			if head.facts == last {
				continue
			}
			last = head.facts
			if !last.Job.State.Ending() {
				name = last.Job.Name
			}
			if at := slices.Index(names, last.Job.Name); at >= 0 {
				names = slices.Delete(names, at, at+1)
			}
			names = append(names, last.Job.Name)
		}
	}
	name = cmp.Or(name, last.Job.Plain, last.Job.Name)
	if len(names) == 1 && names[0] == name {
		names = nil
	}
	return name, names
}

// covers reports whether samples follow each other all through the time between
// two positions.
func (s *series) covers(from, to time.Duration) bool {
	due, begun := from, false // due is when there must be another sample
	for _, rows := range s.rows(from, to, clock{}) {
		for _, head := range rows.heads[rows.from:rows.end] {
			if !begun {
				due += head.facts.maxGap
			}
			if head.at > due {
				return false
			}
			due, begun = head.at+head.facts.maxGap, true
		}
	}
	return begun && due >= to
}
