package frame

import (
	"math"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Past is what a query over time is answered from.
type Past struct {
	Traces []Trace
	// Requests counts the requests that this query caused.
	Requests int
	// Notices tell what is partial.
	Notices []data.Notice
	// End is that of the time asked for: what was since a trace's last point may
	// not be known until then.
	End time.Time
}

// Jobs are the traces, job by job, in the order of their first ones.
func (p Past) Jobs() (jobs [][]Trace) {
	type named struct{ cluster, job string }
	places := map[named]int{}
	for _, trace := range p.Traces {
		of := named{trace.Labels["cluster"], trace.Labels["job"]}
		place, known := places[of]
		if !known {
			place = len(jobs)
			places[of], jobs = place, append(jobs, nil)
		}
		jobs[place] = append(jobs[place], trace)
	}
	return jobs
}

// Trace is a value over time with the names that label it.
type Trace struct {
	Labels data.Labels
	// Times ascend; traces of one job may share them. Values has one for each,
	// NaN where it is not known.
	Times  []time.Time
	Values []float32
	// Apart is, for each of the times, how far behind it the next is at most if
	// somebody looked on: what was until one that is farther behind is not
	// known. 0, or none at all, for any time.
	Apart []time.Duration
	// Source is where the values come from.
	Source job.Source
}

// Add adds a point.
func (t *Trace) Add(at time.Time, apart time.Duration, value float32) {
	t.Times, t.Apart, t.Values = append(t.Times, at), append(t.Apart, apart), append(t.Values, value)
}

// meta is the metadata of a trace's frame.
func (p Past) meta(trace Trace) *data.FrameMeta {
	custom := Custom{Requests: p.Requests}
	if n := len(trace.Times); n > 0 {
		custom.From, custom.To = &trace.Times[0], &trace.Times[n-1]
	}
	if trace.Source != "" {
		custom.Source = &trace.Source
	}
	return &data.FrameMeta{Custom: custom}
}

// worst is the worst value of the trace, NaN if none is known.
func (t Trace) worst(measure Measure) float64 {
	worst := math.NaN()
	for _, value := range t.Values {
		worst = measure.Worse(worst, float64(value))
	}
	return worst
}
