package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// answer is the outcome of one request with all its queries.
type answer struct {
	// frames by query type, in the order of the queries. A query that failed
	// has one frame without fields, whose notice is the reason.
	frames map[string]data.Frames
	// failures are the queries that failed, in their order.
	failures []failure
	queries  int
	requests int // to Flink that the queries caused
	took     time.Duration
}

// failure is a query that was not answered.
type failure struct {
	query
	err error
}

var errNoResponse = errors.New("the plugin returned no response for it")

// answerOf sorts the frames of a response by query type.
func answerOf(queries []query, response *backend.QueryDataResponse, took time.Duration) answer {
	a := answer{frames: map[string]data.Frames{}, queries: len(queries), took: took}
	for _, q := range queries {
		got, found := response.Responses[q.RefID]
		if !found {
			got.Error = errNoResponse
		}
		if got.Error != nil {
			a.failures = append(a.failures, failure{q, got.Error})
			got.Frames = data.Frames{failedFrame(q, got.Error)}
		}
		a.frames[q.QueryType] = append(a.frames[q.QueryType], got.Frames...)
		a.requests += requests(got.Frames)
	}
	return a
}

// failedFrame stands for the frames of a query that failed.
func failedFrame(q query, err error) *data.Frame {
	frame := data.NewFrame(q.RefID)
	frame.Meta = &data.FrameMeta{Notices: []data.Notice{{Severity: data.NoticeSeverityError, Text: err.Error()}}}
	return frame
}

// failed reports whether the queries of a type failed.
func (a answer) failed(queryType string) bool {
	return slices.ContainsFunc(a.failures, func(f failure) bool { return f.QueryType == queryType })
}

// reasons are one sentence for each error, with the queries that failed by it.
func (a answer) reasons() (sentences []string) {
	var texts []string
	queries := map[string][]string{}
	for _, f := range a.failures {
		text := f.err.Error()
		if queries[text] == nil {
			texts = append(texts, text)
		}
		queries[text] = append(queries[text], f.RefID)
	}
	for _, text := range texts {
		sentences = append(sentences, fmt.Sprintf("Not answered: %s: %s", strings.Join(queries[text], ", "), text))
	}
	return sentences
}

// incomplete is an error if a query failed. What was answered is complete
// without it.
func (a answer) incomplete() error {
	if len(a.failures) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d queries were not answered", len(a.failures), a.queries)
}

// notices are the texts of the frames' notices, each once; those of failed
// queries are left to reasons.
func (a answer) notices() (texts []string) {
	for _, q := range queries {
		for _, frame := range a.frames[q.QueryType] {
			if frame.Meta == nil {
				continue
			}
			for _, notice := range frame.Meta.Notices {
				failed := notice.Severity == data.NoticeSeverityError && a.failed(q.QueryType)
				if !failed && !slices.Contains(texts, notice.Text) {
					texts = append(texts, notice.Text)
				}
			}
		}
	}
	return texts
}

// writeJSON prints one object: a key a query type, its value the list of data
// frames in the form that Grafana's own query API has.
func (a answer) writeJSON(w io.Writer) error {
	text, err := json.Marshal(a.frames)
	if err != nil {
		return fmt.Errorf("writing the frames as JSON: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// custom is the plugin's meta.custom of every frame.
type custom struct {
	Source   string `json:"source"`
	Requests int    `json:"requests"`
}

// customOf reads a frame's meta.custom; what cannot be read is left out.
func customOf(frame *data.Frame) (c custom) {
	if frame.Meta == nil {
		return c
	}
	text, err := json.Marshal(frame.Meta.Custom)
	if err != nil || json.Unmarshal(text, &c) != nil {
		return custom{}
	}
	return c
}

// requests is how many requests to Flink one query caused: each of its frames
// has that number.
func requests(frames data.Frames) (most int) {
	for _, frame := range frames {
		most = max(most, customOf(frame).Requests)
	}
	return most
}

// progress is how many subtasks are measured.
type progress struct {
	source             string
	measured, subtasks int
}

func progressOf(frames data.Frames) (p progress) {
	for _, frame := range frames {
		p.source = customOf(frame).Source
		busy, at := frame.FieldByName("busy")
		if at < 0 {
			continue
		}
		p.subtasks += busy.Len()
		for row := range busy.Len() {
			if _, known := busy.ConcreteAt(row); known {
				p.measured++
			}
		}
	}
	return p
}

// averaged is true where shares come from the best source that the version of
// Flink has: before 1.16 it had no counters, and its gauges were means of 5 s.
func (p progress) averaged() bool { return p.source == "counters" || p.source == "gauge5s" }

// complete is true where there is nothing left to wait for.
func (p progress) complete() bool {
	return p.measured == p.subtasks && (p.source == "counters" || p.subtasks == 0)
}
