package plugin_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// repeats is a Flink whose names, ids and indexes repeat as they should not: of jobs,
// of tasks, of subtasks and of the hosts that these run on. What it answers depends on
// the request alone, but for a job's name in its own answer.
type repeats struct{ seed uint64 }

func (f repeats) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	random := rand.New(rand.NewPCG(f.seed, uint64(len(r.URL.Path))))
	name := func() string { return []string{"a", "a #2", "a #3", "b", ""}[random.IntN(5)] }
	id := func() string { return fmt.Sprintf("%032x", random.IntN(4)) }
	var answer any
	switch parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/"); {
	case r.URL.Path == "/overview":
		answer = map[string]any{"flink-version": "2.3.0", "taskmanagers": 1, "jobs-running": 1}
	case r.URL.Path == "/jobmanager/config":
		answer = []any{}
	case r.URL.Path == "/jobs/overview":
		var jobs []any
		for range 8 {
			jobs = append(jobs, map[string]any{"jid": id(), "name": name(), "state": "RUNNING", "start-time": random.IntN(3), "tasks": map[string]int{"total": 1, "running": 1}})
		}
		answer = map[string]any{"jobs": jobs}
	case len(parts) == 2 && parts[0] == "jobs":
		random = rand.New(rand.NewPCG(f.seed, uint64(parts[1][31])))
		var vertices []any
		for range 5 {
			vertices = append(vertices, map[string]any{"id": id(), "name": name(), "parallelism": 3, "status": "RUNNING", "tasks": map[string]int{"RUNNING": 3}})
		}
		answer = map[string]any{"jid": parts[1], "name": name(), "state": "RUNNING", "vertices": vertices, "plan": map[string]any{"nodes": []any{}}}
	case len(parts) == 4 && parts[2] == "vertices":
		var subtasks []any
		for range 5 {
			subtasks = append(subtasks, map[string]any{"subtask": random.IntN(3), "status": "RUNNING", "attempt": 0, "endpoint": name() + ":1", "taskmanager-id": name(), "duration": 60_000,
				"metrics": map[string]any{"read-records-complete": true, "accumulated-idle-time": time.Now().UnixMilli() % 1e7, "accumulated-busy-time": 1, "accumulated-backpressured-time": 1}})
		}
		answer = map[string]any{"id": parts[3], "subtasks": subtasks}
	case strings.HasSuffix(r.URL.Path, "/backpressure"):
		answer = map[string]any{"status": "ok", "subtasks": []any{map[string]any{"subtask": 1, "ratio": 0.5, "idleRatio": 0.2, "busyRatio": 0.3}}}
	default:
		respondWith(404, `{"errors":["Not found."]}`)(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// Label sets are unique in every numeric answer and every one of series, whatever
// repeats in Flink's: an alert rule fails on two that are equal.
func TestLabelSetsAreUnique(t *testing.T) {
	var queries []string
	for _, by := range []string{"job", "task", "subtask", "taskmanager"} {
		for _, kind := range []string{"measure", "history"} {
			queries = append(queries, fmt.Sprintf(`{"queryType":%q,"measure":"busy","by":%q}`, kind, by))
		}
	}
	queries = append(queries, `{"queryType":"measure","measure":"running"}`, `{"queryType":"measure","measure":"restarts"}`, `{"queryType":"timeline"}`)
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			ctx := inMemory(t.Context(), map[string]http.Handler{"west": repeats{seed}, "east": repeats{seed + 1}})
			source := open(t, settingsWith(map[string]any{"url": "http://west", "clusterName": "west", "clusters": []map[string]string{{"name": "east", "url": "http://east"}}}))
			var responses backend.Responses
			for range 2 {
				responses = send(ctx, t, source, queries...)
				time.Sleep(10 * time.Second)
			}
			for n := range queries {
				response := responses[string(rune('A'+n))]
				seen, series := map[string]bool{}, 0
				for _, shown := range response.Frames {
					for _, field := range shown.Fields {
						if len(field.Labels) == 0 {
							continue
						}
						series++
						if key := field.Name + field.Labels.String(); seen[key] {
							t.Errorf("seed %d, %s: %s is there twice", seed, queries[n], key)
						} else {
							seen[key] = true
						}
					}
				}
				if series == 0 && !strings.Contains(queries[n], "restarts") && !strings.Contains(queries[n], "taskmanager") {
					t.Errorf("seed %d, %s: no series: %v", seed, queries[n], response.Error)
				}
			}
		})
	}
}
