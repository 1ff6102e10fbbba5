package plugin_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// recorded is the first frame of a query of what a recorded cluster had at any time.
func recorded(t *testing.T, version, set, query string) *data.Frame {
	t.Helper()
	moment := flinktest.Recording(t, version, set)
	r := openRecorded(t, moment, moment)
	over := backend.TimeRange{From: time.Unix(1, 0), To: time.Now().AddDate(10, 0, 0)}
	return firstFrame(t, sendOver(r.ctx, t, r, over, nil, query), "A")
}

// The rows are Flink's own figures, on every version that was recorded.
func TestRecordedCheckpoints(t *testing.T) {
	columns := []string{"job", "checkpoint", "trigger", "status", "duration", "size", "full_size", "subtasks", "acknowledged", "slowest_task", "slowest_subtask", "start_delay", "alignment", "unaligned", "failure"}
	for name, c := range map[string]struct {
		rows  int
		first []string // of them
	}{
		"1.13.6/checkpoint-bp": {8, []string{
			"lab checkpoint-bp 8 CHECKPOINT IN_PROGRESS 5867 18100 null 10 7 null null null null null null",
			"lab checkpoint-bp 7 CHECKPOINT COMPLETED 9474 24464 null 10 10 slow-window 0 8631 2274 false null",
			"lab checkpoint-bp 6 CHECKPOINT COMPLETED 9506 24464 null 10 10 null null null null null null",
		}},
		"2.3.0/checkpoint-bp": {8, []string{
			"lab checkpoint-bp 8 CHECKPOINT IN_PROGRESS 5758 18102 18102 10 7 null null null null null null",
			"lab checkpoint-bp 7 CHECKPOINT COMPLETED 9668 24466 24466 10 10 slow-window 0 9276 2123 false null",
		}},
		"2.3.0/checkpoint-timeout": {10, []string{
			"lab checkpoint-timeout 23 CHECKPOINT FAILED 1001 505 505 10 2 enrich null null null null Checkpoint expired before completing.",
		}},
		"2.3.0/healthy":        {0, nil},
		"2.3.0/batch-finished": {0, nil},
	} {
		version, set, _ := strings.Cut(name, "/")
		shown := recorded(t, version, set, `{"queryType": "checkpoints", "jobs": ["/./"]}`)
		got := rowsOf(t, shown, columns...)
		if len(got) != c.rows {
			t.Errorf("%s: %d rows, want %d: %q", name, len(got), c.rows, notices(shown))
			continue
		}
		for i, want := range c.first {
			if got[i] != want {
				t.Errorf("%s: row %d is %q, want %q", name, i, got[i], want)
			}
		}
	}
}

// Exceptions are where they were; their HTML is text.
func TestRecordedExceptions(t *testing.T) {
	for version, where := range map[string]string{"1.13.6": "null", "1.17.2": "127.0.0.1:", "1.20.5": "127.0.0.1:", "2.3.0": "127.0.0.1:"} {
		shown := recorded(t, version, "failing-restarting", `{"queryType": "exceptions"}`)
		rows := rowsOf(t, shown, "what", "task", "host", "labels", "text", "taskmanager")
		exceptions := 0
		for _, row := range rows {
			if strings.HasPrefix(row, "exception flaky-map localhost null java.lang.RuntimeException: enrichment failed for key ") && strings.Contains(row, where) {
				exceptions++
			}
		}
		if exceptions < 5 || len(rows) != exceptions {
			t.Errorf("%s: %q", version, rows)
		}
		if stack := cells(t, shown, "stack")[0]; !strings.Contains(stack, `<"12,50 €"> of order 4711`) {
			t.Errorf("%s: the stack is %q", version, stack)
		}
	}
}

// The verdict says what a root cause has to do with checkpoints, on every version.
func TestVerdictOnRecordedCheckpoints(t *testing.T) {
	raced.Skip(t)
	for _, version := range []string{"1.13.6", "1.17.2", "1.20.5", "2.3.0"} {
		for set, want := range map[string]string{
			"checkpoint-bp":      "Checkpoints take long because of it: the last one took ",
			"checkpoint-timeout": "checkpoints timed out after 1.0 s: barriers wait behind the records that slow-window holds back.",
		} {
			moment := flinktest.Recording(t, version, set)
			r := openRecorded(t, moment, moment)
			shown := firstFrame(t, send(r.ctx, t, r, `{"queryType": "bottlenecks"}`), "A")
			if got := cells(t, shown, "effects"); len(got) != 1 || !strings.Contains(got[0], want) {
				t.Errorf("%s of %s: its effects are %q, want %q", set, version, got, want)
			}
		}
	}
}

// orders makes a checkpoint every 20 s, and fails once a while.
func failingOrders() *sim.Job {
	held := sim.HeldBack("orders", 4, 2, 2)
	held.Checkpoints = 20 * time.Second
	held.Phases = []sim.Phase{{Lasts: 9 * time.Minute, Restart: true}, {Lasts: 5 * time.Second, State: "RESTARTING"}}
	held.Repeat = true
	return held
}

// What was sampled is answered after Flink has forgotten it, after it is gone, and for
// a range that has ended, without a request.
func TestJournalsBeyondWhatFlinkRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, failingOrders())
		queries := []string{`{"queryType": "checkpoints", "jobs": ["orders"]}`, `{"queryType": "exceptions", "jobs": ["orders"]}`}
		l.frame(t, `{"queryType": "tasks"}`)
		for _, query := range queries {
			if shown := l.frame(t, query); shown.Rows() < 6 {
				t.Errorf("%s: at first there are %d rows", query, shown.Rows())
			}
		}
		begun := time.Now()
		time.Sleep(30 * time.Minute)
		over := backend.TimeRange{From: begun, To: time.Now()}
		for i, query := range queries {
			l.Requests()
			shown := l.frameOver(t, over, nil, query)
			if sent := len(l.Requests()); sent != requests(shown) || sent > 1+1+1+2*10 {
				t.Errorf("%s: %d requests, %d counted", query, sent, requests(shown))
			}
			if rows, want := shown.Rows(), []int{80, 3}[i]; rows < want || rows > 100 {
				t.Errorf("%s: %d rows of half an hour", query, rows)
			}
		}
		time.Sleep(10 * time.Minute)
		for _, query := range queries {
			l.Requests()
			past := l.frameOver(t, over, nil, query)
			if sent := l.Requests(); len(sent) != 0 || past.Rows() < 3 {
				t.Errorf("%s: of the past %d rows after %q", query, past.Rows(), sent)
			}
		}
	})
}

// The measures are as alert rules and panels need them: now, in the past, over time.
func TestMeasuresOfCheckpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders, off := failingOrders(), sim.HeldBack("payments", 3, 2, 1)
		orders.Phases, orders.Checkpoints = nil, time.Minute
		l := newSampledLab(t, orders, off)
		for measure, want := range map[string]string{"checkpoint_age": "orders 5", "checkpoint_intervals": "orders 0.", "checkpoint_duration": "orders 7.74", "checkpoint_failures": "orders 0"} {
			shown := l.frameOver(t, lastHour(), fromAlert, fmt.Sprintf(`{"queryType": "measure", "measure": %q}`, measure))
			series := strings.Join(seriesOf(shown), "; ")
			if job, value, _ := strings.Cut(want, " "); !strings.Contains(series, "job="+job+"} "+value) || strings.Contains(series, "payments} ?") && measure == "checkpoint_failures" {
				t.Errorf("%s is %s, want %s", measure, series, want)
			}
		}
		begun := time.Now()
		l.frame(t, `{"queryType": "history", "measure": "checkpoint_age", "jobs": ["orders"]}`)
		time.Sleep(20 * time.Minute)
		over := backend.TimeRange{From: begun, To: time.Now()}
		ages := firstFrame(t, sendOver(l.ctx, t, l, over, nil, `{"queryType": "history", "measure": "checkpoint_age", "jobs": ["orders"]}`), "A")
		most, known := 0.0, 0
		for i := range ages.Rows() {
			if age := ages.Fields[1].At(i).(*float64); age != nil {
				known++
				most = max(most, *age)
			}
		}
		if known < 100 || most < 50 || most > 66 {
			t.Errorf("%d ages are known, up to %v", known, most)
		}
		time.Sleep(5 * time.Minute)
		l.Requests()
		past := l.frameOver(t, over, fromAlert, `{"queryType": "measure", "measure": "checkpoint_duration", "jobs": ["orders"]}`)
		if got := seriesOf(past); len(got) != 1 || !strings.Contains(got[0], "job=orders} 7.74") || len(l.Requests()) != 0 {
			t.Errorf("in the past it is %q", got)
		}
	})
}

// What cannot be read costs its own rows: the job's checkpoints, or the details alone.
func TestCheckpointsThatDoNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		path, want string
		rows       int
	}{
		"the details": {"/details/", "", 11},
		"of one job":  {"/checkpoints", "Job orders did not answer: ", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := newCluster(failingOrders(), sim.HeldBack("payments", 3, 2, 1))
				ctx := inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.Contains(r.URL.Path, cluster.Jobs[0].ID) && strings.Contains(r.URL.Path, c.path) {
						w.WriteHeader(http.StatusInternalServerError)
						return
					}
					cluster.ServeHTTP(w, r)
				})})
				shown := firstFrame(t, send(ctx, t, sourceAt(t, "http://flink:8081"), `{"queryType": "checkpoints"}`), "A")
				if got := strings.Join(notices(shown), " "); shown.Rows() != c.rows || !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
					t.Errorf("%d rows, %q", shown.Rows(), got)
				}
			})
		})
	}
}

// Whatever a forged Flink answers, a query is answered or fails with a sentence, and no
// request leaves the paths of checkpoints.
func TestCheckpointsOfAForgedFlink(t *testing.T) {
	raced.Skip(t)
	for _, body := range []string{
		`[]`, `{}`, `null`, `{"history":null,"counts":null,"latest":null}`, `{"history":[{}],"exceptionHistory":{"entries":[{}]}}`,
		`{"history":[{"id":-7,"status":"COMPLETED","trigger_timestamp":1,"latest_ack_timestamp":9223372036854775807,"end_to_end_duration":-9223372036854775808}]}`,
		`{"history":[{"id":7,"status":"FAILED"}],"tasks":{"../yarn-cancel":{"end_to_end_duration":9}},"subtasks":[{"index":-1,"status":"completed"}]}`,
		`{"history":[{"id":7,"status":"COMPLETED"}],"tasks":{"` + fuzzTask + `":{"end_to_end_duration":9}},"subtasks":[{"index":-1,"status":"completed","start_delay":-5}]}`,
		`{"exceptionHistory":{"entries":[{"timestamp":-1,"taskName":"(1/1)","failureLabels":{"a":null},"concurrentExceptions":[{"concurrentExceptions":[{}]}]}]}}`,
		`<html>`, `{"history":[`,
	} {
		flink := &fuzzFlink{job: soundJob, task: soundTask}
		var mu sync.Mutex
		var sent []string
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/checkpoints") || strings.HasSuffix(r.URL.Path, "/exceptions") {
				mu.Lock()
				sent = append(sent, r.Method+" "+r.URL.RequestURI())
				mu.Unlock()
				_, _ = w.Write([]byte(body))
				return
			}
			flink.ServeHTTP(w, r)
		})
		ctx := inMemory(t.Context(), map[string]http.Handler{"flink:8081": handler})
		source := sourceAt(t, "http://flink:8081")
		over := backend.TimeRange{From: time.Unix(0, 0), To: time.Now()}
		for _, query := range []string{`{"queryType": "checkpoints"}`, `{"queryType": "exceptions"}`, `{"queryType": "events"}`, `{"queryType": "measure", "measure": "checkpoint_age"}`, `{"queryType": "bottlenecks"}`} {
			answer := sendOver(ctx, t, source, over, nil, query)["A"]
			if answer.Error == nil && len(answer.Frames) == 0 {
				t.Errorf("%s: %s is answered with nothing", body, query)
			}
			for _, each := range answer.Frames {
				checkFrame(t, query, each)
			}
		}
		for _, line := range sent {
			if !allowed.MatchString(line) {
				t.Errorf("%s: Flink got %q", body, line)
			}
		}
	}
}
