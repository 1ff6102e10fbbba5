package demo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// unknown is what stands for null.
const unknown = "–"

// rows reads a frame by the names of its columns.
type rows struct {
	frame   *data.Frame
	columns map[string]*data.Field
}

// rowsOf finds the frame by name. That it or one of the columns is missing is
// an error.
func rowsOf(frames data.Frames, name string, columns ...string) (rows, error) {
	for _, frame := range frames {
		if frame.Name != name {
			continue
		}
		r := rows{frame: frame, columns: map[string]*data.Field{}}
		for _, column := range columns {
			field, at := frame.FieldByName(column)
			if at < 0 {
				return r, fmt.Errorf("the frame %s has no field %s", name, column)
			}
			r.columns[column] = field
		}
		return r, nil
	}
	return rows{}, fmt.Errorf("there is no frame %s among %d", name, len(frames))
}

func (r rows) len() int {
	return r.frame.Rows()
}

// text is a value as it is, empty for null. Names come from the cluster: what
// would command the terminal is left out.
func (r rows) text(column string, row int) string {
	value, known := r.columns[column].ConcreteAt(row)
	if !known {
		return ""
	}
	return strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return -1
		}
		return letter
	}, fmt.Sprint(value))
}

// orUnknown is a value as it is.
func (r rows) orUnknown(column string, row int) string {
	if text := r.text(column, row); text != "" {
		return text
	}
	return unknown
}

// share is a value from 0 to 1 in whole per cents.
func (r rows) share(column string, row int) string {
	value, err := r.columns[column].NullableFloatAt(row)
	if err != nil || value == nil {
		return unknown
	}
	return fmt.Sprintf("%.0f %%", math.Round(*value*100))
}

// rate is a value per second, with a decimal while it is small.
func (r rows) rate(column string, row int) string {
	value, err := r.columns[column].NullableFloatAt(row)
	switch {
	case err != nil || value == nil:
		return unknown
	case *value < 10:
		return strconv.FormatFloat(*value, 'f', 1, 64)
	default:
		return strconv.FormatFloat(*value, 'f', 0, 64)
	}
}

// where lists the rows in which the column has the value.
func (r rows) where(column, value string) (found []int) {
	for row := range r.len() {
		if r.text(column, row) == value {
			found = append(found, row)
		}
	}
	return found
}
