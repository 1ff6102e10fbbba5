package memory

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// roots are the root causes among a segment's tasks in a row. Rows share them until
// they change, and they are never changed themselves.
type roots struct {
	causes []cause // in the order of the tasks
	// measured is set where the severity of each task is known.
	measured bool
}

// cause is a task that is a root cause.
type cause struct {
	task  int
	since time.Duration // its position on the clock
}

// What roots take of the heap.
const (
	rootsBytes = 32
	causeBytes = 16
)

func (r *roots) bytes() int { return rootsBytes + causeBytes*len(r.causes) }

// next are those of the row after that of these, which may be none: the same if
// nothing changed. The row's place in time is by the clock of positions, and the
// streaks go on with it.
func (r *roots) next(streaks []diagnosis.Streak, at diagnosis.Instant, cells []uint16) *roots {
	var few [8]cause
	causes, measured := few[:0], true
	for task := range streaks {
		severity := columnOf(cells, task, diagnosis.RootSeverity)
		if since := streaks[task].Add(at, severity); !since.IsZero() {
			causes = append(causes, cause{task, positions.position(since)})
		}
		measured = measured && !math.IsNaN(severity)
	}
	if r != nil && r.measured == measured && slices.Equal(r.causes, causes) {
		return r
	}
	return &roots{slices.Clone(causes), measured}
}

// since is when a task became a root cause, in Unix seconds; NaN if it is none.
func (r *roots) since(task int, by clock) float64 {
	at, found := slices.BinarySearchFunc(r.causes, task, func(c cause, task int) int { return c.task - task })
	if !found {
		return math.NaN()
	}
	return float64(by.time(r.causes[at].since).UnixMicro()) / 1e6
}

// rootSets are the root causes in some rows of one job, where they are known: where
// some task is one, or each task that the job had in any of the rows was measured.
func rootSets(all []rows) (sets []diagnosis.RootSet) {
	tasks, numbers := countTasks(all), map[string]int{"": 0}
	for n := range all {
		rows := &all[n]
		var last *roots
		var ids []string
		number := 0
		for row := rows.from; row < rows.end; row++ {
			of := rows.heads[row].roots
			if of != last {
				ids = rows.idsOf(of)
				key, known := strings.Join(ids, " "), false
				if number, known = numbers[key]; !known {
					number = len(numbers)
					numbers[key] = number
				}
				last = of
			}
			if number > 0 || of.measured && rows.taskCount == tasks {
				sets = append(sets, diagnosis.RootSet{At: rows.heads[row].instant(rows.clock), Tasks: number, IDs: ids})
			}
		}
	}
	return sets
}

// idsOf are those of the tasks, in an order that is the same for the same tasks.
func (r *rows) idsOf(of *roots) (ids []string) {
	for _, cause := range of.causes {
		ids = append(ids, r.tasks()[cause.task].ID)
	}
	slices.Sort(ids)
	return ids
}

// countTasks counts the tasks that a job had in some rows, which mostly are the same.
func countTasks(all []rows) int {
	changed := func(r rows) bool { return !slices.EqualFunc(r.tasks(), all[0].tasks(), sameTask) }
	if !slices.ContainsFunc(all[1:], changed) {
		return all[0].taskCount
	}
	ids := map[string]bool{}
	for n := range all {
		for _, task := range all[n].tasks() {
			ids[task.ID] = true
		}
	}
	return len(ids)
}
