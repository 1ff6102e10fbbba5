package frame

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// sourceCodes are the sources of shares as numbers: a statistic is one, which a
// mapping puts into words.
var sourceCodes = map[job.Source]struct {
	code string
	of   float64
	word string
}{
	job.FromCounters:   {"1", 1, "counters"},
	job.FromGauge5s:    {"2", 2, "gauges, means of 5 s"},
	job.FromGauge60s:   {"3", 3, "gauges, means of 60 s"},
	job.FromPrometheus: {"4", 4, "Prometheus"},
}

// AddStatistics adds to the first frame of an answer what Grafana's inspector shows
// of it: requests, how old the newest sample was, what time the shares are measured
// over, and by what.
func AddStatistics(frames data.Frames, now time.Time) {
	if len(frames) == 0 || frames[0].Meta == nil {
		return
	}
	first, is := frames[0].Meta.Custom.(Custom)
	if !is {
		return
	}
	whole := first
	for _, frame := range frames[1:] {
		if frame.Meta == nil {
			continue
		}
		of, is := frame.Meta.Custom.(Custom)
		if !is {
			continue
		}
		if of.From != nil && (whole.From == nil || of.From.Before(*whole.From)) {
			whole.From = of.From
		}
		if of.To != nil && (whole.To == nil || of.To.After(*whole.To)) {
			whole.To = of.To
		}
		if of.Source != nil && (whole.Source == nil || *of.Source > *whole.Source) {
			whole.Source = of.Source
		}
	}
	frames[0].Meta.Stats = append(frames[0].Meta.Stats, whole.statistics(now)...)
}

func (c Custom) statistics(now time.Time) []data.QueryStat {
	stats := []data.QueryStat{{FieldConfig: data.FieldConfig{DisplayName: "Requests to Flink"}, Value: float64(c.Requests)}}
	if c.From == nil || c.To == nil {
		return stats
	}
	stats = append(stats,
		data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: "Age of the newest sample", Unit: secondsUnit}, Value: max(now.Sub(*c.To), 0).Seconds()},
		data.QueryStat{FieldConfig: data.FieldConfig{DisplayName: "Measured over", Unit: secondsUnit}, Value: c.To.Sub(*c.From).Seconds()})
	if c.Source == nil {
		return stats
	}
	source, known := sourceCodes[*c.Source]
	if !known {
		return stats
	}
	return append(stats, data.QueryStat{
		FieldConfig: data.FieldConfig{DisplayName: "Measured by", Mappings: data.ValueMappings{data.ValueMapper{source.code: {Text: source.word}}}},
		Value:       source.of,
	})
}
