package sim

import (
	"encoding/binary"
	"hash/fnv"
)

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
