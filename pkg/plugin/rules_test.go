package plugin_test

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/provision"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// provisionedRules are the alert rules that the plugin brings, by uid.
func provisionedRules(t *testing.T) map[string]provision.Rule {
	t.Helper()
	groups, err := provision.Read(filepath.Join("..", "..", "provisioning", "alerting"))
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]provision.Rule{}
	for _, group := range groups {
		for _, rule := range group.Rules {
			rules[rule.UID] = rule
		}
	}
	if len(rules) != 9 {
		t.Fatalf("there are %d rules", len(rules))
	}
	return rules
}

// evaluate evaluates a rule once.
func (l *lifeOfAJob) evaluate(t *testing.T, rule provision.Rule, alerts *provision.Alerts) {
	t.Helper()
	queries, err := rule.Queries(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := l.QueryData(l.ctx, &backend.QueryDataRequest{Headers: fromAlert, Queries: queries})
	if err != nil {
		t.Fatal(err)
	}
	err = alerts.Evaluate(time.Now(), answer.Responses)
	for _, each := range answer.Responses { // annotations use some that the condition does not
		err = cmp.Or(err, each.Error)
	}
	if away := l.cluster.Load() == nil; err != nil && !away {
		t.Errorf("%s: %v", rule.UID, err)
	}
}

// stage is a stage of a job's life: what becomes of the cluster, for how many minutes, and
// how many evaluations of these the rule fires at, at least and at most.
type stage struct {
	name        string
	cluster     func() *sim.Cluster // nil is none
	minutes     int
	least, most int
}

// with is a cluster of one job.
func with(job *sim.Job) func() *sim.Cluster { return func() *sim.Cluster { return newCluster(job) } }

// beside is a cluster of that job and of another that is well.
func beside(job *sim.Job) func() *sim.Cluster {
	return func() *sim.Cluster {
		flink := others()
		flink.Jobs = append(flink.Jobs, job)
		return flink
	}
}

// gone is no cluster at all.
func gone() *sim.Cluster { return nil }

// others is a cluster that has forgotten the job.
func others() *sim.Cluster { return newCluster(sim.Chain("clicks", sim.Task{Rate: 10}, sim.Task{})) }

// in is the same job in another state, from which it does not change.
func in(state string, of *sim.Job) *sim.Job {
	return &sim.Job{ID: of.ID, Name: of.Name, Start: of.Start, Machines: of.Machines, Tasks: of.Tasks, State: state, Checkpoints: of.Checkpoints, CheckpointTimeout: of.CheckpointTimeout}
}

// anew is such a job deployed anew, under its name.
func anew(job *sim.Job) *sim.Job {
	job.ID, job.Start = strings.Repeat("ef", 16), time.Now().Truncate(time.Millisecond)
	return job
}

// follow goes through the stages, with an evaluation a minute, and checks how often the
// rule fires for the job orders in each. It returns how often an alert began to fire.
func follow(t *testing.T, rule provision.Rule, stages []stage) (begun int) {
	t.Helper()
	life, alerts, fired := newLife(t), provision.NewAlerts(rule), map[string]bool{}
	for _, stage := range stages {
		life.cluster.Store(stage.cluster())
		fires := 0
		for range stage.minutes {
			life.evaluate(t, rule, alerts)
			now := map[string]bool{}
			for _, alert := range alerts.Firing() {
				if of := alert.Labels["job"]; of != "orders" && of != "" {
					t.Errorf("%s: it fires for %s", stage.name, alert.Labels)
				}
				if now[alert.Labels.String()] = true; !fired[alert.Labels.String()] {
					begun++
				}
			}
			fired = now
			fires += min(len(now), 1)
			time.Sleep(time.Minute)
		}
		if fires < stage.least || fires > stage.most {
			t.Errorf("%s: it fires at %d of %d evaluations, want %d to %d", stage.name, fires, stage.minutes, stage.least, stage.most)
		}
	}
	return begun
}

// restartLoop is a job that runs for two minutes and restarts for ten seconds.
func restartLoop() *sim.Job {
	job := sim.HeldBack("orders", 3, 2, 1)
	job.Phases, job.Repeat = []sim.Phase{{Lasts: 2 * time.Minute, Restart: true}, {Lasts: 10 * time.Second, State: "RESTARTING"}}, true
	return job
}

// skewedJob has a task of which one subtask gets most of the records.
func skewedJob() *sim.Job {
	return sim.Chain("orders", sim.Task{Name: "Source: orders", Parallelism: 2, Rate: 950}, sim.Task{Name: "aggregate", Parallelism: 4, Capacity: 1000, Weights: []float64{1, 1, 97, 1}})
}

// failingCheckpoints is a job whose checkpoints, one a minute, all time out.
func failingCheckpoints() *sim.Job {
	job := sim.HeldBack("orders", 3, 2, 1)
	job.Checkpoints, job.CheckpointTimeout = time.Minute, time.Second
	return job
}

// steadyCheckpoints is one whose checkpoints are completed.
func steadyCheckpoints() *sim.Job {
	job := sim.Chain("orders", sim.Task{Rate: 10}, sim.Task{})
	job.Checkpoints = time.Minute
	return job
}

// lagging is a job whose source reads less than it is offered, and is idle.
func lagging() *sim.Job {
	idle := sim.Load{Idle: 0.95, Busy: 0.05, RecordsIn: 50, RecordsOut: 50}
	return sim.Chain("orders", sim.Task{Name: "Source: orders", Rate: 1000, Loads: sim.Even(2, idle)}, sim.Task{Name: "sink", Loads: sim.Even(2, idle)})
}

// Each rule fires while it should, goes on while the job restarts, ends when the job is
// cancelled or its cluster gone, and fires again when the job is back.
func TestRulesOverTheLifeOfAJob(t *testing.T) {
	raced.Skip(t)
	heldBack := func() *sim.Job { return sim.HeldBack("orders", 3, 2, 1) }
	for uid, c := range map[string]struct {
		job func() *sim.Job
		// within is how many evaluations it takes to fire, at most.
		within int
	}{
		"flink-job-has-bottleneck": {heldBack, 7},
		"flink-task-is-bottleneck": {heldBack, 7},
		"flink-task-is-skewed":     {skewedJob, 12},
		"flink-job-restarts":       {restartLoop, 12},
		"flink-checkpoints-fail":   {failingCheckpoints, 7},
		"flink-lag-grows":          {lagging, 20},
	} {
		t.Run(uid, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				job := c.job()
				restarting, ended := in("RESTARTING", job), in("CANCELED", job)
				if uid == "flink-job-restarts" {
					restarting = job // which it does
				}
				follow(t, provisionedRules(t)[uid], []stage{
					{"others run", others, 5, 0, 0},
					{"it begins", beside(job), 25, 25 - c.within, 25},
					{"it restarts", beside(restarting), 3, 3, 3},
					{"it runs again", beside(job), 10, 10, 10},
					{"it is cancelled", beside(ended), 5, 0, 1},
					{"it is forgotten", others, 5, 0, 0},
					{"its cluster is gone", gone, 10, 0, 0},
					{"it is back", func() *sim.Cluster { return beside(anew(c.job()))() }, 25, 24 - c.within, 25},
				})
			})
		})
	}
}

// A cluster that goes away with its job, as in application mode, is known to have ended
// with it after half an hour. The rule on Flink itself fires until then and after.
func TestRulesWhoseClusterIsGone(t *testing.T) {
	raced.Skip(t)
	for uid, job := range map[string]func() *sim.Job{
		"flink-job-has-bottleneck": func() *sim.Job { return sim.HeldBack("orders", 3, 2, 1) },
		"flink-task-is-bottleneck": func() *sim.Job { return sim.HeldBack("orders", 3, 2, 1) },
		"flink-task-is-skewed":     skewedJob,
		"flink-job-restarts":       restartLoop,
		"flink-checkpoints-fail":   failingCheckpoints,
		"flink-lag-grows":          lagging,
		"flink-job-not-running":    func() *sim.Job { return in("RESTARTING", sim.HeldBack("orders", 3, 2, 1)) },
		"flink-job-unknown":        func() *sim.Job { return in("", sim.HeldBack("orders", 3, 2, 1)) },
	} {
		t.Run(uid, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stages := []stage{{"it fires", with(job()), 25, 4, 25}, {"its cluster is gone", gone, 35, 25, 32}, {"for long", gone, 60, 0, 0}}
				if uid == "flink-job-unknown" {
					// Then there is nothing that runs, and another rule fires.
					stages[0].cluster = func() *sim.Cluster { return &sim.Cluster{Version: "2.3.0", Jobs: []*sim.Job{job()}} }
					stages[1].least, stages[1].most = 0, 0
				}
				follow(t, provisionedRules(t)[uid], stages)
			})
		})
	}
}

// A bottleneck that moves each 30 s is one alert of its job, and one of each of the tasks
// that take turns. None of them comes and goes.
func TestRulesOnABottleneckThatMoves(t *testing.T) {
	raced.Skip(t)
	for uid, want := range map[string]int{"flink-job-has-bottleneck": 1, "flink-task-is-bottleneck": 2} {
		t.Run(uid, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				moving := sim.Alternating("orders", 30*time.Second)
				begun := follow(t, provisionedRules(t)[uid], []stage{{"it begins", with(moving), 10, 2, 10}, {"it goes on", with(moving), 60, 60, 60}})
				if begun != want {
					t.Errorf("%d alerts began to fire, want %d", begun, want)
				}
			})
		})
	}
}

// The rule on jobs that do not run is of those that are named, too where they have ended
// or are not there, and goes on until they run.
func TestRuleOnNamedJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rule := provisionedRules(t)["flink-job-not-running"]
		rule.Data = slices.Clone(rule.Data)
		rule.Data[0].Model["jobs"] = []string{"orders"}
		job := sim.HeldBack("orders", 3, 2, 1)
		follow(t, rule, []stage{
			{"it runs", with(job), 5, 0, 0},
			{"it restarts", with(in("RESTARTING", job)), 4, 0, 0},
			{"it runs again", with(job), 5, 0, 0},
			{"it does not come up", with(in("RESTARTING", job)), 10, 4, 5},
			{"it is cancelled", with(in("CANCELED", job)), 5, 5, 5},
			{"it is forgotten", others, 90, 90, 90},
			{"its cluster is gone", gone, 90, 90, 90},
			{"it is back", func() *sim.Cluster { return newCluster(anew(sim.HeldBack("orders", 3, 2, 1))) }, 5, 0, 1},
		})
	})
}

// Without names it is of the jobs that Flink lists and that have not ended.
func TestRuleOnAllJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := sim.HeldBack("orders", 3, 2, 1)
		follow(t, provisionedRules(t)["flink-job-not-running"], []stage{
			{"it runs", with(job), 5, 0, 0},
			{"it does not come up", with(in("RESTARTING", job)), 10, 4, 5},
			{"it is cancelled", beside(in("CANCELED", job)), 10, 0, 1},
			{"it is forgotten", others, 5, 0, 0},
			{"it is the only one, and does not come up", with(in("RESTARTING", job)), 10, 4, 5},
			{"there is none", func() *sim.Cluster { return newCluster() }, 5, 0, 1},
		})
	})
}

func TestRuleOnFlinkItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		follow(t, provisionedRules(t)["flink-unreachable"], []stage{
			{"it answers", others, 5, 0, 0}, {"it is away for a while", gone, 4, 0, 0}, {"it answers again", others, 5, 0, 0},
			{"it is away", gone, 60, 54, 56}, {"it is back", others, 5, 0, 0},
		})
	})
}

// The rule on what is not known is of jobs that run without metrics, and not of those that
// restart for long.
func TestRuleOnWhatIsNotKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := sim.HeldBack("orders", 3, 2, 1)
		follow(t, provisionedRules(t)["flink-job-unknown"], []stage{
			{"it is known", with(job), 5, 0, 0},
			{"it restarts", with(in("RESTARTING", job)), 30, 0, 0},
			{"it runs", with(job), 5, 0, 0},
			{"it has no metrics", func() *sim.Cluster { return &sim.Cluster{Version: "2.3.0", Jobs: []*sim.Job{job}} }, 30, 10, 15},
			{"it is cancelled", with(in("CANCELED", job)), 10, 0, 1},
			{"it is forgotten", others, 5, 0, 0},
			{"its cluster is gone", gone, 10, 0, 0},
		})
	})
}

// A source that waits on the task's thread is busy all the time, and what holds its job
// back stays unknown. No rule fires for that: it may last for ever.
func TestRulesOnASourceThatWaits(t *testing.T) {
	waiting := func() *sim.Cluster { return newCluster(sim.Chain("orders", sim.Task{Capacity: 5}, sim.Task{})) }
	for uid, rule := range provisionedRules(t) {
		t.Run(uid, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				follow(t, rule, []stage{{"it waits", waiting, 60, 0, 0}})
				life := newLife(t)
				life.cluster.Store(waiting())
				life.frame(t, `{"queryType": "jobs"}`)
				time.Sleep(time.Minute)
				for measure, want := range map[string]string{"bottleneck": "null", "busy": "1", "running": "1"} {
					if got := onlyValue(t, life.frame(t, `{"queryType": "measure", "measure": "`+measure+`"}`)); got != want {
						t.Errorf("%s is %s, want %s", measure, got, want)
					}
				}
			})
		})
	}
}

// Checkpoints are late, too, while none is made: three intervals, and a minute at least.
func TestRuleOnLateCheckpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := steadyCheckpoints()
		often := steadyCheckpoints()
		often.Checkpoints = time.Second
		follow(t, provisionedRules(t)["flink-checkpoints-fail"], []stage{
			{"they are completed", with(job), 10, 0, 0},
			{"none is made", with(in("RESTARTING", job)), 20, 8, 14},
			{"they are completed again", with(job), 5, 0, 1},
			{"one a second", func() *sim.Cluster { return newCluster(anew(often)) }, 15, 0, 0},
		})
	})
}

// restartsAfter is a job that restarts for 10 s each time that it has run for one of these
// times.
func restartsAfter(runs ...time.Duration) *sim.Job {
	job := sim.HeldBack("orders", 3, 2, 1)
	for _, run := range runs {
		job.Phases = append(job.Phases, sim.Phase{Lasts: run, Restart: true}, sim.Phase{Lasts: 10 * time.Second, State: "RESTARTING"})
	}
	job.Phases = append(job.Phases, sim.Phase{Restart: true})
	return job
}

// Restarts are those of the last 15 minutes, and not those that a JobManager forgets as it
// takes over.
func TestRuleOnRestarts(t *testing.T) {
	raced.Skip(t)
	const before = 50 * time.Minute // the job has run for an hour
	for name, c := range map[string]struct {
		job         func() *sim.Job
		least, most int
	}{
		"two":               {func() *sim.Job { return restartsAfter(before+12*time.Minute, 5*time.Minute) }, 0, 0},
		"three":             {func() *sim.Job { return restartsAfter(before+12*time.Minute, 5*time.Minute, 5*time.Minute) }, 4, 6},
		"three, far apart":  {func() *sim.Job { return restartsAfter(before+12*time.Minute, 10*time.Minute, 10*time.Minute) }, 0, 0},
		"many, but earlier": {func() *sim.Job { return restartsAfter(slices.Repeat([]time.Duration{time.Minute}, 40)...) }, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				job := c.job()
				follow(t, provisionedRules(t)["flink-job-restarts"], []stage{
					{"restarts", with(job), 40, c.least, c.most}, {"another JobManager, from 0 on", with(in("", job)), 20, 0, 0},
				})
			})
		})
	}
}

// Lag of a job that is held back is the other rule's.
func TestRuleOnLagUnderBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held := sim.HeldBack("orders", 3, 2, 1)
		held.Tasks[0].Rate = 1000
		follow(t, provisionedRules(t)["flink-lag-grows"], []stage{{"it is held back", with(held), 40, 0, 0}})
	})
}

// What a busy task that is not skewed, and one that is skewed and has time left, are not
// taken for.
func TestRuleOnSkew(t *testing.T) {
	even, idle := skewedJob(), skewedJob()
	even.Tasks[1].Weights = nil
	idle.Tasks[0].Rate = 200
	for name, job := range map[string]*sim.Job{"even": even, "idle": idle} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				job.Start = time.Now().Add(-time.Hour)
				follow(t, provisionedRules(t)["flink-task-is-skewed"], []stage{{name, with(job), 20, 0, 0}})
			})
		})
	}
}

// No rule fires for a healthy job, or where there is no job.
func TestRulesOnWhatIsWell(t *testing.T) {
	raced.Skip(t)
	for uid, rule := range provisionedRules(t) {
		t.Run(uid, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				follow(t, rule, []stage{
					{"it is well", with(steadyCheckpoints()), 20, 0, 0},
					{"there is none", func() *sim.Cluster { return newCluster() }, 10, 0, 0},
				})
			})
		})
	}
}
