package collector

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// minSampling bounds what a cluster that fetches all the time costs.
	minSampling = time.Second
	// retryMissing is how often a job is tried that the cluster does not list:
	// a JobManager that fails over lists it again after a while.
	retryMissing = time.Minute
)

// sampler polls, once per metric fetch, every job that was queried recently. It runs in a context of its own: that of a
// query carries who asked, and ends its traces.
type sampler struct {
	collector *Collector
	// Collector.mu guards these.
	closed bool
	stop   context.CancelFunc // nil while nothing is sampled
	ended  <-chan struct{}
	// listing is the list of jobs after polls had failed.
	listing shared[jobListing]
	// unread is set while what belongs to the cluster cannot be read. Only run uses it.
	unread bool
}

// samplerState is what the sampler keeps of a job.
type samplerState struct {
	info job.Info
	// wanted is when somebody last asked for the load, and moreWanted for what costs
	// a request more; tried when the job was last polled, missed when the cluster then
	// had no such job.
	wanted, tried, missed time.Time
	due                   time.Time // when the poll was due that began last
	moreWanted            [extras]time.Time
	polling               bool // the sampler's poll is under way
}

// extra is what is read of a job beside its load once somebody has asked for it: one
// request more per poll for each.
type extra int

const (
	ofRestarts extra = iota
	ofCheckpoints
	ofExceptions
	ofLags     // how far behind tasks are, which the poll itself reads
	extras int = iota
)

// jobListing is the list of jobs, or why there was none.
type jobListing struct {
	jobs []job.Info
	err  error
}

// on reports whether there is a history to fill.
func (s *sampler) on() bool {
	return s.collector.options.History != nil && s.collector.options.IdleAfter > 0
}

// want notes that a query needs the job, and begins to sample.
func (s *sampler) want(tracked *trackedJob, info job.Info) {
	s.collector.mu.Lock()
	defer s.collector.mu.Unlock()
	tracked.sampled.info, tracked.sampled.wanted = info, time.Now()
	if !s.on() || s.closed || s.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	s.stop, s.ended = stop, ended
	go func() {
		defer close(ended)
		defer stop()
		s.run(ctx)
	}()
}

// wantMore notes that a query needs more of the job than its load.
func (s *sampler) wantMore(tracked *trackedJob, more extra) {
	s.locked(func() { tracked.sampled.moreWanted[more] = time.Now() })
}

// lagsWanted reports whether a poll requests that: for those who asked lately, so that
// the history has it.
func (s *sampler) lagsWanted(tracked *trackedJob) (wanted bool) {
	s.locked(func() {
		asked := tracked.sampled.moreWanted[ofLags]
		wanted = !asked.IsZero() && time.Since(asked) <= max(s.collector.options.IdleAfter, time.Minute)
	})
	return wanted
}

// close ends the sampling, and returns when it has ended.
func (s *sampler) close() {
	s.collector.mu.Lock()
	s.closed = true
	stop, ended := s.stop, s.ended
	s.collector.mu.Unlock()
	if stop != nil {
		stop()
		<-ended
	}
}

// sampled reports whether the job is still sampled. The caller holds
// Collector.mu.
func (s *sampler) sampled(tracked *trackedJob, now time.Time) bool {
	return tracked.sampled.polling || s.on() && now.Sub(tracked.sampled.wanted) <= s.collector.options.IdleAfter
}

// run polls each job that is wanted once a fetch, unless somebody else does; one
// that failed is tried again. One job does not wait for another, unless all
// slots are taken.
func (s *sampler) run(ctx context.Context) {
	var polls errgroup.Group
	polls.SetLimit(s.collector.client.Concurrency())
	for ctx.Err() == nil {
		next, due, wanted := s.due(time.Now())
		switch {
		case !wanted:
			return // no poll is under way
		case len(due) > 0:
			s.pollAll(ctx, &polls, due)
		default:
			_ = until(ctx, next)
		}
	}
	_ = polls.Wait() // no poll returns an error
}

// every is how often jobs are sampled: as often as metrics are fetched; where
// that is off, often enough to list what runs.
func (s *sampler) every() time.Duration {
	interval, known := s.collector.Interval()
	if known && interval.Fetch == 0 {
		return clusterAge
	}
	return max(interval.Fetch, minSampling)
}

// due lists the jobs that are to be polled; if there is none, next is when one
// will be. Where no job is wanted the sampling ends.
func (s *sampler) due(now time.Time) (next time.Time, due []*trackedJob, wanted bool) {
	every := s.every()
	next = now.Add(every)
	s.collector.mu.Lock()
	defer s.collector.mu.Unlock()
	for _, tracked := range s.collector.tracked {
		if !s.sampled(tracked, now) {
			continue
		}
		wanted = true
		at := s.dueAt(tracked, every)
		if tracked.sampled.polling { // the next poll comes after that
			at = later(at, now.Add(minSampling))
		}
		if !at.After(now) {
			tracked.sampled.tried, tracked.sampled.due = now, at
			due = append(due, tracked)
		} else if at.Before(next) {
			next = at
		}
	}
	if !wanted {
		s.stop, s.ended = nil, nil
	}
	return next, due, wanted
}

// dueAt is when a job is to be polled: as soon as the metrics can be fetched
// anew, or have been since the last poll; a poll before that brings nothing. One
// that is missing is tried less often, until somebody has found it.
func (s *sampler) dueAt(tracked *trackedJob, every time.Duration) time.Time {
	state := &tracked.sampled
	_, polled := tracked.polled.last()
	if state.missed.After(polled) {
		return state.missed.Add(max(retryMissing, every))
	}
	if polled.IsZero() { // the query makes the first poll
		return later(state.wanted, state.tried).Add(every)
	}
	at := s.collector.fetch.next(every)
	if arrived := s.collector.fetch.arrived(); polled.Before(arrived) {
		at = arrived
	}
	return later(at, state.tried.Add(every*9/10))
}

// reach reads what a poll needs of the cluster, and has the list of jobs show whether
// the cluster is up where that may have changed. While nothing answers that is one
// request a time.
func (s *sampler) reach(ctx context.Context) error {
	listed := s.unread
	if listed {
		if _, _, err := s.collector.Jobs(ctx); err != nil {
			return err
		}
	}
	_, _, err := s.collector.Cluster(ctx)
	if s.unread = err != nil; !listed && (err != nil || s.collector.isDown()) {
		_, _, _ = s.collector.Jobs(ctx)
	}
	return err
}

// pollAll begins to poll the jobs that are due, unless the cluster does not
// answer: then nor would they.
func (s *sampler) pollAll(ctx context.Context, polls *errgroup.Group, due []*trackedJob) {
	err := s.reach(ctx)
	for _, tracked := range due {
		if err != nil || ctx.Err() != nil {
			s.locked(func() { tracked.sampled.missed = time.Time{} })
			if ctx.Err() == nil {
				samplerPolls.WithLabelValues(failed).Inc()
			}
			continue
		}
		s.locked(func() { tracked.sampled.polling = true })
		polls.Go(func() error {
			defer s.locked(func() { tracked.sampled.polling = false })
			s.pollJob(ctx, tracked)
			return nil
		})
	}
}

// pollJob polls the job, or shares a poll that is under way.
func (s *sampler) pollJob(ctx context.Context, tracked *trackedJob) {
	s.collector.mu.Lock()
	info, wanted, due := tracked.sampled.info, tracked.sampled.moreWanted, tracked.sampled.due
	s.collector.mu.Unlock()
	samplerLag.Observe(time.Since(due).Seconds())
	age := s.ageOf(due)
	s.readMore(ctx, info, tracked, wanted, max(age, s.collector.options.MaxAge)) // it does not wait for metrics
	verdict, _, err := s.collector.poll(ctx, info, tracked, age)
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, errNotItsTurn):
		samplerPolls.WithLabelValues(skipped).Inc()
		s.locked(func() { tracked.sampled.tried = time.Now().Add(minSampling - s.every()*9/10) })
	case err != nil:
		samplerPolls.WithLabelValues(failed).Inc()
		s.failed(ctx, tracked, err)
	default:
		samplerPolls.WithLabelValues(answered).Inc()
		if verdict.Snapshot.Job.State.Terminal() {
			s.finish(tracked)
		}
	}
}

// ageOf is how old a poll may be to be shared that was due then: a job may wait for a slot,
// and a query may poll it meanwhile. If that was after the metrics had arrived for which
// the job was due, it has them.
func (s *sampler) ageOf(due time.Time) time.Duration {
	arrived := s.collector.fetch.arrived()
	if arrived.Before(due) {
		return 0 // nobody has made Flink fetch since
	}
	return max(time.Since(arrived), 0)
}

// readMore reads what of late somebody asked for beside the load, unless it was read
// within that age. If that fails the sample is kept without.
func (s *sampler) readMore(ctx context.Context, info job.Info, tracked *trackedJob, wanted [extras]time.Time, age time.Duration) {
	hangs := false
	s.locked(func() { hangs = tracked.hanging.is })
	for more, at := range wanted {
		if hangs || time.Since(at) > s.collector.options.IdleAfter {
			continue
		}
		switch extra(more) {
		case ofRestarts:
			_, _, _ = s.collector.restartsOfAge(ctx, info, tracked, age)
		case ofCheckpoints:
			_, _, _ = s.collector.checkpointsOfAge(ctx, info, tracked, age)
		case ofExceptions:
			_, _, _ = s.collector.exceptionsOfAge(ctx, info, tracked, age)
		}
	}
}

// failed finds out whether a poll failed because the job is gone, which only the
// cluster's list of jobs shows: a proxy without a Flink behind it has none of
// its paths either.
func (s *sampler) failed(ctx context.Context, tracked *trackedJob, err error) {
	s.collector.mu.Lock()
	id, tried := tracked.sampled.info.ID, tracked.sampled.tried
	s.collector.mu.Unlock()
	// One list serves all polls that began before it.
	now, _, left := s.listing.get(ctx, jobsReads, time.Since(tried), func(ctx context.Context) (jobListing, error) {
		jobs, _, err := s.collector.jobsOfAge(ctx, 0)
		return jobListing{jobs, err}, ctx.Err()
	})
	if left != nil {
		return
	}
	at := slices.IndexFunc(now.jobs, func(info job.Info) bool { return info.ID == id })
	if at >= 0 && now.jobs[at].State.Terminal() {
		s.finish(tracked)
		return
	}
	var missed time.Time
	if remote.IsKind(err, remote.NotFound) && now.err == nil && at < 0 {
		missed = time.Now()
	}
	s.locked(func() { tracked.sampled.missed = missed })
}

// finish ends the sampling of a job that has ended.
func (s *sampler) finish(tracked *trackedJob) {
	s.locked(func() { tracked.sampled.wanted = time.Time{} })
}

func (s *sampler) locked(do func()) {
	s.collector.mu.Lock()
	defer s.collector.mu.Unlock()
	do()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
