package plugin

import (
	"cmp"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// called is a part of rows in which the job had one name.
type called struct {
	name     string
	from, to int
	source   job.Source
}

// named are the parts in which the job had a name that the query chose. Its name
// changes when it is the second of it and the first ends: that of the time
// before is the first's.
func (a asking) named(rows history.Rows, info job.Info) (parts []called) {
	for from, to := 0, 0; from < len(rows.Jobs); from = to {
		part := called{name: cmp.Or(rows.Jobs[from].Name, info.Name), from: from}
		for to = from; to < len(rows.Jobs) && cmp.Or(rows.Jobs[to].Name, info.Name) == part.name; to++ {
			part.source = max(part.source, rows.Jobs[to].Source)
		}
		if part.to = to; a.Jobs.choose(part.name, info.ID) {
			parts = append(parts, part)
		}
	}
	return parts
}

// traced are the traces of values of the rows, one a part.
func (s spaced) traced(parts []called, labels data.Labels, values []float32) (traces []frame.Trace) {
	for _, part := range parts {
		of := labels.Copy()
		of["job"] = part.name
		traces = append(traces, frame.Trace{
			Labels: of, Times: s.Times[part.from:part.to], Values: values[part.from:part.to],
			Apart: s.apart[part.from:part.to], Source: part.source,
		})
	}
	return traces
}
