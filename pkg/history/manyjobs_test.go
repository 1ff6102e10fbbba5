package history_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// What is too old of a job that is looked at no more is let go soon after, as
// others are looked at.
func TestJobsThatEndedAreLetGo(t *testing.T) {
	with, without := history.NewStore(history.Limits{Retention: time.Hour, Bytes: mib}), history.NewStore(history.Limits{Retention: time.Hour, Bytes: mib})
	added(with, "ended", 1, 100, 200)
	for second := 300; second <= 200+3600+11; second++ {
		added(with, "goes on", second)
		added(without, "goes on", second)
	}
	if with.Bytes() != without.Bytes() {
		t.Errorf("%d bytes are held, %d of them of a job that ended before the retention", with.Bytes(), with.Bytes()-without.Bytes())
	}
}

// BenchmarkAddAmongJobs adds looks at small jobs, of which there are so many, each
// every ten seconds.
func BenchmarkAddAmongJobs(b *testing.B) {
	for _, jobs := range []int{10, 1000} {
		b.Run(fmt.Sprint(jobs), func(b *testing.B) {
			store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: 256 * mib})
			ids := make([]string, jobs)
			for i := range ids {
				ids[i] = fmt.Sprint("job-", i)
				store.Add("eu", moving(ids[i], time.Second), history.Row{})
			}
			n := 0
			for b.Loop() {
				n++
				store.Add("eu", moving(ids[n%jobs], time.Second+time.Duration(n)*10*time.Second/time.Duration(jobs)), history.Row{})
			}
		})
	}
}
