package plugin_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// slowMachineJob runs on two machines, the second of which collects garbage for nine
// tenths of the time, and takes ten times as long for everything.
func slowMachineJob() *sim.Job {
	job := sim.Chain("slow-machine",
		sim.Task{Name: "in", Parallelism: 2, Capacity: 20000},
		sim.Task{Name: "enrich", Parallelism: 4, Capacity: 120},
		sim.Task{Name: "score", Parallelism: 4, Capacity: 110})
	job.Machines[1].Slowness, job.Machines[1].GC = 10, 0.9
	return job
}

const ofTaskManagers = `{"queryType": "taskmanagers"}`

// A row a TaskManager, the worst first: how busy the subtasks are that run there, of
// all jobs, and how its process does.
func TestTaskManagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, slowMachineJob(), sim.Chain("clicks", sim.Task{Name: "read", Loads: []sim.Load{{Idle: 0.5, Busy: 0.5}}}))
		l.warm(t)
		if first := cells(t, l.frame(t, ofTaskManagers), "cpu"); !slices.Equal(first, []string{"null", "null"}) {
			t.Errorf("by one reading the CPU is %q", first)
		}
		time.Sleep(15 * time.Second)
		shown := l.frame(t, ofTaskManagers)
		checkFrame(t, ofTaskManagers, shown)
		for column, want := range map[string]string{
			"cluster": "default default", "taskmanager": "tm-2 tm-1", "host": "host-2 host-1", "busy_max": "1 0.5",
			"subtasks": "5 6", "jobs": "1 2", "slots": "36 36", "free_slots": "0 0", "cores": "8 8",
			"gc": "0.9 0.02", "heap_max": "1.073741824e+09 1.073741824e+09",
		} {
			if got := strings.Join(cells(t, shown, column), " "); got != want {
				t.Errorf("%s is %s, want %s", column, got, want)
			}
		}
		for _, column := range []string{"busy_avg", "backpressured_max", "cpu", "heap_used", "heap", "network_buffers", "heartbeat"} {
			if slices.Contains(cells(t, shown, column), "null") {
				t.Errorf("%s is %q", column, cells(t, shown, column))
			}
		}
		if texts := notices(shown); len(texts) != 0 {
			t.Errorf("notices are %q", texts)
		}
	})
}

// One that chooses jobs or tasks shows the TaskManagers that these run on.
func TestTaskManagersOfJobs(t *testing.T) {
	for query, want := range map[string]string{
		``:                         "tm-2 5 1, tm-1 6 2",
		`, "jobs": ["clicks"]`:     "tm-1 1 1",
		`, "jobs": ["/slow/"]`:     "tm-2 5 1, tm-1 5 1",
		`, "tasks": ["read"]`:      "tm-1 1 1",
		`, "tasks": ["score"]`:     "tm-2 2 1, tm-1 2 1",
		`, "clusters": ["/none/"]`: "",
	} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, slowMachineJob(), sim.Chain("clicks", sim.Task{Name: "read", Loads: []sim.Load{{Idle: 0.9, Busy: 0.1}}}))
				l.warm(t)
				shown := l.frame(t, `{"queryType": "taskmanagers"`+query+`}`)
				if got := strings.Join(rowsOf(t, shown, "taskmanager", "subtasks", "jobs"), ", "); got != want {
					t.Errorf("the rows are %s, want %s", got, want)
				}
			})
		})
	}
}

// Without jobs, and without TaskManagers, the table is what there is, with a notice.
func TestTaskManagersWithoutJobs(t *testing.T) {
	const waits = "The cluster has no TaskManagers: until some come, or are started, no job can run."
	empty := func(cluster http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/taskmanagers" {
				respondWith(200, `{"taskmanagers":[]}`)(w, r)
				return
			}
			cluster.ServeHTTP(w, r)
		})
	}
	for name, c := range map[string]struct {
		jobs    []*sim.Job
		alter   func(http.Handler) http.Handler
		query   string
		rows    string
		notices []string
	}{
		"no job":         {nil, nil, ofTaskManagers, "tm-1 0 null 36 0.02", nil},
		"no TaskManager": {nil, empty, ofTaskManagers, "", []string{waits}},
		"a job that waits for slots": {
			[]*sim.Job{sim.Chain("orders", sim.Task{Name: "in", State: "SCHEDULED"})}, nil, `{"queryType": "taskmanagers", "jobs": ["orders"]}`, "",
			[]string{"Not measured in job orders: in (CREATED).", "No subtask of the jobs and tasks chosen runs on a TaskManager."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, c.jobs...)
				if c.alter != nil {
					l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": c.alter(l.Cluster)})
				}
				shown := l.frame(t, c.query)
				checkFrame(t, c.query, shown)
				if got := strings.Join(rowsOf(t, shown, "taskmanager", "subtasks", "busy_max", "slots", "gc"), ", "); got != c.rows {
					t.Errorf("the rows are %q, want %q", got, c.rows)
				}
				if got := notices(shown); !slices.Equal(got, c.notices) && len(got)+len(c.notices) > 0 {
					t.Errorf("notices are %q, want %q", got, c.notices)
				}
			})
		})
	}
}

// What fails costs its own figures and a notice: a TaskManager that leaves between the
// list and its metrics, a job, a cluster.
func TestTaskManagersInPart(t *testing.T) {
	const unknown = "CPU, memory and garbage collection of 1 of 2 TaskManagers of cluster default are not known (tm-2): "
	for name, c := range map[string]struct {
		path   string
		answer http.HandlerFunc
		rows   string
		notice string
	}{
		"one that has left": {"/taskmanagers/tm-2/metrics", respondWith(200, `[]`), "tm-2 1 5 36 null, tm-1 0.1 6 36 0.02", unknown + "no metrics of it are there, as it has left the cluster or has just come."},
		"one that fails":    {"/taskmanagers/tm-2/metrics", respondWith(500, stackTrace), "tm-2 1 5 36 null, tm-1 0.1 6 36 0.02", unknown + "Flink failed to answer http://flink:8081/taskmanagers/tm-2/metrics (500 Internal Server Error): see the JobManager's log for the cause."},
		"one not found":     {"/taskmanagers/tm-2/metrics", respondWith(404, `{"errors":[]}`), "tm-2 1 5 36 null, tm-1 0.1 6 36 0.02", unknown + "Flink has nothing at http://flink:8081/taskmanagers/tm-2/metrics (404): "},
		"no list of them":   {"/taskmanagers", respondWith(500, stackTrace), "tm-2 1 5 null 0.9, tm-1 0.1 6 null 0.02", "Cluster default does not list its TaskManagers: Flink failed to answer http://flink:8081/taskmanagers (500 Internal Server Error)"},
		"one of the jobs":   {"slow-machine", respondWith(500, stackTrace), "tm-1 0.1 1 36 0.02, tm-2 null 0 36 0.9", "Job slow-machine did not answer: "},
		"all of the jobs":   {"/jobs/", respondWith(500, stackTrace), "tm-1 null null 36 0.02, tm-2 null null 36 0.9", "2 jobs did not answer (slow-machine, clicks): "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := slowMachineJob()
				clicks := sim.Chain("clicks", sim.Task{Name: "read", Loads: []sim.Load{{Idle: 0.9, Busy: 0.1}}})
				clicks.Start = slow.Start.Add(time.Minute)
				l := newLab(t, slow, clicks)
				l.warm(t)
				path := strings.Replace(c.path, "slow-machine", "/jobs/"+slow.ID, 1)
				l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == path || strings.HasPrefix(r.URL.Path, path) && strings.HasPrefix(path, "/jobs/") && r.URL.Path != "/jobs/overview" {
						c.answer(w, r)
						return
					}
					l.Cluster.ServeHTTP(w, r)
				})})
				shown := l.frame(t, ofTaskManagers)
				checkFrame(t, name, shown)
				if got := strings.Join(rowsOf(t, shown, "taskmanager", "busy_max", "subtasks", "slots", "gc"), ", "); got != c.rows {
					t.Errorf("the rows are %q, want %q", got, c.rows)
				}
				if got := notices(shown); len(got) != 1 || !strings.HasPrefix(got[0], c.notice) || strings.Contains(got[0], "apache") {
					t.Errorf("notices are %q, want %q", got, c.notice)
				}
			})
		})
	}
}

// Where nothing answers the query is an error, and so are names that match nothing.
func TestTaskManagersThatCannotBeAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, smallJobs("orders")...)
		away := l.withOutages(t)
		l.warm(t)
		for query, want := range map[string]string{
			`{"queryType": "taskmanagers", "jobs": ["none"]}`:     `There is no job "none" in this time range: there is orders.`,
			`{"queryType": "taskmanagers", "clusters": ["none"]}`: `There is no cluster "none" in this data source: it has default.`,
		} {
			if err := send(l.ctx, t, l, query)["A"].Error; err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", query, err, want)
			}
		}
		away.Store(true)
		time.Sleep(time.Minute)
		response := send(l.ctx, t, l, ofTaskManagers)["A"]
		checkError(t, response, http.StatusBadGateway, "Flink failed to answer http://flink:8081/jobs/overview (503 Service Unavailable): see the JobManager's log for the cause.")
	})
}

// Of two clusters each has its own TaskManagers, though their ids are the same.
func TestTaskManagersOfTwoClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTwoClusters(t, nil)
		l.warm(t)
		shown := l.frame(t, ofTaskManagers)
		if got := strings.Join(rowsOf(t, shown, "cluster", "taskmanager", "subtasks", "gc"), ", "); got != "east tm-1 2 0.02, west tm-1 2 0.02" {
			t.Errorf("the rows are %s", got)
		}
		if sent := len(l.Requests()); sent == 0 {
			t.Error("the west got no request")
		}
	})
}

// manyManagers is a cluster that lists so many TaskManagers, which its jobs do not run
// on, and a few whose ids would lead elsewhere.
func manyManagers(t *testing.T, cluster http.Handler, many int, ids ...string) http.Handler {
	var all []string
	for i := range many {
		ids = append(ids, fmt.Sprintf("worker-%05d:6122-ab", i))
	}
	for _, id := range ids {
		all = append(all, fmt.Sprintf(`{"id":%q,"slotsNumber":"NaN","freeSlots":null,"timeSinceLastHeartbeat":0,"hardware":{"cpuCores":"NaN"}}`, id))
	}
	body := `{"taskmanagers":[` + strings.Join(all, ",") + `]}`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.EscapedPath(); {
		case path == "/taskmanagers":
			respondWith(200, body)(w, r)
		case strings.HasPrefix(path, "/taskmanagers/worker-"):
			respondWith(200, `[{"id":"Status.JVM.CPU.Load","value":"NaN"},{"id":"Status.JVM.Memory.Heap.Max","value":"-1"},{"id":"Status.JVM.Memory.Heap.Used","value":"7"}]`)(w, r)
		case strings.HasPrefix(path, "/taskmanagers/"), strings.Contains(path, "cancel"), strings.Contains(path, "stop"):
			t.Errorf("the cluster got %s", r.URL)
		default:
			cluster.ServeHTTP(w, r)
		}
	})
}

// Ten thousand TaskManagers are rows, of which the first hundred cost a request each;
// numbers that are none, and collectors that are missing, are null.
func TestManyTaskManagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": manyManagers(t, l.Cluster, 10_000)})
		shown := l.frame(t, ofTaskManagers)
		checkFrame(t, ofTaskManagers, shown)
		if shown.Rows() != 10_000 || requests(shown) != 1+2+1+100+1 { // the jobs, the cluster, the list, and one that triggers the fetch
			t.Errorf("%d rows for %d requests", shown.Rows(), requests(shown))
		}
		for column, want := range map[string]int{"cpu": 0, "gc": 0, "heap_max": 0, "heap": 0, "heap_used": 100, "slots": 0, "cores": 0, "heartbeat": 0, "subtasks": 10_000} {
			if known := len(slices.DeleteFunc(cells(t, shown, column), func(cell string) bool { return cell == "null" })); known != want {
				t.Errorf("%s is known of %d TaskManagers, want %d", column, known, want)
			}
		}
		want := "Of the 10000 TaskManagers CPU, memory and garbage collection are shown of the 100 with the highest load: choose clusters, jobs or tasks in the query."
		if got := notices(shown); !slices.Equal(got, []string{want}) {
			t.Errorf("notices are %q", got)
		}
	})
}

// An id that would lead elsewhere is a row, and no request.
func TestHostileTaskManagers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": manyManagers(t, l.Cluster, 1, "../jobs/x/yarn-cancel", "..", "%2e%2e/stop", "a?b", "<script>alert(1)</script>", strings.Repeat("a", 1000))})
		shown := l.frame(t, ofTaskManagers)
		checkFrame(t, ofTaskManagers, shown)
		if got := notices(shown); shown.Rows() != 7 || len(got) != 1 || len(got[0]) > 1500 || !strings.Contains(got[0], "6 of 7 TaskManagers of cluster default are not known (") || !strings.Contains(got[0], "is no id of a Flink TaskManager that a request can name") {
			t.Errorf("%d rows with the notices %q", shown.Rows(), got)
		}
	})
}

// Of the past Prometheus has the figures, but for slots.
func TestTaskManagersOfThePastInPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, prometheus := newScrapedLab(t, slowMachineJob())
		for name, value := range map[string]float64{
			"JVM_CPU_Load": 0.25, "JVM_GarbageCollector_All_TimeMsPerSecond": 400, "JVM_Memory_Heap_Used": 2e9, "JVM_Memory_Heap_Max": 4e9,
			"Shuffle_Netty_UsedMemorySegments": 30, "Shuffle_Netty_TotalMemorySegments": 40,
		} {
			prometheus.Add(map[string]string{"__name__": "flink_taskmanager_Status_" + name, "tm_id": "tm_1", "host": "host"},
				promtest.Every(scrapeInterval, time.Now().Add(-time.Hour), time.Now(), func(time.Duration) float64 { return value })...)
		}
		shown := l.frameOver(t, scrapedPast(), nil, ofTaskManagers)
		checkFrame(t, ofTaskManagers, shown)
		got := strings.Join(rowsOf(t, shown, "taskmanager", "cpu", "gc", "heap_used", "heap", "network_buffers", "slots"), ", ")
		if got != "tm_1 0.25 0.4 2e+09 0.5 0.75 null" {
			t.Errorf("the rows are %s", got)
		}
		if got := notices(shown); len(got) > 0 {
			t.Errorf("notices are %q", got)
		}
	})
}

// Of the past it is known what ran where, not how the processes did, and Flink gets no
// request.
func TestTaskManagersOfThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, slowMachineJob())
		begin := time.Now()
		l.warm(t)
		time.Sleep(10 * time.Minute)
		l.Requests()
		shown := l.frameOver(t, backend.TimeRange{From: begin, To: begin.Add(5 * time.Minute)}, nil, ofTaskManagers)
		checkFrame(t, ofTaskManagers, shown)
		if got := strings.Join(rowsOf(t, shown, "taskmanager", "host", "busy_max", "subtasks", "jobs", "slots", "gc", "cpu", "heartbeat"), ", "); got != "tm-2 host-2 1 5 1 null null null null, tm-1 host-1 0.09998333333333333 5 1 null null null null" {
			t.Errorf("the rows are %s", got)
		}
		if got := notices(shown); !slices.Contains(got, "Slots, memory, CPU and garbage collection of TaskManagers are known at present only: of the past Prometheus alone would have all but slots.") {
			t.Errorf("notices are %q", got)
		}
		if requests(shown) != 0 {
			t.Errorf("it took %d requests", requests(shown))
		}
		earlier := l.frameOver(t, backend.TimeRange{From: begin.Add(-3 * time.Hour), To: begin.Add(-2 * time.Hour)}, nil, ofTaskManagers)
		if got := notices(earlier); earlier.Rows() != 0 || len(got) != 1 {
			t.Errorf("of a time without history there are %d rows with the notices %q", earlier.Rows(), got)
		}
	})
}

// explanations are those of the root causes of a job.
func explanations(t *testing.T, shown *data.Frame) string {
	t.Helper()
	return strings.Join(cells(t, shown, "explanation"), " ")
}

// The verdict names what is short on the machine that holds a job back, and how that
// differs from the others as far as that is known.
func TestEvidenceOfAMachine(t *testing.T) {
	const alone = "TaskManager tm-2 spends 90 % of its time in garbage collection"
	for _, version := range []string{"2.3.0", "1.17.2"} {
		t.Run(version, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, slowMachineJob())
				l.Version = version
				l.warm(t)
				first := explanations(t, l.frame(t, `{"queryType": "bottlenecks"}`))
				if strings.HasSuffix(first, alone+".") != (version == "2.3.0") {
					t.Errorf("at first it is %q", first)
				}
				time.Sleep(61 * time.Second)
				if second := explanations(t, l.frame(t, `{"queryType": "bottlenecks"}`)); !strings.HasSuffix(second, "than those elsewhere. "+alone+".") {
					t.Errorf("a minute later it is %q", second)
				}
				l.frame(t, ofTaskManagers)
				time.Sleep(11 * time.Second)
				l.frame(t, ofTaskManagers)
				if third := explanations(t, l.frame(t, `{"queryType": "bottlenecks"}`)); !strings.HasSuffix(third, alone+" (another 2 %).") {
					t.Errorf("beside the table it is %q", third)
				}
			})
		})
	}
}

// A cause that runs on more TaskManagers than one can be blamed costs no request, nor
// does a job that is well; a Flink that does not answer changes no verdict.
func TestEvidenceThatIsNotThere(t *testing.T) {
	ofMetrics := func(paths []string) int {
		return len(slices.DeleteFunc(paths, func(path string) bool { return !strings.HasPrefix(path, "/taskmanagers") }))
	}
	many := sim.HeldBack("orders", 3, 6, 1)
	for machine := range 6 {
		many.Machines = append(many.Machines, sim.Machine{Host: fmt.Sprint("host-", machine)})
	}
	for name, c := range map[string]struct {
		job  *sim.Job
		fail bool
		want int
	}{
		"many TaskManagers":        {many, false, 0},
		"a job that is well":       {sim.Chain("orders", sim.Task{Name: "in", Loads: []sim.Load{{Idle: 1}}}), false, 0},
		"one TaskManager":          {sim.HeldBack("orders", 3, 6, 1), false, 2}, // it, and the list of them
		"a Flink that fails there": {sim.HeldBack("orders", 3, 6, 1), true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.job.Start = time.Now().Add(-time.Hour)
				l := newLab(t, c.job)
				if c.fail {
					l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": &failing{l.Cluster, "/taskmanagers"}})
				}
				l.warm(t)
				for range 5 {
					shown := l.frame(t, `{"queryType": "bottlenecks"}`)
					if text := explanations(t, shown); strings.Contains(text, "TaskManager") || len(notices(shown)) != 0 {
						t.Errorf("the explanation is %q, with the notices %q", text, notices(shown))
					}
					time.Sleep(3 * time.Second)
				}
				if sent := ofMetrics(l.Requests()); sent != c.want && !c.fail || c.fail && sent > 0 {
					t.Errorf("it took %d requests, want %d", sent, c.want)
				}
			})
		})
	}
}

// On recorded answers of real Flinks each TaskManager is a row with Flink's own figures.
func TestTaskManagersOfRecordings(t *testing.T) {
	for version, want := range map[string]string{
		"1.13.6": "127.0.0.1:45313-149982 36 23 2 7.78502144e+08 null, 127.0.0.1:33091-2faf0a 36 23 2 7.78502144e+08 null",
		"1.17.2": "127.0.0.1:38483-2b71ba 36 23 2 7.78502144e+08 null, 127.0.0.1:36237-916542 36 23 2 7.78502144e+08 null",
		"2.0.2":  "127.0.0.1:39353-65fca7 16 4 2 5.18979584e+08 null",
		"2.3.0":  "127.0.0.1:40471-927344 36 23 2 7.78502144e+08 null, 127.0.0.1:41579-7363f5 36 23 2 7.78502144e+08 null",
	} {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "_cluster")
			synctest.Test(t, func(t *testing.T) {
				r := openRecorded(t, moment, moment)
				shown := firstFrame(t, send(r.ctx, t, r, ofTaskManagers), "A")
				checkFrame(t, ofTaskManagers, shown)
				rows := rowsOf(t, shown, "taskmanager", "slots", "free_slots", "cores", "heap_max", "gc")
				slices.Sort(rows)
				wanted := strings.Split(want, ", ")
				slices.Sort(wanted)
				if !slices.Equal(rows, wanted) {
					t.Errorf("the rows are %q, want %q", rows, wanted)
				}
				for _, column := range []string{"heap_used", "heap", "network_buffers", "heartbeat"} {
					if slices.Contains(cells(t, shown, column), "null") {
						t.Errorf("%s is %q", column, cells(t, shown, column))
					}
				}
			})
		})
	}
}
