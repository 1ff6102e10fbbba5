// Package query is what a query means, and how it is answered: parsing, the
// registry of query types, and one engine that resolves names and answers with
// the present, a moment of the past, or a range. It imports
// nothing of the SDK's package backend: requests and responses are package plugin's.
package query

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// schemaVersion is the newest that this plugin reads.
const schemaVersion = 1

// maxQueryBytes bounds the JSON of a query: some thousand names fit.
const maxQueryBytes = 1 << 20

// Query is what users write into dashboards and alert rules: schemaVersion 1.
type Query struct {
	SchemaVersion int          `json:"schemaVersion"`
	Type          string       `json:"queryType"`
	Clusters      Selectors    `json:"clusters"`
	Jobs          Selectors    `json:"jobs"`
	Tasks         Selectors    `json:"tasks"`
	Hosts         Selectors    `json:"hosts"`
	Kinds         Selectors    `json:"kinds"`
	Types         Types        `json:"types"`
	MeasureName   string       `json:"measure"`
	By            diagnosis.By `json:"by"`
	Detail        bool         `json:"detail"`
	Variable      string       `json:"variable"`
	Subtask       Subtask      `json:"subtask"`
	Mode          string       `json:"mode"`
	Parallelism   Parallelisms `json:"parallelism"`
	Legend        string       `json:"legend"`

	// Measure is the one that the query names; set where the type takes one.
	Measure diagnosis.Measure `json:"-"`
}

// Parse reads and checks a query. otherType is the type where the JSON has none.
// Errors are [Error]: sentences for the person who wrote it. A query without a
// type is what the editor shows for it, as Grafana does not save what nobody has
// touched: in an alert rule a measure of the jobs that stream, else the
// bottlenecks.
func Parse(source []byte, otherType string, fromAlert bool) (q Query, err error) {
	if trimmed := bytes.TrimSpace(source); len(trimmed) == 0 || trimmed[0] != '{' {
		return q, badQuery("The query is no JSON object: save the panel or rule again, or write it as {\"queryType\": \"tasks\", …}.")
	}
	if len(source) > maxQueryBytes {
		return q, badQuery("The query is %d KiB of JSON, and %d are the most: choose with a regular expression, such as /orders-.*/, rather than by many names.", len(source)>>10, maxQueryBytes>>10)
	}
	if err := json.Unmarshal(source, &q); err != nil {
		if own, ok := err.(*Error); ok {
			return q, own
		}
		return q, badQuery("The query cannot be read (%s).", DecodingFault(err))
	}
	if q.SchemaVersion > schemaVersion {
		return q, badQuery("The query was written by a newer version of this plugin (schemaVersion %d, this one reads %d): update the plugin.", q.SchemaVersion, schemaVersion)
	}
	q.Type = cmp.Or(q.Type, otherType)
	switch {
	case q.Type == "" && fromAlert:
		q.Type, q.Types = "measure", Types{job.Streaming}
	case q.Type == "":
		q.Type = "bottlenecks"
	}
	known, found := types[q.Type]
	switch {
	case !found:
		return q, badQuery("There is no query type %q: choose one of %s.", shortened(q.Type), strings.Join(typeNames(), ", "))
	case fromAlert && !known.numeric:
		return q, badQuery("An alert rule cannot use the query type %s, which is not numeric: use the query type measure.", q.Type)
	case known.measure:
		err = q.readMeasure()
	case q.Type == "timeline":
		err = q.readLanes()
	case q.Type == "flameGraph":
		q.Mode, err = flameGraphModeNamed(q.Mode)
	case q.Type == "variable":
		if _, found := variables[q.Variable]; !found {
			err = badQuery("There is no variable %q: choose one of %s.", shortened(q.Variable), strings.Join(slices.Sorted(maps.Keys(variables)), ", "))
		}
	}
	if err == nil {
		err = q.checkLegend()
	}
	if err == nil {
		err = q.checkNarrowing(fromAlert)
	}
	return q, err
}

// readLanes reads what a timeline has lanes for: tasks, or jobs.
func (q *Query) readLanes() error {
	q.Measure, _ = diagnosis.MeasureNamed("status")
	if q.By = cmp.Or(q.By, diagnosis.ByTask); q.By != diagnosis.ByTask && q.By != diagnosis.ByJob {
		return badQuery("A timeline has no lanes by %q: choose task, job.", shortened(string(q.By)))
	}
	return nil
}

// maxLegend is how long the format of a legend may be.
const maxLegend = 500

// checkLegend checks the format of series' names.
func (q *Query) checkLegend() error {
	if len(q.Legend) > maxLegend {
		return badQuery("The legend is longer than %d bytes: shorten it.", maxLegend)
	}
	if key, known := frame.UnknownLegendKey(q.Legend); !known {
		return badQuery("The legend has {{%s}}: choose among {{%s}}.", shortened(key), strings.Join(frame.LegendKeys, "}}, {{"))
	}
	return nil
}

// readMeasure finds the measure that the query names, the first if it names none.
func (q *Query) readMeasure() error {
	measure, found := diagnosis.MeasureNamed(cmp.Or(q.MeasureName, diagnosis.Measures[0].Name))
	if !found {
		names := make([]string, len(diagnosis.Measures))
		for i, each := range diagnosis.Measures {
			names[i] = each.Name
		}
		return badQuery("There is no measure %q: choose one of %s.", shortened(q.MeasureName), strings.Join(names, ", "))
	}
	q.Measure, q.By = measure, cmp.Or(q.By, measure.By[0])
	if !slices.Contains(measure.By, q.By) {
		names := make([]string, len(measure.By))
		for i, by := range measure.By {
			names[i] = string(by)
		}
		return badQuery("The measure %s has no series by %q: choose %s.", measure.Name, shortened(string(q.By)), strings.Join(names, ", "))
	}
	return nil
}

// tasksOf are the indexes of the tasks that the query chose; those found so far if the
// context ends.
func (q Query) tasksOf(ctx context.Context, graph *job.Graph) (chosen []int) {
	for i, task := range graph.Tasks {
		if ctx.Err() != nil {
			break
		}
		if q.Tasks.Choose(task.Name, task.ID) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// SeveralMeasures reports whether the queries of a panel are of several measures, whose
// series then need more than their labels to be distinguished.
func SeveralMeasures(sources [][]byte) bool {
	var names []string
	for _, source := range sources {
		var of struct {
			Type    string `json:"queryType"`
			Measure string `json:"measure"`
		}
		if json.Unmarshal(source, &of) == nil && types[of.Type].measure {
			names = append(names, cmp.Or(of.Measure, diagnosis.Measures[0].Name))
		}
	}
	slices.Sort(names)
	return len(slices.Compact(names)) > 1
}

// DecodingFault names the field that could not be read, without quoting it.
func DecodingFault(err error) string {
	if fault, ok := err.(*json.UnmarshalTypeError); ok {
		article := "a"
		if strings.HasPrefix(fault.Value, "array") || strings.HasPrefix(fault.Value, "object") {
			article = "an"
		}
		return fmt.Sprintf("%s cannot be %s %s", cmp.Or(fault.Field, "the whole"), article, fault.Value)
	}
	return err.Error()
}

const (
	// minStep is the shortest time between two points that are read from
	// Prometheus; defaultSteps is how many points there are where a query sets
	// no maxDataPoints. Where that is below minSteps, minSteps are read and the
	// worst of them shown, as each is a mean. Prometheus refuses more than 11,000,
	// hence maxSteps.
	minStep      = 10 * time.Second
	defaultSteps = 300
	minSteps     = 100
	maxSteps     = 10_000
)

// Request is one query with the time that it is asked for. Nothing changes it.
type Request struct {
	Query
	// Range is the query's time range; a query without one ends now.
	Range history.Range
	// Now is when the request came.
	Now time.Time
	// MaxPoints is how many points a series may have, 0 for any number.
	MaxPoints int
	// FromAlert is set for a query of an alert rule.
	FromAlert bool
	// AmongMeasures is set where a panel shows the series of several measures.
	AmongMeasures bool
	// Ending is done when the process is about to end: the query then has what there is.
	// nil is for never.
	Ending context.Context
	// Room returns when there is room for an answer of about so many bytes, which is to be
	// made; nil if there always is. held is set if what it is made of is in memory for this
	// query alone. The error is the context's.
	Room func(ctx context.Context, bytes int, held bool) error
	// Step is how far apart points are that are computed.
	Step time.Duration

	// until is how long it waits for what Flink answers, and grace how long at least for
	// what the history does after that, but not beyond latest.
	until  time.Time
	grace  time.Duration
	latest time.Time
}

const (
	// rowBytes is about how many bytes a subtask takes in a table beside the names of its
	// job and task, and valueBytes how many it takes while the worst values are found.
	rowBytes   = 400
	valueBytes = 150
	// pointBytes is how many bytes a point of a series takes, and seriesBytes a series
	// beside its points.
	pointBytes  = 16
	seriesBytes = 300
)

// room returns when there is room for an answer that is made of all subtasks of those jobs,
// at so many bytes each.
func (r Request) room(ctx context.Context, jobs []frame.Job, each int) error {
	if r.Room == nil {
		return nil
	}
	bytes := 0
	for _, shown := range jobs {
		for _, task := range shown.Tasks {
			names := len(shown.Snapshot.Job.Name) + len(shown.Snapshot.Graph.Tasks[task].Name)
			bytes += len(shown.Snapshot.Tasks[task].Subtasks) * (each + names)
		}
	}
	return r.Room(ctx, bytes, false)
}

// toItsEnd is a context for all work on the query, too, as on the names that its expressions
// match: it ends a little later than what is read, whether the work is done or not.
func (r Request) toItsEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	bounded, cancel := context.WithDeadline(ctx, r.latest.Add(r.grace/2))
	return reading{bounded, ctx}, cancel
}

// roomOverTime returns when there is room for an answer that is made of those series.
func (r Request) roomOverTime(ctx context.Context, all []frame.Series) error {
	if r.Room == nil {
		return nil
	}
	bytes := len(all) * seriesBytes
	for i := range all {
		bytes += pointBytes * len(all[i].Times)
	}
	return r.Room(ctx, bytes, true)
}

// inTime is a context for what Flink is asked for: it ends with the caller's, or when
// the query has waited for long enough.
func (r Request) inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	return r.before(ctx, r.until)
}

// before is a context that ends with another, at a time, or with the process.
func (r Request) before(ctx context.Context, until time.Time) (context.Context, context.CancelFunc) {
	timely, cancel := context.WithDeadline(ctx, until)
	early, end := Early(timely, r.Ending)
	return early, func() {
		end()
		cancel()
	}
}

// pastInTime is the same for what is read from the history.
func (r Request) pastInTime(ctx context.Context) (context.Context, context.CancelFunc) {
	bounded, cancel := r.before(ctx, r.pastUntil())
	return reading{bounded, ctx}, cancel
}

// pastUntil is when that ends, if it begins now.
func (r Request) pastUntil() time.Time {
	until := r.until
	if grace := time.Now().Add(r.grace); grace.After(until) {
		until = grace
	}
	if until.After(r.latest) {
		until = r.latest
	}
	return until
}

// reading is a context that ends at a deadline of the query's own, for what is read or done. Its error is that of
// the caller where that has gone, too.
type reading struct {
	context.Context
	caller context.Context
}

// Err implements [context.Context].
func (r reading) Err() error {
	if err := r.caller.Err(); err != nil {
		return err
	}
	return r.Context.Err()
}

// NewRequest reads a query's time range once.
func NewRequest(q Query, over history.Range, now time.Time, maxPoints int, fromAlert bool) Request {
	if over.To.IsZero() {
		over.To = now
	}
	steps := min(max(cmp.Or(max(maxPoints, 0), defaultSteps), minSteps), maxSteps)
	step := max(over.Length()/time.Duration(steps), minStep).Truncate(time.Second)
	return Request{Query: q, Range: over, Now: now, MaxPoints: maxPoints, FromAlert: fromAlert, Step: step}
}

// legend is how the series of the answer are named.
func (r Request) legend() frame.Legend {
	return frame.Legend{Format: r.Legend, Measure: r.AmongMeasures}
}

// live reports whether the range ends so late that it is answered with the
// present: later than a minute ago, or than two metric fetches.
func (r Request) live(fetch time.Duration) bool {
	return r.Now.Sub(r.Range.To) < max(time.Minute, 2*fetch)
}

// moment is the end of the range. Grafana's times are whole milliseconds: a sample
// within the last one is of the moment, so that one can travel to a point drawn.
func (r Request) moment() time.Time { return r.Range.To.Add(time.Millisecond - time.Nanosecond) }

// senseless is what is wrong with a range that nothing happens in, empty if
// nothing is.
func (r Request) senseless() string {
	switch {
	case r.Range.To.Before(r.Range.From):
		return "The time range ends before it begins: choose one that begins earlier."
	case r.Range.From.After(r.Now):
		return "The time range begins in the future: choose one that begins earlier."
	}
	return ""
}
