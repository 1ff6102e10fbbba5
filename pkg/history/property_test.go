package history_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Whatever goes in comes out: every look as it was, but for why a task did not
// answer, and the rows beside it.
func TestWhatGoesInComesOut(t *testing.T) {
	for seed := range uint64(2) {
		for name, limits := range map[string]history.Limits{"roomy": roomy, "blocky": {Retention: roomy.Retention, Bytes: 8 * mib}} {
			t.Run(fmt.Sprint(name, seed), func(t *testing.T) {
				e := &erratic{Rand: rand.New(rand.NewPCG(seed, 1)), at: began}
				store := history.NewStore(limits)
				var looks []*job.Sample
				var rows []history.Row
				for range 80 {
					look, row := e.look(), e.row()
					if !store.Add("eu", look, row) {
						t.Fatal("a look was not kept, though everything changes")
					}
					looks, rows = append(looks, look), append(rows, row)
				}
				sameLooks(t, store, looks)
				sameRows(t, store, looks, rows)
			})
		}
	}
}

var key = history.Key{Cluster: "eu", JobID: "a"}

func sameLooks(t *testing.T, store *history.Store, want []*job.Sample) {
	t.Helper()
	for got, err := range store.Looks(t.Context(), key, always) {
		if err != nil || len(want) == 0 {
			t.Fatalf("a look at %v too many, or %v", got, err)
		}
		for i := range want[0].Tasks {
			if want[0].Tasks[i].Err != nil {
				want[0].Tasks[i].Err = history.ErrNoAnswer
			}
		}
		if diff := cmp.Diff(want[0], got, exactly); diff != "" {
			t.Fatalf("another look comes out (-want +got):\n%s", diff)
		}
		want = want[1:]
	}
	if len(want) > 0 {
		t.Errorf("the last %d looks do not come out", len(want))
	}
}

// sameRows compares the rows, each measure asked for by itself and with others.
func sameRows(t *testing.T, store *history.Store, looks []*job.Sample, want []history.Row) {
	t.Helper()
	for _, asked := range [][]history.Measure{{history.Status}, {history.RecordsOut, history.BusyMax, history.Whole}, nil} {
		got, err := store.Rows(t.Context(), key, always, asked...)
		if err != nil || len(got.Times) != len(looks) || len(got.Jobs) != len(looks) {
			t.Fatalf("%d times and %d rows, want %d; %v", len(got.Times), len(got.Jobs), len(looks), err)
		}
		for at, look := range looks {
			named := want[at].Job
			named.Name = look.Job.Name
			if diff := cmp.Diff(named, got.Jobs[at], exactly); diff != "" || !got.Times[at].Equal(look.At) {
				t.Fatalf("another row of the job at %s (-want +got):\n%s", got.Times[at], diff)
			}
			for _, task := range got.Tasks {
				for n, measure := range asked {
					sameValue(t, measure, told(look, want[at], task.ID, measure), task.Measures[n][at])
				}
			}
		}
	}
}

// told is what a row told of a task, unknown if it was not in the graph.
func told(look *job.Sample, row history.Row, taskID string, measure history.Measure) float32 {
	for i, task := range look.Graph.Tasks {
		if task.ID == taskID {
			return row.Tasks[i][measure]
		}
	}
	if measure == history.Status {
		return -1
	}
	return float32(math.NaN())
}

func sameValue(t *testing.T, measure history.Measure, want, got float32) {
	t.Helper()
	off := math.Abs(float64(want - got))
	switch unknown := math.IsNaN(float64(want)) && math.IsNaN(float64(got)); {
	case unknown, off == 0:
	case measure == history.RecordsOut && off <= float64(want)/4096:
	default:
		t.Fatalf("measure %d is %v, want %v", measure, got, want)
	}
}
