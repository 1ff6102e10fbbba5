package flink

import (
	"context"
	"time"
)

// JobSummary is one job of /jobs/overview.
type JobSummary struct {
	ID       string `json:"jid"`
	Name     string `json:"name"`
	State    string `json:"state"`
	Start    int64  `json:"start-time"`
	Duration int64  `json:"duration"`
	Type     string `json:"jobType"`
	// Tasks counts subtasks by state.
	Tasks SubtaskCounts `json:"tasks"`
}

var jobSummaryFields = fields[JobSummary]{
	"jid":        func(d *decoder, s *JobSummary) { s.ID = d.word() },
	"name":       func(d *decoder, s *JobSummary) { s.Name = d.text() },
	"state":      func(d *decoder, s *JobSummary) { s.State = d.repeated() },
	"start-time": func(d *decoder, s *JobSummary) { s.Start = d.integer() },
	"duration":   func(d *decoder, s *JobSummary) { s.Duration = d.integer() },
	"jobType":    func(d *decoder, s *JobSummary) { s.Type = d.repeated() },
	"tasks":      func(d *decoder, s *JobSummary) { d.summaryTasks.read(d, &s.Tasks) },
}

// SubtaskCounts counts the subtasks of all tasks of a job in /jobs/overview.
type SubtaskCounts struct {
	Total    int `json:"total"`
	Running  int `json:"running"`
	Finished int `json:"finished"`
}

var subtaskCountsFields = fields[SubtaskCounts]{
	"total":    func(d *decoder, c *SubtaskCounts) { c.Total = int(d.integer()) },
	"running":  func(d *decoder, c *SubtaskCounts) { c.Running = int(d.integer()) },
	"finished": func(d *decoder, c *SubtaskCounts) { c.Finished = int(d.integer()) },
}

// jobsAnswer is the answer of /jobs/overview.
type jobsAnswer struct{ jobs []JobSummary }

var jobsFields = fields[jobsAnswer]{
	"jobs": func(d *decoder, a *jobsAnswer) { a.jobs = list(d, &d.jobSummary) },
}

// Jobs lists the cluster's jobs, ended ones too as long as Flink remembers
// them. It triggers no metric fetch.
func (c *Client) Jobs(ctx context.Context) ([]JobSummary, error) {
	var answer jobsAnswer
	if err := c.get(ctx, jobsPath, "/jobs/overview", func(d *decoder) { d.jobs.read(d, &answer) }); err != nil {
		return nil, err
	}
	if answer.jobs == nil {
		return nil, c.wrongService("/jobs/overview")
	}
	return answer.jobs, nil
}

// Job is the answer of /jobs/:jid. Times are milliseconds since 1970 by
// Flink's clock.
type Job struct {
	ID         string     `json:"jid"`
	Name       string     `json:"name"`
	State      string     `json:"state"`
	Type       string     `json:"job-type"`
	Start      int64      `json:"start-time"`
	Duration   int64      `json:"duration"`
	Now        int64      `json:"now"`
	Timestamps StateTimes `json:"timestamps"`
	Vertices   []Vertex   `json:"vertices"`
	Plan       Plan       `json:"plan"`
}

var jobFields = fields[Job]{
	"jid":        func(d *decoder, j *Job) { j.ID = d.repeated() },
	"name":       func(d *decoder, j *Job) { j.Name = d.text() },
	"state":      func(d *decoder, j *Job) { j.State = d.repeated() },
	"job-type":   func(d *decoder, j *Job) { j.Type = d.repeated() },
	"start-time": func(d *decoder, j *Job) { j.Start = d.integer() },
	"duration":   func(d *decoder, j *Job) { j.Duration = d.integer() },
	"now":        func(d *decoder, j *Job) { j.Now = d.integer() },
	"timestamps": func(d *decoder, j *Job) { d.stateTimes.read(d, &j.Timestamps) },
	"vertices":   func(d *decoder, j *Job) { j.Vertices = listInto(d, &d.vertex, []Vertex{}, maxTasks, "tasks") },
	"plan":       func(d *decoder, j *Job) { d.plan.read(d, &j.Plan) },
}

// StateTimes are when a job was last in a state, 0 if it never was; of the states the
// one that is needed.
type StateTimes struct {
	Restarting int64 `json:"RESTARTING"`
}

// Restarted is when the job was last restarted; zero if it never was.
func (s StateTimes) Restarted() time.Time {
	if s.Restarting <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(s.Restarting)
}

var stateTimesFields = fields[StateTimes]{
	"RESTARTING": func(d *decoder, s *StateTimes) { s.Restarting = d.integer() },
}

// Vertex is a task in the answer of /jobs/:jid. Its name is raw, whereas the
// plan's is escaped.
type Vertex struct {
	ID             string      `json:"id"`
	Name           string      `json:"name"`
	Parallelism    int         `json:"parallelism"`
	MaxParallelism int         `json:"maxParallelism"`
	Status         string      `json:"status"`
	Start          int64       `json:"start-time"`
	Tasks          StateCounts `json:"tasks"`
}

var vertexFields = fields[Vertex]{
	"id":             func(d *decoder, v *Vertex) { v.ID = d.word() },
	"name":           func(d *decoder, v *Vertex) { v.Name = d.text() },
	"parallelism":    func(d *decoder, v *Vertex) { v.Parallelism = int(d.integer()) },
	"maxParallelism": func(d *decoder, v *Vertex) { v.MaxParallelism = int(d.integer()) },
	"status":         func(d *decoder, v *Vertex) { v.Status = d.repeated() },
	"start-time":     func(d *decoder, v *Vertex) { v.Start = d.integer() },
	"tasks":          func(d *decoder, v *Vertex) { d.vertexTasks.read(d, &v.Tasks) },
}

// StateCounts counts the subtasks of a task by state; of the states those that
// are needed.
type StateCounts struct {
	Running  int `json:"RUNNING"`
	Finished int `json:"FINISHED"`
}

var stateCountsFields = fields[StateCounts]{
	"RUNNING":  func(d *decoder, c *StateCounts) { c.Running = int(d.integer()) },
	"FINISHED": func(d *decoder, c *StateCounts) { c.Finished = int(d.integer()) },
}

// Plan is how a job's tasks are connected.
type Plan struct {
	Type  string     `json:"type"`
	Nodes []PlanNode `json:"nodes"`
	// Cut is set where the tasks have more than [MaxInputs] inputs, of which the others
	// were not read.
	Cut bool `json:"-"`
}

const (
	// maxTasks is how many tasks a job may have.
	maxTasks = 10_000
	// MaxInputs is how many inputs of the tasks of a job are read: each has some, but for
	// a plan that connects all with all.
	MaxInputs = 20_000
)

var planFields = fields[Plan]{
	"type": func(d *decoder, p *Plan) { p.Type = d.repeated() },
	"nodes": func(d *decoder, p *Plan) {
		d.inputs = 0
		p.Nodes = listInto(d, &d.node, []PlanNode{}, maxTasks, "tasks")
		p.Cut = d.inputs > MaxInputs
	},
}

// PlanNode is a task in the plan, with the ids of its inputs.
type PlanNode struct {
	ID     string      `json:"id"`
	Inputs []PlanInput `json:"inputs"`
}

var planNodeFields = fields[PlanNode]{
	"id":     func(d *decoder, n *PlanNode) { n.ID = d.word() },
	"inputs": func(d *decoder, n *PlanNode) { n.Inputs = inputs(d) },
}

// inputs reads those of a node, as far as the plan has not too many.
func inputs(d *decoder) (read []PlanInput) {
	for more := d.begin('[', ']'); more; more = d.again(']') {
		if d.inputs++; d.inputs > MaxInputs {
			d.skip()
			continue
		}
		var input PlanInput
		d.input.read(d, &input)
		read = append(read, input)
	}
	return read
}

// PlanInput is one input of a task in the plan.
type PlanInput struct {
	ID string `json:"id"`
	// Shipping is how records reach the task's subtasks: FORWARD, REBALANCE, HASH and
	// others.
	Shipping string `json:"ship_strategy"`
}

var planInputFields = fields[PlanInput]{
	"ship_strategy": func(d *decoder, i *PlanInput) { i.Shipping = d.repeated() },
	"id":            func(d *decoder, i *PlanInput) { i.ID = d.word() },
}

// Job requests a job's graph and states. It triggers a metric fetch.
func (c *Client) Job(ctx context.Context, jobID string) (job Job, err error) {
	path, err := c.path(jobID)
	if err != nil {
		return job, err
	}
	if err = c.get(ctx, jobPath, path, func(d *decoder) { d.job.read(d, &job) }); err == nil && job.State == "" {
		err = c.wrongService(path)
	}
	return job, err
}
