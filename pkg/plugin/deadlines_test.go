package plugin_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// longestQuery is how long a query takes at most with a time-out of 10 s: 25 s for Flink,
// and an eighth more for the history.
const longestQuery = 28125 * time.Millisecond

// queriesThatWait are queries of all types, with what makes them send requests of other kinds.
func queriesThatWait() []string {
	return append(allQueries(),
		`{"queryType": "subtasks", "detail": true}`, `{"queryType": "jobs", "detail": true}`, `{"queryType": "taskmanagers"}`, `{"queryType": "scaling"}`,
		`{"queryType": "measure", "measure": "up", "by": "cluster"}`, `{"queryType": "measure", "measure": "watermark_lag"}`, `{"queryType": "history", "measure": "up", "by": "cluster"}`,
		`{"queryType": "variable", "variable": "jobs"}`, `{"queryType": "variable", "variable": "tasks"}`,
		`{"queryType": "flameGraph", "tasks": ["task-0"]}`, `{"queryType": "checkpoints"}`, `{"queryType": "exceptions"}`, `{"queryType": "events"}`,
	)
}

// hangsButForItsList is a cluster that only lists its jobs.
func hangsButForItsList(cluster *sim.Cluster) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jobs/overview" {
			cluster.ServeHTTP(w, r)
			return
		}
		hang(w, r)
	})
}

// Whatever hangs, every query ends in its own time, and in nine tenths of its caller's.
func TestEveryQueryEndsInTime(t *testing.T) {
	all := func(*sim.Cluster) http.Handler { return http.HandlerFunc(hang) }
	for fault, c := range map[string]struct {
		flink, prometheus func(*sim.Cluster) http.Handler
	}{
		"Flink hangs": {flink: all}, "Prometheus hangs": {prometheus: all}, "both hang": {all, all},
		"Flink hangs but for its list": {flink: hangsButForItsList},
	} {
		for _, past := range []bool{false, true} {
			for caller, most := range map[time.Duration]time.Duration{time.Hour: longestQuery, 8 * time.Second: 7200 * time.Millisecond} {
				for _, query := range queriesThatWait() {
					t.Run(fmt.Sprint(fault, ", past ", past, ", ", caller, " ", query), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							l, prometheus := newScrapedLabWith(t, map[string]any{"timeoutSeconds": 10, "history": map[string]any{"idleAfter": "0s"}}, smallJobs("orders")...)
							for range 2 {
								l.frame(t, `{"queryType":"subtasks"}`)
								time.Sleep(11 * time.Second)
							}
							hosts := map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": prometheus}
							if c.flink != nil {
								hosts["flink:8081"] = c.flink(l.Cluster)
							}
							if c.prometheus != nil {
								hosts["prometheus:9090"] = c.prometheus(nil)
							}
							over := lastHour()
							if past {
								over.To = time.Now().Add(-3 * time.Minute)
							}
							ctx, cancel := context.WithTimeout(inMemory(t.Context(), hosts), caller)
							defer cancel()
							begun := time.Now()
							response := sendOver(ctx, t, l, over, nil, query)["A"]
							if took := time.Since(begun); took > most {
								t.Errorf("it took %s, with the error %v", took, response.Error)
							}
						})
					})
				}
			}
		}
	}
}

// However slow Prometheus is, what Flink has answered is shown in time.
func TestSlowPrometheusCostsNoAnswer(t *testing.T) {
	for _, query := range []string{`{"queryType":"bottlenecks"}`, `{"queryType":"jobs"}`, `{"queryType":"tasks"}`, `{"queryType":"measure","measure":"blame","by":"task"}`, `{"queryType":"history"}`} {
		for name, c := range map[string]struct{ delay, caller, most time.Duration }{
			"it hangs": {time.Hour, 5 * time.Second, 4500 * time.Millisecond},
			"it takes almost its time-out for each answer": {9500 * time.Millisecond, time.Hour, longestQuery},
		} {
			t.Run(name+", "+query, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l, prometheus := newScrapedLabWith(t, map[string]any{"timeoutSeconds": 10}, smallJobs("orders")...)
					l.frame(t, `{"queryType":"tasks"}`)
					time.Sleep(25 * time.Second)
					prometheus.Delay(c.delay)
					ctx, cancel := context.WithTimeout(l.ctx, c.caller)
					defer cancel()
					begun := time.Now()
					response := send(ctx, t, l, query)["A"]
					if took := time.Since(begun); response.Error != nil || len(response.Frames) == 0 || response.Frames[0].Rows() == 0 || took > c.most {
						t.Errorf("after %s %d frames, %v", took, len(response.Frames), response.Error)
					}
				})
			})
		}
	}
}

// Alert rules have values at each evaluation, within Grafana's 30 s, though one of two jobs
// hangs, or Prometheus.
func TestRulesWhileSomethingHangs(t *testing.T) {
	for _, fault := range []string{"a job", "Prometheus", "Prometheus is slow", "a job and Prometheus"} {
		for _, query := range []string{
			`{"queryType":"measure"}`, `{"queryType":"measure","measure":"blame","by":"task"}`, `{"queryType":"measure","measure":"restarts"}`, `{"queryType":"measure","measure":"checkpoint_age"}`,
			`{"queryType":"history","measure":"restarts"}`, `{"queryType":"history","measure":"pending_records"}`, `{"queryType":"history","measure":"checkpoint_failures"}`,
		} {
			t.Run(fault+", "+query, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					jobs := smallJobs("orders", "payments")
					l, prometheus := newScrapedLabWith(t, map[string]any{"timeoutSeconds": 10}, jobs...)
					l.frame(t, `{"queryType":"measure","measure":"restarts"}`)
					l.frame(t, `{"queryType":"subtasks"}`)
					time.Sleep(35 * time.Second)
					hosts := map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": prometheus}
					if strings.HasPrefix(fault, "a job") {
						hosts["flink:8081"] = sim.Spoiled(l.Cluster, sim.Within("/jobs/"+jobs[0].ID, sim.Hanging()))
					}
					switch {
					case fault == "Prometheus is slow":
						prometheus.Delay(9 * time.Second)
					case fault != "a job":
						hosts["prometheus:9090"] = http.HandlerFunc(hang)
					}
					l.ctx = inMemory(t.Context(), hosts)
					time.Sleep(3 * time.Second)
					for range 4 {
						over := lastHour()
						over.From = over.To.Add(-15 * time.Minute)
						ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
						begun := time.Now()
						response := sendOver(ctx, t, l, over, fromAlert, query)["A"]
						cancel()
						if took := time.Since(begun); response.Error != nil || took > 27*time.Second {
							t.Errorf("after %s: %v", took, response.Error)
						}
						time.Sleep(time.Minute - time.Since(begun))
					}
				})
			})
		}
	}
}

// A cluster that hangs does not keep back whether the others are up.
func TestUpWhileAClusterHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTwoClusters(t, http.HandlerFunc(hang))
		ctx, cancel := context.WithTimeout(l.ctx, 5*time.Second)
		defer cancel()
		shown := firstFrame(t, sendOver(ctx, t, l, lastHour(), fromAlert, `{"queryType":"measure","measure":"up","by":"cluster"}`), "A")
		if got := seriesOf(shown); len(got) != 2 {
			t.Errorf("up is %v", got)
		}
	})
}

// Of clusters that hang all are requested at once to find out whether a range that has just
// ended is still of the present.
func TestRangeThatHasJustEndedOfClustersThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts, clusters := map[string]http.Handler{"west": http.HandlerFunc(hang)}, []map[string]string{}
		for n := range 9 {
			name := fmt.Sprint("c", n)
			hosts[name] = http.HandlerFunc(hang)
			clusters = append(clusters, map[string]string{"name": name, "url": "http://" + name})
		}
		source := open(t, settingsWith(map[string]any{"url": "http://west", "clusterName": "west", "clusters": clusters}))
		now := time.Now()
		sendOver(inMemory(t.Context(), hosts), t, source, backend.TimeRange{From: now.Add(-time.Hour), To: now.Add(-90 * time.Second)}, nil, `{"queryType":"tasks"}`)
		if took := time.Since(now); took > longestQuery {
			t.Errorf("it took %s", took)
		}
	})
}
