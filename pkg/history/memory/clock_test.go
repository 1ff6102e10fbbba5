package memory_test

import (
	"math"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
)

// leapt is a time as it would be read while the wall clock is wrong by so many
// seconds. Nothing but time.Now makes a time with a monotonic part: its wall
// seconds are the bits above 30.
func leapt(at time.Time, by int) time.Time {
	*(*int64)(unsafe.Pointer(&at)) += int64(by) << 30
	return at
}

// reading is a sample's time, and by how much the wall clock is wrong then.
type reading struct{ second, off int }

func TestLeapt(t *testing.T) {
	at := time.Now()
	later := leapt(at.Add(5*time.Second), 3600)
	if later.Sub(at) != 5*time.Second || later.Round(0).Sub(at.Round(0)) != time.Hour+5*time.Second {
		t.Fatal("times are made of other bits in this version of Go")
	}
}

// When the clock is right, all that is kept is at its right times, whatever it
// was before.
func TestClock(t *testing.T) {
	for name, c := range map[string]struct {
		readings []reading
		want     []int // seconds that are shown, where the clock is as last
	}{
		"goes on":                       {[]reading{{10, 0}, {20, 0}, {30, 0}}, []int{10, 20, 30}},
		"two hours fast for a while":    {[]reading{{10, 0}, {20, 7200}, {25, 7200}, {30, 0}}, []int{10, 20, 25, 30}},
		"fast from the start":           {[]reading{{10, 7200}, {20, 7200}, {30, 0}}, []int{10, 20, 30}},
		"slow from the start":           {[]reading{{10, -7200}, {20, -7200}, {30, 0}}, []int{10, 20, 30}},
		"days ahead for a while":        {[]reading{{10, 0}, {20, 86400 * 300}, {30, 0}}, []int{10, 20, 30}},
		"back for a while":              {[]reading{{10, 0}, {20, -3600}, {30, 0}}, []int{10, 20, 30}},
		"two hours fast at present":     {[]reading{{10, 0}, {20, 7200}, {30, 7200}}, []int{7210, 7220, 7230}},
		"a second fast, which is drift": {[]reading{{10, 0}, {20, 1}, {30, 1}}, []int{10, 20, 30}},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			pool := memory.NewPool(1 << 30)
			cluster := pool.Open(source, memory.Limits{Retention: time.Hour, MaxBytes: mib}, leapt(start, c.readings[0].off)).Cluster("eu")
			for n, each := range c.readings {
				at := leapt(start.Add(time.Duration(each.second)*time.Second), each.off)
				if !cluster.Add(smallFrom("a", at, at.Add(-10*time.Second), unlike(n)), math.NaN(), maxGap) {
					t.Fatalf("the sample at %d s was not kept", each.second)
				}
			}
			var got []int
			all := history.Range{To: start.Add(365 * 24 * time.Hour).Round(0)}
			summaries := summaries(t, cluster, "a", all, diagnosis.RootSince)
			for _, at := range summaries.At {
				got = append(got, int(at.At.Sub(start.Round(0)).Seconds()))
				if at.At.Sub(at.From) != 10*time.Second {
					t.Errorf("at %s it was measured from %s", at.At, at.From)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("there are samples at %v s, want %v", got, c.want)
			}
			end := start.Round(0).Add(time.Duration(c.want[len(c.want)-1]) * time.Second)
			if verdict, _, _ := cluster.At(t.Context(), history.Job{ID: "a"}, end.Add(time.Second)); verdict == nil {
				t.Error("there is no verdict on the present")
			}
			if !cluster.Covers(history.Range{From: end.Add(-20 * time.Second), To: end}) {
				t.Error("the range is not covered")
			}
		})
	}
}

// A drift of some milliseconds moves no sample.
func TestNoJitter(t *testing.T) {
	start := time.Now()
	cluster := memory.NewPool(1<<30).Open(source, roomy, start).Cluster("eu")
	for n := range 100 {
		at := start.Add(time.Duration(10*n) * time.Second)
		*(*int64)(unsafe.Pointer(&at)) ^= int64(n*7919%1000) * 1000 // some hundred microseconds, in the bits below 30
		cluster.Add(small("a", at, unlike(n)), math.NaN(), maxGap)
		if jobs, _, _ := cluster.Jobs(t.Context(), history.Range{To: start.Add(time.Hour)}); !jobs[0].First.Equal(start.Round(0)) {
			t.Fatalf("the first sample moved to %s, from %s", jobs[0].First, start)
		}
	}
}

// The retention goes by the clock that does not leap.
func TestALeapCostsNoHistory(t *testing.T) {
	start := time.Now()
	pool := memory.NewPool(1 << 30)
	limits := memory.Limits{Retention: time.Hour, MaxBytes: mib}
	cluster := pool.Open(source, limits, start).Cluster("eu")
	for n := range 720 {
		off := 0
		if n == 400 {
			off = 300 * 86400
		}
		at := leapt(start.Add(time.Duration(10*n)*time.Second), off)
		pool.Open(source, limits, at)
		pool.Open(memory.DataSource{UID: "b"}, limits, at)
		cluster.Add(small("a", at, unlike(n)), math.NaN(), maxGap)
		cluster.Answered(at, true)
	}
	end := start.Round(0).Add(7190 * time.Second)
	over := history.Range{From: end.Add(-time.Hour), To: end}
	if !cluster.Covers(over) {
		t.Error("the last hour is not covered")
	}
	if at, up := cluster.Up(over, time.Hour); len(at) != 2 || !slices.Equal(up, []float64{1, 1}) {
		t.Errorf("it is up at %v: %v", at, up)
	}
}

// Since when a task has been a root cause is counted across leaps, and shown by the
// clock as it is.
func TestSinceAcrossALeap(t *testing.T) {
	start := time.Now()
	cluster := memory.NewPool(1<<30).Open(source, roomy, leapt(start, -500)).Cluster("eu")
	for n := range 30 {
		off := -500
		if n >= 20 {
			off = 0
		}
		at := leapt(start.Add(time.Duration(10*n)*time.Second), off)
		cluster.Add(smallFrom("a", at, at.Add(-10*time.Second), 0.95+float64(n%2)/100), math.NaN(), maxGap)
	}
	got := summaries(t, cluster, "a", history.Range{To: start.Add(time.Hour).Round(0)}, diagnosis.RootSince)
	want := float64(start.UnixMilli())/1000 - 10
	for n, since := range got.Task("map").Columns[0] {
		if math.Abs(since-want) > 0.002 || since != got.Task("map").Columns[0][0] {
			t.Fatalf("since is %.4f in row %d, want %.3f", since, n, want)
		}
	}
}
