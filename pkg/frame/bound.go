package frame

import (
	"fmt"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

const (
	// MaxRows is how many rows a table has.
	MaxRows = 20_000
	// maxTexts is how many bytes the texts of a table may have: names of 2 KB in each of
	// 10,000 rows make a table that no browser shows.
	maxTexts = 16 << 20
)

// bounded makes the fields of as many rows as a table has, the first of them, with a
// notice if there are more.
func bounded[R any](rows []R, columns ...column[R]) ([]*data.Field, []data.Notice) {
	all := len(rows)
	rows = rows[:min(all, MaxRows)]
	made := fields(rows, columns...)
	if texts := textBytes(made); texts > maxTexts {
		rows = rows[:int(float64(len(rows))*maxTexts/float64(texts))]
		made = fields(rows, columns...)
	}
	if len(rows) == all {
		return made, nil
	}
	return made, []data.Notice{{
		Severity: data.NoticeSeverityWarning,
		Text:     fmt.Sprintf("The table has the first %d of %d rows. Choose jobs or tasks in the query to see the others.", len(rows), all),
	}}
}

// textBytes is how long the texts of all fields are.
func textBytes(fields []*data.Field) (bytes int) {
	for _, field := range fields {
		switch field.Type() {
		case data.FieldTypeString:
			for i := range field.Len() {
				bytes += len(*field.PointerAt(i).(*string)) // At would allocate
			}
		case data.FieldTypeNullableString:
			for i := range field.Len() {
				if text := *field.PointerAt(i).(**string); text != nil {
					bytes += len(*text)
				}
			}
		}
	}
	return bytes
}
