package demo

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// branches is the job two-sources as the plugin answers: one of two branches is
// held back. Its second subtask of score is not measured, its score is named
// as Flink names a chain.
func branches() map[string]data.Frames {
	source := map[string]any{"source": "counters", "requests": 7}
	jobs := data.NewFrame("jobs",
		data.NewField("job", nil, []string{"two-sources"}),
		data.NewField("job_id", nil, []string{"a1"}),
		data.NewField("state", nil, []string{"RUNNING"}))
	jobs.Meta = &data.FrameMeta{Custom: source, Notices: []data.Notice{{Text: "1 of 7 tasks did not answer."}}}
	nodes, edges := branchNodes(), branchEdges()
	nodes.Meta, edges.Meta = &data.FrameMeta{Custom: source}, &data.FrameMeta{Custom: source}
	return map[string]data.Frames{
		"jobs":        {jobs},
		"nodeGraph":   {nodes, edges},
		"subtasks":    {branchSubtasks()},
		"bottlenecks": {branchVerdict()},
	}
}

// branchNodes are in no particular order, and one belongs to another job.
func branchNodes() *data.Frame {
	return data.NewFrame("nodes",
		data.NewField("id", nil, []string{"a1/sink", "a1/merge", "b2/other", "a1/score", "a1/validate", "a1/parse", "a1/clicks", "a1/orders"}),
		data.NewField("title", nil, []string{"sink", "merge", "other", chain, "validate", "parse", "Source: clicks", "Source: orders"}),
		data.NewField("mainstat", nil, []string{"1 % busy", "2 % busy", "0 % busy", "98 % busy", "3 % busy", "4 % busy", "1 % busy", "– busy"}),
		data.NewField("secondarystat", nil, []string{"0 % held", "0 % held", "0 % held", "0 % held", "0 % held", "95 % held", "0 % held", "– held"}),
		data.NewField("color", nil, []string{"#5db1ff", "#5db1ff", "#5db1ff", "#ee6464", "#5db1ff", "#888888", "#5db1ff", "#000000"}),
		data.NewField("status", nil, []string{"idle", "idle", "idle", "bottleneck", "idle", "backpressured", "idle", "unknown"}))
}

const chain = "score: look up the account -> score: rules -> score: model"

func branchEdges() *data.Frame {
	return data.NewFrame("edges",
		data.NewField("id", nil, []string{"1", "2", "3", "4", "5", "6"}),
		data.NewField("source", nil, []string{"a1/merge", "a1/score", "a1/parse", "a1/orders", "a1/clicks", "a1/validate"}),
		data.NewField("target", nil, []string{"a1/sink", "a1/merge", "a1/score", "a1/parse", "a1/validate", "a1/merge"}))
}

func branchSubtasks() *data.Frame {
	some := func(values ...float64) (pointers []*float64) {
		for i := range values {
			pointers = append(pointers, &values[i])
		}
		return append(pointers, nil)
	}
	host, manager := "10.0.0.7", "tm-1"
	frame := data.NewFrame("subtasks",
		data.NewField("job_id", nil, []string{"a1", "a1"}),
		data.NewField("task", nil, []string{chain, chain}),
		data.NewField("subtask", nil, []int64{0, 1}),
		data.NewField("host", nil, []*string{&host, nil}),
		data.NewField("taskmanager", nil, []*string{&manager, nil}),
		data.NewField("idle", nil, some(0.004)),
		data.NewField("busy", nil, some(0.976)),
		data.NewField("backpressured", nil, some(0.02)),
		data.NewField("records_in", nil, some(1234.5)),
		data.NewField("records_out", nil, some(0.25)),
		data.NewField("status", nil, []string{"bottleneck", "unknown"}),
		data.NewField("color", nil, []string{"#ee6464", "#000000"}))
	frame.Meta = &data.FrameMeta{Custom: map[string]any{"source": "counters"}}
	return frame
}

func branchVerdict() *data.Frame {
	text := func(value string) []*string { return []*string{&value} }
	severity := 0.95
	return data.NewFrame("bottlenecks",
		data.NewField("job_id", nil, text("a1")),
		data.NewField("task", nil, text("score")),
		data.NewField("kind", nil, text("capacity")),
		data.NewField("severity", nil, []*float64{&severity}),
		data.NewField("hot_subtasks", nil, text("0, 1")),
		data.NewField("hot_hosts", nil, text("10.0.0.7")),
		data.NewField("explanation", nil, text("score is 98 % busy, parse is backpressured 95 % of the time.")),
		data.NewField("advice", nil, text("Raise the parallelism of score.")))
}

func branchReport(paint painter) report {
	return report{
		address:  "http://127.0.0.1:8081",
		health:   "Flink 2.3.0, 1 running job, 2 TaskManagers.",
		answer:   answer{frames: branches(), queries: len(queries), requests: 8, took: 12345 * time.Microsecond},
		requests: 48,
		paint:    paint,
	}
}
