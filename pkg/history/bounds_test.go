package history_test

import (
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// lookAt is a look at one of a few small jobs.
func lookAt(id string, after time.Duration, busy time.Duration) *job.Sample {
	graph := job.NewGraph([]job.Task{{ID: "map", Name: "map", Parallelism: 1, State: job.Running, Running: 1}}, nil)
	read := job.SubtaskSample{State: job.Running, Start: began, Running: after, Counters: &job.Counters{Busy: busy}}
	return &job.Sample{
		Job: job.Info{ID: id, Name: "job " + id, State: job.Running, Start: began}, Graph: graph, At: began.Add(after),
		Tasks: []job.TaskSample{{Subtasks: []job.SubtaskSample{read}}},
	}
}

// moving is a look whose counters moved with the time.
func moving(id string, after time.Duration) *job.Sample { return lookAt(id, after, after) }

// seconds are when the looks kept of a job were taken.
func seconds(t *testing.T, store *history.Store, id string) (list []int) {
	t.Helper()
	for look, err := range store.Looks(t.Context(), history.Key{Cluster: "eu", JobID: id}, always) {
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 0 && int(look.At.Sub(began).Seconds()) < list[len(list)-1] {
			t.Errorf("a look of %s comes after one of %d s", look.At, list[len(list)-1])
		}
		list = append(list, int(look.At.Sub(began).Seconds()))
	}
	return list
}

// Nothing older than the retention is told of, and little is held.
func TestRetention(t *testing.T) {
	store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: mib})
	most := 0
	for after := time.Second; after <= 5*time.Hour; after += 10 * time.Second {
		if !store.Add("eu", moving("a", after), history.Row{}) {
			t.Fatalf("the look after %s was not kept", after)
		}
		if after < time.Hour+10*time.Minute {
			most = max(most, store.Bytes())
		} else if store.Bytes() > most+most/10 {
			t.Fatalf("it grew to %d bytes after %s, from %d after an hour", store.Bytes(), after, most)
		}
	}
	list := seconds(t, store, "a")
	if len(list) != 361 || list[360]-list[0] != 3600 {
		t.Errorf("%d looks are kept, from %d to %d s", len(list), list[0], list[len(list)-1])
	}
	if oldest, found := store.Oldest("eu"); !found || int(oldest.Sub(began).Seconds()) != list[0] {
		t.Errorf("the oldest is of %s, want %d s", oldest, list[0])
	}
}

// The bytes are kept at every moment, and what is forgotten is the oldest,
// whichever job it is of.
func TestBytesAreBounded(t *testing.T) {
	const bytes = 256 << 10
	store := history.NewStore(history.Limits{Retention: 24 * time.Hour, Bytes: bytes})
	jobs := []*chained{newChained(2, 4, 1), newChained(2, 4, 2), newChained(2, 4, 3)}
	for n := range 4000 {
		for _, each := range jobs[n/2000:] { // the first ends early
			store.Add("eu", each.look(10*time.Second), history.Row{})
		}
		if got := store.Bytes(); got > bytes {
			t.Fatalf("%d bytes after %d looks, want at most %d", got, n, bytes)
		}
	}
	if store.Bytes() < bytes*3/4 {
		t.Errorf("it keeps no more than %d bytes of %d", store.Bytes(), bytes)
	}
	if list := seconds(t, store, jobs[0].info.ID); len(list) > 0 {
		t.Errorf("of the job that ended first %d looks are kept, which are older than those forgotten of others", len(list))
	}
	one, other := seconds(t, store, jobs[1].info.ID)[0], seconds(t, store, jobs[2].info.ID)[0]
	if block := 2400; one > other+block || other > one+block {
		t.Errorf("one job reaches back to %d s, the other to %d s: more than a block apart", one, other)
	}
}

// A job whose single look is larger than all bytes leaves no trace.
func TestTooLargeAJob(t *testing.T) {
	store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: 4 << 10})
	for _, look := range []*job.Sample{newChained(10, 10, 1).look(10 * time.Second)} {
		store.Add("eu", look, history.Row{})
	}
	if jobs, err := store.Jobs(t.Context(), always); err != nil || len(jobs) > 0 || store.Bytes() > 0 {
		t.Errorf("it keeps %v in %d bytes, %v", jobs, store.Bytes(), err)
	}
}

// Other limits hold at once.
func TestLimitsOfALivingStore(t *testing.T) {
	store := history.NewStore(roomy)
	for n := range 2000 {
		store.Add("eu", moving("a", time.Duration(n+1)*10*time.Second), history.Row{})
	}
	store.Limit(history.Limits{Retention: time.Hour, Bytes: mib})
	if list := seconds(t, store, "a"); list[0] < 20000-3600 {
		t.Errorf("it reaches back to %d s, which is more than an hour", list[0])
	}
	store.Limit(history.Limits{Retention: time.Hour, Bytes: 8 << 10})
	if store.Bytes() > 8<<10 {
		t.Errorf("it keeps %d bytes", store.Bytes())
	}
}

// A look that says the same as the last is left out, for half a minute.
func TestLooksThatBringNothingNew(t *testing.T) {
	store := history.NewStore(roomy)
	for _, c := range []struct {
		after, busy time.Duration
		kept        bool
	}{
		{10 * time.Second, time.Second, true},
		{12 * time.Second, time.Second, false},
		{20 * time.Second, 2 * time.Second, true},
		{49 * time.Second, 2 * time.Second, false},
		{50 * time.Second, 2 * time.Second, true},
		{52 * time.Second, 2 * time.Second, false},
	} {
		if kept := store.Add("eu", lookAt("a", c.after, c.busy), history.Row{}); kept != c.kept {
			t.Errorf("the look after %s is kept: %v, want %v", c.after, kept, c.kept)
		}
	}
}

// What is told of a job beside the same look is news.
func TestRowsAreNews(t *testing.T) {
	store := history.NewStore(roomy)
	store.Add("eu", lookAt("a", time.Second, time.Second), history.Row{Job: history.JobRow{Restarts: 1}})
	if !store.Add("eu", lookAt("a", 2*time.Second, time.Second), history.Row{Job: history.JobRow{Restarts: 2}}) {
		t.Error("a restart is left out")
	}
}
