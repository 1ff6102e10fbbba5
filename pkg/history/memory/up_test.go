package memory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
)

// answered notes answers, "+", and that there was none, "-", at these seconds.
func answered(cluster *memory.Cluster, at ...string) {
	for _, each := range at {
		var n int
		_, _ = fmt.Sscanf(each[1:], "%d", &n) // always a number
		cluster.Answered(second(n), each[0] == '+')
	}
}

// up is what is known of a cluster between two seconds: "|" stands for a gap.
func up(cluster *memory.Cluster, from, to int, step time.Duration) string {
	at, values := cluster.Up(between(from, to), step)
	var all []string
	for i := range at {
		all = append(all, fmt.Sprintf("%g:%g", at[i].At.Sub(began).Seconds(), values[i]))
		if i+1 < len(at) && at[i+1].At.Sub(at[i].At) > at[i].MaxGap {
			all = append(all, "|")
		}
	}
	return strings.Join(all, " ")
}

// Whether a cluster answers is known at steps; what nobody asked is not known.
func TestUp(t *testing.T) {
	for name, c := range map[string]struct {
		at   []string
		want string
	}{
		"never asked":              {nil, ""},
		"asked once":               {[]string{"+100"}, "100:1"},
		"answers all the time":     {[]string{"+100", "+110", "+160", "+200"}, "100:1 130:1 160:1 190:1 200:1"},
		"goes away":                {[]string{"+100", "+110", "-120", "-130"}, "100:1 110:1 120:0 130:0"},
		"comes back":               {[]string{"-100", "+110", "-120"}, "100:0 110:1 120:0"},
		"nobody asked for a while": {[]string{"+100", "+200"}, "100:1 | 200:1"},
		"a time before the last":   {[]string{"+200", "-190", "+210"}, "200:1 210:1"},
		"out of the range":         {[]string{"-10", "+9010"}, ""},
		"cut by the range":         {[]string{"+0", "+60", "+110"}, "50:1 80:1 110:1"},
	} {
		cluster := open(memory.Limits{Retention: 24 * time.Hour, MaxBytes: mib}).Cluster("eu")
		answered(cluster, c.at...)
		if got := up(cluster, 50, 2000, 30*time.Second); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Points that are far apart belong together while nothing changed.
func TestUpAtALargeStep(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for n := range 100 {
		cluster.Answered(second(60*n), true)
	}
	answered(cluster, "+6100", "-6110")
	if got, want := up(cluster, 0, 9000, 50*time.Minute), "0:1 3000:1 5940:1 | 6100:1 6110:0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// What is kept of a cluster is dropped with its retention, and small however often
// it comes and goes.
func TestUpIsBounded(t *testing.T) {
	store := open(memory.Limits{Retention: time.Hour, MaxBytes: mib})
	cluster := store.Cluster("eu")
	for n := range 9 * 3600 {
		cluster.Answered(second(n), n%2 == 0)
	}
	if bytes := store.Bytes(); bytes > 200_000 {
		t.Errorf("%d bytes", bytes)
	}
	if got := up(cluster, 0, 8*3600-20, time.Minute); got != "" {
		t.Errorf("of hours ago it is known that %.80s", got)
	}
	add(store.Cluster("us"), "a", 12*3600) // what is of other clusters is dropped, too
	if got := up(cluster, 0, 13*3600, time.Minute); got != "" {
		t.Errorf("three hours later it is known that %.80s", got)
	}
}
