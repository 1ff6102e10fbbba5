package frame

import (
	"regexp"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Legend is how the series of an answer are named.
type Legend struct {
	// Format has {{job}} and the like for what a series is of; empty for names as
	// short as still distinguishes the series.
	Format string
	// Measure is set where a panel shows several measures: short names then have it.
	Measure bool
}

// LegendKeys are what a legend's format may hold between braces.
var LegendKeys = []string{"cluster", "job", "task", "subtask", "taskmanager", "host", "measure"}

// legendKey is a key in a legend's format.
var legendKey = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// UnknownLegendKey is the first key of a legend's format that there is not; known
// is set where there is none.
func UnknownLegendKey(format string) (key string, known bool) {
	for _, found := range legendKey.FindAllStringSubmatch(format, -1) {
		if !slices.Contains(LegendKeys, found[1]) {
			return found[1], false
		}
	}
	return "", true
}

// namedSeries is what a series' name is made from.
type namedSeries struct {
	labels data.Labels
	// host is where the subtask or TaskManager is that it is of; empty where it is
	// of no such, or that is not known.
	host string
}

// identifying are the labels of series, the widest first.
var identifying = []string{"cluster", "job", "task", "subtask", "taskmanager"}

// names are those of the series of one measure, each another.
func (l Legend) names(series []namedSeries, measure string) []string {
	names := make([]string, len(series))
	if l.Format != "" {
		for i, of := range series {
			names[i] = l.formatted(of, measure)
		}
		return names
	}
	labels := distinguishing(series)
	for i, of := range series {
		var parts []string
		for _, label := range labels {
			if value, has := of.labels[label]; has {
				parts = append(parts, value)
			}
		}
		names[i] = strings.Join(parts, " › ")
		if l.Measure {
			names[i] += " · " + strings.ReplaceAll(measure, "_", " ")
		}
	}
	return job.Distinct(names)
}

// formatted fills in a legend's format. What a series does not have is empty.
func (l Legend) formatted(of namedSeries, measure string) string {
	return legendKey.ReplaceAllStringFunc(l.Format, func(found string) string {
		switch key := legendKey.FindStringSubmatch(found)[1]; key {
		case "host":
			return of.host
		case "measure":
			return measure
		default:
			return of.labels[key]
		}
	})
}

// distinguishing are the labels whose values differ between the series, and the
// narrowest one: a cluster or a job that all have in common is left out. The number
// of a subtask alone is no name: its task is there, too.
func distinguishing(series []namedSeries) (labels []string) {
	narrowest := ""
	for _, label := range identifying {
		if slices.ContainsFunc(series, func(of namedSeries) bool { return of.labels[label] != "" }) {
			narrowest = label
		}
	}
	for _, label := range identifying {
		differs := slices.ContainsFunc(series, func(of namedSeries) bool { return of.labels[label] != series[0].labels[label] })
		if differs || label == narrowest || label == "task" && narrowest == "subtask" {
			labels = append(labels, label)
		}
	}
	return labels
}

// namesOf are the names of series over time.
func (l Legend) namesOf(series []Series, measure string) []string {
	named := make([]namedSeries, len(series))
	for i, of := range series {
		named[i] = namedSeries{of.Labels, of.Host}
	}
	return l.names(named, measure)
}
