package prometheus

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// AtOnce has the reader read fewer values at once, for tests.
func (r *Reader) AtOnce(values int) *Reader {
	r.maxValues = values
	return r
}

// Now has the reader take another time for now, for tests.
func (r *Reader) Now(now time.Time) *Reader {
	r.now = func() time.Time { return now }
	return r
}

// The cache keeps no more bytes than it may, of which the answer that was used
// longest ago makes room, and no answer that is too large for it.
func TestCacheIsBounded(t *testing.T) {
	cache, size := newCache(), maxCached/10/valueBytes
	get := func(question string, size int, err error) (asked bool) {
		_, _ = cache.get(t.Context(), question, func(context.Context) (answer, time.Duration, error) { // errors are given
			asked = true
			return answer{value: make([]float64, size)}, time.Hour, err
		})
		return asked
	}
	for n := range 30 {
		get(fmt.Sprint(n), size, nil)
		get("0", size, nil)
	}
	bytes := uint64(0)
	for _, item := range cache.answers.Items() {
		bytes += item.Cost()
	}
	if bytes == 0 || bytes > maxCached {
		t.Errorf("%d bytes are kept", bytes)
	}
	if get("29", size, nil) || get("0", size, nil) || !get("5", size, nil) {
		t.Error("the wrong answers are kept")
	}
	for question, of := range map[string]struct {
		size int
		err  error
	}{"too large": {11 * size, nil}, "failed": {1, errors.New("failed")}} {
		get(question, of.size, of.err)
		if again := get(question, of.size, of.err); !again || get("0", size, nil) {
			t.Errorf("an answer that is %s is kept", question)
		}
	}
	if len(cache.flights) > 0 {
		t.Errorf("%d questions are still asked", len(cache.flights))
	}
}
