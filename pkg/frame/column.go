package frame

import (
	"math"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// numbers is a column of numbers that may be unknown. Its pointers lead into
// one array, so that 10,000 rows cost two allocations.
type numbers struct {
	values   []float64
	pointers []*float64
}

func newNumbers(rows int) numbers {
	return numbers{values: make([]float64, rows), pointers: make([]*float64, rows)}
}

// set fills in a row; what is not a number stays null.
func (n numbers) set(row int, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		n.values[row] = value
		n.pointers[row] = &n.values[row]
	}
}

func (n numbers) share(row int, share job.Share) { n.set(row, float64(share)) }

// field is the column as a frame has it, with Grafana's name of its unit.
func (n numbers) field(name, unit string) *data.Field {
	return data.NewField(name, nil, n.pointers).SetConfig(&data.FieldConfig{Unit: unit})
}

// Grafana's names of units.
const (
	percentUnit = "percentunit" // a share, 0 to 1
	recordRate  = "recps"       // records per second
	millisUnit  = "ms"
)

// shareField is a column of shares, drawn on the scale from 0 to 1.
func (n numbers) shareField(name string) *data.Field {
	field := n.field(name, percentUnit)
	least, most := data.ConfFloat64(0), data.ConfFloat64(1)
	field.Config.Min, field.Config.Max = &least, &most
	return field
}

// text is a column of words.
func text(name string, values []string) *data.Field { return data.NewField(name, nil, values) }

// optional is a word that may be missing.
func optional(word string) *string {
	if word == "" {
		return nil
	}
	return &word
}

// statusField is a column of statuses, each word mapped to its colour.
func statusField(values []string) *data.Field {
	mapper := data.ValueMapper{}
	for _, status := range statuses {
		mapper[status.String()] = data.ValueMappingResult{Text: status.String(), Color: statusColour[status]}
	}
	return text("status", values).SetConfig(&data.FieldConfig{Mappings: data.ValueMappings{mapper}})
}
