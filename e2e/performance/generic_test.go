//go:build bench

package performance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/itchyny/gojq"
	"golang.org/x/sync/errgroup"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/prepared"
)

// subtasksInJQ has the columns of the query type subtasks that Flink's answer about
// a task has, for a table of a generic JSON data source.
const subtasksInJQ = `.id as $id | .name as $name | .subtasks[] | [$name, $id, .subtask, .attempt, .endpoint, ."taskmanager-id",
	.metrics."accumulated-idle-time", .metrics."accumulated-busy-time", .metrics."accumulated-backpressured-time",
	.metrics."read-records", .metrics."write-records", .status]`

// genericPanel is a panel with the subtasks of all tasks: queries for the list of jobs
// and for the job, from which the tasks are chosen, and one a task, which decodes the
// answer and has jq select the columns. It has no shares of the time since the last
// answer, no status and no verdict.
func (f flink) genericPanel(t *testing.T, program *gojq.Code, tasks int) (rows int) {
	f.fetch(t, []string{"/jobs/overview", "/jobs/" + prepared.JobID})
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(concurrency)
	for n := range tasks {
		group.Go(func() error {
			answer, err := f.client.Get(f.url + "/jobs/" + prepared.JobID + "/vertices/" + prepared.TaskID(n))
			if err != nil {
				return err
			}
			defer func() { _ = answer.Body.Close() }()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusOK {
				return fmt.Errorf("%s, %w", answer.Status, err)
			}
			var decoded any
			if err := json.Unmarshal(body, &decoded); err != nil {
				return err
			}
			frame, err := tableOf(program, decoded)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			rows += frame.Rows()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// tableOf makes a frame of the rows that the program emits.
func tableOf(program *gojq.Code, decoded any) (*data.Frame, error) {
	var rows [][]any
	for emitted := program.Run(decoded); ; {
		row, more := emitted.Next()
		if !more {
			break
		}
		if err, failed := row.(error); failed {
			return nil, err
		}
		rows = append(rows, row.([]any))
	}
	frame := data.NewFrame("subtasks")
	for column := range rows[0] {
		if _, text := rows[0][column].(string); text {
			values := make([]string, len(rows))
			for i, row := range rows {
				values[i], _ = row[column].(string)
			}
			frame.Fields = append(frame.Fields, data.NewField(fmt.Sprint(column), nil, values))
			continue
		}
		values := make([]float64, len(rows))
		for i, row := range rows {
			switch number := row[column].(type) {
			case float64:
				values[i] = number
			case int:
				values[i] = float64(number)
			}
		}
		frame.Fields = append(frame.Fields, data.NewField(fmt.Sprint(column), nil, values))
	}
	return frame, nil
}

// sharedFor is how long a poll is shared, as by default.
const sharedFor = 2 * time.Second

// A dashboard of ten panels on one job costs far fewer requests, and far less time
// of the processor, than by a generic JSON data source, which polls for each panel.
func TestGenericDataSource(t *testing.T) {
	const tasks, subtasks, panels, runs = 100, 100, 10, 11
	f := startPrepared(t, tasks, subtasks)
	parsed, err := gojq.Parse(subtasksInJQ)
	if err != nil {
		t.Fatal(err)
	}
	program, err := gojq.Compile(parsed)
	if err != nil {
		t.Fatal(err)
	}
	source := openFor(t, f.url, sharedFor)
	dashboard := []string{
		bottlenecks, `{"queryType": "nodeGraph"}`, `{"queryType": "tasks"}`, `{"queryType": "subtasks"}`, `{"queryType": "jobs"}`,
		`{"queryType": "measure", "measure": "bottleneck"}`, `{"queryType": "measure", "measure": "bottleneck", "by": "task"}`,
		`{"queryType": "measure", "measure": "busy", "by": "task"}`, `{"queryType": "measure", "measure": "backpressured", "by": "task"}`, `{"queryType": "measure", "measure": "running"}`,
	}
	ask := func() {
		for _, query := range dashboard {
			source.query(t, 1, query)
		}
	}
	generic := func() {
		for range panels {
			if rows := f.genericPanel(t, program, tasks); rows != tasks*subtasks {
				t.Fatalf("%d rows", rows)
			}
		}
	}
	for range 2 {
		ask()
		time.Sleep(sharedFor)
	}
	f.paths(t)
	var ours, theirs, dearest []cost
	var oursSent, theirsSent int
	for range runs {
		ours = append(ours, measure(ask))
		oursSent = len(f.paths(t))
		theirs = append(theirs, measure(generic))
		theirsSent = len(f.paths(t))
		time.Sleep(sharedFor)
		dearest = append(dearest, measure(func() { source.query(t, 1, `{"queryType": "subtasks"}`) }))
		time.Sleep(sharedFor)
		f.paths(t)
	}
	a, b, d := best(ours), best(theirs), best(dearest)
	requests, cpu, panelsRatio := float64(theirsSent)/float64(oursSent), float64(b.cpu)/float64(a.cpu), float64(a.cpu)/float64(d.cpu)
	figures.Add(t, genericTable, "generic: one request and one jq pass a task", fmt.Sprint(theirsSent), round(b.cpu), round(b.wall))
	figures.Add(t, genericTable, "this plugin", fmt.Sprint(oursSent), round(a.cpu), round(a.wall))
	figures.Add(t, genericTable, "ratio", fmt.Sprintf("%.1f (≥ 10)", requests), fmt.Sprintf("%.1f (≥ 20)", cpu), fmt.Sprintf("%.1f", float64(b.wall)/float64(a.wall)))
	figures.Add(t, genericTable, "the dearest panel alone", "", round(d.cpu), round(d.wall))
	figures.Add(t, genericTable, "ten panels against it", "", fmt.Sprintf("%.2f (≤ 1.5)", panelsRatio), fmt.Sprintf("%.2f", float64(a.wall)/float64(d.wall)))
	if requests < 10 || cpu < 20 {
		t.Errorf("%.1f times the requests and %.1f times the CPU, want 10 and 20", requests, cpu)
	}
	if panelsRatio > 1.5 {
		t.Errorf("ten panels cost %.2f times the dearest alone, more than 1.5", panelsRatio)
	}
}
