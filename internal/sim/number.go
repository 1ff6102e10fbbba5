package sim

import (
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
