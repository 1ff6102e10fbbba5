package job

import (
	"math"
	"time"
)

// Share is a part of time, 0 to 1, or Unknown. Every comparison with an
// unknown share is false, so that what was not measured never counts as busy.
type Share float64

// Unknown is the share of what was not measured. It leaves this process as
// null, never as 0 or NaN.
var Unknown = Share(math.NaN())

// Known reports whether the share was measured.
func (s Share) Known() bool { return !math.IsNaN(float64(s)) }

// Percent is the share in whole per cents, at most 100, rounded as Flink's UI
// rounds milliseconds per second: min(round(ms / 10), 100).
func (s Share) Percent() int {
	if !s.Known() {
		return 0
	}
	return int(min(math.Round(float64(s)*1000/10), 100))
}

// Shares is how a subtask spent its time: the three add up to 1 where all are
// known. A legacy source has only its backpressured share.
type Shares struct {
	Idle, Busy, Backpressured Share
}

// UnknownShares are those of a subtask that was not measured.
func UnknownShares() Shares { return Shares{Unknown, Unknown, Unknown} }

// Known reports whether anything was measured: backpressure is what Flink
// reports of every subtask.
func (s Shares) Known() bool { return s.Backpressured.Known() }

// leastSum is the least sum of the three shares of a subtask by Flink's gauges, which is 1
// to within a few hundredths, or 0 where Flink has not received them.
const leastSum Share = 0.9

// AddUp reports whether the three shares add up to about 1, as they do where something
// was measured. It is true, too, where one of them is unknown, as of a legacy source.
func (s Shares) AddUp() bool { return !(s.Idle+s.Busy+s.Backpressured < leastSum) }

// Counters are the milliseconds that a subtask has been idle, busy and
// backpressured since its attempt began (Flink 1.16 on: accumulateIdleTimeMs,
// accumulateBusyTimeMs, accumulateBackPressuredTimeMs).
type Counters struct {
	Idle, Busy, Backpressured time.Duration
	// BusyUnknown is set for a legacy source, whose busy time Flink reports
	// as NaN and whose idle time it does not count.
	BusyUnknown bool
}

// Sum is the time that the counters cover.
func (c Counters) Sum() time.Duration { return c.Idle + c.Busy + c.Backpressured }

// Since is what was added to the counters after the earlier sample.
func (c Counters) Since(earlier Counters) Counters {
	return Counters{
		Idle:          c.Idle - earlier.Idle,
		Busy:          c.Busy - earlier.Busy,
		Backpressured: c.Backpressured - earlier.Backpressured,
		BusyUnknown:   c.BusyUnknown || earlier.BusyUnknown,
	}
}

// Shares divides each of the three by their sum, once negative ones are
// raised to zero: an unfinished wait counts as busy until it ends, so a
// difference can fall below zero by some hundred milliseconds.
func (c Counters) Shares() Shares {
	c.Idle, c.Busy, c.Backpressured = max(c.Idle, 0), max(c.Busy, 0), max(c.Backpressured, 0)
	sum := c.Sum()
	if sum == 0 || c.BusyUnknown {
		return UnknownShares()
	}
	part := func(of time.Duration) Share { return Share(float64(of) / float64(sum)) }
	return Shares{Idle: part(c.Idle), Busy: part(c.Busy), Backpressured: part(c.Backpressured)}
}
