package memory_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Jobs are found by when they were sampled.
func TestJobsOfARange(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for n := range 60 {
		add(cluster, "a", 10*n+1)
		if n >= 30 {
			add(cluster, "b", 10*n+2)
		}
	}
	seen := func(id string, first, last int) history.Job {
		return history.Job{
			ID: id, Name: "job " + id, Type: job.Streaming, First: second(first), Last: second(last),
			Graph: small(id, began, 0.5).Snapshot.Graph, TaskManagers: []string{"tm-1"},
		}
	}
	for name, c := range map[string]struct {
		over history.Range
		want []history.Job
	}{
		"all":                {always, []history.Job{seen("a", 1, 591), seen("b", 302, 592)}},
		"all of time":        {history.Range{To: second(1e6)}, []history.Job{seen("a", 1, 591), seen("b", 302, 592)}},
		"before the second":  {between(0, 300), []history.Job{seen("a", 1, 291)}},
		"within":             {between(395, 415), []history.Job{seen("a", 401, 411), seen("b", 402, 412)}},
		"one moment":         {between(402, 402), []history.Job{seen("b", 402, 402)}},
		"between samples":    {between(403, 409), nil},
		"before and after":   {between(-9, 0), nil},
		"in the future":      {between(600, 1e6), nil},
		"ends before begins": {between(500, 400), nil},
	} {
		got, warnings, err := cluster.Jobs(t.Context(), c.over)
		if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" || err != nil || warnings != nil {
			t.Errorf("%s: %v, %v (-want +got):\n%s", name, err, warnings, diff)
		}
	}
}

// A job is found whenever it was sampled, as it was last.
func TestFind(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	add(cluster, "a", 10, 20, 30)
	last := small("a", second(40), 0.5)
	last.Snapshot.Job.Name, last.Snapshot.Job.Type = "renamed", ""
	cluster.Add(last, math.NaN(), maxGap)
	found, ok := cluster.Find("a")
	if !ok || found.Name != "renamed" || found.Type != job.Streaming || !found.First.Equal(second(10)) || !found.Last.Equal(second(40)) || len(found.Graph.Tasks) != 2 {
		t.Errorf("it is %+v, %v", found, ok)
	}
	if found, ok := cluster.Find("b"); ok {
		t.Errorf("a job that there never was is %+v", found)
	}
}

// A job has ended if its newest sample shows so: until it has begun again.
func TestEnded(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	add(cluster, "a", 10, 20)
	for _, n := range []int{30, 200} {
		of := small("a", second(n), 0.5).Snapshot
		of.Job.State = job.Canceled
		cluster.Add(diagnosis.Diagnose(of), math.NaN(), maxGap)
	}
	add(cluster, "a", 300)
	for n, want := range map[int]int{0: 0, 10: 0, 29: 0, 30: 30, 199: 30, 200: 200, 299: 200, 300: 0, 5000: 0} {
		if got := cluster.Ended("a", second(n)); want == 0 && !got.IsZero() || want > 0 && !got.Equal(second(want)) {
			t.Errorf("at %d s it ended at %s, want %d s", n, got, want)
		}
	}
	if got := cluster.Ended("b", second(1000)); !got.IsZero() {
		t.Errorf("a job that there never was ended at %s", got)
	}
}

// A job has all the names that it had in a range. The last that it ran with counts;
// if it has ended it had a number at most beside another job.
func TestNamesOfAJob(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	for i, name := range []string{"orders #2", "orders", "orders", "orders #3"} {
		of := small("a", second(10*i), 0.5).Snapshot
		if of.Job.Name, of.Job.Plain = name, "orders"; i == 3 {
			of.Job.State = job.Finished
		}
		cluster.Add(diagnosis.Diagnose(of), math.NaN(), maxGap)
	}
	for over, want := range map[history.Range][]string{
		between(0, 0):   {"orders #2"},
		between(0, 10):  {"orders", "orders #2", "orders"},
		between(10, 20): {"orders"},
		between(10, 30): {"orders", "orders", "orders #3"},
		between(30, 30): {"orders", "orders #3"},
	} {
		jobs, _, _ := cluster.Jobs(t.Context(), over)
		if got := append([]string{jobs[0].Name}, jobs[0].Names...); !slices.Equal(got, want) {
			t.Errorf("from %s to %s: the name and names are %q, want %q", over.From, over.To, got, want)
		}
	}
}

// When a job has ended its subtasks run nowhere: what it ran on is known from before.
func TestTaskManagersOfAJobThatEnded(t *testing.T) {
	cluster := open(roomy).Cluster("eu")
	add(cluster, "a", 10)
	of := small("a", second(20), 0.5).Snapshot
	for n := range 200 {
		cluster.Add(diagnosis.Diagnose(job.UnknownSnapshot(of.Job, of.Graph, second(20+40*n), nil)), math.NaN(), maxGap)
		if found, _ := cluster.Find("a"); !slices.Equal(found.TaskManagers, []string{"tm-1"}) {
			t.Fatalf("%v after %d samples", found.TaskManagers, n)
		}
	}
}

// Jobs of one id in two clusters, as every application cluster has, are two.
func TestOneIDInTwoClusters(t *testing.T) {
	store := open(roomy)
	add(store.Cluster("eu"), "a", 1)
	add(store.Cluster("us"), "a", 2, 3)
	if eu, us := seconds(t, store.Cluster("eu"), "a"), seconds(t, store.Cluster("us"), "a"); len(eu) != 1 || len(us) != 2 {
		t.Errorf("one has %v, the other %v", eu, us)
	}
	if jobs, _, _ := store.Cluster("eu at another address").Jobs(t.Context(), always); len(jobs) > 0 {
		t.Errorf("another address has %v", jobs)
	}
}

// A range is covered if samples of one job follow each other all through it.
func TestCovers(t *testing.T) {
	minutes := func(from, to int) (list []int) {
		for n := from; n <= to; n++ {
			list = append(list, 60*n)
		}
		return list
	}
	for name, c := range map[string]struct {
		a, b []int
		over history.Range
		want bool
	}{
		"no sample":                    {nil, nil, between(0, 600), false},
		"all through":                  {minutes(0, 10), nil, between(0, 600), true},
		"several segments":             {minutes(0, 600), nil, between(0, 36000), true},
		"within what there is":         {minutes(0, 10), nil, between(100, 200), true},
		"between two samples":          {minutes(0, 10), nil, between(61, 119), false},
		"begins a max gap early":       {minutes(1, 10), nil, between(0, 600), true},
		"begins earlier":               {minutes(1, 10), nil, between(-1, 600), false},
		"ends a max gap late":          {minutes(0, 10), nil, between(0, 660), true},
		"ends later":                   {minutes(0, 10), nil, between(0, 661), false},
		"a hole":                       {append(minutes(0, 4), minutes(6, 10)...), nil, between(0, 600), false},
		"a hole before the range":      {append(minutes(0, 1), minutes(3, 10)...), nil, between(150, 600), true},
		"another job has no hole":      {append(minutes(0, 4), minutes(6, 10)...), minutes(0, 10), between(0, 600), true},
		"two jobs, one half each":      {minutes(0, 5), minutes(5, 10), between(0, 600), false},
		"since the beginning of time":  {minutes(0, 10), nil, history.Range{To: second(600)}, false},
		"the range ends before it has": {minutes(0, 10), nil, between(600, 0), false},
	} {
		cluster := open(roomy).Cluster("eu")
		for n := range 700 { // in the order of time
			if slices.Contains(c.a, 60*n) {
				add(cluster, "a", 60*n)
			}
			if slices.Contains(c.b, 60*n) {
				add(cluster, "b", 60*n)
			}
		}
		if got := cluster.Covers(c.over); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What is asked of thousands of jobs takes as long for each as of a few.
func BenchmarkAmongJobs(b *testing.B) {
	for _, jobs := range []int{10, 1000, 10_000} {
		cluster, ids := open(roomy).Cluster("eu"), make([]string, jobs)
		n := 0
		next := func() {
			cluster.Add(small(ids[n%jobs], second(1).Add(time.Duration(n)*10*time.Second/time.Duration(jobs)), unlike(n)), math.NaN(), maxGap)
			n++
		}
		for i := range ids {
			ids[i] = fmt.Sprint("job-", i)
		}
		for range 5 * jobs {
			next()
		}
		b.Run(fmt.Sprintf("add to one of %d", jobs), func(b *testing.B) {
			for b.Loop() {
				next()
			}
		})
		b.Run(fmt.Sprintf("list %d", jobs), func(b *testing.B) {
			for b.Loop() {
				_, _, _ = cluster.Jobs(b.Context(), always)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*jobs), "ns/job")
		})
		b.Run(fmt.Sprintf("covers, of %d", jobs), func(b *testing.B) {
			for b.Loop() {
				cluster.Covers(between(0, n))
			}
		})
	}
}
