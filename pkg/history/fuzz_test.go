package history

import (
	"encoding/binary"
	"slices"
	"testing"
)

// FuzzTable puts any numbers into a table, and reads them while it grows and
// after it was sealed.
func FuzzTable(f *testing.F) {
	f.Add([]byte{}, uint8(1), int64(10_000))
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), uint8(3), int64(-1))
	f.Add(slices.Repeat([]byte{0xff, 0x80, 0, 1, 0x7f}, 2000), uint8(2), int64(1)<<62)
	f.Fuzz(func(t *testing.T, numbers []byte, series uint8, elapsed int64) {
		for _, layout := range []*layout{&jobLayout, &taskLayout, &rowLayout, &readLayout} {
			through(t, layout, looksOf(layout, numbers, int(series%9)+1), elapsed)
		}
	})
}

// looksOf makes looks of bytes: by their lowest bits numbers of any size, and
// every fifth look lacks a series.
func looksOf(layout *layout, numbers []byte, series int) (looks [][]int64) {
	for len(numbers) > 0 && len(looks) < mostLooks {
		look := make([]int64, layout.columns*(series-min(len(looks)%5/4, series-1)))
		for i := range look {
			var eight [8]byte
			n := copy(eight[:], numbers)
			if n > 0 {
				n = copy(eight[:], numbers[:min(n, int(numbers[0]%9))])
			}
			look[i] = int64(binary.LittleEndian.Uint64(eight[:]))
			numbers = numbers[min(n+1, len(numbers)):]
			if i%layout.columns == hasWhat {
				look[i] = look[i]&0x3f | isThere
			}
		}
		looks = append(looks, look)
	}
	return looks
}

func through(t *testing.T, layout *layout, looks [][]int64, elapsed int64) {
	t.Helper()
	if len(looks) == 0 {
		return
	}
	table := growing{layout: layout}
	for _, look := range looks {
		table.add(look, elapsed)
		if !table.same(look) {
			t.Fatal("the latest look is not the same as itself")
		}
	}
	var s sealer
	data := append(s.seal(nil, table), 42)
	sealed, rest := openSealed(append(data, make([]byte, padding)...), len(looks), layout.all())
	if len(rest) != 1+padding || rest[0] != 42 {
		t.Fatalf("%d bytes follow the table", len(rest)-padding)
	}
	for name, written := range map[string]written{"growing": table.read(), "sealed": sealed} {
		read := replay{layout: layout, written: written, wanted: layout.all()}
		for n, want := range looks {
			equals(t, name, layout, want, read.next(elapsed), n)
		}
	}
}

func equals(t *testing.T, name string, layout *layout, want, got []int64, look int) {
	t.Helper()
	for at, value := range want {
		column := at % layout.columns
		if present := layout.present(want[at-column]) | 1; present.has(column) && got[at] != value {
			t.Fatalf("%s: column %d of series %d is %d in look %d, want %d", name, column, at/layout.columns, got[at], look, value)
		}
	}
	for at := len(want); at < len(got); at += layout.columns {
		if got[at] != 0 {
			t.Fatalf("%s: series %d is there in look %d", name, at/layout.columns, look)
		}
	}
}

// A packed column takes about what its noise does: outliers cost themselves.
func TestOutliersCostThemselves(t *testing.T) {
	values := make([]int64, 60)
	for i := range values {
		values[i] = 5000 + int64(i*i*7919%256)
	}
	var scratch []int64
	plain := len(pack(nil, values, &scratch))
	values[17], values[40] = -3_000_000_000, 1<<60
	if odd := len(pack(nil, values, &scratch)); plain > 70 || odd > plain+25 {
		t.Errorf("%d bytes, and %d with two outliers", plain, odd)
	}
}
