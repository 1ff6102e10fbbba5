package demo

// query is a query as a dashboard stores it.
type query struct {
	RefID         string   `json:"refId"`
	SchemaVersion int      `json:"schemaVersion"`
	QueryType     string   `json:"queryType"`
	Clusters      []string `json:"clusters"`
	Jobs          []string `json:"jobs"`
	Tasks         []string `json:"tasks"`
	Measure       string   `json:"measure,omitempty"`
	By            string   `json:"by,omitempty"`
	Variable      string   `json:"variable,omitempty"`
}

// queries are of all types that need no past; the measures as alert rules use
// them.
var queries = []query{
	{RefID: "jobs", QueryType: "jobs"},
	{RefID: "tasks", QueryType: "tasks"},
	subtasks,
	{RefID: "nodeGraph", QueryType: "nodeGraph"},
	{RefID: "bottlenecks", QueryType: "bottlenecks"},
	flameGraph,
	{RefID: "checkpoints", QueryType: "checkpoints"},
	{RefID: "exceptions", QueryType: "exceptions"},
	{RefID: "bottleneck by job", QueryType: "measure", Measure: "bottleneck", By: "job"},
	{RefID: "bottleneck by task", QueryType: "measure", Measure: "bottleneck", By: "task"},
	{RefID: "status by job", QueryType: "measure", Measure: "status", By: "job"},
	{RefID: "status by task", QueryType: "measure", Measure: "status", By: "task"},
	{RefID: "tasks to choose from", QueryType: "variable", Variable: "tasks"},
}

var subtasks = query{RefID: "subtasks", QueryType: "subtasks"}

// flameGraph waits for Flink to sample stacks; the verdict, which does not, then has the
// method that they show.
var flameGraph = query{RefID: "flameGraph", QueryType: "flameGraph"}
