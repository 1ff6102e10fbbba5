package diagnosis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// HotMethod is the code outside of Flink's and the JDK's own packages in which a task's
// threads spend most of the time that they are busy.
type HotMethod struct {
	// Method is the innermost method that has most of that time, with its class:
	// "org.example.Enrich.lookup". Line is the one of it with most samples, 0 if it
	// has none.
	Method string
	Line   int
	// Within is the method by which Flink called the code; empty if that is Method.
	Within string
	// Call is what Method calls, of Flink's or the JDK's, in which most of its time
	// is, and Waits whether the thread waits there; empty if there is no such call.
	Call  string
	Waits bool
	// Share is how much of the busy time is in Method and what it calls, 0 to 1.
	Share job.Share
}

const (
	// leastSamples is how many samples of a busy thread there must be: Flink takes 100 of
	// each subtask unless configured.
	leastSamples = 10
	// leastShare is how much of the busy time must be in the code that Flink called.
	leastShare = 0.2
)

// FindHotMethod finds the code that takes most of the busy time; found is false if none
// takes much of it, or hardly a sample is of a busy thread.
//
// Busy is a thread as Flink's busy time is: not one that waits for input, or for buffers
// to write to. Flink calls the code of operators in turn, so the time of each is what is
// below the last method that Flink called, by its name and not its line. Of the code with
// most time it is the innermost method that has at least half of it.
func FindHotMethod(graph *job.FlameGraph) (hot HotMethod, found bool) {
	s := newSampledCode(graph)
	entry, total := hottest(s.entries)
	if s.busy < leastSamples || float64(total) < leastShare*float64(s.busy) {
		return hot, false
	}
	at := entry
	for {
		inner, most := hottest(at.calls)
		if 2*most < total || most == 0 {
			break
		}
		at = inner
	}
	samples := at.total()
	hot = HotMethod{Method: at.name, Share: job.Share(float64(samples) / float64(s.busy))}
	if at != entry {
		hot.Within = entry.name
	}
	if line, most := mostSampled(at.lines); 2*most >= samples {
		hot.Line = line
	}
	if call, most := mostSampled(at.platform); 2*most >= samples {
		hot.Call, hot.Waits = call, 2*at.waits[call] > most
	}
	return hot, true
}

// Explain describes it in a sentence. whose are the threads: "subtask 2".
func (h HotMethod) Explain(whose string) string {
	method := shortName(h.Method)
	if h.Line > 0 {
		method += fmt.Sprintf(" (line %d)", h.Line)
	}
	if h.Within != "" {
		method += ", within " + shortName(h.Within)
	}
	switch {
	case h.Waits:
		return fmt.Sprintf("By the flame graph of %s, it waits %s of its busy time in %s, called from %s.", whose, percent(h.Share), shortName(h.Call), method)
	case h.Within != "":
		method += ","
	}
	text := fmt.Sprintf("By the flame graph of %s, %s takes %s of its busy time", whose, method, percent(h.Share))
	if h.Call != "" {
		text += ", most of it in " + shortName(h.Call)
	}
	return text + "."
}

// maxName is how many characters of a method's name a sentence has.
const maxName = 160

// shortName is the end of a name that is too long, which has the method.
func shortName(name string) string {
	if runes := []rune(name); len(runes) > maxName {
		return "…" + string(runes[len(runes)-maxName:])
	}
	return name
}

// method is a method outside of Flink's and the JDK's packages, called in one way.
type method struct {
	name string
	// calls are the methods of that kind that it calls, directly or through the JDK.
	calls map[string]*method
	// samples are those in which it is the innermost of that kind, by its lines, and
	// by what it calls of Flink's and the JDK's; waits are those that wait there.
	samples         int64
	lines           map[int]int64
	platform, waits map[string]int64
}

func newMethod(name string) *method {
	return &method{name: name, calls: map[string]*method{}, lines: map[int]int64{}, platform: map[string]int64{}, waits: map[string]int64{}}
}

// total is the samples of the method and of those that it calls.
func (m *method) total() int64 {
	total := m.samples
	for _, inner := range m.calls {
		total += inner.total()
	}
	return total
}

// hottest is the method with most samples, the first by name of several; nil if there is
// none.
func hottest(methods map[string]*method) (most *method, samples int64) {
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		if total := methods[name].total(); most == nil || total > samples {
			most, samples = methods[name], total
		}
	}
	return most, samples
}

// mostSampled is the key with most samples, the least of several.
func mostSampled[K cmp.Ordered](of map[K]int64) (most K, samples int64) {
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if of[key] > samples {
			most, samples = key, of[key]
		}
	}
	return most, samples
}

// sampledCode is a flame graph by the methods outside of Flink's and the JDK's packages.
type sampledCode struct {
	// entries are those that Flink calls, by name.
	entries map[string]*method
	// busy are the samples of threads that neither waited for input nor for buffers.
	busy int64
}

// stack is what is known of a call by those above it.
type stack struct {
	at   *method // the innermost one; nil if there is none
	line int     // in it
	// flink is set where Flink's code is below it, network where that is of the network
	// stack, and call is the first below it that is Flink's or the JDK's.
	flink, network bool
	call           string
}

func newSampledCode(graph *job.FlameGraph) sampledCode {
	s := sampledCode{entries: map[string]*method{}}
	self := graph.Self()
	var above []stack // by level
	for i, call := range graph.Calls {
		at := stack{}
		if call.Level > 0 {
			at = s.below(above[call.Level-1], call.Name)
		}
		above = append(above[:call.Level], at)
		if self[i] > 0 {
			s.count(at, call.Name, self[i])
		}
	}
	return s
}

// below is the stack with one more call.
func (s sampledCode) below(above stack, call string) stack {
	name, line := splitLine(call)
	switch kind := kindOfCode(name); kind {
	case generatedCode:
	case ownCode:
		methods := s.entries
		if above.at != nil && !above.flink {
			if above.at.name == name { // a recursion, or the compiler's bridge to it
				return stack{at: above.at, line: line}
			}
			methods = above.at.calls
		}
		if methods[name] == nil {
			methods[name] = newMethod(name)
		}
		return stack{at: methods[name], line: line}
	default:
		if above.call == "" {
			above.call = name
		}
		above.flink = above.flink || kind == flinkCode
		above.network = above.network || strings.HasPrefix(name, networkStack)
	}
	return above
}

// count adds samples that end in the call of that name.
func (s *sampledCode) count(at stack, call string, samples int64) {
	name, _ := splitLine(call)
	waits := waitingMethods[name]
	if waits && (at.at == nil || at.network) {
		return
	}
	s.busy += samples
	if at.at == nil {
		return
	}
	at.at.samples += samples
	if at.line > 0 {
		at.at.lines[at.line] += samples
	}
	if at.call != "" {
		at.at.platform[at.call] += samples
		if waits {
			at.at.waits[at.call] += samples
		}
	}
}

// splitLine splits "org.example.Enrich.map:24"; the line is 0 where there is none, as of
// native methods.
func splitLine(call string) (name string, line int) {
	if at := strings.LastIndexByte(call, ':'); at >= 0 {
		if line, err := strconv.Atoi(call[at+1:]); err == nil {
			return call[:at], max(line, 0)
		}
	}
	return call, 0
}

// codeKind is whose a method is.
type codeKind int

const (
	ownCode       codeKind = iota // the job's own, or a library's
	flinkCode                     // Flink's
	platformCode                  // that of the JDK, and of what Flink is made with
	generatedCode                 // the JVM's class for a lambda, around its method
)

// The beginnings of Flink's classes, of those of its examples, which are jobs, and of the
// platform's: the JDK, and libraries by which Flink runs and keeps its state.
var (
	flinkPackages    = []string{"org.apache.flink."}
	examplePackages  = []string{"org.apache.flink.examples.", "org.apache.flink.streaming.examples.", "org.apache.flink.table.examples."}
	platformPackages = []string{"java.", "javax.", "jdk.", "sun.", "com.sun.", "scala.", "kotlin.", "akka.", "org.apache.pekko.", "io.netty.", "org.rocksdb.", "org.forstdb."}
)

// networkStack is where Flink waits for buffers.
const networkStack = "org.apache.flink.runtime.io.network."

func kindOfCode(name string) codeKind {
	begins := func(packages []string) bool {
		return slices.ContainsFunc(packages, func(beginning string) bool { return strings.HasPrefix(name, beginning) })
	}
	switch {
	case begins(flinkPackages) && !begins(examplePackages):
		return flinkCode
	case begins(platformPackages):
		return platformCode
	case strings.Contains(name, "$$Lambda"):
		return generatedCode
	default:
		return ownCode
	}
}

// waitingMethods are those of the JDK in which a thread waits: for a time, for another
// thread, for the network or a disk. The JVM counts native ones as running.
var waitingMethods = map[string]bool{
	"java.lang.Thread.sleep": true, "java.lang.Thread.sleep0": true, "java.lang.Thread.sleepNanos": true, "java.lang.Thread.sleepNanos0": true,
	"java.lang.Thread.join": true, "java.lang.Object.wait": true, "java.lang.Object.wait0": true, "jdk.internal.misc.Unsafe.park": true, "sun.misc.Unsafe.park": true,
	"java.lang.ProcessImpl.waitFor": true, "java.lang.UNIXProcess.waitFor": true,
	"java.net.SocketInputStream.socketRead0": true, "java.net.SocketOutputStream.socketWrite0": true, "java.net.PlainSocketImpl.socketConnect": true,
	"java.net.Inet4AddressImpl.lookupAllHostAddr": true, "java.net.Inet6AddressImpl.lookupAllHostAddr": true,
	"sun.nio.ch.EPoll.wait": true, "sun.nio.ch.EPollArrayWrapper.epollWait": true, "sun.nio.ch.KQueue.poll": true, "sun.nio.ch.Net.poll": true, "sun.nio.ch.Net.connect0": true,
	"sun.nio.ch.SocketDispatcher.read0": true, "sun.nio.ch.SocketDispatcher.readv0": true, "sun.nio.ch.SocketDispatcher.write0": true, "sun.nio.ch.UnixDispatcher.read0": true,
	"sun.nio.ch.FileDispatcherImpl.read0": true, "sun.nio.ch.FileDispatcherImpl.force0": true, "sun.nio.ch.UnixFileDispatcherImpl.force0": true,
	"java.io.FileDescriptor.sync": true, "java.io.FileDescriptor.sync0": true,
}
