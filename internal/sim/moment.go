package sim

import "time"

// moment is a job as a request sees it.
type moment struct {
	*Job
	release release
	noise   time.Duration
	seed    uint64
	now     time.Time
	// at is as of when states are told, after the start of the job.
	at      time.Duration
	phase   *lived
	attempt attempt
	// shown is as of when metrics are told, after the start of the job, if
	// they have been fetched at all; begun is when the last fetch began.
	fetched bool
	shown   time.Duration
	begun   time.Time
}

// moment is what a request sees of the job now. It makes the JobManager fetch.
func (c *Cluster) moment(job *Job, now time.Time) moment {
	m := moment{Job: job, release: released(c.Version), noise: c.Noise, seed: c.Seed, now: now}
	shown, begun := c.fetches.triggered(now, c.Fetch, c.Seed)
	m.fetched, m.shown, m.begun = !shown.IsZero(), shown.Sub(job.Start), begun
	m.at = c.fetches.graph(job.ID, now).Sub(job.Start)
	m.phase, _, _ = job.lives().at(m.at)
	m.attempt = job.lives().attemptAt(m.at)
	return m
}

// state is the state of a task's subtasks.
func (m moment) state(task int) string { return m.stateOf(task, m.phase) }

// placed tells whether the task's subtasks have slots.
func (m moment) placed(task int) bool {
	state := m.state(task)
	return state != "CREATED" && state != "SCHEDULED"
}

// started is when the task's present attempt began; -1 without slots.
func (m moment) started(task int) int64 {
	if !m.placed(task) {
		return -1
	}
	return m.Start.Add(m.attempt.begun).UnixMilli()
}

// over is when the task's present attempt ended, -1 as long as it has not.
func (m moment) over(task int) int64 {
	if !ended(m.state(task)) {
		return -1
	}
	return m.Start.Add(m.since(task, m.at)).UnixMilli()
}

// lasted is how long the task's present attempt has been under way, in
// milliseconds; -1 without slots.
func (m moment) lasted(task int) int64 {
	switch end := m.over(task); {
	case !m.placed(task):
		return -1
	case end >= 0:
		return end - m.started(task)
	default:
		return m.now.UnixMilli() - m.started(task)
	}
}

// ran is how long the task's present attempt was RUNNING, in milliseconds; -1
// if it never was.
func (m moment) ran(task int) int64 {
	switch state := m.state(task); {
	case state == running:
		return m.now.Sub(m.Start.Add(m.since(task, m.at))).Milliseconds()
	case ended(state):
		return m.lasted(task)
	default:
		return -1
	}
}
