package plugin_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// The hosts and kinds that a query names narrow its rows down, as far as its type has
// them; else a notice says that they have no effect, in the same words for all types.
func TestNarrowedByHostsAndKinds(t *testing.T) {
	const none = "Nothing of the jobs chosen is on the hosts, or of the kinds, chosen."
	useless := func(what, of string) string {
		return what + " cannot be narrowed down by " + of + ": what is shown is of all of them."
	}
	for query, c := range map[string]struct {
		column, want string
		notice       string // "" for none of these
	}{
		`"bottlenecks"`:                                           {"kind", "skew capacity none", ""},
		`"bottlenecks", "hosts": ["host-1"]`:                      {"kind", "capacity", ""},
		`"bottlenecks", "hosts": ["host-2"]`:                      {"kind", "skew capacity", ""},
		`"bottlenecks", "hosts": ["/^host-/"]`:                    {"kind", "skew capacity", ""},
		`"bottlenecks", "hosts": ["host-9"]`:                      {"kind", "", none},
		`"bottlenecks", "kinds": ["skew"]`:                        {"kind", "skew", ""},
		`"bottlenecks", "kinds": ["none", "capacity"]`:            {"kind", "capacity none", ""},
		`"bottlenecks", "kinds": ["machine"]`:                     {"kind", "", none},
		`"bottlenecks", "kinds": ["skew"], "hosts": ["host-1"]`:   {"kind", "", none},
		`"bottlenecks", "kinds": ["$__all"], "hosts": ["$__all"]`: {"kind", "skew capacity none", ""},
		`"jobs"`:                                                      {"job", "sessions orders calm", ""},
		`"jobs", "kinds": ["/^s/"]`:                                   {"job", "sessions", ""},
		`"jobs", "kinds": ["source"]`:                                 {"job", "", none},
		`"jobs", "hosts": ["host-1"]`:                                 {"job", "sessions orders calm", useless("The query type jobs", "host")},
		`"subtasks", "jobs": ["calm"]`:                                {"host", "host-1 host-2 host-1 host-2 host-1 host-2", ""},
		`"subtasks", "jobs": ["calm"], "hosts": ["host-2"]`:           {"host", "host-2 host-2 host-2", ""},
		`"subtasks", "jobs": ["calm"], "hosts": ["host-9"]`:           {"host", "", none},
		`"subtasks", "jobs": ["calm"], "kinds": ["none"]`:             {"host", "host-1 host-2 host-1 host-2 host-1 host-2", useless("The query type subtasks", "kind")},
		`"taskmanagers"`:                                              {"host", "host-1 host-2", ""},
		`"taskmanagers", "hosts": ["host-2"]`:                         {"host", "host-2", ""},
		`"taskmanagers", "hosts": ["host-9"]`:                         {"host", "", "No TaskManager of those chosen is on the hosts chosen."},
		`"tasks", "jobs": ["calm"], "hosts": ["a"], "kinds": ["/b/"]`: {"task", "task-0 task-1 task-2", useless("The query type tasks", "host and kind")},
		`"nodeGraph", "jobs": ["calm"], "hosts": ["a"]`:               {"title", "task-0 task-1 task-2", useless("The query type nodeGraph", "host")},
		`"checkpoints", "tasks": ["task-0"]`:                          {"job", "", useless("The query type checkpoints", "task")},
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, threeKinds()...)
				l.warm(t)
				shown := l.frame(t, `{"queryType": `+query+`}`)
				got := cells(t, shown, c.column)
				if c.column == "host" && !strings.Contains(query, "subtasks") {
					slices.Sort(got)
				}
				if strings.Join(got, " ") != c.want {
					t.Errorf("%s is %q, want %q", c.column, strings.Join(got, " "), c.want)
				}
				about := func(text string) bool {
					return strings.Contains(text, "chosen is on the hosts") || strings.Contains(text, "of the jobs chosen is") || strings.Contains(text, "narrowed down")
				}
				if said := slices.DeleteFunc(notices(shown), func(text string) bool { return !about(text) }); strings.Join(said, " ") != c.notice {
					t.Errorf("notices are %q, want %q", said, c.notice)
				}
			})
		})
	}
}

// threeKinds are a job whose subtasks are all busy, one of which one is, and one that
// nothing holds back, each on two TaskManagers.
func threeKinds() []*sim.Job {
	skewed := sim.Chain("sessions",
		sim.Task{Name: "in", Parallelism: 2, Capacity: 20000}, sim.Task{Name: "window", Parallelism: 2, Capacity: 100, Weights: []float64{1, 9}})
	calm := sim.HeldBack("calm", 3, 2, 1)
	calm.Tasks[0].Rate = 20
	orders := sim.HeldBack("orders", 3, 2, 1)
	orders.Machines, calm.Machines = skewed.Machines, skewed.Machines
	return []*sim.Job{orders, skewed, calm}
}

// A measure that is of jobs alone says so, too, where a panel asks; a rule is refused
// rather than about more than its author chose.
func TestMeasuresAreNotNarrowedByHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, threeKinds()...)
		l.warm(t)
		const query = `{"queryType": "measure", "measure": "busy", "hosts": ["host-1"]}`
		const said = "The measure busy cannot be narrowed down by host"
		if panel := l.frame(t, query); !slices.Contains(notices(panel), said+": what is shown is of all of them.") {
			t.Errorf("a panel has the notices %q", notices(panel))
		}
		checkError(t, sendOver(l.ctx, t, l, lastHour(), fromAlert, query)["A"], 400, said+": take it out of the rule.")
		for query, want := range map[string]string{
			`{"queryType": "measure", "measure": "running", "tasks": ["task-0"]}`:           "The measure running cannot be narrowed down by task",
			`{"queryType": "measure", "measure": "up", "jobs": ["calm"], "tasks": ["/t/"]}`: "The measure up cannot be narrowed down by job and task",
		} {
			if shown := l.frame(t, query); !slices.Contains(notices(shown), want+": what is shown is of all of them.") {
				t.Errorf("%s has the notices %q", query, notices(shown))
			}
			if shown := l.frameOver(t, lastHour(), fromAlert, query); len(shown.Fields) == 0 {
				t.Errorf("a rule is not answered: %s", query)
			}
		}
	})
}
