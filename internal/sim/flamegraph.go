package sim

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
)

// stackSampling are the samples of stacks that the JobManager has: it takes them on a
// request that finds none, or old ones, and that gets what there was before.
type stackSampling struct {
	mu      sync.Mutex
	samples map[string]*stackSamples // by job, task and subtask
}

// stackSamples are when the last sampling ended, and when the one under way began; zero
// for none.
type stackSamples struct{ ended, begun time.Time }

const (
	// samplesOfSubtask is rest.flamegraph.num-samples, samplingTakes how long that takes,
	// and samplesLast rest.flamegraph.refresh-interval.
	samplesOfSubtask = 100
	samplingTakes    = 5 * time.Second
	samplesLast      = time.Minute
)

// taken is when the last sampling ended, zero before the first one.
func (s *stackSampling) taken(key string, now time.Time, takes time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.samples == nil {
		s.samples = map[string]*stackSamples{}
	}
	of := s.samples[key]
	if of == nil {
		of = &stackSamples{}
		s.samples[key] = of
	}
	if !of.begun.IsZero() && now.Sub(of.begun) >= takes {
		of.ended, of.begun = of.begun.Add(takes), time.Time{}
	}
	if of.begun.IsZero() && now.Sub(of.ended) >= samplesLast {
		of.begun = now
	}
	return of.ended
}

// flameGraph is the answer of a flame graph; an end below 0 is why there is none.
type flameGraph struct {
	End  int64     `json:"endTimestamp"`
	Data *flameRow `json:"data,omitempty"`
}

// flameRow is a call in a flame graph.
type flameRow struct {
	Name     string      `json:"name"`
	Samples  int         `json:"value"`
	Children []*flameRow `json:"children"`
}

// The ends of flame graphs that there are none of.
const (
	taskEnded     = -1
	flameOff      = -2
	samplesToCome = -3
)

// flameGraphOf is the flame graph of a task, or from 1.17 on of one of its subtasks.
func (c *Cluster) flameGraphOf(m moment, task int, query url.Values) (status int, answer any) {
	subtask := -1
	if text := query.Get("subtaskindex"); text != "" && m.release.from(1, 17) {
		index, err := strconv.Atoi(text)
		if err != nil || index < 0 || index >= m.phase.tasks[task].subtasks() {
			return notFound("Invalid subtask index for vertex " + m.Tasks[task].ID)
		}
		subtask = index
	}
	switch state := m.state(task); {
	case !c.FlameGraphs:
		return http.StatusOK, flameGraph{End: flameOff}
	case state == "FINISHED" || state == "CANCELED" || state == "FAILED":
		return http.StatusOK, flameGraph{End: taskEnded}
	case state != running:
		return http.StatusOK, flameGraph{End: samplesToCome}
	}
	key := m.ID + " " + m.Tasks[task].ID + " " + strconv.Itoa(subtask)
	at := c.stacks.taken(key, m.now, cmp.Or(c.StackSampling, samplingTakes))
	if at.IsZero() {
		return http.StatusOK, flameGraph{End: samplesToCome}
	}
	root := &flameRow{Name: "root", Children: []*flameRow{}}
	for s := range m.phase.tasks[task].subtasks() {
		if subtask < 0 || s == subtask {
			m.addStacks(root, task, m.Load(task, s, at), strings.ToUpper(query.Get("type")))
		}
	}
	return http.StatusOK, flameGraph{End: at.UnixMilli(), Data: root}
}

// addStacks adds the samples of a subtask with that load, of the threads that run, that
// wait, or all.
func (m moment) addStacks(root *flameRow, task int, load Load, mode string) {
	share := func(of float64) int { return int(math.Round(samplesOfSubtask * min(max(of, 0), 1))) }
	busy, held := share(load.Busy), share(load.Backpressured)
	if mode != "OFF_CPU" {
		hot := share(load.Busy * hotShare)
		root.add(hot, stackOfTask, operatorStack, m.Tasks[task].entry(), m.Tasks[task].HotMethod()+":57")
		root.add(busy-hot, stackOfTask, operatorStack, m.Tasks[task].entry())
	}
	if mode != "ON_CPU" {
		root.add(held, stackOfTask, mailboxStack, parkStack)
		root.add(max(samplesOfSubtask-busy-held, 0), stackOfTask, mailboxStack, parkStack)
	}
}

// hotShare is how much of a task's busy time is in its hot method.
const hotShare = 0.8

// The stacks of an operator that works, and of one that waits for records or buffers.
const (
	stackOfTask   = "java.lang.Thread.run:840 org.apache.flink.runtime.taskmanager.Task.run:579 org.apache.flink.runtime.taskmanager.Task.doRun:774 org.apache.flink.streaming.runtime.tasks.StreamTask.invoke:959 org.apache.flink.streaming.runtime.tasks.StreamTask.runMailboxLoop:1022"
	operatorStack = "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor.runMailboxLoop:231 org.apache.flink.streaming.runtime.tasks.StreamTask.processInput:656 org.apache.flink.streaming.api.operators.StreamMap.processElement:37"
	mailboxStack  = "org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor.runMailboxLoop:229 org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl.take:149"
	parkStack     = "java.util.concurrent.locks.LockSupport.parkNanos:252 jdk.internal.misc.Unsafe.park:-2"
)

// add adds samples of a stack, outermost call first.
func (r *flameRow) add(samples int, stack ...string) {
	if samples <= 0 {
		return
	}
	at := r
	at.Samples += samples
	for _, name := range strings.Fields(strings.Join(stack, " ")) {
		at = at.child(name)
		at.Samples += samples
	}
}

func (r *flameRow) child(name string) *flameRow {
	for _, child := range r.Children {
		if child.Name == name {
			return child
		}
	}
	child := &flameRow{Name: name, Children: []*flameRow{}}
	r.Children = append(r.Children, child)
	return child
}

// HotMethod is the method in which most of the task's busy time is, by its name: of
// "slow-window" com.example.SlowWindow.work.
func (t Task) HotMethod() string { return t.class() + ".work" }

// entry is the call by which Flink calls the task's code.
func (t Task) entry() string { return t.class() + ".map:41" }

func (t Task) class() string {
	words := strings.FieldsFunc(strings.TrimPrefix(t.Name, "Source: "), func(letter rune) bool { return !unicode.IsLetter(letter) && !unicode.IsDigit(letter) })
	for i, word := range words {
		letters := []rune(word)
		words[i] = string(unicode.ToUpper(letters[0])) + string(letters[1:])
	}
	return "com.example." + cmp.Or(strings.Join(words, ""), "Task")
}
