package sim

import "strings"

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

func (m moment) plan() plan {
	p := plan{ID: m.ID, Name: m.Name, Nodes: []planNode{}}
	if m.release.from(1, 14) {
		p.Type = m.kind()
	}
	for t := len(m.phase.tasks) - 1; t >= 0; t-- {
		task := m.phase.tasks[t]
		node := planNode{ID: task.ID, Parallelism: task.subtasks(), Description: m.release.description(task.Name)}
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
func (r release) description(name string) string {
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
