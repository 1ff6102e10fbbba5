package memory

import (
	"cmp"
	"slices"
	"time"
	"unsafe"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// journal is what is kept of a job beside its samples: its checkpoints that have
// ended, what befell it, and how its checkpoints went over time. Flink itself
// remembers the last few.
type journal struct {
	info        job.Info         // as it was last known, without what changes all the time
	checkpoints []job.Checkpoint // by when they were triggered
	incidents   []job.Incident   // by when they were
	states      []checkpointState
}

// checkpointState is how well checkpoints went over some time.
type checkpointState struct {
	first, last time.Duration // positions on the clock
	maxGap      time.Duration // for how long after last it holds
	job.CheckpointState
}

const (
	// maxEntries bounds each of a journal's lists, and with that how long it takes to
	// find the oldest.
	maxEntries = 4096
	// What things take of the heap, beside texts.
	journalBytes    = 256
	checkpointBytes = int(unsafe.Sizeof(job.Checkpoint{})) + int(unsafe.Sizeof(job.CheckpointDetails{}))
	incidentBytes   = int(unsafe.Sizeof(job.Incident{}))
	stateBytes      = int(unsafe.Sizeof(checkpointState{}))
)

// bytes is about how much of the heap the journal takes.
func (j *journal) bytes() int {
	bytes := journalBytes + len(j.info.ID) + len(j.info.Name) + len(j.info.Plain) + checkpointBytes*cap(j.checkpoints) + incidentBytes*cap(j.incidents) + stateBytes*cap(j.states)
	for i := range j.checkpoints {
		bytes += len(j.checkpoints[i].Failure)
	}
	for i := range j.incidents {
		of := &j.incidents[i]
		bytes += len(of.Text) + len(of.Stack) + len(of.Task) + len(of.Host) + len(of.TaskManager)
		for _, label := range of.Labels {
			bytes += int(unsafe.Sizeof(label)) + len(label)
		}
	}
	return bytes
}

// addCheckpoint adds one that has ended, unless it is there; details that were not are
// added.
func (j *journal) addCheckpoint(of job.Checkpoint) {
	at, found := slices.BinarySearchFunc(j.checkpoints, of, func(a, b job.Checkpoint) int {
		return cmp.Or(a.Triggered.Compare(b.Triggered), cmp.Compare(a.ID, b.ID))
	})
	switch {
	case !found:
		j.checkpoints = slices.Insert(j.checkpoints, at, of)
	case of.Details != nil:
		j.checkpoints[at].Details = of.Details
	}
}

// addIncident adds one, unless it is there. A rescaling takes the place of the restart
// by which it was first seen.
func (j *journal) addIncident(of job.Incident) {
	if of.What == job.Rescale {
		j.incidents = slices.DeleteFunc(j.incidents, func(each job.Incident) bool { return each.What == job.Restart && each.At.Equal(of.At) })
	}
	at, found := slices.BinarySearchFunc(j.incidents, of, func(a, b job.Incident) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.What, b.What), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Subtask, b.Subtask))
	})
	if !found {
		j.incidents = slices.Insert(j.incidents, at, of)
	}
}

// addState notes how checkpoints went up to a position.
func (j *journal) addState(of job.CheckpointState, at, maxGap time.Duration) {
	if last := len(j.states) - 1; last >= 0 {
		before := &j.states[last]
		if at <= before.last {
			return
		}
		if before.CheckpointState == of && at-before.last <= maxGap {
			before.last, before.maxGap = at, maxGap
			return
		}
	}
	j.states = append(j.states, checkpointState{at, at, maxGap, of})
}

// state is how checkpoints had gone by a position; known is false where that was not
// read.
func (j *journal) state(at time.Duration) (of job.CheckpointState, known bool) {
	if j == nil {
		return of, false
	}
	after, found := slices.BinarySearchFunc(j.states, at, func(s checkpointState, at time.Duration) int { return cmp.Compare(s.first, at) })
	if found {
		return j.states[after].CheckpointState, true
	}
	if after == 0 {
		return of, false
	}
	before := j.states[after-1]
	return before.CheckpointState, at-before.last <= before.maxGap
}

// first is when the oldest entry was, by a clock; some is false where there is none.
func (j *journal) first(by clock) (first time.Duration, some bool) {
	consider := func(at time.Duration) {
		if !some || at < first {
			first, some = at, true
		}
	}
	if len(j.checkpoints) > 0 {
		consider(by.position(j.checkpoints[0].Triggered))
	}
	if len(j.incidents) > 0 {
		consider(by.position(j.incidents[0].At))
	}
	if len(j.states) > 0 {
		consider(j.states[0].first)
	}
	return first, some
}

// dropBefore drops what ended before a position.
func (j *journal) dropBefore(position time.Duration, by clock) {
	before := by.time(position)
	j.checkpoints = without(j.checkpoints, func(of job.Checkpoint) bool { return of.Ended.Before(before) })
	j.incidents = without(j.incidents, func(of job.Incident) bool { return of.At.Before(before) })
	j.states = without(j.states, func(of checkpointState) bool { return of.last < position })
}

// bound drops the oldest entries of each list that is too long.
func (j *journal) bound() {
	j.checkpoints = newest(j.checkpoints, maxEntries)
	j.incidents = newest(j.incidents, maxEntries)
	j.states = newest(j.states, maxEntries)
}

// dropOldest drops the oldest quarter of each list, at least one entry.
func (j *journal) dropOldest() {
	j.checkpoints = newest(j.checkpoints, len(j.checkpoints)*3/4)
	j.incidents = newest(j.incidents, len(j.incidents)*3/4)
	j.states = newest(j.states, len(j.states)*3/4)
}

// without leaves out the first entries as long as they are unwanted.
func without[T any](list []T, unwanted func(T) bool) []T {
	kept := slices.IndexFunc(list, func(of T) bool { return !unwanted(of) })
	if kept < 0 {
		kept = len(list)
	}
	return newest(list, len(list)-kept)
}

// newest is the last so many, in an array of their own: the others are given back.
func newest[T any](list []T, most int) []T {
	if len(list) <= most {
		return list
	}
	return append([]T(nil), list[len(list)-most:]...)
}

// changeJournal changes what is kept of a job beside its samples.
func (s *Store) changeJournal(key jobKey, change func(*journal)) {
	of := s.journals[key]
	if of == nil {
		of = &journal{}
		s.journals[key] = of
	} else {
		s.bytes -= of.bytes()
	}
	change(of)
	if _, some := of.first(s.pool.clock); !some {
		delete(s.journals, key)
		return
	}
	s.bytes += of.bytes()
}

// oldestJournal is the one with the oldest entry of all jobs.
func (s *Store) oldestJournal() (oldest jobKey, at time.Duration, some bool) {
	for key, of := range s.journals {
		if first, has := of.first(s.pool.clock); has && (!some || first < at) {
			oldest, at, some = key, first, true
		}
	}
	return oldest, at, some
}

// journal changes a job's journal at a time, and drops what is too much.
func (c *Cluster) journal(info job.Info, now time.Time, change func(of *journal, at time.Duration)) {
	c.write(now, func(store *Store, at time.Duration) {
		store.changeJournal(jobKey{c.place, info.ID}, func(of *journal) {
			of.info = job.Info{ID: info.ID, Name: info.Name, Plain: info.Plain, Type: info.Type, Start: info.Start}
			change(of, at)
			of.dropBefore(at-store.limits.Retention, store.pool.clock)
			of.bound()
		})
		store.bound()
		store.pool.bound()
	})
}

// AddCheckpoints keeps the checkpoints of a job that have ended, and how they went.
// maxGap is how long after they were read the next time may be that follows it.
func (c *Cluster) AddCheckpoints(info job.Info, read job.Checkpoints, maxGap time.Duration) {
	c.journal(info, read.At, func(of *journal, at time.Duration) {
		of.addState(read.CheckpointState, at, maxGap)
		for _, each := range read.Recent {
			if each.Status.Ended() {
				of.addCheckpoint(each)
			}
		}
	})
}

// AddIncidents keeps what befell a job.
func (c *Cluster) AddIncidents(info job.Info, now time.Time, incidents ...job.Incident) {
	c.journal(info, now, func(of *journal, _ time.Duration) {
		for _, each := range incidents {
			of.addIncident(each)
		}
	})
}

// readJournal calls do with a job's journal, if there is one.
func (c *Cluster) readJournal(jobID string, do func(*journal)) {
	c.read(func(store *Store, _ clock) {
		if of := store.journals[jobKey{c.place, jobID}]; of != nil {
			do(of)
		}
	})
}

// Checkpoints are those of a job that were under way in the range and have ended, newest
// first.
func (c *Cluster) Checkpoints(jobID string, over history.Range) (found []job.Checkpoint) {
	c.readJournal(jobID, func(of *journal) {
		for _, each := range slices.Backward(of.checkpoints) {
			if !each.Ended.Before(over.From) && !each.Triggered.After(over.To) {
				found = append(found, each)
			}
		}
	})
	return found
}

// Incidents are what befell a job in the range, newest first.
func (c *Cluster) Incidents(jobID string, over history.Range) (found []job.Incident) {
	c.readJournal(jobID, func(of *journal) {
		for _, each := range slices.Backward(of.incidents) {
			if over.Contains(each.At) {
				found = append(found, each)
			}
		}
	})
	return found
}

// AddDetails adds the details of a checkpoint that is kept.
func (c *Cluster) AddDetails(info job.Info, now time.Time, of job.Checkpoint) {
	c.journal(info, now, func(journal *journal, _ time.Duration) { journal.addCheckpoint(of) })
}

// Journaled are the jobs of which something is kept beside samples, by when they
// started.
func (c *Cluster) Journaled() (jobs []job.Info) {
	c.read(func(store *Store, _ clock) {
		for key, of := range store.journals {
			if key.cluster == c.place {
				jobs = append(jobs, of.info)
			}
		}
	})
	slices.SortFunc(jobs, func(a, b job.Info) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	return jobs
}

// addFigures sets the figures of a job's checkpoints in some of its summaries.
func (c *Cluster) addFigures(jobID string, all []rows, summaries []diagnosis.JobSummary) {
	c.readJournal(jobID, func(of *journal) {
		n := 0
		for _, rows := range all {
			for _, head := range rows.heads[rows.from:rows.end] {
				if state, known := of.state(head.at); known {
					summaries[n].Figures.SetCheckpoints(state, head.facts.Job.Start, rows.clock.time(head.at))
				}
				n++
			}
		}
	})
}
