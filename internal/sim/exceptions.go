package sim

import (
	"fmt"
	"time"
)

// exceptionHistory is web.exception-history-size.
const exceptionHistory = 16

// failures are when an exception of one of its subtasks restarted the job until then,
// oldest first. A rescaling restarts it without one.
func (j *Job) failures(until time.Duration) (all []time.Duration) {
	life := j.lifetime()
	for n := range life.nth(until) + 1 {
		phase, begin := life.phaseAt(n)
		if j.stateIn(phase) != "RESTARTING" || n+1 < len(life.phases) && life.phases[n+1].Change != nil {
			continue
		}
		all = append(all, begin)
	}
	return all
}

// restarting is when the job was last in the state RESTARTING, 0 if it never was.
func (m moment) restarting() int64 {
	life := m.lifetime()
	for n := life.nth(m.at); n >= 0; n-- {
		if phase, begin := life.phaseAt(n); m.stateIn(phase) == "RESTARTING" {
			return m.Start.Add(begin).UnixMilli()
		}
		if life.nth(m.at)-n > len(life.phases) {
			break
		}
	}
	return 0
}

// exceptionsOf is the answer for a job's exceptions: its second task fails in turn in
// each of its subtasks.
func exceptionsOf(m moment) any {
	failed, entries := m.failures(m.sinceStart()), []any{}
	at := min(1, len(m.Tasks)-1)
	for n := len(failed) - 1; n >= max(0, len(failed)-exceptionHistory); n-- {
		task := m.Tasks[at]
		subtask := n % task.subtasks()
		machine, index := m.machine(subtask)
		id, port := taskManager(index)
		entry := map[string]any{
			"exceptionName": "java.lang.IllegalStateException",
			"stacktrace": fmt.Sprintf("java.lang.IllegalStateException: cannot parse price <\"12,50 €\"> of order %d\n"+
				"\tat com.example.Prices.parse(Prices.java:40)\n\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38)\n"+
				"\tat java.base/java.lang.Thread.run(Thread.java:840)\n", 4711+n),
			"timestamp": m.Start.Add(failed[n]).UnixMilli(), "taskName": fmt.Sprintf("%s (%d/%d) - execution #%d", task.Name, subtask+1, task.subtasks(), n),
			"concurrentExceptions": []any{},
		}
		where := machine.Host + ":" + port
		if !m.release.from(2, 0) {
			entry["location"] = where
		}
		if m.release.from(1, 19) {
			entry["endpoint"] = where
		}
		if m.release.from(1, 16) {
			entry["taskManagerId"] = id
		}
		if m.release.from(1, 18) {
			entry["failureLabels"] = map[string]string{"type": "user"}
		}
		entries = append(entries, entry)
	}
	answer := map[string]any{"exceptionHistory": map[string]any{"entries": entries, "truncated": len(failed) > exceptionHistory}}
	if !m.release.from(2, 0) {
		answer["root-exception"], answer["timestamp"], answer["all-exceptions"], answer["truncated"] = nil, nil, []any{}, false
		if len(entries) > 0 {
			last := entries[0].(map[string]any)
			answer["root-exception"], answer["timestamp"] = last["stacktrace"], last["timestamp"]
		}
	}
	return answer
}
