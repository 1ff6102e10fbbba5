package history

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// sealer turns growing tables into sealed ones: the number of series, and for
// each the set of columns that are off what was foretold in the first look,
// the set of those that are in later looks, the former as varints and the
// latter packed. It keeps its scratch space.
type sealer struct {
	values []int64 // by series, column, look
	sorted []int64
}

// seal appends a table's sealed form.
func (s *sealer) seal(to []byte, table growing) []byte {
	count := len(table.last) / table.layout.columns
	s.turn(table, count)
	to = binary.AppendUvarint(to, uint64(count))
	for each := range slices.Chunk(s.values, table.layout.columns*table.looks) {
		to = s.series(to, each, table.looks)
	}
	return to
}

// turn sorts what the table holds by series and column.
func (s *sealer) turn(table growing, count int) {
	size := count * table.layout.columns * table.looks
	if cap(s.values) < size {
		s.values = make([]int64, size)
	}
	s.values = s.values[:size]
	clear(s.values)
	from := grown{reader: reader{table.data}}
	for look := range table.looks {
		for series := range from.look() {
			at, off := series*table.layout.columns*table.looks+look, from.series()
			for told := from.told; told != 0; told &= told - 1 {
				column := bits.TrailingZeros32(uint32(told))
				s.values[at+column*table.looks] = off[column]
			}
		}
	}
}

// series appends one series, of which it is given column after column.
func (s *sealer) series(to []byte, values []int64, looks int) []byte {
	var first, later columns
	for column := 0; column*looks < len(values); column++ {
		of := values[column*looks : (column+1)*looks]
		if of[0] != 0 {
			first |= 1 << column
		}
		if !zeros(of[1:]) {
			later |= 1 << column
		}
	}
	to = binary.AppendUvarint(binary.AppendUvarint(to, uint64(first)), uint64(later))
	for set := first; set != 0; set &= set - 1 {
		to = binary.AppendVarint(to, values[bits.TrailingZeros32(uint32(set))*looks])
	}
	for set := later; set != 0; set &= set - 1 {
		column := bits.TrailingZeros32(uint32(set))
		to = pack(to, values[column*looks+1:(column+1)*looks], &s.sorted)
	}
	return to
}

func zeros(values []int64) bool {
	for _, value := range values {
		if value != 0 {
			return false
		}
	}
	return true
}
