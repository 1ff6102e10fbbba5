package sim

import (
	"math"
	"strings"
)

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
	load, arrived := m.gauge(task, subtask)
	if !arrived {
		return 0, false
	}
	return m.gaugeOf(m.phase.tasks[task], load, name)
}

// counter is what one of the counters says.
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
	return math.Round(value * 1000), m.release.counts()
}

// soft is the part of backpressured time in which a subtask could still have
// taken a little.
const soft = 0.1

// gaugeOf is what one of the averages says.
func (m moment) gaugeOf(task Task, load Load, name string) (value float64, known bool) {
	if task.Legacy {
		load.Idle, load.Busy = 0, math.NaN()
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
		return math.Round(load.Backpressured * 1000 * soft), m.release.from(1, 15)
	case "hardBackPressuredTimeMsPerSecond":
		return load.Backpressured*1000 - math.Round(load.Backpressured*1000*soft), m.release.from(1, 15)
	case "numRecordsInPerSecond":
		return load.RecordsIn, true
	case "numRecordsOutPerSecond":
		return load.RecordsOut, true
	default:
		return 0, false
	}
}

// poolOf tells whether the task has that pool of buffers: a source reads from
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
	default:
		return 0.125
	}
}
