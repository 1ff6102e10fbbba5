package history

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// mostWidth is how many bits a packed value may have: with the up to seven
// before it in its first byte they fit eight bytes.
const mostWidth = 57

// padding follows packed values, so that eight bytes can be read at any.
const padding = 8

// packing is how the values of one column and series are written: all but the
// outliers as what they are above base, in as many bits as the greatest needs.
type packing struct {
	base     int64
	width    int
	outliers int
}

// holds tells whether a value is no outlier.
func (p packing) holds(value int64) bool {
	return value >= p.base && uint64(value-p.base)>>p.width == 0
}

// size is what the packing takes of n values, in bits, an outlier being some
// seven bytes.
func (p packing) size(n int) int { return n*p.width + 56*p.outliers }

// pack appends the values. scratch is room to sort them in.
func pack(to []byte, values []int64, scratch *[]int64) []byte {
	p := packingOf(values, scratch)
	head := uint64(p.width) << 2
	if p.base != 0 {
		head |= 1
	}
	if p.outliers > 0 {
		head |= 2
	}
	to = binary.AppendUvarint(to, head)
	if p.base != 0 {
		to = binary.AppendVarint(to, p.base)
	}
	if p.outliers > 0 {
		to = p.appendOutliers(to, values)
	}
	return p.appendBits(to, values)
}

func (p packing) appendOutliers(to []byte, values []int64) []byte {
	to = binary.AppendUvarint(to, uint64(p.outliers))
	last := 0
	for at, value := range values {
		if !p.holds(value) {
			to = binary.AppendUvarint(to, uint64(at-last))
			to, last = binary.AppendVarint(to, value), at
		}
	}
	return to
}

func (p packing) appendBits(to []byte, values []int64) []byte {
	var pending uint64
	filled := 0 // bits of pending
	for _, value := range values {
		var above uint64
		if p.outliers == 0 || p.holds(value) {
			above = uint64(value) - uint64(p.base)
		}
		pending |= above << filled
		if filled += p.width; filled >= 64 {
			to = binary.LittleEndian.AppendUint64(to, pending)
			filled -= 64
			pending = above >> (p.width - filled)
		}
	}
	for ; filled > 0; filled -= 8 {
		to, pending = append(to, byte(pending)), pending>>8
	}
	return to
}

// packingOf chooses how to write the values. Where the range is what noise
// makes it there is no outlier, and no need to sort.
func packingOf(values []int64, scratch *[]int64) packing {
	low, high := slices.Min(values), slices.Max(values)
	whole := between(low, high)
	if whole.width <= mostWidth && whole.width <= bits.Len64(deviation(values, low))+3 {
		return whole
	}
	sorted := append((*scratch)[:0], values...)
	*scratch = sorted
	slices.Sort(sorted)
	best, middle := whole, sorted[len(sorted)/2]
	for from, to := 0, len(sorted); to-from > 1; {
		if uint64(middle)-uint64(sorted[from]) > uint64(sorted[to-1])-uint64(middle) {
			from++
		} else {
			to--
		}
		fewer := between(sorted[from], sorted[to-1])
		fewer.outliers = len(sorted) - (to - from)
		if best.width > mostWidth || fewer.width <= mostWidth && fewer.size(len(values)) < best.size(len(values)) {
			best = fewer
		}
	}
	return best.counted(values)
}

// counted has the number of outliers that there are: one that was left out for a
// while may fit again, when the base has risen.
func (p packing) counted(values []int64) packing {
	p.outliers = 0
	for _, value := range values {
		if !p.holds(value) {
			p.outliers++
		}
	}
	return p
}

func between(low, high int64) packing {
	return packing{base: low, width: bits.Len64(uint64(high) - uint64(low))}
}

// deviation is about how far the values are from their mean.
func deviation(values []int64, low int64) uint64 {
	var sum, off uint64
	for _, value := range values {
		sum += uint64(value) - uint64(low)
	}
	mean := sum / uint64(len(values))
	for _, value := range values {
		above := uint64(value) - uint64(low)
		off += max(above, mean) - min(above, mean)
	}
	return off / uint64(len(values))
}

// packed is a packed column of one series.
type packed struct {
	base     int64
	bits     []byte
	width    int
	outliers []outlier
}

type outlier struct {
	at    int
	value int64
}

// value is the one at a place; places are asked for in ascending order.
func (p *packed) value(at int) int64 {
	for len(p.outliers) > 0 && p.outliers[0].at <= at {
		if p.outliers[0].at == at {
			return p.outliers[0].value
		}
		p.outliers = p.outliers[1:]
	}
	bit := at * p.width
	word := binary.LittleEndian.Uint64(p.bits[bit>>3:]) >> (bit & 7)
	return p.base + int64(word&(1<<p.width-1))
}

// unpack reads the head of n packed values and gives what follows them.
func unpack(data []byte, n int) (p packed, rest []byte) {
	r := reader{data}
	head := r.uvarint()
	p.width = int(head >> 2)
	if head&1 != 0 {
		p.base = r.varint()
	}
	if head&2 != 0 {
		p.outliers = make([]outlier, r.uvarint())
		last := 0
		for i := range p.outliers {
			last += int(r.uvarint())
			p.outliers[i] = outlier{last, r.varint()}
		}
	}
	p.bits = r.data
	return p, r.data[(n*p.width+7)/8:]
}

// reader reads varints.
type reader struct{ data []byte }

func (r *reader) uvarint() uint64 {
	value, n := binary.Uvarint(r.data)
	r.data = r.data[n:]
	return value
}

func (r *reader) varint() int64 {
	value, n := binary.Varint(r.data)
	r.data = r.data[n:]
	return value
}
