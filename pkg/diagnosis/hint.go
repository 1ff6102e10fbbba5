package diagnosis

import (
	"fmt"
	"math"
	"strconv"
)

// Hint describes in a sentence or two what a task could process, what it has to, and
// what parallelism that takes or why none is recommended; of a source, too, how long it
// takes to read what is pending.
func (s *Scaling) Hint(i int) string { return s.parallelismHint(i) + s.catchUpHint(i) }

func (s *Scaling) parallelismHint(i int) string {
	task, name := s.Tasks[i], s.Snapshot.Graph.Tasks[i].Name
	present := s.models[i].parallelism
	switch {
	case s.Snapshot.Graph.Tasks[i].State.Terminal():
		return fmt.Sprintf("%s has finished.", name)
	case task.Limit == ByEdges:
		return fmt.Sprintf("What %s has to process is not known, as it is not known how the tasks are connected.", name)
	case task.Limit == BySource:
		return fmt.Sprintf("%s is busy all the time, but may only wait on the task's thread between records, so what it could emit is not known: more subtasks help if what it reads from piles up.", name)
	case math.IsNaN(task.TrueRate) && task.Rate == 0:
		return fmt.Sprintf("%s got no records, so what it could process is not known.", name)
	case math.IsNaN(task.TrueRate):
		return fmt.Sprintf("What %s could process is not known: its records per second or its busy time are not measured.", name)
	}
	text := fmt.Sprintf("With %s %s can process %s a second, and has to process %s", count(present, "subtask"), name, records(task.TrueRate), records(task.TargetRate))
	switch {
	case task.Limit == BySkew && task.Recommended == 0:
		return text + ": a few keys make one of its subtasks work for most, so more subtasks do little; a better key, or a first aggregation before the shuffle, does."
	case task.Limit == ByNetwork:
		return text + ": the network before it carries no more, whatever its parallelism."
	case task.Limit == BySplits:
		return text + ": it has less to read from than subtasks, so more of them change nothing; more parts to read from, such as partitions, do."
	case task.Limit == ByDemand:
		return text + fmt.Sprintf(" or more: the sources run as fast as they are let, so what they would emit is not known. Choose the parallelism by the rate that is needed: each subtask processes up to %s a second.", records(task.TrueRate/float64(present)))
	case task.Recommended == 0:
		return text + "."
	}
	text += fmt.Sprintf(": %s would be busy %s of their time", count(task.Recommended, "subtask"), percentOf(task.TargetRate/s.models[i].at(task.Recommended)))
	switch task.Limit {
	case ByMeasurement:
		text += ", if what it waits for, which Flink does not count as work, takes that much more at a time"
	case ByTurns:
		text += ", as far as this can be seen of tasks that take turns"
	case BySkew:
		text += "; more do little, as a few keys make one of them work more than others"
	case ByMaxParallelism:
		text += "; it cannot have more, as that is its max parallelism"
	case ByKeyGroups:
		text += fmt.Sprintf("; of the %s some subtasks get one more than others", count(s.models[i].groups, "key group"))
	case ByMachine:
		text += ", though one machine is slower than the others: look at that first"
	case ByPartitions:
		text += ", if what it reads from has as many parts, such as partitions"
	}
	return text + "."
}

// catchUpHint is how long it takes a source to read what is pending; empty of one that
// keeps up, or of which it is not known.
func (s *Scaling) catchUpHint(i int) string {
	task := s.Tasks[i]
	if s.Demands[i] != DemandPending || task.CatchUp == 0 || s.Snapshot.Graph.Tasks[i].State.Terminal() {
		return ""
	}
	now := "It never reads what is pending as the job runs now"
	if task.CatchUp > 0 {
		now = fmt.Sprintf("It reads what is pending in %s as the job runs now", minutes(task.CatchUp))
	}
	if task.CatchUpScaled < 0 {
		return " " + now + "."
	}
	return fmt.Sprintf(" %s, and in %s with the recommended parallelism of all tasks.", now, minutes(task.CatchUpScaled))
}

// percentOf is a share of time in words.
func percentOf(share float64) string {
	if math.IsNaN(share) {
		return "an unknown part"
	}
	return fmt.Sprintf("%.0f %%", share*100)
}

// records is a rate of records in three digits.
func records(rate float64) string {
	if math.IsNaN(rate) || math.IsInf(rate, 0) {
		return "an unknown number of records"
	}
	if rate >= 100 {
		return fmt.Sprintf("%.0f records", rate)
	}
	return strconv.FormatFloat(rate, 'g', 3, 64) + " records"
}
