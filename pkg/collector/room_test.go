package collector_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// parallelJobs is a cluster of jobs that do not run, by their parallelism; it lists none
// of them.
type parallelJobs map[string]int

func (p parallelJobs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/overview":
		answering(200, `{"flink-version":"2.3.0"}`)(w, r)
	case "/jobmanager/config":
		answering(200, `[]`)(w, r)
	case "/jobs/overview":
		answering(200, `{"jobs":[]}`)(w, r)
	default:
		parallelism := p[r.URL.Path[len("/jobs/"):]]
		answering(200, fmt.Sprintf(`{"state":"CREATED","vertices":[{"id":"%032x","name":"a","parallelism":%d},{"id":"%032x","name":"b","parallelism":%d}]}`, 1, parallelism, 2, parallelism))(w, r)
	}
}

func numbered(n int) job.Info { return job.Info{ID: fmt.Sprintf("%032x", n), Name: fmt.Sprint(n)} }

// The jobs of a cluster have as many subtasks together as there is room for. Others are
// an error that says so, until the first ones have not been asked for a while.
func TestSubtasksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := parallelJobs{numbered(1).ID: 20_000, numbered(2).ID: 20_000, numbered(3).ID: 20_000, numbered(4).ID: 1 << 31, numbered(5).ID: 1}
		c := collectorOf(t, cluster)
		for n, want := range map[int]bool{1: true, 2: true} {
			if _, _, err := c.Verdict(t.Context(), numbered(n)); (err == nil) != want {
				t.Errorf("job %d: %v", n, err)
			}
		}
		for _, ask := range []func(job.Info) error{
			func(info job.Info) error { _, _, err := c.Verdict(t.Context(), info); return err },
			func(info job.Info) error { _, _, err := c.Graph(t.Context(), info); return err },
		} {
			if err := ask(numbered(3)); !remote.IsKind(err, remote.TooManySubtasks) {
				t.Errorf("job 3: %v", err)
			}
			if err := ask(numbered(5)); err != nil {
				t.Errorf("job 5: %v", err)
			}
		}
		if subtasks := c.Subtasks(); subtasks != 80_002 {
			t.Errorf("%d subtasks are kept", subtasks)
		}
		time.Sleep(61 * time.Second)
		for n := 2; n <= 3; n++ { // the first goes
			if _, _, err := c.Verdict(t.Context(), numbered(n)); err != nil {
				t.Errorf("job %d a minute later: %v", n, err)
			}
		}
		time.Sleep(61 * time.Second)
		_, _, err := c.Verdict(t.Context(), numbered(4)) // of no more than Flink allows
		if subtasks := c.Subtasks(); err != nil || subtasks <= 2*flink.MaxParallelism-1 || subtasks > collector.MaxSubtasks {
			t.Errorf("%d subtasks are kept, %v", subtasks, err)
		}
	})
}

// Where jobs end within seconds, and others take their place, those that are gone do not
// pile up; one of which somebody has just asked stays.
func TestJobsThatAreGoneDoNotPileUp(t *testing.T) {
	raced.Skip(t)
	synctest.Test(t, func(t *testing.T) {
		c := collector.New(clientOf(t, parallelJobs{}, access{}), collector.Options{MaxAge: maxAge, MaxBytes: 8 << 20})
		for n := range 5000 {
			if _, _, err := c.Verdict(t.Context(), numbered(n)); err != nil {
				t.Fatal(err)
			}
			if n%10 == 0 { // ten new jobs a second
				time.Sleep(time.Second)
			}
		}
		if jobs := c.Tracked(); jobs > 1000 { // 600 in a minute
			t.Errorf("%d jobs are kept", jobs)
		}
	})
}
