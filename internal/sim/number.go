package sim

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"strconv"
)

// decimal is a number that Flink writes with a decimal point, or as "NaN".
type decimal float64

// MarshalJSON writes 12 as 12.0 and what is no number as a text.
func (d decimal) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(d)) {
		return []byte(`"NaN"`), nil
	}
	return d.append(nil), nil
}

func (d decimal) String() string { return string(d.append(nil)) }

func (d decimal) append(to []byte) []byte {
	if float64(d) == math.Trunc(float64(d)) {
		return strconv.AppendFloat(to, float64(d), 'f', 1, 64)
	}
	return strconv.AppendFloat(to, float64(d), 'f', -1, 64)
}

// millis are the whole milliseconds of seconds.
func millis(seconds float64) int64 { return int64(math.Round(seconds * 1000)) }

// chance is a number from 0 to 1 that follows from a seed, a text and numbers
// alone: what happens does not depend on the order of requests.
func chance(seed uint64, text string, numbers ...uint64) float64 {
	hash := fnv.New64a()
	var bytes [8]byte
	for _, number := range append(numbers, seed) {
		binary.LittleEndian.PutUint64(bytes[:], number)
		_, _ = hash.Write(bytes[:]) // never fails
	}
	_, _ = hash.Write([]byte(text))
	// FNV mixes the last bytes little: spread them.
	mixed := hash.Sum64() * 0x9e3779b97f4a7c15
	mixed ^= mixed >> 32
	mixed *= 0xd6e8feb86659fd93
	return float64(mixed>>11) / (1 << 53)
}
