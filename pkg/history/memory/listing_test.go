package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// list notes which jobs are not sampled at these seconds.
func list(cluster *memory.Cluster, names []string, seconds ...int) {
	others := make([]job.Info, len(names))
	for i, name := range names {
		others[i] = job.Info{ID: "id of " + name, Name: name + " #2", Plain: name, Type: job.Batch}
	}
	for _, n := range seconds {
		cluster.Listed(second(n), others, 2*time.Minute)
	}
}

// The history of a cluster is complete for a query if the jobs that it had are known
// all through the range, and the query wants none that was not sampled.
func TestComplete(t *testing.T) {
	minutes := func(from, to int) (all []int) {
		for n := from; n <= to; n++ {
			all = append(all, 60*n)
		}
		return all
	}
	for name, c := range map[string]struct {
		before, between, after []int // when all, all but one, and all were sampled
		from, to               int
		all, another           bool // for a query for all, and for another job
	}{
		"never listed":            {nil, nil, nil, 0, 600, false, false},
		"all are sampled":         {minutes(0, 10), nil, nil, 0, 600, true, true},
		"a part of the time":      {minutes(0, 10), nil, nil, 100, 200, true, true},
		"between two lists":       {minutes(0, 10), nil, nil, 61, 119, true, true},
		"begins before the first": {minutes(3, 10), nil, nil, 30, 600, false, false},
		"ends after the last":     {minutes(0, 10), nil, nil, 0, 721, false, false},
		"the last is old enough":  {minutes(0, 10), nil, nil, 0, 720, true, true},
		"a gap":                   {minutes(0, 4), nil, minutes(7, 10), 0, 600, false, false},
		"one is not sampled":      {nil, minutes(0, 10), nil, 0, 600, false, true},
		"for a while":             {minutes(0, 9), minutes(10, 20), minutes(21, 30), 0, 1800, false, true},
		"it was not there yet":    {minutes(0, 9), minutes(10, 20), minutes(21, 30), 0, 400, true, true},
		"it may have been":        {minutes(0, 9), minutes(10, 20), minutes(21, 30), 0, 500, false, true},
		"not any more":            {minutes(0, 9), minutes(10, 20), minutes(21, 30), 1400, 1800, true, true},
	} {
		cluster := open(roomy).Cluster("eu")
		list(cluster, nil, c.before...)
		list(cluster, []string{"orders"}, c.between...)
		list(cluster, nil, c.after...)
		for another, want := range map[bool]bool{false: c.all, true: c.another} {
			if got := cluster.Complete(between(c.from, c.to), func(of job.Info) bool {
				return !another && of.ID == "id of orders" && of.Name == "orders" && of.Type == job.Batch
			}); got != want {
				t.Errorf("%s, for another %t: %t, want %t", name, another, got, want)
			}
		}
	}
}

// What is kept of jobs that were not sampled is dropped with its retention, and small
// however many there are.
func TestListingsAreBounded(t *testing.T) {
	store := open(memory.Limits{Retention: time.Hour, MaxBytes: mib})
	cluster := store.Cluster("eu")
	for n := range 9 * 60 {
		list(cluster, []string{fmt.Sprint("job ", n)}, 60*n)
	}
	if bytes := store.Bytes(); bytes == 0 || bytes > 20_000 {
		t.Errorf("%d bytes", bytes)
	}
	for n := range 5000 {
		list(cluster, []string{fmt.Sprint("another ", n)}, 9*3600+n/100)
	}
	if bytes := store.Bytes(); bytes > 300_000 {
		t.Errorf("%d bytes", bytes)
	}
	add(store.Cluster("us"), "a", 20*3600) // what is of other clusters is dropped, too
	add(store.Cluster("us"), "a", 21*3600)
	before := store.Bytes()
	list(cluster, nil, 21*3600+1, 24*3600)
	add(store.Cluster("us"), "a", 24*3600+1)
	if bytes := store.Bytes(); bytes > before+200 {
		t.Errorf("%d bytes, and %d before", bytes, before)
	}
	if all := func(job.Info) bool { return true }; cluster.Complete(between(0, 8*3600), all) {
		t.Error("a day later it is complete")
	}
}
