package plugin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// restartingOften is a job that restarts every 50 s.
func restartingOften() *sim.Job {
	job := sim.HeldBack("orders", 3, 2, 1)
	job.Phases = []sim.Phase{{Lasts: 40 * time.Second, Restart: true}, {Lasts: 10 * time.Second, State: "RESTARTING"}}
	job.Repeat = true
	return job
}

// coming is a job that is held back by one task for half a minute, and by none
// for the next.
func coming() *sim.Job {
	job := sim.HeldBack("orders", 3, 2, 1)
	job.Phases = []sim.Phase{
		{Lasts: 30 * time.Second, Change: func(tasks []sim.Task) { tasks[0].Rate = 2000 }},
		{Lasts: 30 * time.Second, Change: func(tasks []sim.Task) { tasks[0].Rate = 20 }},
	}
	job.Repeat = true
	return job
}

// turns is a job whose window and sink hold it back for that long each.
func turns(long time.Duration) func() *sim.Job {
	return func() *sim.Job { return sim.Alternating("turns", long) }
}

// tooFast are the query types that say that the bottleneck moves faster than
// Flink reports.
func tooFast(t *testing.T, l lab) (said []string) {
	t.Helper()
	for _, queryType := range []string{"timeline", "bottlenecks"} {
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "`+queryType+`"}`), "A")
		if strings.Contains(strings.Join(notices(shown), " "), "faster than Flink reports") {
			said = append(said, queryType)
		}
	}
	return said
}

// Only a bottleneck that is another at most fetches moves too fast: not one that
// is not known meanwhile, nor one that stays for several fetches, however few
// looks are remembered of those that say the same.
func TestWhatMovesTooFast(t *testing.T) {
	for name, c := range map[string]struct {
		job  func() *sim.Job
		want bool
	}{
		"turns of 10 s":                {turns(10 * time.Second), true},
		"turns of 40 s":                {turns(40 * time.Second), false},
		"turns of 4 min":               {turns(4 * time.Minute), false},
		"a restart every 50 s":         {restartingOften, false},
		"none for half of each minute": {coming, false},
	} {
		for _, version := range []string{"1.13.6", "1.15.4", "2.3.0"} {
			t.Run(name+" on "+version, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := sampling(t, c.job())
					l.Version = version
					answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
					time.Sleep(20 * time.Minute)
					if said := tooFast(t, l); (len(said) == 2) != c.want || len(said) == 1 {
						t.Errorf("it is said by %v", said)
					}
				})
			})
		}
	}
}

// Who looks every other minute alone does not see how fast anything moves.
func TestRareLooksSeeNothingMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.Alternating("turns", 2*time.Minute))
		l.source = open(t, with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"idleAfter": "0s"}}))
		told := map[string]bool{}
		for range 20 {
			for range 2 { // a pair, to measure between
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "bottlenecks"}`), "A")
				told[fmt.Sprint(cells(t, shown, "task"))] = true
				time.Sleep(11 * time.Second)
			}
			time.Sleep(98 * time.Second)
		}
		if said := tooFast(t, l); len(said) > 0 || len(told) < 2 {
			t.Errorf("it is said by %v, of a bottleneck that was %v", said, told)
		}
	})
}
