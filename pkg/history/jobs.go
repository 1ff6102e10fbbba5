package history

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Jobs lists the jobs that were looked at in the span, by the cluster's name
// and by when they were first seen in it. The error is the context's.
func (s *Store) Jobs(ctx context.Context, over Span) ([]Job, error) {
	var jobs []Job
	for _, seen := range s.seen(over) {
		if job, found := seen.job(); found {
			jobs = append(jobs, job)
		}
	}
	slices.SortFunc(jobs, func(a, b Job) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), a.First.Compare(b.First), cmp.Compare(a.JobID, b.JobID))
	})
	return jobs, ctx.Err()
}

// Oldest is the time of the oldest look kept of a cluster, and whether there is
// any: nothing of it reaches back further.
func (s *Store) Oldest(cluster string) (at time.Time, found bool) {
	for _, seen := range s.seen(Span{To: lastTime}) {
		if seen.key.Cluster != cluster {
			continue
		}
		if first, _, _ := seen.ends(); first != 0 && (!found || time.Unix(0, first).Before(at)) {
			at, found = time.Unix(0, first), true
		}
	}
	return at, found
}

// TypeOf is the type of a job, empty if nothing tells it.
func (s *Store) TypeOf(of Key) job.Type {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.jobs[of]; known != nil {
		return known.kind
	}
	return ""
}

// seen is what is remembered of a job in a span.
type seen struct {
	key      Key
	blocks   []kept
	from, to int64
}

func (s *Store) seen(over Span) (all []seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, to := s.bounds(over)
	for key, of := range s.jobs {
		if blocks := of.ends(from, to); len(blocks) > 0 {
			all = append(all, seen{key, blocks, from, to})
		}
	}
	return all
}

// ends are the first and the last block of a span.
func (r *remembered) ends(from, to int64) []kept {
	blocks := r.during(from, to)
	if len(blocks) > 2 {
		blocks = []kept{blocks[0], blocks[len(blocks)-1]}
	}
	return blocks
}

// job tells what the job was called last in the span, and when it was first and
// last looked at.
func (s seen) job() (job Job, found bool) {
	first, last, in := s.ends()
	if in == nil {
		return job, false
	}
	return Job{Key: s.key, Name: in.head().nameAt(in, last), First: time.Unix(0, first), Last: time.Unix(0, last)}, true
}

// ends are the times of the first and last look of the span, and the block of
// the last, nil if there is none. Only a block that the span cuts is read for it.
func (s seen) ends() (first, last int64, in kept) {
	for _, block := range s.blocks {
		for _, at := range block.head().looksWithin(block, s.from, s.to) {
			if first == 0 {
				first = at
			}
			last, in = at, block
		}
	}
	return first, last, in
}

// nameAt is the job's name in the look of that time.
func (b *block) nameAt(in kept, at int64) string {
	jobs := replay{layout: &jobLayout, written: in.jobTable(), wanted: only(jobAt, jobName)}
	for range b.looks {
		if values := jobs.next(0); values[jobAt] >= at {
			return b.word(values[jobName])
		}
	}
	return ""
}

// looksWithin are the times of the first and last look of a span.
func (b *block) looksWithin(in kept, from, to int64) (ends []int64) {
	if b.first >= from && b.last <= to {
		return []int64{b.first, b.last}
	}
	jobs := replay{layout: &jobLayout, written: in.jobTable(), wanted: only(jobAt)}
	for range b.looks {
		if at := jobs.next(0)[jobAt]; at >= from && at <= to {
			ends = append(ends, at)
		}
	}
	return ends
}
