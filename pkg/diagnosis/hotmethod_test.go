package diagnosis_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// The flame graphs of real Flinks name the method that sleeps, and the source whose
// threads only wait has none.
func TestHotMethodsOfRecordedFlameGraphs(t *testing.T) {
	for name, body := range flinktest.FlameGraphs(t) {
		var answer struct {
			Data *recordedCall `json:"data"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		var calls []job.Call
		answer.Data.add(&calls, 0)
		hot, found := diagnosis.FindHotMethod(job.NewFlameGraph(time.Now(), calls, false))
		if !strings.HasSuffix(name, "slow-window FULL") {
			if strings.HasSuffix(name, "source FULL") && found {
				t.Errorf("%s: %+v, though it waits", name, hot)
			}
			continue
		}
		want := diagnosis.HotMethod{Method: "lab.Fn$Cost.spend", Line: 24, Within: "lab.Fn$StatefulProc.processElement", Call: "java.lang.Thread.sleep", Waits: true}
		if share := hot.Share; share < 0.97 || share > 1 {
			t.Errorf("%s: it has %v of the busy time", name, share)
		}
		if hot.Share = 0; !found || hot != want {
			t.Errorf("%s: %+v, want %+v", name, hot, want)
		}
	}
}

// recordedCall is a call as Flink writes it.
type recordedCall struct {
	Name     string          `json:"name"`
	Value    int64           `json:"value"`
	Children []*recordedCall `json:"children"`
}

func (c *recordedCall) add(calls *[]job.Call, level int) {
	if c == nil {
		return
	}
	*calls = append(*calls, job.Call{Level: level, Name: c.Name, Samples: c.Value})
	for _, child := range c.Children {
		child.add(calls, level+1)
	}
}

// The stacks that every operator has, and those that wait for records or for buffers.
const (
	operator = "java.lang.Thread.run:840 org.apache.flink.runtime.taskmanager.Task.run:575 org.apache.flink.streaming.runtime.tasks.StreamTask.processInput:638 org.apache.flink.streaming.api.operators.StreamMap.processElement:37 "
	collect  = "org.apache.flink.streaming.api.operators.CountingOutput.collect:59 org.apache.flink.streaming.runtime.tasks.ChainingOutput.collect:39 org.apache.flink.streaming.api.operators.StreamMap.processElement:37 "
	park     = "java.util.concurrent.locks.LockSupport.park:211 jdk.internal.misc.Unsafe.park:-2"
	idle     = "java.lang.Thread.run:840 org.apache.flink.runtime.taskmanager.Task.run:575 org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor.runMailboxLoop:229 " + park
	blocked  = "org.apache.flink.streaming.runtime.io.RecordWriterOutput.collect:102 org.apache.flink.runtime.io.network.buffer.LocalBufferPool.requestMemorySegmentBlocking:388 java.util.concurrent.CompletableFuture.get:2072 " + park
)

// stacks is a flame graph of stacks, each with its number of samples; calls that follow
// each other in the text, outermost first.
func stacks(of map[string]int64) *job.FlameGraph {
	root := &recordedCall{Name: "root"}
	for text, samples := range of {
		at := root
		at.Value += samples
		for _, name := range strings.Fields(text) {
			at = at.child(name)
			at.Value += samples
		}
	}
	var calls []job.Call
	root.add(&calls, 0)
	return job.NewFlameGraph(time.Now(), calls, false)
}

func (c *recordedCall) child(name string) *recordedCall {
	for _, child := range c.Children {
		if child.Name == name {
			return child
		}
	}
	child := &recordedCall{Name: name}
	c.Children = append(c.Children, child)
	return child
}

func TestHotMethods(t *testing.T) {
	for name, c := range map[string]struct {
		stacks map[string]int64
		want   string // empty for none
	}{
		"a loop in the operator": {
			map[string]int64{operator + "com.acme.Enrich.map:12": 60, operator + "com.acme.Enrich.map:13": 20, idle: 20},
			"By the flame graph of subtask 2, com.acme.Enrich.map (line 12) takes 100 % of its busy time.",
		},
		"many lines, none with most of the samples": {
			map[string]int64{operator + "com.acme.Enrich.map:12": 30, operator + "com.acme.Enrich.map:13": 30, operator + "com.acme.Enrich.map:14": 40},
			"By the flame graph of subtask 2, com.acme.Enrich.map takes 100 % of its busy time.",
		},
		"a method that the operator calls": {
			map[string]int64{operator + "com.acme.Enrich.map:12 com.acme.Score.compute:40": 76, operator + "com.acme.Enrich.map:14": 24},
			"By the flame graph of subtask 2, com.acme.Score.compute (line 40), within com.acme.Enrich.map, takes 76 % of its busy time.",
		},
		"the operator itself, which calls many others": {
			map[string]int64{operator + "com.acme.Enrich.map:12 com.acme.Score.compute:40": 33, operator + "com.acme.Enrich.map:13 com.acme.Price.of:5": 33, operator + "com.acme.Enrich.map:14 com.acme.Rate.of:5": 34},
			"By the flame graph of subtask 2, com.acme.Enrich.map takes 100 % of its busy time.",
		},
		"a call of the JDK's": {
			map[string]int64{operator + "com.acme.Parse.map:12 java.util.regex.Matcher.find:728 java.util.regex.Pattern$Start.match:3787": 71, operator + "com.acme.Parse.map:14": 29},
			"By the flame graph of subtask 2, com.acme.Parse.map (line 12) takes 100 % of its busy time, most of it in java.util.regex.Matcher.find.",
		},
		"a sleep": {
			map[string]int64{operator + "com.acme.Enrich.map:12 java.lang.Thread.sleep:-2": 95, idle: 5},
			"By the flame graph of subtask 2, it waits 100 % of its busy time in java.lang.Thread.sleep, called from com.acme.Enrich.map (line 12).",
		},
		"a sleep of JDK 21": {
			map[string]int64{operator + "com.acme.Enrich.map:12 java.lang.Thread.sleep:509 java.lang.Thread.sleep0:-2": 95, idle: 5},
			"By the flame graph of subtask 2, it waits 100 % of its busy time in java.lang.Thread.sleep, called from com.acme.Enrich.map (line 12).",
		},
		"a database driver that waits for its socket": {
			map[string]int64{
				operator + "com.acme.Enrich.map:12 org.postgresql.jdbc.PgStatement.execute:481 org.postgresql.core.VisibleBufferedInputStream.read:191 java.net.SocketInputStream.read:150 java.net.SocketInputStream.socketRead0:-2": 82,
				operator + "com.acme.Enrich.map:13": 18,
			},
			"By the flame graph of subtask 2, it waits 82 % of its busy time in java.net.SocketInputStream.read, called from org.postgresql.core.VisibleBufferedInputStream.read (line 191), within com.acme.Enrich.map.",
		},
		"an HTTP client, whose answer it waits for": {
			map[string]int64{operator + "com.acme.Enrich.map:12 jdk.internal.net.http.HttpClientFacade.send:123 java.util.concurrent.CompletableFuture.get:2072 " + park: 90, idle: 10},
			"By the flame graph of subtask 2, it waits 100 % of its busy time in jdk.internal.net.http.HttpClientFacade.send, called from com.acme.Enrich.map (line 12).",
		},
		"state": {
			map[string]int64{operator + "com.acme.Count.process:12 org.apache.flink.contrib.streaming.state.RocksDBValueState.value:80 org.rocksdb.RocksDB.get:-2": 66, operator + "com.acme.Count.process:13": 34},
			"By the flame graph of subtask 2, com.acme.Count.process (line 12) takes 100 % of its busy time, most of it in org.apache.flink.contrib.streaming.state.RocksDBValueState.value.",
		},
		"the second operator of a chain": {
			map[string]int64{operator + "com.acme.First.map:12 " + collect + "com.acme.Second.map:7": 70, operator + "com.acme.First.map:11": 30},
			"By the flame graph of subtask 2, com.acme.Second.map (line 7) takes 70 % of its busy time.",
		},
		"the first operator of a chain": {
			map[string]int64{operator + "com.acme.First.map:12 " + collect + "com.acme.Second.map:7": 30, operator + "com.acme.First.map:11": 70},
			"By the flame graph of subtask 2, com.acme.First.map (line 11) takes 70 % of its busy time.",
		},
		"a lambda": {
			map[string]int64{operator + "com.acme.Job$$Lambda$0/0x0.map:-1 com.acme.Job.lambda$main$0:33 com.acme.Rate.of:5": 20, operator + "com.acme.Job$$Lambda$0/0x0.map:-1 com.acme.Job.lambda$main$0:33": 80},
			"By the flame graph of subtask 2, com.acme.Job.lambda$main$0 (line 33) takes 100 % of its busy time.",
		},
		"a recursion, and a bridge method": {
			map[string]int64{operator + "com.acme.Walk.map:1 com.acme.Walk.map:7 com.acme.Walk.into:9 com.acme.Walk.into:9 com.acme.Walk.into:9 java.util.ArrayList.forEach:1511 com.acme.Walk.into:4": 100},
			"By the flame graph of subtask 2, com.acme.Walk.into (line 4), within com.acme.Walk.map, takes 100 % of its busy time.",
		},
		"a library that Flink calls": {
			map[string]int64{operator + "org.apache.flink.api.java.typeutils.runtime.kryo.KryoSerializer.serialize:370 com.esotericsoftware.kryo.Kryo.writeClassAndObject:651": 62, operator + "com.acme.Enrich.map:12": 38},
			"By the flame graph of subtask 2, com.esotericsoftware.kryo.Kryo.writeClassAndObject (line 651) takes 62 % of its busy time.",
		},
		"generated code of the Table API": {
			map[string]int64{operator + "StreamExecCalc$14.processElement:-1 org.apache.flink.table.runtime.functions.SqlFunctionUtils.regexpReplace:437 java.util.regex.Matcher.find:728": 80, operator + "StreamExecCalc$14.processElement:-1": 20},
			"By the flame graph of subtask 2, StreamExecCalc$14.processElement takes 100 % of its busy time, most of it in org.apache.flink.table.runtime.functions.SqlFunctionUtils.regexpReplace.",
		},
		"an example of Flink's": {
			map[string]int64{operator + "org.apache.flink.streaming.examples.wordcount.util.Tokenizer.flatMap:12": 100},
			"By the flame graph of subtask 2, org.apache.flink.streaming.examples.wordcount.util.Tokenizer.flatMap (line 12) takes 100 % of its busy time.",
		},
		"waits for buffers are not busy": {
			map[string]int64{operator + "com.acme.Split.flatMap:12 " + blocked: 80, operator + "com.acme.Split.flatMap:11": 20},
			"By the flame graph of subtask 2, com.acme.Split.flatMap (line 11) takes 100 % of its busy time.",
		},
		"idle subtasks beside one that works": {
			map[string]int64{operator + "com.acme.Enrich.map:12": 100, idle: 900},
			"By the flame graph of subtask 2, com.acme.Enrich.map (line 12) takes 100 % of its busy time.",
		},
		"only Flink's own code":      {map[string]int64{operator + "org.apache.flink.table.runtime.operators.aggregate.GroupAggFunction.processElement:1": 90, operator + "com.acme.Enrich.map:12": 10}, ""},
		"only waits":                 {map[string]int64{idle: 100}, ""},
		"only waits for buffers":     {map[string]int64{operator + "com.acme.Split.flatMap:12 " + blocked: 100}, ""},
		"hardly a sample":            {map[string]int64{operator + "com.acme.Enrich.map:12": 9, idle: 91}, ""},
		"nothing":                    {nil, ""},
		"names that are not Flink's": {map[string]int64{"x": 50, ":": 20, "a:b": 20, ".:-7": 10}, "By the flame graph of subtask 2, x takes 50 % of its busy time."},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if hot, found := diagnosis.FindHotMethod(stacks(c.stacks)); found {
				got = hot.Explain("subtask 2")
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A flame graph without calls has no hot method, and one of a thousand levels or twenty
// thousand calls is no trouble.
func TestHotMethodsOfOddFlameGraphs(t *testing.T) {
	if _, found := diagnosis.FindHotMethod(&job.FlameGraph{}); found {
		t.Error("nothing was sampled, and yet there is a hot method")
	}
	deep, wide := make([]job.Call, 1000), make([]job.Call, 20_000)
	for i := range deep {
		deep[i] = job.Call{Level: i, Name: "com.acme.A" + strings.Repeat("x", i%7) + ".a:1", Samples: 100}
	}
	for i := range wide {
		wide[i] = job.Call{Level: min(i, 1), Name: "com.acme." + strings.Repeat("y", i%400) + ".a:1", Samples: 1}
	}
	for name, calls := range map[string][]job.Call{"deep": deep, "wide": wide} {
		if hot, found := diagnosis.FindHotMethod(job.NewFlameGraph(time.Now(), calls, false)); len(hot.Explain("x")) > 1000 {
			t.Errorf("%s: %t, %+v", name, found, hot)
		}
	}
}

// A name that is too long for a sentence loses its beginning.
func TestHotMethodOfALongName(t *testing.T) {
	hot := diagnosis.HotMethod{Method: strings.Repeat("x", 500) + ".Enrich.map", Share: 0.5}
	if text := hot.Explain("subtask 0"); len(text) > 300 || !strings.Contains(text, ".Enrich.map takes 50 %") {
		t.Errorf("it is explained as %q", text)
	}
}
