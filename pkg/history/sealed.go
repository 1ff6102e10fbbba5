package history

import "math/bits"

// sealed reads a sealed table. What series have in common is in common slices:
// there are many series, and few of their columns change.
type sealed struct {
	each   []sealedSeries
	firsts []int64
	laters []packed

	looked int // looks begun
	next   int // the series to come
	off    [mostColumns]int64
}

// sealedSeries are the columns that a series has of those wanted, and where
// they begin in the table's slices.
type sealedSeries struct {
	first, later     columns
	firstAt, laterAt int
}

// openSealed reads the heads of a sealed table of that many looks, of the
// columns wanted alone, and gives what follows it.
func openSealed(data []byte, looks int, wanted columns) (table *sealed, rest []byte) {
	r := reader{data}
	table = &sealed{each: make([]sealedSeries, r.uvarint())}
	for i := range table.each {
		of := sealedSeries{first: columns(r.uvarint()), later: columns(r.uvarint()), firstAt: len(table.firsts), laterAt: len(table.laters)}
		for set := of.first; set != 0; set &= set - 1 {
			value := r.varint()
			if set&-set&wanted != 0 {
				table.firsts = append(table.firsts, value)
			}
		}
		for set := of.later; set != 0; set &= set - 1 {
			column, rest := unpack(r.data, looks-1)
			if r.data = rest; set&-set&wanted != 0 {
				table.laters = append(table.laters, column)
			}
		}
		of.first, of.later = of.first&wanted, of.later&wanted
		table.each[i] = of
	}
	return table, r.data
}

func (s *sealed) look() (series int) {
	s.looked++
	s.next = 0
	return len(s.each)
}

func (s *sealed) series() *[mostColumns]int64 {
	of := s.each[s.next]
	s.next++
	s.off = [mostColumns]int64{}
	if s.looked == 1 {
		for set := of.first; set != 0; set &= set - 1 {
			s.off[bits.TrailingZeros32(uint32(set))] = s.firsts[of.firstAt]
			of.firstAt++
		}
		return &s.off
	}
	for set := of.later; set != 0; set &= set - 1 {
		s.off[bits.TrailingZeros32(uint32(set))] = s.laters[of.laterAt].value(s.looked - 2)
		of.laterAt++
	}
	return &s.off
}
