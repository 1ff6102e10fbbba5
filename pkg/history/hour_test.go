package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// What jobs that waver as real ones do were for an hour comes back to the last
// counter.
func TestAnHourComesBack(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			jobs, store := newChained(4, 25, seed), history.NewStore(roomy)
			var looks []*job.Sample
			for range 360 {
				look := jobs.look(10 * time.Second)
				store.Add("eu", look, jobs.row(look))
				looks = append(looks, look)
			}
			of := history.Key{Cluster: "eu", JobID: jobs.info.ID}
			for got, err := range store.Looks(t.Context(), of, always) {
				if err != nil || len(looks) == 0 {
					t.Fatal("a look too many, or", err)
				}
				sameReadings(t, looks[0], got)
				looks = looks[1:]
			}
			if len(looks) > 0 {
				t.Errorf("the last %d looks do not come back", len(looks))
			}
			if rows, err := store.Rows(t.Context(), of, always, history.BusyMax, history.Bottleneck, history.RecordsIn); err != nil || len(rows.Times) != 360 {
				t.Errorf("%d rows, %v", len(rows.Times), err)
			}
		})
	}
}

func sameReadings(t *testing.T, want, got *job.Sample) {
	t.Helper()
	for i, task := range want.Tasks {
		for n, reading := range task.Subtasks {
			told := got.Tasks[i].Subtasks[n]
			if *told.Counters != *reading.Counters || *told.RecordsIn != *reading.RecordsIn || *told.RecordsOut != *reading.RecordsOut || !told.Start.Equal(reading.Start) || told.Host != reading.Host {
				t.Fatalf("%s: of task %d, subtask %d comes %+v, and it was %+v", want.At, i, n, told, reading)
			}
		}
	}
}
