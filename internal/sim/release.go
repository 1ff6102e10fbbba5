package sim

import (
	"strconv"
	"strings"
	"time"
)

// release is a version of Flink, by which answers differ.
type release struct{ major, minor int }

// released reads a version; one that cannot be read counts as new.
func released(version string) release {
	major, rest, _ := strings.Cut(version, ".")
	minor := strings.TrimLeft(rest, "0123456789")
	m, errMajor := strconv.Atoi(major)
	n, errMinor := strconv.Atoi(strings.TrimSuffix(rest, minor))
	if errMajor != nil || errMinor != nil {
		return release{major: 99}
	}
	return release{m, n}
}

// from reports whether it is that version or a newer one.
func (r release) from(major, minor int) bool {
	return r.major > major || r.major == major && r.minor >= minor
}

// What differs by version, as far as it has a name.
func (r release) hasCounters() bool   { return r.from(1, 16) }
func (r release) hasHost() bool       { return !r.from(2, 0) }
func (r release) hasEndpoint() bool   { return r.from(1, 19) }
func (r release) hasLevelTwice() bool { return r.from(1, 15) }

// window is how long the gauges average over.
func (r release) window() time.Duration {
	if r.from(1, 17) {
		return time.Minute
	}
	return 5 * time.Second
}
