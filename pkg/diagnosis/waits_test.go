package diagnosis_test

import (
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Only of a task that waits hard, and not far less than softly, is it said.
func TestWaits(t *testing.T) {
	for name, c := range map[string]struct {
		soft, hard job.Share
		want       string
	}{
		"hard":           {0.1, 0.7, "split is stuck in the middle of a record for 70 % of the time (hard backpressure; 10 % is soft)"},
		"both":           {0.4, 0.3, "30 %"},
		"mostly soft":    {0.9, 0.1, ""},
		"hardly at all":  {0, 0.005, ""},
		"not known":      {job.Unknown, job.Unknown, ""},
		"soft not known": {job.Unknown, 0.7, ""},
	} {
		if got := (diagnosis.Waits{Soft: c.soft, Hard: c.hard}).Explain("split"); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
