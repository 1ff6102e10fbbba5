package sim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// flameGraphAnswer is the answer of a flame graph.
type flameGraphAnswer struct {
	EndTimestamp int64
	Data         *flameGraphCall
}

type flameGraphCall struct {
	Name     string
	Value    int
	Children []*flameGraphCall
}

// in counts the samples in a method, by its name or its beginning.
func (c *flameGraphCall) in(method string) (samples int) {
	if strings.HasPrefix(c.Name, method) {
		return c.Value
	}
	for _, child := range c.Children {
		samples += child.in(method)
	}
	return samples
}

func flameGraphAt(t *testing.T, cluster *sim.Cluster, task int, query string) (answer flameGraphAnswer) {
	t.Helper()
	job := cluster.Jobs[0]
	status, body := get(cluster, "/jobs/"+job.ID+"/vertices/"+job.Tasks[task].ID+"/flamegraph"+query)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	return answer
}

// Stacks are sampled on request, for 5 s, and once a minute while there are requests.
func TestStacksAreSampledOnRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := ready(t, "2.3.0", "bottleneck")
		if end := flameGraphAt(t, cluster, 2, "").EndTimestamp; end != -2 {
			t.Errorf("where flame graphs are off the answer is %d", end)
		}
		cluster.FlameGraphs = true
		begin := time.Now()
		for _, c := range []struct{ after, want time.Duration }{
			{0, -3}, {4900 * time.Millisecond, -3}, {5 * time.Second, 5 * time.Second}, {time.Minute, 5 * time.Second},
			{65 * time.Second, 5 * time.Second}, {70 * time.Second, 70 * time.Second}, {71 * time.Second, 70 * time.Second},
		} {
			time.Sleep(time.Until(begin.Add(c.after)))
			want := int64(c.want)
			if want > 0 {
				want = begin.Add(c.want).UnixMilli()
			}
			if end := flameGraphAt(t, cluster, 2, "").EndTimestamp; end != want {
				t.Errorf("after %s the answer is of %d, want %d", c.after, end, want)
			}
		}
	})
}

// A flame graph shows how subtasks spend their time, and in which method.
func TestFlameGraphOfLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for version, subtasks := range map[string]int{"1.13.6": 4, "1.17.2": 1, "2.3.0": 1} {
			cluster := ready(t, version, "bottleneck")
			cluster.FlameGraphs = true
			of := func(task int, query string) *flameGraphCall {
				flameGraphAt(t, cluster, task, query)
				time.Sleep(6 * time.Second)
				return flameGraphAt(t, cluster, task, query).Data
			}
			slow := cluster.Jobs[0].Tasks[2]
			if slow.HotMethod() != "com.example.SlowWindow.work" {
				t.Errorf("the hot method is %s", slow.HotMethod())
			}
			if data := of(2, "?type=FULL"); data.Value != 400 || data.in(slow.HotMethod()) != 320 || data.in("com.example.SlowWindow.map") != 400 {
				t.Errorf("%s: %d samples, %d in the hot method", version, data.Value, data.in(slow.HotMethod()))
			}
			if data := of(2, "?type=FULL&subtaskindex=3"); data.Value != 100*subtasks {
				t.Errorf("%s: %d samples of one subtask, want %d", version, data.Value, 100*subtasks)
			}
			if data := of(2, "?type=OFF_CPU"); data.Value != 0 || data.Children == nil {
				t.Errorf("%s: %d samples wait", version, data.Value)
			}
			if data := of(1, "?type=OFF_CPU"); data.in("org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl.take") < 190 {
				t.Errorf("%s: %d samples wait", version, data.Value)
			}
			if version != "1.13.6" {
				if status, _ := get(cluster, "/jobs/"+cluster.Jobs[0].ID+"/vertices/"+slow.ID+"/flamegraph?subtaskindex=4"); status != 404 {
					t.Errorf("%s: a subtask that there is not has status %d", version, status)
				}
			}
		}
	})
}

// A task that has ended has no flame graph, and one that waits for slots none yet.
func TestFlameGraphsOfTasksThatDoNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, want := range map[string]int64{"canceled": -1, "no-slots": -3} {
			cluster := ready(t, "2.3.0", name)
			cluster.FlameGraphs = true
			flameGraphAt(t, cluster, 0, "")
			time.Sleep(6 * time.Second)
			if end := flameGraphAt(t, cluster, 0, "").EndTimestamp; end != want {
				t.Errorf("%s: the answer is %d, want %d", name, end, want)
			}
		}
	})
}
