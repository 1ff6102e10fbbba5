package history_test

import (
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// added adds looks at a job, a number of seconds after the start, and returns
// those that were not kept.
func added(store *history.Store, id string, seconds ...int) (refused []int) {
	for _, second := range seconds {
		if !store.Add("eu", moving(id, time.Duration(second)*time.Second), history.Row{}) {
			refused = append(refused, second)
		}
	}
	return refused
}

const day = 24 * 3600

// The looks' clock may leap, as machines' clocks do.
func TestClock(t *testing.T) {
	for name, c := range map[string]struct {
		looks, refused, kept []int
	}{
		"goes on":                           {[]int{100, 110, 120}, nil, []int{100, 110, 120}},
		"a look older than the last":        {[]int{100, 110, 105, 120}, []int{105}, []int{100, 110, 120}},
		"the same time twice":               {[]int{100, 110, 110, 120}, []int{110}, []int{100, 110, 120}},
		"back for once":                     {[]int{5000, 5010, 100, 5020}, []int{100}, []int{5000, 5010, 5020}},
		"back by less than a minute":        {[]int{100, 160, 110, 150, 170}, []int{110, 150}, []int{100, 160, 170}},
		"back for good":                     {[]int{5000, 5010, 100, 130, 160, 170}, []int{100, 130}, []int{160, 170}},
		"far ahead for once":                {[]int{100, 110, 300 * day, 120, 130}, nil, []int{100, 110, 120, 130}},
		"ahead twice, far apart":            {[]int{100, 110, 300 * day, 100 * day, 120}, []int{100 * day}, []int{100, 110, 120}},
		"ahead for good":                    {[]int{100, 110, 300 * day, 300*day + 30, 300*day + 60}, nil, []int{300 * day, 300*day + 30, 300*day + 60}},
		"wrong from the start":              {[]int{300 * day, 100, 130, 160, 170}, []int{100, 130}, []int{160, 170}},
		"a pause shorter than is kept":      {[]int{100, 3000}, nil, []int{100, 3000}},
		"a pause longer than is kept":       {[]int{100, 9000, 9030, 9060, 9070}, nil, []int{9000, 9030, 9060, 9070}},
		"ahead and on time in turn":         {[]int{100, 90 * day, 110, 90*day + 20, 120, 90*day + 80, 130}, nil, []int{100, 110, 120, 130}},
		"a time that nobody can have known": {[]int{100, -200 * 365 * day, 150 * 365 * day, 110}, []int{-200 * 365 * day}, []int{100, 110}},
	} {
		t.Run(name, func(t *testing.T) {
			store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: mib})
			if refused := added(store, "a", c.looks...); !slices.Equal(refused, c.refused) {
				t.Errorf("the looks at %v s were not kept, want %v", refused, c.refused)
			}
			if kept := seconds(t, store, "a"); !slices.Equal(kept, c.kept) {
				t.Errorf("the looks at %v s are told, want %v", kept, c.kept)
			}
		})
	}
}

// One wrong look at one job costs no other job its history, and is not told
// of once it is known to be wrong.
func TestALeapOfOneJobCostsNoOther(t *testing.T) {
	store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: mib})
	added(store, "a", 100, 110, 120)
	added(store, "b", 100, 110, 120, 300*day)
	if kept := seconds(t, store, "a"); !slices.Equal(kept, []int{100, 110, 120}) {
		t.Errorf("a's looks are of %v s while b's clock is in doubt", kept)
	}
	added(store, "a", 130)
	if kept := seconds(t, store, "b"); !slices.Equal(kept, []int{100, 110, 120}) {
		t.Errorf("b's looks are of %v s", kept)
	}
	if added(store, "b", 140) != nil {
		t.Error("b is not remembered any more")
	}
}

// Clocks that leap for ever make nothing grow.
func TestLeapsAreBounded(t *testing.T) {
	store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: 64 << 10})
	for n := range 5000 {
		added(store, string(rune('a'+n%7)), (n*7919%100)*day+n, n*10)
		if store.Bytes() > 64<<10 {
			t.Fatalf("%d bytes after %d leaps", store.Bytes(), n)
		}
	}
}
