package history

import (
	"encoding/binary"
	"math/bits"
)

// growing is a table to which looks are added: look after look, a number of
// series, then for each the set of columns that are off what was foretold and
// how far, as varints. What is once written stays: a copy of the struct can be
// read while the original grows.
type growing struct {
	layout *layout
	data   []byte
	looks  int
	last   []int64 // the latest values, series after series; of the writer alone
}

// same tells whether values say the same as the latest look, but for the time
// that has passed.
func (g *growing) same(values []int64) bool {
	if g.looks == 0 || len(values) > len(g.last) {
		return false
	}
	for at := 0; at < len(g.last); at += g.layout.columns {
		now := g.layout.seriesAt(values, at)
		set := (g.layout.present(now[0]) | 1) &^ g.layout.passing
		for ; set != 0; set &= set - 1 {
			column := bits.TrailingZeros32(uint32(set))
			if now[column] != g.last[at+column] {
				return false
			}
		}
	}
	return true
}

// seriesAt are the values of the series that begin there, zeros if there are
// none: they mean that the series is absent.
func (l *layout) seriesAt(values []int64, at int) []int64 {
	if at < len(values) {
		return values[at : at+l.columns]
	}
	return absent[:l.columns]
}

var absent [mostColumns]int64

// add writes a look. elapsed is what its chained columns are to change by.
func (g *growing) add(values []int64, elapsed int64) {
	if more := len(values) - len(g.last); more > 0 {
		g.last = append(g.last, make([]int64, more)...)
	}
	count := len(g.last) / g.layout.columns
	g.data = binary.AppendUvarint(g.data, uint64(count))
	chain := g.layout.chain(g.looks == 0, elapsed)
	for s := range count {
		at := s * g.layout.columns
		g.series(&chain, g.layout.seriesAt(values, at), g.last[at:at+g.layout.columns])
	}
	g.looks++
}

// series writes one series and makes last what it is now.
func (g *growing) series(chain *chain, now, last []int64) {
	var off [mostColumns]int64
	var told columns
	for set := g.layout.present(now[0]) | 1; set != 0; set &= set - 1 {
		column := bits.TrailingZeros32(uint32(set))
		change := now[column] - last[column]
		off[column] = change - chain.foretold(column)
		chain.saw(column, change, off[column])
		last[column] = now[column]
		if off[column] != 0 {
			told |= 1 << column
		}
	}
	g.data = binary.AppendUvarint(g.data, uint64(told))
	for ; told != 0; told &= told - 1 {
		g.data = binary.AppendVarint(g.data, off[bits.TrailingZeros32(uint32(told))])
	}
}

// bytes is the memory that the table takes.
func (g *growing) bytes() int { return cap(g.data) + 8*cap(g.last) }

// grown reads a growing table as it was when it was copied.
type grown struct {
	reader
	told columns // of the latest series, those that are off
	off  [mostColumns]int64
}

func (g *grown) look() (series int) { return int(g.uvarint()) }

func (g *grown) series() *[mostColumns]int64 {
	g.off = [mostColumns]int64{}
	g.told = columns(g.uvarint())
	for told := g.told; told != 0; told &= told - 1 {
		g.off[bits.TrailingZeros32(uint32(told))] = g.varint()
	}
	return &g.off
}
