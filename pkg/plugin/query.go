package plugin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// query is what users write into dashboards and alert rules: schemaVersion 1.
type query struct {
	SchemaVersion int      `json:"schemaVersion"`
	QueryType     string   `json:"queryType"`
	Clusters      patterns `json:"clusters"`
	Jobs          patterns `json:"jobs"`
	Tasks         patterns `json:"tasks"`
	Types         jobTypes `json:"types"`
	Measure       string   `json:"measure"`
	By            frame.By `json:"by"`
	Detail        bool     `json:"detail"`
	Variable      string   `json:"variable"`

	// number is the measure that the query names.
	number measure
}

// schemaVersion is the newest that this plugin knows.
const schemaVersion = 1

// parse reads and checks a query. Its errors are sentences for the person who
// wrote it. One without a type is what the editor shows for it, as Grafana does
// not save what nobody has touched: in an alert rule a measure of the jobs that
// stream, else the bottlenecks.
func parse(source backend.DataQuery, alert bool) (q query, err error) {
	if trimmed := bytes.TrimSpace(source.JSON); len(trimmed) == 0 || trimmed[0] != '{' {
		return q, wrong("The query is no JSON object: save the panel or rule again, or write it as {\"queryType\": \"tasks\", …}.")
	}
	if err := json.Unmarshal(source.JSON, &q); err != nil {
		return q, asFault(err, "The query cannot be read (%s).")
	}
	if q.SchemaVersion > schemaVersion {
		return q, wrong("The query was written by a newer version of this plugin (schemaVersion %d, this one knows %d): update the plugin.", q.SchemaVersion, schemaVersion)
	}
	q.QueryType = cmp.Or(q.QueryType, source.QueryType)
	switch {
	case q.QueryType == "" && alert:
		q.QueryType, q.Types = "measure", jobTypes{job.Streaming}
	case q.QueryType == "":
		q.QueryType = "bottlenecks"
	}
	if _, known := views[q.QueryType]; !known {
		return q, wrong("There is no query type %q: choose one of %s.", q.QueryType, strings.Join(viewNames(), ", "))
	}
	switch q.QueryType {
	case "measure", "history":
		err = q.readMeasure()
	case "variable":
		err = q.readVariable()
	}
	return q, err
}

// asFault keeps a fault as it is and describes any other decoding error.
func asFault(err error, format string) error {
	if fault, ok := err.(*fault); ok {
		return fault
	}
	return wrong(format, decodingFault(err))
}
