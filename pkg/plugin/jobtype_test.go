package plugin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A query is about jobs of the types that it names: a batch job is rightly held
// back by its slowest task, and nobody has to be woken for it.
func TestJobTypes(t *testing.T) {
	for types, want := range map[string][]string{
		`[]`:                     {"orders", "report"},
		`["STREAMING"]`:          {"orders"},
		`["batch"]`:              {"report"},
		`"STREAMING"`:            {"orders"},
		`["STREAMING", "BATCH"]`: {"orders", "report"},
	} {
		t.Run(types, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				report := sim.HeldBack("report", 3, 2, 1)
				report.Type = "BATCH"
				l := inLab(t, sim.HeldBack("orders", 3, 2, 1), report)
				l.warm(t)
				shown := answer(t, queriedOver(l.ctx, t, l, now(), fromAlert, `{"queryType": "measure", "types": `+types+`}`), "A")
				var got []string
				for _, field := range shown.Fields {
					got = append(got, field.Labels["job"])
				}
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("series of %q, want %q", got, want)
				}
			})
		})
	}
}

// Before 1.14 Flink does not tell a job's type: leaving it out might leave out
// the one that matters.
func TestJobsOfUnknownTypeAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.HeldBack("orders", 3, 2, 1))
		l.Version = "1.13.6"
		shown := answer(t, queried(l.ctx, t, l, `{"queryType": "tasks", "types": ["BATCH"]}`), "A")
		if rows := shown.Rows(); rows != 3 {
			t.Errorf("%d rows, want 3", rows)
		}
	})
}

func TestUnknownJobTypeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, sim.HeldBack("orders", 3, 2, 1))
		for _, types := range []string{`["stream"]`, `[""]`} {
			failure := queried(l.ctx, t, l, fmt.Sprintf(`{"queryType": "tasks", "types": %s}`, types))["A"].Error
			if failure == nil || !strings.Contains(failure.Error(), "choose STREAMING or BATCH") {
				t.Errorf("%s: %v", types, failure)
			}
		}
	})
}
