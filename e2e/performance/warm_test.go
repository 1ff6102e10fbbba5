//go:build bench

package performance

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
)

// startPlugin runs the built plugin with a data source whose polls stay fresh.
func startPlugin(t *testing.T, url string) (*host.Plugin, backend.DataSourceInstanceSettings) {
	t.Helper()
	started, err := host.Start(t.Context(), host.Executable(filepath.Join("..", "..", "dist")), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.Close)
	settings, err := host.Settings(url)
	if err != nil {
		t.Fatal(err)
	}
	if settings.JSONData, err = json.Marshal(map[string]any{"url": url, "maxAge": "1h", "timeoutSeconds": 60}); err != nil {
		t.Fatal(err)
	}
	return started, settings
}

// A query for what has been polled costs little beside the encoding of its frames.
func TestWarmQuery(t *testing.T) {
	for _, shape := range []struct{ tasks, subtasks, runs int }{{10, 4, 100}, {100, 10, 50}, {100, 100, 30}, {100, 1000, 10}} {
		t.Run(fmt.Sprintf("%d subtasks", shape.tasks*shape.subtasks), func(t *testing.T) {
			f := startPrepared(t, shape.tasks, shape.subtasks)
			running, settings := startPlugin(t, f.url)
			for _, c := range []struct {
				name, query string
				bar         float64       // of the encoding's time at 10,000 subtasks
				limit       time.Duration // at 100 tasks
			}{
				{"subtasks", `{"queryType": "subtasks"}`, 1.7, 0},
				{"measure busy by subtask", `{"queryType": "measure", "measure": "busy", "by": "subtask"}`, 1.7, 0},
				{"tasks", `{"queryType": "tasks"}`, 0, time.Millisecond},
				{"bottlenecks", `{"queryType": "bottlenecks"}`, 0, time.Millisecond},
				{"nodeGraph", `{"queryType": "nodeGraph"}`, 0, time.Millisecond},
				{"jobs", `{"queryType": "jobs"}`, 0, 0},
				{"history busy by task", `{"queryType": "history", "measure": "busy", "by": "task"}`, 0, 0},
				{"timeline", `{"queryType": "timeline"}`, 0, 0},
				{"variable tasks", `{"queryType": "variable", "variable": "tasks"}`, 0, 0},
				{"measure bottleneck by job", `{"queryType": "measure", "measure": "bottleneck"}`, 0, 0},
			} {
				now := time.Now()
				asked := backend.DataQuery{RefID: "A", JSON: []byte(c.query), MaxDataPoints: 1000, Interval: 10 * time.Second, TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now}}
				query := func(of *host.Plugin) *pluginv2.QueryDataResponse {
					response, err := of.QueryEncoded(t.Context(), settings, asked)
					if err != nil {
						t.Fatal(err)
					}
					return response
				}
				query(running)
				decoded, err := backend.FromProto().QueryDataResponse(query(running))
				if err != nil || decoded.Responses["A"].Error != nil {
					t.Fatal(err, decoded.Responses["A"].Error)
				}
				answer := decoded.Responses["A"]
				bare := startMinimal(t, answer.Frames)
				query(bare)
				var ours, least, encoding []cost
				for range shape.runs {
					ours = append(ours, measure(func() { query(running) }))
					least = append(least, measure(func() { query(bare) }))
					encoding = append(encoding, measure(func() {
						if _, err := answer.Frames.MarshalArrow(); err != nil {
							t.Fatal(err)
						}
					}))
				}
				bare.Close()
				a, b, l := best(ours), best(encoding), best(least)
				ratio := float64(a.wall) / float64(b.wall)
				dear := c.bar > 0 && shape.tasks*shape.subtasks == 10_000 && ratio > c.bar
				slow := c.limit > 0 && shape.tasks == 100 && shape.subtasks <= 100 && a.wall > c.limit
				figures.Add(t, warmTable, fmt.Sprint(shape.tasks*shape.subtasks), c.name, round(b.wall), round(l.wall), round(a.wall)+missed(slow), fmt.Sprintf("%.2f", ratio)+missed(dear), fmt.Sprintf("%.2f", float64(a.wall)/float64(l.wall)))
				if dear {
					t.Errorf("%s takes %.2f times as long as its encoding, more than %.1f", c.name, ratio, c.bar)
				}
				if slow {
					t.Errorf("%s takes %s, more than %s", c.name, a.wall, c.limit)
				}
			}
		})
	}
}
