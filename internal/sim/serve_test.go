package sim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// A cluster that is served ends with its context, and gives back its port.
func TestServe(t *testing.T) {
	for name, end := range map[string]func(cancel, stop func()){
		"with its context":   func(cancel, stop func()) { cancel(); stop() },
		"when it is stopped": func(cancel, stop func()) { stop(); stop(); cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			url, stop, err := sim.Serve(ctx, ready(t, "2.3.0", "all"))
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			answer, err := client.Get(url + "/jobs/overview")
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Errorf("got %v, %v", answer, err)
			}
			_ = answer.Body.Close()
			end(cancel, stop)
			if _, err := client.Get(url + "/overview"); err == nil {
				t.Error("it still answers")
			}
		})
	}
}

func TestReady(t *testing.T) {
	if _, err := sim.Ready("2.3.0", "nonsense"); err == nil || !strings.Contains(err.Error(), "bottleneck") {
		t.Errorf("got %v, want the names that there are", err)
	}
	for name, jobs := range map[string]int{"all": 6, "hundred": 100} {
		if cluster := ready(t, "2.3.0", name); len(cluster.Jobs) != jobs {
			t.Errorf("%s are %d jobs, want %d", name, len(cluster.Jobs), jobs)
		}
	}
	subtasks := 0
	for _, task := range ready(t, "2.3.0", "large").Jobs[0].Tasks {
		subtasks += task.Parallelism
	}
	if subtasks != 10000 {
		t.Errorf("the large job has %d subtasks", subtasks)
	}
}

// The same seed gives the same answers, noise included, in any order of requests.
func TestSeedDecides(t *testing.T) {
	answers := func(seed uint64, order ...int) (body string) {
		synctest.Test(t, func(t *testing.T) {
			cluster, job := fetched(t, "2.3.0", "bottleneck")
			cluster.Noise, cluster.Seed = 286*time.Millisecond, seed
			bodies := make([]string, len(job.Tasks))
			for _, task := range order {
				_, bodies[task] = get(cluster, "/jobs/"+job.ID+"/vertices/"+job.Tasks[task].ID)
			}
			body = strings.Join(bodies, "")
		})
		return body
	}
	first := answers(1, 0, 1, 2, 3)
	if answers(1, 3, 1, 2, 0) != first {
		t.Error("the order of requests changes the answers")
	}
	if answers(2, 0, 1, 2, 3) == first {
		t.Error("another seed changes nothing")
	}
}

// BenchmarkTask asks for a task of 100 subtasks.
func BenchmarkTask(b *testing.B) {
	cluster, err := sim.Ready("2.3.0", "large")
	if err != nil {
		b.Fatal(err)
	}
	job := cluster.Jobs[0]
	get(cluster, "/jobs/"+job.ID)
	time.Sleep(200 * time.Millisecond)
	path := "/jobs/" + job.ID + "/vertices/" + job.Tasks[49].ID
	b.ReportAllocs()
	for b.Loop() {
		get(cluster, path)
	}
}

// BenchmarkJob asks for the job of 10,000 subtasks.
func BenchmarkJob(b *testing.B) {
	cluster, err := sim.Ready("2.3.0", "large")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		get(cluster, "/jobs/"+cluster.Jobs[0].ID)
	}
}
