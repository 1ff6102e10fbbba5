package sim

import "strings"

// details is the answer for a job: its states, counters and graph.
type details struct {
	ID             string           `json:"jid"`
	Application    string           `json:"application-id,omitempty"`
	Name           string           `json:"name"`
	Stoppable      bool             `json:"isStoppable"`
	State          string           `json:"state"`
	Type           string           `json:"job-type,omitempty"`
	Scheduler      string           `json:"schedulerType,omitempty"`
	Start          int64            `json:"start-time"`
	End            int64            `json:"end-time"`
	Duration       int64            `json:"duration"`
	MaxParallelism int              `json:"maxParallelism"`
	Now            int64            `json:"now"`
	Timestamps     map[string]int64 `json:"timestamps"`
	Vertices       []vertex         `json:"vertices"`
	Counts         map[string]int   `json:"status-counts"`
	Plan           plan             `json:"plan"`
	Operators      *int             `json:"pending-operators,omitempty"`
}

// vertex is a task in the answer for a job.
type vertex struct {
	ID             string         `json:"id"`
	SlotGroup      string         `json:"slotSharingGroupId,omitempty"`
	Name           string         `json:"name"`
	MaxParallelism int            `json:"maxParallelism"`
	Parallelism    int            `json:"parallelism"`
	State          string         `json:"status"`
	Start          int64          `json:"start-time"`
	End            int64          `json:"end-time"`
	Duration       int64          `json:"duration"`
	Subtasks       map[string]int `json:"tasks"`
	Metrics        counters       `json:"metrics"`
}

// maxParallelism is Flink's default for up to 85 subtasks.
const maxParallelism = 128

// states are those that Flink counts subtasks by.
var states = []string{"CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", running, "FINISHED", "CANCELING", "CANCELED", "FAILED", "RECONCILING"}

// jobStates are those that a job can be in.
var jobStates = []string{"INITIALIZING", "CREATED", running, "FAILING", "FAILED", "CANCELLING", "CANCELED", "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING"}

func detailsOf(m moment) details {
	d := details{
		ID: m.ID, Name: m.Name, State: m.stateIn(m.phase), MaxParallelism: maxParallelism,
		Start: m.Start.UnixMilli(), End: -1, Now: m.now.UnixMilli(), Duration: m.now.Sub(m.Start).Milliseconds(),
		Counts: none(), Plan: planOf(m), Vertices: make([]vertex, len(m.phase.tasks)), Timestamps: map[string]int64{},
	}
	for _, state := range jobStates {
		d.Timestamps[state] = 0
	}
	d.Timestamps["INITIALIZING"], d.Timestamps["CREATED"] = d.Start, d.Start
	d.Timestamps[d.State] = m.Start.Add(m.phase.begin).UnixMilli()
	d.Timestamps["RESTARTING"] = m.restarting()
	if d.State == "FINISHED" || d.State == "CANCELED" || d.State == "FAILED" {
		d.End = d.Timestamps[d.State]
		d.Duration = d.End - d.Start
	}
	if m.release.from(1, 20) {
		d.Type = m.kind()
	}
	if m.release.from(2, 0) {
		d.Operators = new(int)
	}
	if m.release.from(2, 3) {
		d.Application, d.Scheduler = m.ID, "Default"
	}
	for t := range d.Vertices {
		d.Vertices[t] = vertexOf(m, t)
		d.Counts[d.Vertices[t].State]++
	}
	return d
}

func vertexOf(m moment, t int) vertex {
	task, state := m.phase.tasks[t], m.state(t)
	v := vertex{
		ID: task.ID, Name: task.Name, MaxParallelism: max(maxParallelism, task.subtasks()), Parallelism: task.subtasks(),
		State: state, Start: m.started(t), End: m.over(t), Duration: m.lasted(t), Subtasks: none(),
	}
	v.Subtasks[state] = v.Parallelism
	if state == "SCHEDULED" {
		v.State = "CREATED" // Flink's sum of states
	}
	if m.release.from(1, 20) {
		v.SlotGroup = "cf390b675908a3757ee7a3a5f2d5fd99"
	}
	var sum work
	all := true
	for s := range v.Parallelism {
		done, known := m.counted(t, s)
		sum, all = sum.and(done), all && known
	}
	v.Metrics = countersOf(m, task, sum, all)
	return v
}

// none counts nothing in any state.
func none() map[string]int {
	counts := make(map[string]int, len(states))
	for _, state := range states {
		counts[state] = 0
	}
	return counts
}

// plan is a job's graph, from its sinks to its sources.
type plan struct {
	ID    string     `json:"jid"`
	Name  string     `json:"name"`
	Type  string     `json:"type,omitempty"`
	Nodes []planNode `json:"nodes"`
}

type planNode struct {
	ID          string      `json:"id"`
	Parallelism int         `json:"parallelism"`
	Operator    string      `json:"operator"`
	Strategy    string      `json:"operator_strategy"`
	Description string      `json:"description"`
	Inputs      []planInput `json:"inputs,omitempty"`
	Optimizer   struct{}    `json:"optimizer_properties"`
}

type planInput struct {
	Number   int    `json:"num"`
	ID       string `json:"id"`
	Shipping string `json:"ship_strategy"`
	Exchange string `json:"exchange"`
}

func planOf(m moment) plan {
	p := plan{ID: m.ID, Name: m.Name, Nodes: []planNode{}}
	if m.release.from(1, 14) {
		p.Type = m.kind()
	}
	for t := len(m.phase.tasks) - 1; t >= 0; t-- {
		task := m.phase.tasks[t]
		node := planNode{ID: task.ID, Parallelism: task.subtasks(), Description: description(m.release, task.Name)}
		for n, input := range task.Inputs {
			node.Inputs = append(node.Inputs, planInput{n, m.phase.tasks[input].ID, "REBALANCE", "pipelined_bounded"})
		}
		p.Nodes = append(p.Nodes, node)
	}
	return p
}

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", `\`, "&#92;", "\n", "<br/>")

// description is a task's name as the plan has it: escaped, and a chain as a
// tree from 1.17 on.
func description(r release, name string) string {
	if !r.from(1, 15) {
		return escapes.Replace(name)
	}
	if !r.from(1, 17) {
		return escapes.Replace(name) + "<br/>"
	}
	var tree strings.Builder
	for depth, operator := range strings.Split(name, " -> ") {
		if depth > 0 {
			tree.WriteString(strings.Repeat("   ", depth-1) + "+- ")
		}
		tree.WriteString(escapes.Replace(operator) + "<br/>")
	}
	return tree.String()
}
