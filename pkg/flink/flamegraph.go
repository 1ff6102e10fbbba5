package flink

import (
	"context"
	"fmt"
	"math"
	"time"
)

// FlameGraphMode is which threads a flame graph is of, as Flink's parameter "type"
// has it.
type FlameGraphMode string

// The modes: all threads, those that run, and those that wait or are blocked.
const (
	FullFlameGraph   FlameGraphMode = "FULL"
	OnCPUFlameGraph  FlameGraphMode = "ON_CPU"
	OffCPUFlameGraph FlameGraphMode = "OFF_CPU"
)

// FlameGraphState is whether there is a flame graph, or why not.
type FlameGraphState int

// The states. Flink has all but the first in place of the time, as -1, -2 and -3.
const (
	FlameGraphSampled FlameGraphState = iota
	FlameGraphEnded                   // the task, or the subtask, has ended
	FlameGraphsOff                    // rest.flamegraph.enabled is not set
	FlameGraphWaiting                 // sampling has begun with this request, or a former one
)

// WholeTask is for the flame graph of all subtasks of a task together.
const WholeTask = -1

// FlameGraph is the answer of /jobs/:jid/vertices/:vid/flamegraph (Flink's
// JobVertexFlameGraphHandler). Flink samples stacks only when asked, returns the same
// samples for a minute (rest.flamegraph.refresh-interval), and older ones until new
// ones are there.
type FlameGraph struct {
	State FlameGraphState
	// At is when the sampling ended, by Flink's clock.
	At time.Time
	// Calls are the tree in depth-first order, the root first.
	Calls []Call
	// Cut is set where the answer has more calls, deeper ones or longer names than
	// are kept.
	Cut bool
}

// Call is a node of a flame graph.
type Call struct {
	// Level is its depth, 0 for the root.
	Level int
	// Name is class, method and line: "org.example.Enrich.map:24".
	Name string
	// Samples is how many stacks have it.
	Samples int64
}

const (
	// maxCalls, maxCallDepth, maxCallName and maxCallNames bound what is kept of a
	// flame graph: calls, levels, bytes of a name, and of all names. Flink's stacks
	// have 100 levels unless configured (rest.flamegraph.stack-depth).
	maxCalls     = 20_000
	maxCallDepth = 1000
	maxCallName  = 512
	maxCallNames = 2 << 20
)

// FlameGraph requests the flame graph of a task, or of one of its subtasks, which
// Flink has from 1.17 on: before that it ignores the parameter. Of a task that has not
// been sampled lately the answer is [FlameGraphWaiting]; then the samples, 100 for each
// subtask unless configured, are there about 5 s later.
func (c *Client) FlameGraph(ctx context.Context, jobID, taskID string, subtask int, mode FlameGraphMode) (graph FlameGraph, err error) {
	path, err := c.path(jobID, taskID)
	if err != nil {
		return graph, err
	}
	path += "/flamegraph?type=" + string(mode)
	if subtask != WholeTask {
		path += fmt.Sprintf("&subtaskindex=%d", subtask)
	}
	answer := flameGraphAnswer{reader: callReader{names: map[string]string{}}}
	if err := c.get(ctx, flameGraphPath, path, func(d *decoder) { d.flameGraph.read(d, &answer) }); err != nil {
		return graph, err
	}
	if !answer.timed {
		return graph, c.wrongService(path)
	}
	return answer.graph(), nil
}

// flameGraphAnswer is the answer as Flink writes it.
type flameGraphAnswer struct {
	timed  bool // it has endTimestamp
	end    int64
	reader callReader
}

var flameGraphFields = fields[flameGraphAnswer]{
	"endTimestamp": func(d *decoder, a *flameGraphAnswer) { a.end, a.timed = d.integer(), true },
	"data":         func(d *decoder, a *flameGraphAnswer) { a.reader.read(d) },
}

func (a *flameGraphAnswer) graph() FlameGraph {
	switch {
	case a.end == -1:
		return FlameGraph{State: FlameGraphEnded}
	case a.end == -2:
		return FlameGraph{State: FlameGraphsOff}
	case a.end <= 0 || len(a.reader.calls) == 0:
		return FlameGraph{State: FlameGraphWaiting}
	}
	return FlameGraph{At: time.UnixMilli(a.end), Calls: a.reader.calls, Cut: a.reader.cut}
}

// callReader reads the tree of calls without recursion, as it may be of any depth.
type callReader struct {
	calls []Call
	cut   bool
	// open are the calls whose objects are being read, outermost first.
	open []int
	// names are those that were read before, as many repeat, and bytes is how long
	// they are together.
	names map[string]string
	bytes int
}

// read reads the root and all that is below it; null is nothing.
func (r *callReader) read(d *decoder) {
	if d.next() == 'n' {
		d.literal("null")
		return
	}
	if len(r.calls) > 0 { // a second root
		d.skipNested()
		return
	}
	fresh := r.begin(d)
	for len(r.open) > 0 && d.err == nil {
		switch c := d.next(); {
		case c == '}':
			d.pos++
			fresh = r.end(d)
		case fresh:
			fresh = r.member(d)
		case c == ',':
			d.pos++
			fresh = r.member(d)
		default:
			d.fail()
		}
	}
}

// begin enters a call's object.
func (r *callReader) begin(d *decoder) (fresh bool) {
	if d.next() != '{' {
		d.fail()
		return false
	}
	d.pos++
	r.calls = append(r.calls, Call{Level: len(r.open)})
	r.open = append(r.open, len(r.calls)-1)
	return true
}

// end leaves a call's object, and enters the next one of the same list if there is one.
// Where no more calls are kept the rest of the list is not read.
func (r *callReader) end(d *decoder) (fresh bool) {
	r.open = r.open[:len(r.open)-1]
	for len(r.open) > 0 {
		switch d.next() {
		case ']':
			d.pos++
			return false
		case ',':
			d.pos++
		default:
			d.fail()
			return false
		}
		if len(r.calls) < maxCalls {
			return r.begin(d)
		}
		r.cut = true
		d.skipNested()
		if d.err != nil {
			return false
		}
	}
	return false
}

// member reads a member of the innermost call. fresh is set where that entered
// another call.
func (r *callReader) member(d *decoder) (fresh bool) {
	call := &r.calls[r.open[len(r.open)-1]]
	switch d.name() {
	case "name":
		call.Name = r.name(d)
	case "value":
		if value := d.float(); value.Known() {
			call.Samples = int64(min(max(value, 0), math.MaxInt32)) // an int of Java's
		}
	case "children":
		switch d.next() {
		case 'n':
			d.literal("null")
		case '[':
			if len(r.open) >= maxCallDepth || len(r.calls) >= maxCalls {
				r.cut = !d.emptyList() || r.cut
				return false
			}
			if d.pos++; d.next() != ']' {
				return r.begin(d)
			}
			d.pos++
		default:
			d.fail()
		}
	default:
		d.skipNested()
	}
	return false
}

// name reads a name, cut where it is long. Names beyond what is kept of them together
// are empty.
func (r *callReader) name(d *decoder) string {
	text, whole := d.beginning(maxCallName)
	r.cut = r.cut || !whole
	if known, repeated := r.names[text]; repeated {
		return known
	}
	if r.bytes += len(text); r.bytes > maxCallNames {
		r.cut = true
		return ""
	}
	r.names[text] = text
	return text
}

// emptyList reads a list without keeping anything of it, and reports whether there is
// nothing in it.
func (d *decoder) emptyList() bool {
	d.pos++
	if d.next() == ']' {
		d.pos++
		return true
	}
	d.skipOpen(1)
	return false
}

// skipNested reads a value of any depth that is not needed. Of what is nested in it only
// the brackets are counted.
func (d *decoder) skipNested() {
	switch d.next() {
	case '{', '[':
		d.pos++
		d.skipOpen(1)
	default:
		d.skip()
	}
}

// skipOpen reads to the end of so many objects and lists that have been entered.
func (d *decoder) skipOpen(open int) {
	for open > 0 {
		switch d.next() {
		case 0:
			return
		case '"':
			d.skipText()
		case '{', '[':
			open++
			d.pos++
		case '}', ']':
			open--
			d.pos++
		default:
			d.pos++
		}
	}
}
