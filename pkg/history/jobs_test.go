package history_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

func between(from, to int) history.Span {
	return history.Span{From: began.Add(time.Duration(from) * time.Second), To: began.Add(time.Duration(to) * time.Second)}
}

// Jobs that Flink has forgotten are found by when they were looked at.
func TestJobsOfASpan(t *testing.T) {
	store := history.NewStore(blocky)
	for n := range 60 {
		added(store, "a", 10*n+1)
		if n >= 30 {
			added(store, "b", 10*n+2)
		}
	}
	seen := func(id string, first, last int) history.Job {
		of := between(first, last)
		return history.Job{Key: history.Key{Cluster: "eu", JobID: id}, Name: "job " + id, First: of.From, Last: of.To}
	}
	for name, c := range map[string]struct {
		over history.Span
		want []history.Job
	}{
		"all":                {always, []history.Job{seen("a", 1, 591), seen("b", 302, 592)}},
		"before the second":  {between(0, 300), []history.Job{seen("a", 1, 291)}},
		"within":             {between(395, 415), []history.Job{seen("a", 401, 411), seen("b", 402, 412)}},
		"one moment":         {between(402, 402), []history.Job{seen("b", 402, 402)}},
		"between looks":      {between(403, 409), nil},
		"before and after":   {between(-9, 0), nil},
		"in the future":      {between(600, 1e6), nil},
		"ends before begins": {between(500, 400), nil},
	} {
		got, err := store.Jobs(t.Context(), c.over)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if oldest, found := store.Oldest("eu"); !found || !oldest.Equal(began.Add(time.Second)) {
		t.Errorf("the oldest is of %s", oldest)
	}
}

// How far back one cluster is known tells nothing of another.
func TestOldestIsOfACluster(t *testing.T) {
	store := history.NewStore(roomy)
	added(store, "a", 10)
	store.Add("us", moving("b", 20*time.Second), history.Row{})
	for cluster, want := range map[string]int{"eu": 10, "us": 20} {
		if oldest, found := store.Oldest(cluster); !found || int(oldest.Sub(began).Seconds()) != want {
			t.Errorf("the oldest of %s is of %s, want %d s", cluster, oldest, want)
		}
	}
	if oldest, found := store.Oldest("asia"); found {
		t.Errorf("a cluster that was never looked at is known from %s on", oldest)
	}
}

func TestNothingIsKnown(t *testing.T) {
	store := history.NewStore(roomy)
	if _, found := store.Oldest("eu"); found {
		t.Error("an empty store has an oldest look")
	}
	rows, err := store.Rows(t.Context(), key, always, history.BusyMax)
	if err != nil || len(rows.Times)+len(rows.Tasks)+len(rows.Jobs) > 0 {
		t.Errorf("rows %v, %v", rows, err)
	}
	if list := seconds(t, store, "a"); len(list) > 0 {
		t.Errorf("looks of %v", list)
	}
}

// Jobs of one id in two clusters, as every application cluster has, are two.
func TestOneIDInTwoClusters(t *testing.T) {
	store := history.NewStore(roomy)
	store.Add("eu", moving("a", time.Second), history.Row{})
	store.Add("us", moving("a", 2*time.Second), history.Row{})
	if jobs, _ := store.Jobs(t.Context(), always); len(jobs) != 2 || len(seconds(t, store, "a")) != 1 {
		t.Errorf("there are %v", jobs)
	}
}

// A query that was given up reads no further.
func TestReadingEndsWithItsContext(t *testing.T) {
	store := history.NewStore(roomy)
	added(store, "a", 1, 2, 3)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := 0
	for look, err := range store.Looks(ctx, key, always) {
		if read++; read == 2 && (look != nil || !errors.Is(err, context.Canceled)) {
			t.Errorf("after the end come %v, %v", look, err)
		}
		cancel()
	}
	if read != 2 {
		t.Errorf("%d looks and errors, want a look and an error", read)
	}
	if _, err := store.Rows(ctx, key, always); !errors.Is(err, context.Canceled) {
		t.Errorf("rows after the end: %v", err)
	}
}

// A job is called what it was called last in the span; rows say what at each.
func TestNamesAreOfTheirTime(t *testing.T) {
	store := history.NewStore(roomy)
	for second, name := range []string{"orders #2", "orders #2", "orders", "orders"} {
		look := moving("a", time.Duration(second)*time.Second)
		look.Job.Name = name
		store.Add("eu", look, history.Row{})
	}
	for last, want := range []string{"orders #2", "orders #2", "orders", "orders"} {
		over := history.Span{To: began.Add(time.Duration(last) * time.Second)}
		if jobs, err := store.Jobs(t.Context(), over); len(jobs) != 1 || jobs[0].Name != want || err != nil {
			t.Errorf("until %d s there are %v, %v", last, jobs, err)
		}
		if rows, err := store.Rows(t.Context(), key, over); len(rows.Jobs) != last+1 || rows.Jobs[last].Name != want || err != nil {
			t.Errorf("until %d s there are %v, %v", last, rows.Jobs, err)
		}
	}
}
