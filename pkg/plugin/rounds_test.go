package plugin_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// ofLoad are queries of the types that need nothing but loads.
var ofLoad = []string{
	`{"queryType": "subtasks"}`, `{"queryType": "tasks"}`, `{"queryType": "nodeGraph"}`,
	`{"queryType": "bottlenecks"}`, `{"queryType": "measure", "by": "task"}`,
}

// However many panels, users and rules ask for a job within maxAge, the
// cluster sees one round: the list of jobs, the job, and its tasks. What each
// answer says that it caused adds up to that.
func TestTwentyQueriesAreOneRound(t *testing.T) {
	const tasks = 6
	var twenty []string
	for range 4 {
		twenty = append(twenty, ofLoad...)
	}
	for name, requestsOf := range map[string][][]string{
		"of one dashboard": {twenty},
		"of four users":    {ofLoad, ofLoad, ofLoad, ofLoad},
		"of twenty rules":  apart(twenty),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := inLab(t, sim.HeldBack("orders", tasks, 4, 3))
				l.warm(t)
				l.Delay = 20 * time.Millisecond
				var group sync.WaitGroup
				var told atomic.Int64
				for _, queries := range requestsOf {
					group.Go(func() {
						responses := queried(l.ctx, t, l, queries...)
						for refID := range responses {
							told.Add(int64(requests(answer(t, responses, refID))))
						}
					})
				}
				group.Wait()
				const round = 1 + 1 + tasks
				if saw := len(l.Asked()); saw != round || told.Load() != round {
					t.Errorf("the cluster saw %d requests, the answers tell of %d; want %d", saw, told.Load(), round)
				}
			})
		})
	}
}

// apart makes a request of each query.
func apart(queries []string) (requests [][]string) {
	for _, query := range queries {
		requests = append(requests, []string{query})
	}
	return requests
}

// Alone, each query type costs the same: no more for many subtasks, and the
// gauges too only as long as there is nothing to compare with.
func TestRequestsByQueryType(t *testing.T) {
	const tasks = 5
	for _, query := range append(ofLoad, `{"queryType": "jobs"}`, `{"queryType": "measure", "measure": "skew", "by": "subtask"}`) {
		for _, parallelism := range []int{1, 200} {
			t.Run(fmt.Sprint(query, parallelism), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := inLab(t, sim.HeldBack("orders", tasks, parallelism, 2))
					for _, c := range []struct {
						asked string
						pause time.Duration
						want  int
					}{
						{"the first time", 0, 2 + 1 + 1 + 2*tasks},
						{"again within maxAge", time.Second, 0},
						{"after the next fetch", 10 * time.Second, 1 + 1 + tasks},
						{"after maxAge", 3 * time.Second, 1 + 1 + tasks},
					} {
						time.Sleep(c.pause)
						told := requests(answer(t, queried(l.ctx, t, l, query), "A"))
						if saw := len(l.Asked()); saw != c.want || told != c.want {
							t.Errorf("%s: the cluster saw %d requests, the answer tells of %d; want %d", c.asked, saw, told, c.want)
						}
					}
				})
			})
		}
	}
}

// A query for one of many jobs does not look at the others.
func TestOnlyTheJobsAskedForAreLookedAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var jobs []*sim.Job
		for i := range 20 {
			jobs = append(jobs, sim.HeldBack(fmt.Sprintf("job-%02d", i), 3, 2, 1))
		}
		l := inLab(t, jobs...)
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks", "jobs": ["job-07"]}`), "A")
		if saw := len(l.Asked()); saw != 2+1+1+2*3 {
			t.Errorf("the cluster saw %d requests, want those of one job", saw)
		}
	})
}
