package history

import "time"

// A clock is believed at once when it goes on as before, and after believed of
// looks that agree when it leaps: forward by more than the retention, or back
// by more than disorder, by which looks at several jobs may be out of order.
const (
	believed = time.Minute
	disorder = time.Minute
)

// clock is what the looks say the time is.
type clock struct {
	now time.Time
	// since and until are the first and last of the looks that say otherwise.
	since, until time.Time
}

// heard is what a look's time is taken for.
type heard int

const (
	onTime heard = iota
	ahead        // a leap forward in doubt: kept, but nothing is dropped for it
	behind       // a leap back in doubt: put aside
	right        // on time, while the leap before it was wrong
	turned       // a leap back that is believed by now
)

// hear tells what a look's time means, given how long a leap forward is.
func (c *clock) hear(at time.Time, leap time.Duration) heard {
	if c.now.IsZero() || !at.Before(c.now.Add(-disorder)) && !at.After(c.now.Add(leap)) {
		return c.agree(at)
	}
	if c.since.IsZero() || at.Before(c.since.Add(-disorder)) || at.After(c.until.Add(leap)) {
		c.since, c.until = at, at
	}
	if at.After(c.until) {
		c.until = at
	}
	back := at.Before(c.now)
	switch sure := c.until.Sub(c.since) >= believed; {
	case sure && back:
		c.now, c.since = c.until, time.Time{}
		return turned
	case sure:
		c.now, c.since = c.until, time.Time{}
		return onTime
	case back:
		return behind
	default:
		return ahead
	}
}

// agree notes a look whose time goes on as before.
func (c *clock) agree(at time.Time) heard {
	if at.After(c.now) {
		c.now = at
	}
	if doubted := !c.since.IsZero(); doubted {
		c.since = time.Time{}
		return right
	}
	return onTime
}
