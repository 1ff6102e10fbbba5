package sim

import (
	"math"
	"time"
)

// counted is what a subtask's present attempt has done as far as the
// JobManager knows. known is false where nothing has arrived yet: it tells
// zeros, and that they are not complete.
func (m moment) counted(task, subtask int) (done work, known bool) {
	life, state := m.lives(), m.state(task)
	until := m.shown
	switch {
	case ended(state):
		until = m.since(task, m.at) // told with the end of the attempt
	case state != running || !m.fetched:
		return work{}, false
	}
	if until <= m.attempt.begun {
		return work{}, false
	}
	done = life.total(task, subtask, until).minus(life.total(task, subtask, m.attempt.begun))
	if state == running {
		done = m.noisy(done, task, subtask)
	}
	return done, true
}

// noisy lets waits that have not ended yet count as busy, as Flink does.
func (m moment) noisy(done work, task, subtask int) work {
	if m.noise == 0 {
		return done
	}
	late := func(what string) float64 {
		return m.noise.Seconds() * chance(m.seed, m.ID+what, uint64(task), uint64(subtask), uint64(m.shown))
	}
	idle, held := min(late("idle"), done.idle), min(late("held"), done.held)
	done.idle, done.held, done.busy = done.idle-idle, done.held-held, done.busy+idle+held
	return done
}

// gauge is what Flink's averages say of a subtask: shares, and rates of
// records. known is false where they have not arrived, or are gone.
func (m moment) gauge(task, subtask int) (load Load, known bool) {
	since := m.since(task, m.at)
	switch state := m.state(task); {
	case ended(state):
		return Load{}, m.fetched && m.at-since < lingering
	case state != running || !m.fetched || m.shown <= since:
		return Load{}, false
	}
	first := since + interval + time.Duration(chance(m.seed, m.ID, uint64(task), uint64(subtask))*float64(stagger))
	if m.shown < first {
		return Load{Busy: 1}, true // warm-up
	}
	tick := first + (m.shown-first)/interval*interval
	load = m.mean(task, subtask, max(tick-m.release.window(), since), tick)
	rates := m.mean(task, subtask, max(tick-time.Minute, since), tick)
	load.RecordsIn, load.RecordsOut = rates.RecordsIn, rates.RecordsOut
	return load, true
}

const (
	// interval is how often TaskManagers update their gauges, and stagger how
	// far apart they do.
	interval = 5 * time.Second
	stagger  = 3 * time.Second
	// lingering is how long gauges of an attempt that has ended are zeros
	// before they are gone.
	lingering = 10 * time.Second
)

// mean is the load over a time, both ends after the start of the job.
func (m moment) mean(task, subtask int, from, to time.Duration) Load {
	life, s := m.lives(), (to - from).Seconds()
	done := life.total(task, subtask, to).minus(life.total(task, subtask, from))
	share := func(seconds float64) float64 { return math.Round(1000*seconds/s) / 1000 }
	return Load{
		Idle: share(done.idle), Busy: share(done.busy), Backpressured: share(done.held),
		RecordsIn: done.in / s, RecordsOut: done.out / s,
	}
}
