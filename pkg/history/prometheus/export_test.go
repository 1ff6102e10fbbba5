package prometheus

import "time"

// AtOnce has the reader read fewer values at once, for tests.
func (r *Reader) AtOnce(values int) *Reader {
	r.values = values
	return r
}

// At has the reader take another time for now, for tests.
func (r *Reader) At(now time.Time) *Reader {
	r.now = func() time.Time { return now }
	return r
}
