package history_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

var source = history.Source{Namespace: "org-1", ID: 7, UID: "a"}

func TestRegistry(t *testing.T) {
	limits := history.Limits{Retention: 2 * time.Hour, Bytes: mib}
	for name, c := range map[string]struct {
		of    history.Source
		after time.Duration
		same  bool
	}{
		"saved again":                           {source, time.Minute, true},
		"another data source":                   {history.Source{Namespace: "org-1", ID: 8, UID: "b"}, time.Minute, false},
		"another organisation's of that uid":    {history.Source{Namespace: "org-2", ID: 8, UID: "a"}, time.Minute, false},
		"another organisation's of no other id": {history.Source{Namespace: "org-2", ID: 7, UID: "a"}, time.Minute, false},
		"made anew with its uid":                {history.Source{Namespace: "org-1", ID: 8, UID: "a"}, time.Minute, false},
		"within its retention":                  {source, 2 * time.Hour, true},
		"saved again a long time on":            {source, 50 * time.Hour, true},
		"a clock that was wrong once":           {source, -50 * time.Hour, true},
	} {
		var registry history.Registry
		first := registry.For(source, limits, began)
		if same := registry.For(c.of, limits, began.Add(c.after)) == first; same != c.same {
			t.Errorf("%s: the same store is %v, want %v", name, same, c.same)
		}
	}
}

// A data source that was deleted is forgotten some time after its last use; looks
// that are added are use.
func TestStoresThatNobodyUsesAreLetGo(t *testing.T) {
	for name, c := range map[string]struct {
		retention, last, now time.Duration
		kept                 bool
	}{
		"soon after":          {10 * time.Minute, 0, time.Hour, true},
		"later":               {10 * time.Minute, 0, time.Hour + 1, false},
		"in use":              {10 * time.Minute, 2 * time.Hour, 3 * time.Hour, true},
		"no more in use":      {10 * time.Minute, 2 * time.Hour, 3*time.Hour + 1, false},
		"that remembers long": {24 * time.Hour, 0, 24 * time.Hour, true},
		"even that":           {24 * time.Hour, 0, 24*time.Hour + 1, false},
	} {
		var registry history.Registry
		limits := history.Limits{Retention: c.retention, Bytes: mib}
		deleted := registry.For(source, limits, began)
		if c.last > 0 {
			added(deleted, "a", int(c.last.Seconds()))
		}
		registry.For(history.Source{UID: "b"}, limits, began.Add(c.now))
		if kept := registry.For(source, limits, began.Add(c.now)) == deleted; kept != c.kept {
			t.Errorf("%s: it is kept: %v, want %v", name, kept, c.kept)
		}
	}
}

// New limits hold for what was remembered before.
func TestRegistryAppliesLimits(t *testing.T) {
	var registry history.Registry
	store := registry.For(source, history.Limits{Retention: time.Hour, Bytes: mib}, began)
	added(store, "a", 10, 100, 1000)
	registry.For(source, history.Limits{Retention: 950 * time.Second, Bytes: mib}, began)
	if list := seconds(t, store, "a"); len(list) != 2 {
		t.Errorf("looks of %v s are told, want two", list)
	}
}

// The process has one registry, and its data sources may come all at once.
func TestRegistryOfTheProcess(t *testing.T) {
	limits := history.Limits{Retention: time.Hour, Bytes: mib}
	stores := make([]*history.Store, 40)
	var all sync.WaitGroup
	for n := range stores {
		all.Go(func() {
			uid := fmt.Sprint("process-", n%4)
			stores[n] = history.For(history.Source{UID: uid}, limits, began)
			added(stores[n], uid, n+1)
		})
	}
	all.Wait()
	for n, store := range stores {
		if store != stores[n%4] || store == stores[(n+1)%4] {
			t.Fatalf("the %d. store is not that of its data source", n)
		}
	}
}

// What is read while it is written is whole, whatever is forgotten meanwhile.
func TestReadWhileWritten(t *testing.T) {
	store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: 512 << 10})
	jobs := newChained(3, 7, 1)
	looks := 0
	var readers sync.WaitGroup
	ended := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for {
				readAll(t, store, history.Key{Cluster: "eu", JobID: jobs.info.ID})
				select {
				case <-ended:
					return
				default:
				}
			}
		})
	}
	for range 1500 {
		if store.Add("eu", jobs.look(10*time.Second), history.Row{}) {
			looks++
		}
	}
	close(ended)
	readers.Wait()
	if looks != 1500 {
		t.Errorf("%d looks were kept of 1500", looks)
	}
}

func readAll(t *testing.T, store *history.Store, key history.Key) {
	last := began
	for look, err := range store.Looks(t.Context(), key, always) {
		if err != nil || len(look.Tasks) != 3 || len(look.Tasks[2].Subtasks) != 7 || !look.At.After(last) {
			t.Errorf("a look of %s after one of %s, with %v, %v", look.At, last, look.Tasks, err)
			return
		}
		last = look.At
	}
	rows, err := store.Rows(t.Context(), key, always, history.BusyMax)
	if err != nil || len(rows.Tasks) > 0 && len(rows.Tasks[0].Measures[0]) != len(rows.Times) {
		t.Errorf("%d times, %v", len(rows.Times), err)
	}
	if _, err := store.Jobs(t.Context(), always); err != nil || store.Bytes() > 512<<10 {
		t.Errorf("%d bytes, %v", store.Bytes(), err)
	}
}
