package query

import (
	"maps"
	"slices"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/docs"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Each query type, each measure and each variable is in a table of its page.
func TestEachNameIsDocumented(t *testing.T) {
	pages, err := docs.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	names := typeNames()
	for _, measure := range diagnosis.Measures {
		names = append(names, measure.Name)
	}
	for path, names := range map[string][]string{
		"docs/queries.md":   names,
		"docs/variables.md": slices.Sorted(maps.Keys(variables)),
	} {
		page, err := docs.Named(pages, path)
		if err != nil {
			t.Fatal(err)
		}
		var documented []string
		for _, cell := range page.FirstCells() {
			documented = append(documented, docs.Code(cell)...)
		}
		for _, name := range names {
			if !slices.Contains(documented, name) {
				t.Errorf("%s is in no table of %s", name, path)
			}
		}
	}
}
