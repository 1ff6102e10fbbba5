package flink_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// flameGraphOf is what the client reads of an answer.
func flameGraphOf(t *testing.T, body string) (flink.FlameGraph, error) {
	t.Helper()
	client, _ := serve(t, answering(http.StatusOK, body))
	return client.FlameGraph(t.Context(), jobID, taskID, flink.WholeTask, flink.FullFlameGraph)
}

// The request names the mode in Flink's words, and the subtask if one is asked for.
func TestFlameGraphRequests(t *testing.T) {
	var asked string
	client, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RequestURI()
		_, _ = w.Write([]byte(`{"endTimestamp":-3}`))
	}))
	for subtask, want := range map[int]string{flink.WholeTask: "", 0: "&subtaskindex=0", 7: "&subtaskindex=7"} {
		for _, mode := range []flink.FlameGraphMode{flink.FullFlameGraph, flink.OnCPUFlameGraph, flink.OffCPUFlameGraph} {
			if _, err := client.FlameGraph(t.Context(), jobID, taskID, subtask, mode); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("/jobs/%s/vertices/%s/flamegraph?type=%s%s", jobID, taskID, mode, want); asked != want {
				t.Errorf("asked for %s, want %s", asked, want)
			}
		}
	}
	if _, err := client.FlameGraph(t.Context(), jobID, "../cancel", 0, flink.FullFlameGraph); !remote.IsKind(err, remote.BadID) {
		t.Errorf("a task id that is none is %v", err)
	}
}

// Flink returns in place of the time where there is no flame graph.
func TestFlameGraphStates(t *testing.T) {
	for body, want := range map[string]flink.FlameGraphState{
		`{"endTimestamp":-1}`:                                               flink.FlameGraphEnded,
		`{"endTimestamp":-2}`:                                               flink.FlameGraphsOff,
		`{"endTimestamp":-3}`:                                               flink.FlameGraphWaiting,
		`{"endTimestamp":-3,"data":null}`:                                   flink.FlameGraphWaiting,
		`{"endTimestamp":0,"data":null}`:                                    flink.FlameGraphWaiting,
		`{"endTimestamp":1795451382447,"data":null}`:                        flink.FlameGraphWaiting,
		`{"endTimestamp":1,"data":{"name":"root","value":0}}`:               flink.FlameGraphSampled,
		`{"data":{"value":0,"children":null,"more":[{}]},"endTimestamp":1}`: flink.FlameGraphSampled,
	} {
		graph, err := flameGraphOf(t, body)
		if err != nil || graph.State != want || graph.Cut {
			t.Errorf("%s is %+v, %v; want state %d", body, graph, err, want)
		}
	}
}

// Every recorded flame graph is read whole.
func TestRecordedFlameGraphs(t *testing.T) {
	read := 0
	for name, body := range flinktest.FlameGraphs(t) {
		graph, err := flameGraphOf(t, string(body))
		switch {
		case err != nil || graph.Cut:
			t.Errorf("%s: cut %t, %v", name, graph.Cut, err)
		case strings.HasSuffix(name, "waiting"):
			if graph.State != flink.FlameGraphWaiting {
				t.Errorf("%s has state %d", name, graph.State)
			}
		case graph.State != flink.FlameGraphSampled || graph.Calls[0].Name != "root" || len(graph.Calls) != strings.Count(string(body), `"name"`):
			t.Errorf("%s: %d calls of state %d", name, len(graph.Calls), graph.State)
		case strings.HasSuffix(name, "slow-window FULL"):
			if graph.Calls[0].Samples < 300 || graph.At.Year() != 2026 || !strings.HasPrefix(graph.Calls[1].Name, "java.lang.Thread.run:") {
				t.Errorf("%s begins with %+v at %s", name, graph.Calls[:2], graph.At)
			}
		}
		read++
	}
	if read != 20 {
		t.Errorf("%d were read", read)
	}
}

// chain is a flame graph of so many calls within each other.
func chain(depth int, name string) string {
	return `{"endTimestamp":1795451382447,"data":` + strings.Repeat(`{"name":"`+name+`","value":3,"children":[`, depth) + strings.Repeat(`]}`, depth) + `}`
}

// What is too deep, too much or too long is left out, and the rest is read.
func TestFlameGraphsAreBounded(t *testing.T) {
	leaf := `{"name":"a.B.c:1","value":1,"children":[{"name":"a.B.d:1","value":1,"children":[]}]}`
	wide := `{"endTimestamp":1,"data":{"children":[` + strings.Repeat(leaf+",", 30_000) + leaf + `],"value":30001,"name":"root"}}`
	long := strings.Repeat("x", 10<<20)
	for name, c := range map[string]struct {
		body  string
		calls int
		cut   bool
	}{
		"1,000 deep":          {chain(1000, "a.B.c:1"), 1000, false},
		"1,001 deep":          {chain(1001, "a.B.c:1"), 1000, true},
		"10 MB deep":          {chain(10<<20/36, "a.B.c:1"), 1000, true},
		"60,000 calls":        {wide, 20_000, true},
		"a name of 10 MB":     {chain(1, long), 1, true},
		"names of 512 bytes":  {chain(3, long[:512]), 3, false},
		"names of 513 bytes":  {chain(3, long[:513]), 3, true},
		"10 MB of other data": {`{"endTimestamp":1,"data":{"more":` + strings.Repeat("[", 5<<20) + strings.Repeat("]", 5<<20) + `,"value":1}}`, 1, false},
		"two roots":           {`{"endTimestamp":1,"data":{"value":1},"data":{"value":2}}`, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			graph, err := flameGraphOf(t, c.body)
			if err != nil || len(graph.Calls) != c.calls || graph.Cut != c.cut {
				t.Fatalf("%d calls, cut %t, %v; want %d and %t", len(graph.Calls), graph.Cut, err, c.calls, c.cut)
			}
			for i, call := range graph.Calls {
				if len(call.Name) > 512 || i == 0 && call.Level != 0 || i > 0 && (call.Level < 1 || call.Level > graph.Calls[i-1].Level+1) {
					t.Fatalf("call %d is %+v", i, call)
				}
			}
		})
	}
}

// A flame graph of 10 MB of which next to nothing is kept takes next to no memory.
func TestHostileFlameGraphsCostLittle(t *testing.T) {
	for name, body := range map[string]string{"deep": chain(10<<20/36, "a.B.c:1"), "long": chain(1, strings.Repeat("x", 10<<20))} {
		bytes := []byte(body)
		client, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes) }))
		get := func() {
			if _, err := client.FlameGraph(t.Context(), jobID, taskID, flink.WholeTask, flink.FullFlameGraph); err != nil {
				t.Fatal(err)
			}
		}
		get()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		get()
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 2<<20 {
			t.Errorf("%s: %d bytes were allocated", name, allocated)
		}
	}
}

// Names in any letters are kept, and cut between them.
func TestFlameGraphNames(t *testing.T) {
	for written, want := range map[string]string{
		`a.B.<init>:3`:                            "a.B.<init>:3",
		`caf\u00e9.\"B\".c`:                       `café."B".c`,
		strings.Repeat("x", 511) + `é`:            strings.Repeat("x", 511),
		strings.Repeat("x", 510) + `é`:            strings.Repeat("x", 510) + "é",
		strings.Repeat("x", 505) + `\ud83d\ude00`: strings.Repeat("x", 505),
		strings.Repeat("x", 511) + `\"`:           strings.Repeat("x", 511),
	} {
		graph, err := flameGraphOf(t, chain(1, written))
		if err != nil || len(graph.Calls) != 1 || graph.Calls[0].Name != want {
			t.Errorf("%s is read as %+v, %v; want %s", written, graph.Calls, err, want)
		}
	}
}

// What is no flame graph is an error, however it is broken.
func TestBrokenFlameGraphs(t *testing.T) {
	for body, kind := range map[string]remote.Kind{
		`<html><body>Sign in</body></html>`:                      remote.WrongService,
		`{"status":"up"}`:                                        remote.WrongService,
		`{"endTimestamp":1,"data":{"name":"root","children":[`:   remote.Cut,
		`{"endTimestamp":1,"data":{"name":"root" "value":1}}`:    remote.Cut,
		`{"endTimestamp":1,"data":{"children":[1]}}`:             remote.Cut,
		`{"endTimestamp":1,"data":{"children":[{} {}]}}`:         remote.Cut,
		`{"endTimestamp":1,"data":{"children":{}}}`:              remote.Cut,
		`{"endTimestamp":1,"data":[]}`:                           remote.Cut,
		`{"endTimestamp":1,"data":{"name":5}}`:                   remote.Cut,
		`{"endTimestamp":1,"data":{"name":"` + "\x01" + `"}}`:    remote.Cut,
		`{"endTimestamp":1,"data":{,}}`:                          remote.Cut,
		chain(2000, "a")[:20_000]:                                remote.Cut,
		`{"endTimestamp":1,"data":{"children":[{"name":"a"}]}}}`: remote.Cut,
		`{"endTimestamp":1,"data":{"value":1},}`:                 remote.Cut,
		`{"endTimestamp":"soon"}`:                                remote.Cut,
		`{"endTimestamp":1,"data":{"children":[{"name":"a"},]}}`: remote.Cut,
		`{"endTimestamp":1,"data":{"children":[{"name":"a",}]}}`: remote.Cut,
	} {
		if graph, err := flameGraphOf(t, body); !remote.IsKind(err, kind) {
			t.Errorf("%.80s is %+v, %v; want an error of kind %d", body, graph, err, kind)
		}
	}
}

// A value may be anything that a number can be.
func TestFlameGraphValues(t *testing.T) {
	for value, want := range map[string]int64{"7": 7, "7.0": 7, `"7"`: 7, "-5": 0, "1e300": 1<<31 - 1, "null": 0, `"NaN"`: 0} {
		graph, err := flameGraphOf(t, `{"endTimestamp":1,"data":{"value":`+value+`}}`)
		if err != nil || graph.Calls[0].Samples != want || !graph.At.Equal(time.UnixMilli(1)) {
			t.Errorf("%s is %+v, %v; want %d", value, graph, err, want)
		}
	}
}
