package prometheus_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// deployed are the subtasks of a task under an execution between two minutes
// from noon, but for those that are lost.
func deployed(execution string, parallelism, from, to int, lost ...int) (all []ran) {
	missing := map[int]bool{}
	for _, subtask := range lost {
		missing[subtask] = true
	}
	for subtask := range parallelism {
		one := always("a", subtask, mixed)
		one.attempt = fmt.Sprintf("%s_a_%d_0", execution, subtask)
		one.from, one.to = minutes(from, to).From, minutes(from, to).To
		if !missing[subtask] {
			all = append(all, one)
		}
	}
	return all
}

func joined(parts ...[]ran) (all []ran) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// again is a further attempt of one that was deployed.
func again(execution string, subtask, number, from, to int) []ran {
	one := deployed(execution, subtask+1, from, to)[subtask:]
	one[0].attempt, one[0].number = fmt.Sprintf("%s_a_%d_%d", execution, subtask, number), number
	return one
}

// measured is how many of the subtasks of the first task are known, 20
// minutes before noon, then, and 20 minutes after.
func measured(t *testing.T, reader *prometheus.Reader, of history.Job, over history.Range) string {
	t.Helper()
	var found []string
	for _, snapshot := range snapshots(t, reader, of, over, time.Minute) {
		if snapshot.At.Sub(noon)%(20*time.Minute) != 0 {
			continue
		}
		known := 0
		for _, subtask := range snapshot.Tasks[0].Subtasks {
			if subtask.Known() {
				known++
			}
		}
		all := len(snapshot.Tasks[0].Subtasks)
		if found = append(found, fmt.Sprintf("%d of %d", known, all)); snapshot.Graph.Tasks[0].Parallelism != all || snapshot.AllRun() != (known == all) {
			t.Errorf("%s, but the graph is %+v", found[len(found)-1], snapshot.Graph.Tasks)
		}
	}
	return strings.Join(found, ", ")
}

// At each point a task has the subtasks that it had then; those whose metrics
// are missing are among them.
func TestParallelismIsThatOfTheTime(t *testing.T) {
	whole, before := minutes(-20, 20), minutes(-25, -15)
	hole := func(subtask int) []ran { // scrapes of a subtask are missing
		return joined(deployed("one", subtask+1, -30, -10)[subtask:], deployed("one", subtask+1, 10, 30)[subtask:])
	}
	for name, c := range map[string]struct {
		attempts []ran
		graph    int // 0 for none
		over     history.Range
		want     string
	}{
		"rescaled up":                             {joined(deployed("one", 2, -30, -10), deployed("two", 3, -9, 30)), 3, whole, "2 of 2, 3 of 3, 3 of 3"},
		"rescaled down":                           {joined(deployed("one", 3, -30, -10), deployed("two", 2, -9, 30)), 2, whole, "3 of 3, 2 of 2, 2 of 2"},
		"up and down":                             {joined(deployed("one", 2, -30, -10), deployed("two", 4, -9, 10), deployed("six", 2, 11, 30)), 2, whole, "2 of 2, 4 of 4, 2 of 2"},
		"down and up":                             {joined(deployed("one", 4, -30, -10), deployed("two", 2, -9, 10), deployed("six", 4, 11, 30)), 4, whole, "4 of 4, 2 of 2, 4 of 4"},
		"without a graph":                         {joined(deployed("one", 2, -30, -10), deployed("two", 4, -9, 10), deployed("six", 2, 11, 30)), 0, whole, "2 of 2, 4 of 4, 2 of 2"},
		"a graph from before":                     {joined(deployed("one", 2, -30, -10), deployed("two", 3, -9, 30)), 2, whole, "2 of 2, 3 of 3, 3 of 3"},
		"a range that ends before":                {joined(deployed("one", 2, -30, -10), deployed("two", 3, -9, 30)), 3, before, "2 of 2"},
		"a range that ends before a later day":    {joined(deployed("one", 2, -30, -10), deployed("two", 3, 1440, 1500)), 3, before, "2 of 2"},
		"a range that ends before another end":    {joined(deployed("one", 2, -30, 30), deployed("two", 3, 31, 33)), 3, before, "2 of 2"},
		"one missing in a range that ends before": {deployed("one", 3, -30, 30, 2), 3, before, "2 of 3"},
		"one missing in the last deployment":      {joined(deployed("one", 2, -30, -10), deployed("two", 3, -9, 30, 2)), 3, whole, "2 of 2, 2 of 3, 2 of 3"},
		"one missing in the first deployment":     {joined(deployed("one", 3, -30, -10, 1), deployed("two", 2, -9, 30)), 2, whole, "2 of 3, 2 of 2, 2 of 2"},
		"deployed anew, one missing for a while":  {joined(deployed("one", 3, -30, -10), deployed("two", 3, -9, 30, 2), again("two", 2, 0, 10, 30)), 3, whole, "3 of 3, 2 of 3, 3 of 3"},
		"a TaskManager lost for good":             {joined(deployed("one", 3, -30, 30, 1, 2), deployed("one", 3, -30, -10, 0)), 0, whole, "3 of 3, 1 of 3, 1 of 3"},
		"a TaskManager lost for a while":          {joined(deployed("one", 3, -30, 30, 2), deployed("one", 3, -30, -10, 0, 1), again("one", 2, 1, 10, 30)), 0, whole, "3 of 3, 2 of 3, 3 of 3"},
		"a TaskManager that comes late":           {joined(deployed("one", 3, -30, 30, 2), again("one", 2, 0, -10, 30)), 0, whole, "2 of 3, 3 of 3, 3 of 3"},
		"all restart, one is never seen again":    {joined(deployed("one", 2, -30, -10), again("one", 0, 1, -9, 30)), 0, whole, "2 of 2, 1 of 2, 1 of 2"},
		"a subtask that restarts alone":           {joined(deployed("one", 3, -30, 30, 2), again("one", 2, 0, -30, 0), again("one", 2, 1, 1, 30)), 3, whole, "3 of 3, 3 of 3, 3 of 3"},
		"scrapes that are missing":                {joined(deployed("one", 2, -30, 30), hole(2)), 3, whole, "3 of 3, 2 of 3, 3 of 3"},
		"scrapes that are missing, without graph": {joined(deployed("one", 2, -30, 30), hole(2)), 0, whole, "3 of 3, 2 of 3, 3 of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			of := orders
			if c.graph > 0 {
				of.Graph = connected(map[string]int{"a": c.graph}, "a")
			}
			prom := fake(t, scraped(c.attempts...))
			if got := measured(t, readerOf(t, prom).Now(noon.Add(48*time.Hour)), of, c.over); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if len(prom.Requests()) > 10 {
				t.Errorf("%d requests", len(prom.Requests()))
			}
		})
	}
}

// However long ago a job ran last, the graph is that of its last deployment.
func TestLastDeploymentLongAgo(t *testing.T) {
	for want, attempts := range map[string][]ran{
		"2 of 2": joined(deployed("one", 2, -30, 20), deployed("two", 3, 21, 25)),
		"2 of 3": joined(deployed("one", 2, -30, 20), again("one", 0, 1, 21, 25)),
	} {
		prom := fake(t, scraped(attempts...))
		reader := readerOf(t, prom).Now(noon.AddDate(2, 0, 0))
		if got := measured(t, reader, ordersWith(connected(map[string]int{"a": 3}, "a")), minutes(-25, -15)); got != want || len(prom.Requests()) > 11 {
			t.Errorf("got %s by %d requests, want %s", got, len(prom.Requests()), want)
		}
	}
}

// What was seen of a deployment is known in the chunks that follow, too.
func TestParallelismAcrossChunks(t *testing.T) {
	attempts := joined(deployed("one", 3, -30, 0, 2), deployed("one", 3, -30, -15, 0, 1), deployed("two", 2, 1, 30))
	reader := readerOf(t, fake(t, scraped(attempts...))).AtOnce(9)
	if got, want := measured(t, reader, orders, minutes(-20, 20)), "3 of 3, 2 of 3, 2 of 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Where ids of attempts have no execution, a subtask that is not there may be
// missing as well: it is not taken for one that there was not.
func TestParallelismWithoutExecutions(t *testing.T) {
	for name, change := range map[string]func(*ran){
		"before 1.15":    func(r *ran) { r.attempt = strings.ReplaceAll(r.attempt, "_", "") },
		"label left out": func(r *ran) { r.attempt = "" },
	} {
		for want, attempts := range map[string][]ran{
			"2 of 3, 3 of 3, 3 of 3": joined(deployed("one", 2, -30, -10), deployed("two", 3, -9, 30)),
			"2 of 3, 2 of 3, 2 of 3": deployed("one", 2, -30, 30),
		} {
			for i := range attempts {
				change(&attempts[i])
			}
			reader := readerOf(t, fake(t, scraped(attempts...)))
			if got := measured(t, reader, ordersWith(connected(map[string]int{"a": 3}, "a")), minutes(-20, 20)); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
	}
}
