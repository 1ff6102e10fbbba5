package flink

import (
	"context"
	"net"
	"slices"
	"strings"
)

// exceptionsAnswer is the answer of /jobs/:jid/exceptions. Of what is written twice up
// to 1.20 the history is read.
type exceptionsAnswer struct{ history exceptionHistory }

var exceptionsFields = fields[exceptionsAnswer]{
	"exceptionHistory": func(d *decoder, a *exceptionsAnswer) { d.exceptionHistory.read(d, &a.history) },
}

type exceptionHistory struct{ entries []Exception }

var exceptionHistoryFields = fields[exceptionHistory]{
	"entries": func(d *decoder, h *exceptionHistory) { h.entries = first(d, &d.exception, MaxExceptions) },
}

const (
	// MaxExceptions is how many failures of a job are requested and read; Flink keeps 16,
	// unless web.exception-history-size is another.
	MaxExceptions = 100
	// maxConcurrent is how many other exceptions of the same failure are read.
	maxConcurrent = 10
	// maxStack is how many bytes of an exception's text are read, and maxLabels how many
	// failure labels.
	maxStack  = 10 << 10
	maxLabels = 20
)

// Exception is why a job or a region of it failed.
type Exception struct {
	Name string `json:"exceptionName"`
	// Stack is the text and the stack trace, the first 10 KiB of it.
	Stack     string `json:"stacktrace"`
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970 by Flink's clock
	// Task is as "map (2/4) - execution #3"; empty if no task failed first.
	Task string `json:"taskName"`
	// Location is where the task ran as host:port up to 1.20, Endpoint from 1.19 on.
	Location string `json:"location"`
	Endpoint string `json:"endpoint"`
	// TaskManagerID is reported from 1.16 on.
	TaskManagerID string `json:"taskManagerId"`
	// Labels are Flink's failure labels as "key=value", sorted; reported from 1.18 on.
	Labels []string `json:"failureLabels"`
	// Concurrent are those of other tasks in the same failure.
	Concurrent []Exception `json:"concurrentExceptions"`
}

var exceptionFields = fields[Exception]{
	"exceptionName":        func(d *decoder, e *Exception) { e.Name = d.cut(maxWord) },
	"stacktrace":           func(d *decoder, e *Exception) { e.Stack = d.cut(maxStack) },
	"timestamp":            func(d *decoder, e *Exception) { e.Timestamp = d.integer() },
	"taskName":             func(d *decoder, e *Exception) { e.Task = d.text() },
	"location":             func(d *decoder, e *Exception) { e.Location = d.word() },
	"endpoint":             func(d *decoder, e *Exception) { e.Endpoint = d.word() },
	"taskManagerId":        func(d *decoder, e *Exception) { e.TaskManagerID = d.word() },
	"failureLabels":        func(d *decoder, e *Exception) { e.Labels = labels(d) },
	"concurrentExceptions": func(d *decoder, e *Exception) { e.Concurrent = first(d, &d.concurrentException, maxConcurrent) },
}

// labels reads an object of texts.
func labels(d *decoder) (labels []string) {
	for more := d.begin('{', '}'); more; more = d.again('}') {
		label := d.name() + "=" + d.cut(maxWord)
		if len(labels) < maxLabels {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	return labels
}

// Host is the machine that the task ran on; empty if Flink does not report it.
func (e Exception) Host() string {
	at := e.Endpoint
	if at == "" {
		at = e.Location
	}
	if host, _, err := net.SplitHostPort(at); err == nil {
		at = host
	}
	if at == unassigned || strings.HasPrefix(at, "(") {
		return ""
	}
	return at
}

// Exceptions requests the failures of a job that Flink remembers, newest first.
func (c *Client) Exceptions(ctx context.Context, jobID string) ([]Exception, error) {
	path, err := c.path(jobID)
	if err != nil {
		return nil, err
	}
	var answer exceptionsAnswer
	err = c.get(ctx, exceptionsPath, path+"/exceptions?maxExceptions=100", func(d *decoder) { d.exceptions.read(d, &answer) })
	return answer.history.entries, err
}
