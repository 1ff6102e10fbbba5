package memory_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
)

// What is kept reaches back for the retention, and no more than a segment further.
func TestRetention(t *testing.T) {
	store := open(memory.Limits{Retention: time.Hour, MaxBytes: mib})
	cluster, most := store.Cluster("eu"), 0
	for n := 1; n <= 5*3600; n += 10 {
		if add(cluster, "a", n) != nil {
			t.Fatalf("the sample at %d s was not kept", n)
		}
		if n < 2*3600 {
			most = max(most, store.Bytes())
		} else if store.Bytes() > most {
			t.Fatalf("it grew to %d bytes after %d s, from %d after two hours", store.Bytes(), n, most)
		}
	}
	list := seconds(t, cluster, "a")
	if reach := list[len(list)-1] - list[0]; reach < 3590 || reach > 3600+15*60 {
		t.Errorf("it reaches back %d s", reach)
	}
}

// What ended is dropped as time goes on, whatever else is sampled: other jobs, other
// clusters, other data sources.
func TestWhatEndedIsDropped(t *testing.T) {
	limits := memory.Limits{Retention: time.Hour, MaxBytes: mib}
	pool := memory.NewPool(1 << 30)
	store := pool.Open(source, limits, began)
	other := pool.Open(memory.DataSource{UID: "b"}, limits, began)
	add(store.Cluster("eu"), "ended", 1, 100, 200)
	add(other.Cluster("eu"), "of a deleted data source", 1, 100, 200)
	add(store.Cluster("us"), "goes on", 3700)
	if store.Bytes() == 0 || other.Bytes() == 0 {
		t.Error("it was dropped too early")
	}
	add(store.Cluster("us"), "goes on", 3810)
	if _, found := store.Cluster("eu").Find("ended"); found || other.Bytes() > 0 {
		t.Errorf("it is kept: %v, and of the other data source %d bytes", found, other.Bytes())
	}
}

// The bytes are kept at every moment, and what is dropped is the oldest, whichever
// job it is of.
func TestBytesAreBounded(t *testing.T) {
	const bytes = 256 << 10
	store := open(memory.Limits{Retention: 24 * time.Hour, MaxBytes: bytes})
	cluster := store.Cluster("eu")
	jobs := []*chained{newChained(2, 4, 1), newChained(2, 4, 2), newChained(2, 4, 3)}
	for n := range 4000 {
		for _, each := range jobs[n/2000:] { // the first ends early
			cluster.Add(each.next(10*time.Second), math.NaN(), maxGap)
			if got := store.Bytes(); got > bytes {
				t.Fatalf("%d bytes after %d samples, want at most %d", got, n, bytes)
			}
		}
	}
	if store.Bytes() < bytes*3/4 {
		t.Errorf("it keeps no more than %d bytes of %d", store.Bytes(), bytes)
	}
	if list := seconds(t, cluster, jobs[0].info.ID); len(list) > 0 {
		t.Errorf("of the job that ended first %d samples are kept", len(list))
	}
	one, other := seconds(t, cluster, jobs[1].info.ID)[0], seconds(t, cluster, jobs[2].info.ID)[0]
	if segment := 640; one > other+segment || other > one+segment {
		t.Errorf("one job reaches back to %d s, the other to %d s: more than a segment apart", one, other)
	}
}

// A job whose single sample is larger than all bytes leaves no trace.
func TestTooLargeAJob(t *testing.T) {
	store := open(memory.Limits{Retention: time.Hour, MaxBytes: 4 << 10})
	of := newChained(10, 10, 1)
	kept := store.Cluster("eu").Add(of.next(10*time.Second), math.NaN(), maxGap)
	if jobs, _, err := store.Cluster("eu").Jobs(t.Context(), always); kept || err != nil || len(jobs) > 0 || store.Bytes() > 0 {
		t.Errorf("it keeps %v in %d bytes, %v", jobs, store.Bytes(), err)
	}
}

// Other limits hold at once, and saving the settings loses nothing.
func TestLimitsOfALivingStore(t *testing.T) {
	pool := memory.NewPool(1 << 30)
	limit := func(limits memory.Limits) (*memory.Store, []int) {
		store := pool.Open(source, limits, second(20_000))
		return store, seconds(t, store.Cluster("eu"), "a")
	}
	first := pool.Open(source, roomy, began)
	for n := range 2000 {
		add(first.Cluster("eu"), "a", 10*(n+1))
	}
	if again, list := limit(roomy); again != first || len(list) != 2000 {
		t.Errorf("saved again, %d samples are left", len(list))
	}
	if _, list := limit(memory.Limits{Retention: time.Hour, MaxBytes: mib}); list[0] < 20_000-3600-640 || list[0] > 20_000-3600 {
		t.Errorf("it reaches back to %d s", list[0])
	}
	if store, list := limit(memory.Limits{Retention: time.Hour, MaxBytes: 16 << 10}); store.Bytes() > 16<<10 || len(list) == 0 {
		t.Errorf("it keeps %d samples in %d bytes", len(list), store.Bytes())
	}
	for _, none := range []memory.Limits{{Retention: time.Hour}, {MaxBytes: mib}} {
		if store, _ := limit(none); add(store.Cluster("eu"), "a", 21_000) == nil {
			t.Errorf("with %+v a sample is kept", none)
		}
	}
}

// Stores are distinguished by all that identifies a data source.
func TestStoresOfDataSources(t *testing.T) {
	for name, c := range map[string]struct {
		of   memory.DataSource
		same bool
	}{
		"saved again":                           {source, true},
		"another data source":                   {memory.DataSource{Namespace: "org-1", ID: 8, UID: "b"}, false},
		"another organisation's of that uid":    {memory.DataSource{Namespace: "org-2", ID: 8, UID: "a"}, false},
		"another organisation's of no other id": {memory.DataSource{Namespace: "org-2", ID: 7, UID: "a"}, false},
		"made anew with its uid":                {memory.DataSource{Namespace: "org-1", ID: 8, UID: "a"}, false},
	} {
		pool := memory.NewPool(1 << 30)
		if same := pool.Open(source, roomy, began) == pool.Open(c.of, roomy, second(60)); same != c.same {
			t.Errorf("%s: the same store is %v, want %v", name, same, c.same)
		}
	}
}

// A store is dropped some time after its last use; samples that are added are use.
func TestUnusedStoresAreDropped(t *testing.T) {
	for name, c := range map[string]struct {
		retention, last, now time.Duration
		kept                 bool
	}{
		"soon after":          {10 * time.Minute, 0, time.Hour, true},
		"later":               {10 * time.Minute, 0, time.Hour + 1, false},
		"in use":              {10 * time.Minute, 2 * time.Hour, 3 * time.Hour, true},
		"no more in use":      {10 * time.Minute, 2 * time.Hour, 3*time.Hour + 1, false},
		"that keeps for long": {24 * time.Hour, 0, 24 * time.Hour, true},
		"even that":           {24 * time.Hour, 0, 24*time.Hour + 1, false},
	} {
		pool := memory.NewPool(1 << 30)
		limits := memory.Limits{Retention: c.retention, MaxBytes: mib}
		deleted := pool.Open(source, limits, began)
		if c.last > 0 {
			add(deleted.Cluster("eu"), "a", int(c.last.Seconds()))
		}
		pool.Open(memory.DataSource{UID: "b"}, limits, began.Add(c.now))
		if kept := pool.Open(source, limits, began.Add(c.now)) == deleted; kept != c.kept {
			t.Errorf("%s: it is kept: %v, want %v", name, kept, c.kept)
		}
	}
}

// Who still has a store that was dropped adds to the one that took its place.
func TestADroppedStoreIsUsedAgain(t *testing.T) {
	pool := memory.NewPool(1 << 30)
	limits := memory.Limits{Retention: time.Hour, MaxBytes: mib}
	old := pool.Open(source, limits, began)
	add(old.Cluster("eu"), "a", 1)
	pool.Open(memory.DataSource{UID: "b"}, limits, second(7300))
	if bytes := pool.Bytes(); bytes > 0 {
		t.Errorf("%d bytes are kept", bytes)
	}
	add(old.Cluster("eu"), "a", 7310)
	if list := seconds(t, pool.Open(source, limits, second(7311)).Cluster("eu"), "a"); !slices.Equal(list, []int{7310}) {
		t.Errorf("it has %v", list)
	}
	pool.Open(memory.DataSource{UID: "b"}, limits, second(15_000))
	current := pool.Open(source, limits, second(15_000))
	add(old.Cluster("eu"), "a", 15_010)
	if list := seconds(t, current.Cluster("eu"), "a"); !slices.Equal(list, []int{15_010}) {
		t.Errorf("the one that was opened after it has %v", list)
	}
}

// All data sources together are bounded; the oldest goes first, whosever it is.
func TestThePoolIsBounded(t *testing.T) {
	const bytes = 512 << 10
	pool := memory.NewPool(bytes)
	stores := make([]*memory.Store, 4)
	for i := range stores {
		stores[i] = pool.Open(memory.DataSource{ID: int64(i)}, roomy, began)
	}
	for n := range 4000 {
		for i, store := range stores {
			if i > 0 || n < 100 { // the first ends early
				add(store.Cluster("eu"), "a", 10*n)
			}
		}
		if pool.Bytes() > bytes {
			t.Fatalf("%d bytes after %d samples", pool.Bytes(), n)
		}
	}
	sum := 0
	for i, store := range stores {
		list := seconds(t, store.Cluster("eu"), "a")
		if sum += store.Bytes(); (len(list) == 0) != (i == 0) {
			t.Errorf("store %d has %d samples", i, len(list))
		}
	}
	if sum != pool.Bytes() || sum < bytes*3/4 {
		t.Errorf("the stores have %d bytes, the pool %d", sum, pool.Bytes())
	}
}

// One subtask that changes with each sample costs its task's roster, not the job's.
func TestASubtaskThatFlips(t *testing.T) {
	bytes := func(flips bool) int {
		store := open(roomy)
		of := newChained(100, 20, 1)
		for n := range 100 {
			verdict := of.next(10 * time.Second)
			if flips {
				verdict.Snapshot.Tasks[7].Subtasks[3].Attempt = n
			}
			store.Cluster("eu").Add(verdict, math.NaN(), maxGap)
		}
		return store.Bytes()
	}
	if more := (bytes(true) - bytes(false)) / 100; more > 600 {
		t.Errorf("%d bytes more for each sample", more)
	}
}

// A job that is sampled seldom, or whose tasks change with each sample, takes little
// more than what is kept of it.
func TestSmallSegments(t *testing.T) {
	for name, c := range map[string]struct{ every, parallelism int }{"seldom": {300, 1}, "rescales": {10, 7}} {
		store := open(memory.Limits{Retention: 24 * time.Hour, MaxBytes: mib})
		for n := range 280 {
			verdict := small("a", second(n*c.every), unlike(n))
			load := &verdict.Snapshot.Tasks[0]
			*load = load.WithSubtasks(slices.Repeat(load.Subtasks, 1+n%c.parallelism))
			store.Cluster("eu").Add(verdict, math.NaN(), maxGap)
		}
		if each := store.Bytes() / 280; each > 2000 {
			t.Errorf("%s: %d bytes a sample", name, each)
		}
		if list := seconds(t, store.Cluster("eu"), "a"); len(list) != 280 {
			t.Errorf("%s: %d samples are kept", name, len(list))
		}
	}
}
