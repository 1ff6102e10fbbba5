package memory

import "time"

// clock turns times into positions, which are how long after the first time they
// are by Go's monotonic clock, and positions into wall times. When the wall clock
// leaps, positions stay right: what was kept moves to its right times as soon as
// the wall clock is right again. The wall time of position 0 follows the wall
// clock in steps of more than a second alone, so that times do not jitter.
type clock struct {
	first time.Time // with its monotonic part, if it has one
	wall  time.Time // that of position 0
}

// maxDrift is how far wall and monotonic clock may be apart.
const maxDrift = time.Second

// observe is the position of a time that was read from the clock a moment ago.
func (c *clock) observe(at time.Time) time.Duration {
	if c.first.IsZero() {
		c.first, c.wall = at, at.Round(0)
	}
	position := c.position(at)
	if off := at.Round(0).Sub(c.time(position)); off.Abs() > maxDrift {
		c.wall = c.wall.Add(off)
	}
	return position
}

// position is that of any time, such as the end of a range.
func (c *clock) position(at time.Time) time.Duration {
	if monotonic(at) && monotonic(c.first) {
		return at.Sub(c.first)
	}
	return at.Sub(c.wall)
}

// time is the wall time of a position.
func (c *clock) time(position time.Duration) time.Time { return c.wall.Add(position) }

// monotonic reports whether a time has a monotonic part.
func monotonic(at time.Time) bool { return at != at.Round(0) }
