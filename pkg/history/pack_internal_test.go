package history

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// unpacked are the values of a packed column, and how many bytes follow it.
func unpacked(data []byte, n int) (values []int64, rest int) {
	p, after := unpack(data, n)
	for at := range n {
		values = append(values, p.value(at))
	}
	return values, len(after)
}

// What was packed comes back, and what follows it is found: where values lie
// close together, where some lie far off, and at the ends of what an int64 holds.
func TestPackedValuesComeBack(t *testing.T) {
	chance := rand.New(rand.NewPCG(6, 6))
	fallsBack := slices.Concat(slices.Repeat([]int64{-1, 0, 0, 0, 0, 4}, 40), []int64{-5, 5}) // 5 is left out first, and fits in the end
	for name, next := range map[string]func() []int64{
		"one":                 func() []int64 { return []int64{chance.Int64()} },
		"all the same":        func() []int64 { return slices.Repeat([]int64{chance.Int64N(3) - 1}, 50) },
		"one that fits again": func() []int64 { return fallsBack },
		"even":                func() []int64 { return drawn(chance, func() int64 { return chance.Int64N(1000) }) },
		"normal":              func() []int64 { return drawn(chance, func() int64 { return int64(100 * chance.NormFloat64()) }) },
		"with a heavy tail":   func() []int64 { return drawn(chance, func() int64 { return laplace(chance, 3) }) },
		"with a heavier tail": func() []int64 {
			return drawn(chance, func() int64 { return int64(math.Exp(4 * chance.NormFloat64())) })
		},
		"few far off":          func() []int64 { return drawn(chance, func() int64 { return farOff(chance) }) },
		"of all that there is": func() []int64 { return drawn(chance, func() int64 { return int64(chance.Uint64()) }) },
	} {
		t.Run(name, func(t *testing.T) {
			var scratch []int64
			for range 5000 {
				values := next()
				data := append(pack(nil, values, &scratch), make([]byte, padding)...)
				if got, rest := unpacked(data, len(values)); !slices.Equal(got, values) || rest != padding {
					t.Fatalf("%d came back as %d, followed by %d bytes, want %d", values, got, rest, padding)
				}
			}
		})
	}
}

func drawn(chance *rand.Rand, next func() int64) []int64 {
	values := make([]int64, 1+chance.IntN(mostLooks))
	for i := range values {
		values[i] = next()
	}
	return values
}

func laplace(chance *rand.Rand, width float64) int64 {
	return int64(math.Round(width * (chance.ExpFloat64() - chance.ExpFloat64())))
}

func farOff(chance *rand.Rand) int64 {
	if chance.IntN(20) == 0 {
		return int64(chance.Uint64())
	}
	return chance.Int64N(8)
}
