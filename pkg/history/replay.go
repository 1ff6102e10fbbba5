package history

import "math/bits"

// written is a table as it is kept, whichever way: how far each column is off
// what was foretold.
type written interface {
	// look goes on to the next look and tells how many series it has.
	look() (series int)
	// series goes on to the look's next series. It is valid until the next
	// call, and may lack columns that are not wanted.
	series() *[mostColumns]int64
}

// replay reads a table's looks, one after the other.
type replay struct {
	layout  *layout
	written written
	wanted  columns
	looks   int
	values  []int64
}

// all are the columns of the layout.
func (l *layout) all() columns { return 1<<l.columns - 1 }

// next gives the values of the next look, series after series; those of
// columns that are not present are not to be read. They are valid until the
// next call. elapsed is what it was when the look was added.
func (r *replay) next(elapsed int64) []int64 {
	count := r.written.look()
	if more := count*r.layout.columns - len(r.values); more > 0 {
		r.values = append(r.values, make([]int64, more)...)
	}
	chain := r.layout.chain(r.looks == 0, elapsed)
	for s := range count {
		at := s * r.layout.columns
		r.series(&chain, r.values[at:at+r.layout.columns])
	}
	r.looks++
	return r.values
}

// series brings one series' values up to date.
func (r *replay) series(chain *chain, values []int64) {
	off := r.written.series()
	if r.wanted.has(0) {
		r.column(chain, values, off, 0)
	}
	for set := r.layout.present(values[0]) & r.wanted &^ 1; set != 0; set &= set - 1 {
		r.column(chain, values, off, bits.TrailingZeros32(uint32(set)))
	}
}

func (r *replay) column(chain *chain, values []int64, off *[mostColumns]int64, column int) {
	change := chain.foretold(column) + off[column]
	chain.saw(column, change, off[column])
	values[column] += change
}
