package flink

import "context"

// JobSummary is one job of /jobs/overview.
type JobSummary struct {
	ID       string `json:"jid"`
	Name     string `json:"name"`
	State    string `json:"state"`
	Start    int64  `json:"start-time"`
	Duration int64  `json:"duration"`
	Type     string `json:"jobType"`
	// Tasks counts subtasks by state.
	Tasks struct {
		Total    int `json:"total"`
		Running  int `json:"running"`
		Finished int `json:"finished"`
	} `json:"tasks"`
}

// Jobs lists the cluster's jobs, ended ones too as long as Flink remembers
// them. It triggers no metric fetch.
func (c *Client) Jobs(ctx context.Context) ([]JobSummary, error) {
	var answer struct {
		Jobs *[]JobSummary `json:"jobs"`
	}
	if err := c.get(ctx, "/jobs/overview", &answer); err != nil {
		return nil, err
	}
	if answer.Jobs == nil {
		return nil, c.wrongService("/jobs/overview")
	}
	return *answer.Jobs, nil
}

// Job is the answer of /jobs/:jid. Times are milliseconds since 1970 by
// Flink's clock.
type Job struct {
	ID       string   `json:"jid"`
	Name     string   `json:"name"`
	State    string   `json:"state"`
	Type     string   `json:"job-type"`
	Start    int64    `json:"start-time"`
	Duration int64    `json:"duration"`
	Now      int64    `json:"now"`
	Vertices []Vertex `json:"vertices"`
	Plan     struct {
		Type  string     `json:"type"`
		Nodes []PlanNode `json:"nodes"`
	} `json:"plan"`
}

// Vertex is a task in the answer of /jobs/:jid. Its name is raw, whereas the
// plan's is escaped.
type Vertex struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Parallelism    int            `json:"parallelism"`
	MaxParallelism int            `json:"maxParallelism"`
	Status         string         `json:"status"`
	Start          int64          `json:"start-time"`
	Tasks          map[string]int `json:"tasks"`
}

// PlanNode is a task in the plan, with the ids of its inputs.
type PlanNode struct {
	ID     string `json:"id"`
	Inputs []struct {
		ID string `json:"id"`
	} `json:"inputs"`
}

// Job requests a job's graph and states. It triggers a metric fetch.
func (c *Client) Job(ctx context.Context, jobID string) (job Job, err error) {
	path, err := c.path(jobID)
	if err != nil {
		return job, err
	}
	if err = c.get(ctx, path, &job); err == nil && job.State == "" {
		err = c.wrongService(path)
	}
	return job, err
}
