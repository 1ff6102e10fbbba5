package frame

import (
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Grafana's names of units.
const (
	percentUnit = "percentunit" // a share, 0 to 1
	recordRate  = "recps"       // records per second
	millisUnit  = "ms"
	secondsUnit = "s"
	bytesUnit   = "bytes"
	countUnit   = "short" // a count that may be large
)

// unitOf is Grafana's name of a measure's unit.
func unitOf(unit diagnosis.Unit) string {
	switch unit {
	case diagnosis.Ratio:
		return percentUnit
	case diagnosis.Rate:
		return recordRate
	case diagnosis.Records:
		return countUnit
	case diagnosis.Seconds:
		return secondsUnit
	default:
		return ""
	}
}

// column is one column of a table whose rows are of type R: its field is made
// from all of them at once.
type column[R any] func(rows []R) *data.Field

// table makes a frame of columns for the table panel.
func table[R any](of Result, name string, rows []R, columns ...column[R]) data.Frames {
	fields, notices := bounded(rows, columns...)
	return tableOf(of, name, fields, notices...)
}

// tableOf is the same of fields, which are read only.
func tableOf(of Result, name string, fields []*data.Field, notices ...data.Notice) data.Frames {
	frame := data.NewFrame(name, fields...)
	frame.Meta = of.meta(notices...)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return data.Frames{frame}
}

func fields[R any](rows []R, columns ...column[R]) []*data.Field {
	all := make([]*data.Field, len(columns))
	for i, column := range columns {
		all[i] = column(rows)
	}
	return all
}

// of is a column of values that are always there.
func of[R, V any](name string, value func(*R) V) column[R] {
	return func(rows []R) *data.Field {
		values := make([]V, len(rows))
		for i := range rows {
			values[i] = value(&rows[i])
		}
		return data.NewField(name, nil, values)
	}
}

// optional is a column of values that may be unknown, null then. Its pointers lead
// into one array, so that 10,000 rows cost two allocations.
func optional[R, V any](name string, value func(*R) (value V, known bool)) column[R] {
	return func(rows []R) *data.Field {
		values, pointers := make([]V, len(rows)), make([]*V, len(rows))
		for i := range rows {
			var known bool
			if values[i], known = value(&rows[i]); known {
				pointers[i] = &values[i]
			}
		}
		return data.NewField(name, nil, pointers)
	}
}

// word is a column of texts that may be missing.
func word[R any](name string, value func(*R) string) column[R] {
	return optional(name, func(row *R) (string, bool) {
		text := value(row)
		return text, text != ""
	})
}

// number is a column of numbers with Grafana's name of their unit; NaN is null.
func number[R any](name, unit string, value func(*R) float64) column[R] {
	numbers := optional(name, func(row *R) (float64, bool) {
		number := value(row)
		return number, !math.IsNaN(number) && !math.IsInf(number, 0)
	})
	return func(rows []R) *data.Field { return numbers(rows).SetConfig(&data.FieldConfig{Unit: unit}) }
}

// whole is a column of counts; NaN is null.
func whole[R any](name string, value func(*R) float64) column[R] {
	return optional(name, func(row *R) (int64, bool) {
		number := value(row)
		return int64(number), !math.IsNaN(number) && math.Abs(number) < 1<<53
	})
}

// share is a column of shares, drawn on the scale from 0 to 1.
func share[R any](name string, value func(*R) job.Share) column[R] {
	shares := number(name, percentUnit, func(row *R) float64 { return float64(value(row)) })
	return func(rows []R) *data.Field {
		field := shares(rows)
		least, most := data.ConfFloat64(0), data.ConfFloat64(1)
		field.Config.Min, field.Config.Max = &least, &most
		return field
	}
}

// trend is a column of shares over time, as the table panel draws them in a cell: a small
// frame in JSON, whose scale is that of shares, whatever the values are. One without any
// share that is known is null.
func trend[R any](name string, course func(*R) ([]time.Time, []job.Share)) column[R] {
	charts := optional(name, func(row *R) (json.RawMessage, bool) {
		times, shares := course(row)
		if !slices.ContainsFunc(shares, job.Share.Known) {
			return nil, false
		}
		at, values := make([]int64, len(times)), make([]*float64, len(times))
		for i, share := range shares {
			if at[i] = times[i].UnixMilli(); share.Known() {
				rounded := math.Round(float64(share)*1000) / 1000
				values[i] = &rounded
			}
		}
		chart, err := json.Marshal(map[string]any{"length": len(times), "fields": []map[string]any{
			{"name": "time", "type": "time", "config": struct{}{}, "values": at},
			{"name": name, "type": "number", "config": map[string]any{"min": 0, "max": 1}, "values": values},
		}})
		return chart, err == nil // numbers and names can be encoded
	})
	return func(rows []R) *data.Field {
		return charts(rows).SetConfig(&data.FieldConfig{
			Color: map[string]any{"mode": "fixed", "fixedColor": statusColour[diagnosis.Bottleneck]},
			Custom: map[string]any{"cellOptions": map[string]any{
				"type": "sparkline", "hideValue": true, "lineInterpolation": "stepAfter", "lineWidth": 2, "gradientMode": "none", "fillOpacity": 20,
			}},
		})
	}
}

// instant is a column of times that may be unknown, zero then.
func instant[R any](name, description string, value func(*R) time.Time) column[R] {
	times := optional(name, func(row *R) (time.Time, bool) {
		at := value(row)
		return at, !at.IsZero()
	})
	return func(rows []R) *data.Field {
		field := times(rows)
		if description != "" {
			field.SetConfig(&data.FieldConfig{Description: description})
		}
		return field
	}
}

// prose is a column of sentences: wide, and in several lines.
func prose[R any](column column[R]) column[R] {
	return func(rows []R) *data.Field {
		return column(rows).SetConfig(&data.FieldConfig{Custom: map[string]any{
			"minWidth": 300, "wrapText": true, "cellOptions": map[string]any{"type": "auto", "wrapText": true}, // the one from Grafana 12.2 on, the other before
		}})
	}
}

// severity colours a column of severities from where a bottleneck is worth a look, and
// above where it holds a job back for half of the time, which a threshold includes.
func severity[R any](column column[R]) column[R] {
	return func(rows []R) *data.Field {
		field := column(rows)
		field.Config.Thresholds = &data.ThresholdsConfig{Mode: data.ThresholdsModeAbsolute, Steps: []data.Threshold{
			data.NewThreshold(math.Inf(-1), wellColour, ""), // a stat panel writes in it
			data.NewThreshold(0.25, bottleneckPale, ""),
			data.NewThreshold(0.501, statusColour[diagnosis.Bottleneck], ""),
		}}
		field.Config.Color = map[string]any{"mode": "thresholds"}
		field.Config.Custom = colouredCell()
		return field
	}
}

// coloured is a column of words, each mapped to its colour if it has one.
func coloured[R any](column column[R], colours map[string]string) column[R] {
	return func(rows []R) *data.Field {
		mapper := data.ValueMapper{}
		for word, colour := range colours {
			mapper[word] = data.ValueMappingResult{Text: word, Color: colour}
		}
		return column(rows).SetConfig(&data.FieldConfig{Mappings: data.ValueMappings{mapper}, Custom: colouredCell()})
	}
}

// colouredCell has the table panel fill a cell with the colour of its value.
func colouredCell() map[string]any {
	return map[string]any{"cellOptions": map[string]any{"type": "color-background", "mode": "basic"}}
}

// statusWord is a column of statuses, each word mapped to its colour.
func statusWord[R any](value func(*R) diagnosis.Status) column[R] {
	words := of("status", func(row *R) string { return value(row).String() })
	return func(rows []R) *data.Field {
		return words(rows).SetConfig(&data.FieldConfig{Mappings: statusMappings(), Custom: colouredCell()})
	}
}
