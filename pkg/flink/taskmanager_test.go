package flink_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// The first TaskManager of each version's cluster: the same machine of two cores.
func TestTaskManagersByVersion(t *testing.T) {
	for version, want := range map[string]struct {
		managers        int
		id              string
		slots, free     flink.Number
		used, max       flink.Number
		segments, inUse flink.Number
		collecting      flink.Number // Copy and MarkSweepCompact, without their sum, All
		heartbeat       int64
	}{
		"1.13.6": {managers: 2, id: "127.0.0.1:45313-149982", slots: 36, free: 23, used: 45191544, max: 778502144, segments: 5120, inUse: 456, collecting: 103 + 176, heartbeat: 1795450888520},
		"1.14.6": {managers: 1, id: "127.0.0.1:37373-d89716", slots: 16, free: 4, heartbeat: 1795450976486},
		"1.15.4": {managers: 1, id: "127.0.0.1:40607-2e4186", slots: 16, free: 4, heartbeat: 1795451037964},
		"1.17.2": {managers: 2, id: "127.0.0.1:38483-2b71ba", slots: 36, free: 23, heartbeat: 1795451569931},
		"1.19.3": {managers: 1, id: "127.0.0.1:38049-d9f24c", slots: 16, free: 4, heartbeat: 1795451169029},
		"1.20.5": {managers: 2, id: "127.0.0.1:37999-8217b2", slots: 36, free: 23, used: 137107560, max: 778502144, segments: 5120, inUse: 424, collecting: 141 + 380, heartbeat: 1795451110522},
		"2.0.2":  {managers: 1, id: "127.0.0.1:39353-65fca7", slots: 16, free: 4, heartbeat: 1795451243879},
		"2.3.0":  {managers: 2, id: "127.0.0.1:40471-927344", slots: 36, free: 23, used: 134230744, max: 778502144, segments: 5120, inUse: 372, collecting: 32 + 622, heartbeat: 1795451353251},
	} {
		t.Run(version, func(t *testing.T) {
			r := replay(t, version+"/_cluster")
			managers, err := r.TaskManagers(t.Context())
			if err != nil || len(managers) != want.managers {
				t.Fatalf("%d TaskManagers, %v; want %d", len(managers), err, want.managers)
			}
			first := managers[0]
			if first.ID != want.id || first.Host() != "127.0.0.1" || first.Slots.Number != want.slots || first.FreeSlots.Number != want.free || first.Hardware.Cores.Number != 2 || first.Heartbeat != want.heartbeat {
				t.Errorf("the first is %+v", first)
			}
			for _, manager := range managers {
				metrics, reported, err := r.TaskManagerMetrics(t.Context(), manager.ID)
				if err != nil || !reported || !(metrics.HeapUsed > 0 && metrics.HeapUsed < metrics.HeapMax) || !(metrics.SegmentsUsed > 0 && metrics.SegmentsUsed < metrics.Segments) || !(metrics.GCTime > 0) {
					t.Errorf("%s reports %+v, %t, %v", manager.ID, metrics, reported, err)
				}
				if manager.ID != want.id || want.used == 0 {
					continue
				}
				if metrics.HeapUsed != want.used || metrics.HeapMax != want.max || metrics.Segments != want.segments || metrics.SegmentsUsed != want.inUse || metrics.GCTime != want.collecting {
					t.Errorf("reports %+v, want %+v", metrics, want)
				}
			}
		})
	}
}

// A TaskManager that has left is an error without a stack trace, or none that has
// metrics.
func TestATaskManagerThatHasLeft(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
		kind   remote.Kind // 0 for none
	}{
		"as Flink answers for its metrics": {200, `[]`, 0},
		"as Flink answers for its details": {500, string(unknownTaskManager(t)), remote.Failing},
		"not found":                        {404, `{"errors":["Not found."]}`, remote.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, http.HandlerFunc(answering(answer.status, answer.body)))
			metrics, reported, err := client.TaskManagerMetrics(t.Context(), "tm-1")
			var failed *remote.Error
			switch {
			case answer.kind == 0 && err != nil, answer.kind > 0 && (!errors.As(err, &failed) || failed.Kind != answer.kind):
				t.Errorf("the error is %v", err)
			case err != nil && strings.Contains(err.Error(), "apache"):
				t.Errorf("the error has a stack trace: %v", err)
			}
			if reported || metrics.CPUTime.Known() || metrics.HeapMax.Known() || metrics.GCTime.Known() {
				t.Errorf("reports %+v, %t", metrics, reported)
			}
		})
	}
}

// unknownTaskManager is a real Flink's answer for one that is not there.
func unknownTaskManager(t *testing.T) []byte {
	t.Helper()
	client := httptest.NewRecorder()
	flinktest.Recording(t, "2.3.0", "_errors").ServeHTTP(client, httptest.NewRequest(http.MethodGet, "/taskmanagers/nosuchtm", nil))
	return client.Body.Bytes()
}

// What a TaskManager does not report, or reports as none, is not known; collectors
// that work beside the job's threads do not stop them.
func TestTaskManagerMetrics(t *testing.T) {
	known := func(values map[string]flink.Number) string {
		var all []string
		for _, name := range []string{"CPUTime", "HeapUsed", "HeapMax", "Segments", "SegmentsUsed", "GCTime", "GCRate"} {
			if value, is := values[name]; is && value.Known() {
				all = append(all, fmt.Sprintf("%s %g", name, value))
			}
		}
		return strings.Join(all, ", ")
	}
	const gc = "Status.JVM.GarbageCollector."
	for name, c := range map[string]struct {
		metrics map[string]string
		want    string
	}{
		"texts that are no numbers": {map[string]string{"Status.JVM.CPU.Time": "NaN", "Status.JVM.Memory.Heap.Used": "much", gc + "Copy.Time": "NaN"}, ""},
		"none, as the JVM has it":   {map[string]string{"Status.JVM.CPU.Time": "-1", "Status.JVM.Memory.Heap.Max": "-1"}, ""},
		"buffers that are free":     {map[string]string{"Status.Shuffle.Netty.TotalMemorySegments": "100", "Status.Shuffle.Netty.AvailableMemorySegments": "25"}, "Segments 100, SegmentsUsed 75"},
		"what it ran":               {map[string]string{"Status.JVM.CPU.Time": "52480000000", "Status.JVM.CPU.Load": "1.0"}, "CPUTime 5.248e+10"},
		"no buffers in use":         {map[string]string{"Status.Shuffle.Netty.TotalMemorySegments": "100"}, "Segments 100"},
		"G1":                        {map[string]string{gc + "G1_Young_Generation.Time": "30", gc + "G1_Old_Generation.Time": "4"}, "GCTime 34"},
		"a mean of Flink's":         {map[string]string{gc + "All.TimeMsPerSecond": "412.5", gc + "G1_Young_Generation.Time": "30"}, "GCTime 30, GCRate 412.5"},
		"ZGC":                       {map[string]string{gc + "ZGC_Cycles.Time": "5000", gc + "ZGC_Pauses.Time": "3"}, "GCTime 3"},
		"ZGC, and a mean":           {map[string]string{gc + "All.TimeMsPerSecond": "500", gc + "ZGC_Minor_Cycles.TimeMsPerSecond": "300", gc + "ZGC_Major_Cycles.TimeMsPerSecond": "199"}, "GCRate 1"},
		"a collector of another":    {map[string]string{gc + "Epsilon.Time": "7"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if line := len(r.Method + " " + r.URL.RequestURI() + " HTTP/1.1"); line > 3500 {
					t.Errorf("a request line of %d bytes", line)
				}
				var found []string
				for _, id := range strings.Split(r.URL.Query().Get("get"), ",") {
					if value, there := c.metrics[id]; there {
						found = append(found, fmt.Sprintf(`{"id":%q,"value":%q}`, id, value))
					}
				}
				answering(200, "["+strings.Join(found, ",")+"]")(w, r)
			}))
			got, _, err := client.TaskManagerMetrics(t.Context(), "tm-1")
			if err != nil {
				t.Fatal(err)
			}
			all := map[string]flink.Number{"CPUTime": got.CPUTime, "HeapUsed": got.HeapUsed, "HeapMax": got.HeapMax, "Segments": got.Segments, "SegmentsUsed": got.SegmentsUsed, "GCTime": got.GCTime, "GCRate": got.GCRate}
			if diff := cmp.Diff(c.want, known(all)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The host is that of its actor system's address.
func TestHostOfATaskManager(t *testing.T) {
	for path, want := range map[string]string{
		"akka.tcp://flink@127.0.0.1:45313/user/rpc/taskmanager_0":      "127.0.0.1",
		"pekko.ssl.tcp://flink@worker-7.lan:6122/user/rpc/taskmanager": "worker-7.lan",
		"pekko.tcp://flink@[2001:db8::7]:6122/user/rpc/taskmanager_0":  "2001:db8::7",
		"pekko://flink/user/rpc/taskmanager_1":                         "",
		"flink@%zz":                                                    "",
		"":                                                             "",
	} {
		if got := (flink.TaskManager{Path: path}).Host(); got != want {
			t.Errorf("%s is on %q, want %q", path, got, want)
		}
	}
}

// A TaskManager's id is in the path only if it leads nowhere else: what a user may
// configure, and what a forged Flink may list.
func TestIDsOfTaskManagers(t *testing.T) {
	for _, id := range []string{"127.0.0.1:40471-927344", "tm-1", "container_e17_1700000000000_0001_01_000002", "flink-taskmanager-1-1", "2001:db8::7:6122-ab"} {
		var got string
		client, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.Path
			answering(200, "[]")(w, r)
		}))
		if _, _, err := client.TaskManagerMetrics(t.Context(), id); err != nil || got != "/taskmanagers/"+id+"/metrics" {
			t.Errorf("%s: asked for %s, %v", id, got, err)
		}
	}
	client, _ := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	for _, id := range []string{
		"", ".", "..", "a..b", "../jobs/" + jobID + "/yarn-cancel", "a/b", `a\b`, "%2e%2e", "a?b", "a#b", "a b", "a\n", "tm-é", "tm\x00", strings.Repeat("a", 256),
	} {
		_, _, err := client.TaskManagerMetrics(t.Context(), id)
		var failed *remote.Error
		if !errors.As(err, &failed) || failed.Kind != remote.BadTaskManagerID || len(err.Error()) > 500 {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// An answer that is no list of TaskManagers is not one without any.
func TestAListOfTaskManagersThatIsNone(t *testing.T) {
	for body, want := range map[string]int{`{"taskmanagers":[]}`: 0, `{"taskmanagers":[{}]}`: 1, `{}`: -1, `{"errors":["x"]}`: -1, `[]`: -1} {
		client, _ := serve(t, http.HandlerFunc(answering(200, body)))
		managers, err := client.TaskManagers(t.Context())
		if (err == nil) != (want >= 0) || err == nil && len(managers) != want {
			t.Errorf("%s: %d TaskManagers, %v", body, len(managers), err)
		}
	}
}
