package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

const (
	askTimeout = 30 * time.Second
	askedRange = 5 * time.Minute
)

// question is a query as a dashboard stores it.
type question struct {
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

// questions are all query types; the measure as alert rules use it.
var questions = []question{
	{RefID: "jobs", QueryType: "jobs"},
	{RefID: "tasks", QueryType: "tasks"},
	subtasks,
	{RefID: "nodeGraph", QueryType: "nodeGraph"},
	{RefID: "bottlenecks", QueryType: "bottlenecks"},
	{RefID: "bottleneck by job", QueryType: "measure", Measure: "bottleneck", By: "job"},
	{RefID: "bottleneck by task", QueryType: "measure", Measure: "bottleneck", By: "task"},
	{RefID: "status by job", QueryType: "measure", Measure: "status", By: "job"},
	{RefID: "status by task", QueryType: "measure", Measure: "status", By: "task"},
	{RefID: "tasks to choose from", QueryType: "variable", Variable: "tasks"},
}

var subtasks = question{RefID: "subtasks", QueryType: "subtasks"}

// answer is what one request with all its queries brought.
type answer struct {
	// frames by query type, in the order of the queries.
	frames map[string]data.Frames
	// requests to Flink that it caused.
	requests int
	took     time.Duration
}

// ask sends the questions in one request, as a dashboard's panel does.
func (s *session) ask(ctx context.Context, questions ...question) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	queries, err := s.queries(questions)
	if err != nil {
		return answer{}, err
	}
	begin := time.Now()
	response, err := s.plugin.QueryData(ctx, s.settings, queries...)
	if err != nil {
		return answer{}, err
	}
	all, err := collect(questions, response, time.Since(begin))
	s.requests += all.requests
	return all, err
}

func (s *session) queries(questions []question) ([]backend.DataQuery, error) {
	now := time.Now()
	queries := make([]backend.DataQuery, len(questions))
	for i, q := range questions {
		q.SchemaVersion, q.Clusters, q.Jobs, q.Tasks = 1, []string{}, s.jobs(), []string{}
		text, err := json.Marshal(q)
		if err != nil {
			return nil, err
		}
		queries[i] = backend.DataQuery{
			RefID:         q.RefID,
			QueryType:     q.QueryType,
			MaxDataPoints: 1000,
			Interval:      time.Second,
			TimeRange:     backend.TimeRange{From: now.Add(-askedRange), To: now},
			JSON:          text,
		}
	}
	return queries, nil
}

// collect sorts the frames by query type. Every query that was not answered is
// part of the error.
func collect(questions []question, response *backend.QueryDataResponse, took time.Duration) (answer, error) {
	all := answer{frames: map[string]data.Frames{}, took: took}
	var failed []error
	for _, q := range questions {
		got, answered := response.Responses[q.RefID]
		switch {
		case !answered:
			failed = append(failed, fmt.Errorf("query type %s: the plugin gave no answer to %q", q.QueryType, q.RefID))
		case got.Error != nil:
			failed = append(failed, fmt.Errorf("query type %s: %w", q.QueryType, got.Error))
		default:
			all.frames[q.QueryType] = append(all.frames[q.QueryType], got.Frames...)
			all.requests += requests(got.Frames)
		}
	}
	return all, errors.Join(failed...)
}
