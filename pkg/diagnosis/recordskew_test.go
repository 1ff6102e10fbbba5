package diagnosis_test

import (
	"math"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// rates is a task whose subtasks take in, and put out, so many records a
// second.
func rates(in, out []float64) job.TaskLoad {
	load := job.TaskLoad{Subtasks: make([]job.SubtaskLoad, len(in))}
	for i := range load.Subtasks {
		load.Subtasks[i] = job.SubtaskLoad{Subtask: i, State: job.Running, RecordsIn: in[i], RecordsOut: out[i]}
	}
	return load
}

// Flink's rule: min(100, 100 · mean|x − avg| / avg).
func TestSkew(t *testing.T) {
	unknown := math.NaN()
	for name, c := range map[string]struct {
		in   []float64
		want job.Share
	}{
		"all alike":                        {[]float64{10, 10, 10, 10}, 0},
		"two alike, two at half":           {[]float64{10, 10, 5, 5}, 1. / 3},
		"one gets all of two":              {[]float64{10, 0}, 1},
		"one gets all of four: at most 1":  {[]float64{40, 0, 0, 0}, 1},
		"one gets twice as much":           {[]float64{20, 10, 10}, 1. / 3},
		"one subtask":                      {[]float64{10}, job.Unknown},
		"no subtasks":                      {nil, job.Unknown},
		"nothing flows":                    {[]float64{0, 0}, job.Unknown},
		"one rate unknown":                 {[]float64{10, unknown, 10}, job.Unknown},
		"no rate known":                    {[]float64{unknown, unknown}, job.Unknown},
		"a thousandth of a record: no fog": {[]float64{0.001, 0.003}, 0.5},
	} {
		load := rates(c.in, make([]float64, len(c.in)))
		got := diagnosis.Skew(job.Task{Inputs: []int{0}}, load)
		if got.Known() != c.want.Known() || math.Abs(float64(got-c.want)) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A source takes in no records: how evenly it puts them out is its skew.
func TestSkewOfASourceGoesByRecordsOut(t *testing.T) {
	load := rates([]float64{0, 0}, []float64{30, 10})
	if got := diagnosis.Skew(job.Task{}, load); got != 0.5 {
		t.Errorf("a source has skew %v, want 0.5", got)
	}
	if got := diagnosis.Skew(job.Task{Inputs: []int{0}}, load); got.Known() {
		t.Errorf("a task that takes in nothing has skew %v, want none", got)
	}
}

// A subtask that has ended takes no part: it is not a sign of skew.
func TestSkewLeavesOutWhatDoesNotRun(t *testing.T) {
	load := rates([]float64{10, 10, math.NaN()}, make([]float64, 3))
	load.Subtasks[2].State = job.Finished
	if got := diagnosis.Skew(job.Task{Inputs: []int{0}}, load); got != 0 {
		t.Errorf("skew is %v, want 0", got)
	}
}
