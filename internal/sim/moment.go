package sim

import (
	"math"
	"strings"
	"time"
)

// moment is a job at the time of a request.
type moment struct {
	*Job
	release release
	noise   time.Duration
	seed    uint64
	now     time.Time
	// at is the time that the states are from, after the start of the job.
	at      time.Duration
	phase   *steadyPhase
	attempt attempt
	// shown is the time that the metrics are from, after the start of the job,
	// if they have been fetched at all; begun is when the last fetch began.
	fetched bool
	shown   time.Duration
	begun   time.Time
}

// state is the state of a task's subtasks.
func (m moment) state(task int) string { return m.stateOf(task, m.phase) }

// placed reports whether the task's subtasks have slots.
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

// counted is what a subtask's present attempt has done, by the JobManager's copy
// of the metrics. known is false where nothing has arrived yet: Flink then sends
// zeros, marked as not complete.
func (m moment) counted(task, subtask int) (done work, known bool) {
	life, state := m.lifetime(), m.state(task)
	until := m.shown
	switch {
	case ended(state):
		until = m.since(task, m.at) // sent with the end of the attempt
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

// gauge is Flink's averages of a subtask: shares, and rates of records. known is false where they have not arrived, or are gone.
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
	life, s := m.lifetime(), (to - from).Seconds()
	done := life.total(task, subtask, to).minus(life.total(task, subtask, from))
	share := func(seconds float64) float64 { return math.Round(1000*seconds/s) / 1000 }
	return Load{
		Idle: share(done.idle), Busy: share(done.busy), Backpressured: share(done.held),
		RecordsIn: done.in / s, RecordsOut: done.out / s,
	}
}

// metricNames are the metrics of a subtask, of all versions.
var metricNames = []string{
	"idleTimeMsPerSecond", "busyTimeMsPerSecond", "backPressuredTimeMsPerSecond",
	"softBackPressuredTimeMsPerSecond", "hardBackPressuredTimeMsPerSecond",
	"accumulateIdleTimeMs", "accumulateBusyTimeMs", "accumulateBackPressuredTimeMs",
	"numRecordsIn", "numRecordsOut", "numRecordsInPerSecond", "numRecordsOutPerSecond",
	"buffers.inPoolUsage", "buffers.outPoolUsage",
	"Shuffle.Netty.Input.Buffers.inPoolUsage", "Shuffle.Netty.Output.Buffers.outPoolUsage",
}

// number is the value of one metric of a subtask. known is false for what the
// version does not have, and for what has not arrived.
func (m moment) number(task, subtask int, name string) (value float64, known bool) {
	if strings.HasPrefix(name, "accumulate") || name == "numRecordsIn" || name == "numRecordsOut" {
		done, arrived := m.counted(task, subtask)
		value, named := m.counter(m.phase.tasks[task], done, name)
		return value, arrived && named
	}
	if value, known := m.lag(task, subtask, name); known {
		return value, true
	}
	load, arrived := m.gauge(task, subtask)
	if !arrived {
		return 0, false
	}
	return m.gaugeOf(m.phase.tasks[task], load, name)
}

// counter is the value of one of the counters.
func (m moment) counter(task Task, done work, name string) (value float64, known bool) {
	if task.Legacy {
		done.idle, done.busy = 0, math.NaN()
	}
	switch name {
	case "numRecordsIn":
		return math.Trunc(done.in), true
	case "numRecordsOut":
		return math.Trunc(done.out), true
	case "accumulateBackPressuredTimeMs":
		value = done.held
	case "accumulateIdleTimeMs":
		value = done.idle
	case "accumulateBusyTimeMs":
		value = done.busy
	default:
		return 0, false
	}
	return math.Round(value * 1000), m.release.hasCounters()
}

// gaugeOf is the value of one of the averages.
func (m moment) gaugeOf(task Task, load Load, name string) (value float64, known bool) {
	hard := 0.0
	if task.Legacy {
		load.Idle, load.Busy = 0, math.NaN()
		hard = load.Backpressured // it never returns from its loop, where others wait for a buffer before the next record
	}
	buffers, old := strings.CutPrefix(name, "buffers.")
	switch {
	case old:
		return poolUsage(task, load, buffers), !m.release.from(2, 0) && poolOf(task, buffers)
	case strings.HasPrefix(name, "Shuffle.Netty."):
		buffers = name[strings.LastIndex(name, ".")+1:]
		return poolUsage(task, load, buffers), poolOf(task, buffers)
	}
	switch name {
	case "idleTimeMsPerSecond":
		return load.Idle * 1000, true
	case "busyTimeMsPerSecond":
		return load.Busy * 1000, true
	case "backPressuredTimeMsPerSecond":
		return load.Backpressured * 1000, true
	case "softBackPressuredTimeMsPerSecond":
		return (load.Backpressured - hard) * 1000, m.release.from(1, 15)
	case "hardBackPressuredTimeMsPerSecond":
		return hard * 1000, m.release.from(1, 15)
	case "numRecordsInPerSecond":
		return load.RecordsIn, true
	case "numRecordsOutPerSecond":
		return load.RecordsOut, true
	default:
		return 0, false
	}
}

// poolOf reports whether the task has that pool of buffers: a source reads from
// no network.
func poolOf(task Task, pool string) bool {
	return pool == "outPoolUsage" || pool == "inPoolUsage" && !task.source()
}

// poolUsage is how full a pool of buffers is: full where the subtask, or the
// one below it, takes no more.
func poolUsage(task Task, load Load, pool string) float64 {
	switch {
	case pool == "outPoolUsage" && load.Backpressured > 0.01:
		return 1
	case pool == "inPoolUsage" && load.Idle < 0.01: // at its limit, or held back
		return 1
	case pool == "inPoolUsage" && task.Uncounted > 0 && load.Busy >= 0.99*(1-task.Uncounted): // at it, uncounted
		return 1
	default:
		return 0.125
	}
}
