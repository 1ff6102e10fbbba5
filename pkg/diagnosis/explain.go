package diagnosis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Explain describes in a sentence or two why the task is a root cause, in numbers
// that the tables show too.
func Explain(snapshot *job.Snapshot, root Root) string {
	task, load := snapshot.Graph.Tasks[root.Task], snapshot.Tasks[root.Task]
	switch root.Kind {
	case AtSource:
		return explainSource(snapshot, root)
	case UnmeasuredWork:
		if root.Itself {
			return fmt.Sprintf("%s is backpressured %s, though %s: it waits for something of its own that Flink counts as backpressure.", task.Name, ownWaits(load), nothingBelow(snapshot, root))
		}
		text := fmt.Sprintf("%s, yet %s is only %s busy: it waits for something that Flink does not count as work.", upstream(snapshot, root), task.Name, percent(load.Busy.Max))
		if root.Instead >= 0 {
			text += fmt.Sprintf(" Or %s waits for something of its own: these measurements do not show which.", snapshot.Graph.Tasks[root.Instead].Name)
		}
		return text
	case Alternating:
		return fmt.Sprintf("%s is %s busy on average: within the %s measured it and others take turns at holding the job back, faster than Flink's metrics show. %s.", task.Name, percent(load.Busy.Avg), seconds(snapshot.Window()), upstream(snapshot, root))
	case Network:
		return fmt.Sprintf("%s and its output buffers are full, yet the input buffers of %s, %s busy, are not: the network between them carries no more.", upstream(snapshot, root), task.Name, percent(load.Busy.Max))
	case Skewed, Machine:
		text := fmt.Sprintf("%s %s %s busy, the others %s on average. %s.", hotSubtasks(root, task.Name), are(root), percent(load.Busy.Max), percent(coolAverage(root, load)), upstream(snapshot, root))
		if root.Kind == Machine {
			text += fmt.Sprintf(" Subtasks on %s take longer for the same work than those elsewhere.", machine(root))
		}
		return text + doubtOf(snapshot.Job, root, load)
	default:
		return fmt.Sprintf("%s is %s, and %s. %s.%s", task.Name, busyOver(load), itself(load), upstream(snapshot, root), doubtOf(snapshot.Job, root, load))
	}
}

// explainSource describes why a source, or a task whose inputs have ended, is at its limit.
func explainSource(snapshot *job.Snapshot, root Root) string {
	task, load := snapshot.Graph.Tasks[root.Task], snapshot.Tasks[root.Task]
	busy := percent(load.Busy.Max) + " busy"
	if unevenSource(root, load) {
		busy += fmt.Sprintf(" on %d of its %s, the others %s on average", len(root.Hot), count(len(load.Subtasks), "subtask"), percent(coolAverage(root, load)))
	}
	name, speed := "the source "+task.Name, "the job goes as fast as its source does"
	switch {
	case len(snapshot.Graph.Tasks) == 1:
		return fmt.Sprintf("The whole job is one chained task, %s, and it is %s: which part of it takes the time is not measured.%s", task.Name, busy, pendingAt(snapshot, root.Task))
	case !task.Source():
		name, speed = task.Name+", whose inputs have ended,", "what is left of the job goes as fast as it does"
	}
	text := fmt.Sprintf("Nothing downstream holds it back, and %s is %s: %s.", name, busy, speed)
	if waits := hotWaits(root, load); waits > slight {
		text = fmt.Sprintf("Little downstream holds it back, up to %s of the time, and %s is %s: %s.", percent(waits), name, busy, speed)
	}
	if fewSplits(root, load) {
		text += fmt.Sprintf(" Nothing is left to read for %d of its %s.", len(load.Subtasks)-len(root.Hot), count(len(load.Subtasks), "subtask"))
	}
	return text + pendingAt(snapshot, root.Task)
}

// pendingAt describes whether a source that is at its limit keeps up with what it reads
// from; empty where that is not known.
func pendingAt(snapshot *job.Snapshot, source int) string {
	records, rate := pending(snapshot, source), snapshot.Tasks[source].RecordsOut
	switch backlogOf(snapshot, source) {
	case noBacklog:
		return " So far it keeps up with what it reads from: next to no records are pending."
	case someBacklog:
		return fmt.Sprintf(" %.0f records are pending.", records)
	case largeBacklog:
		text := fmt.Sprintf(" Records pile up before it: %.0f are pending", records)
		if rate > 0 {
			text += ", as many as it emits in " + roughly(records/rate)
		}
		if text += "."; newSearch(snapshot).onlyWaits(source) {
			text += " It may wait on the task's thread between records rather than work: its flame graph shows which."
		}
		return text
	default:
		return ""
	}
}

// unevenSource reports whether at most half of a source's subtasks are at its limit,
// though the others have something to read, too.
func unevenSource(root Root, load job.TaskLoad) bool {
	return 2*len(root.Hot) <= measured(load) && !fewSplits(root, load)
}

// hotWaits is how much the hot subtasks wait at most.
func hotWaits(root Root, load job.TaskLoad) (waits job.Share) {
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; root.IsHot(subtask.Subtask) {
			waits = max(waits, subtask.Backpressured)
		}
	}
	return waits
}

// busyOver describes how busy a task is whose subtasks are alike: "95 % busy on average
// over its 2 subtasks, the busiest 100 %".
func busyOver(load job.TaskLoad) string {
	known, running := measured(load), 0
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; subtask.Busy.Known() || subtask.Missing() {
			running++
		}
	}
	text := percent(load.Busy.Avg) + " busy"
	switch {
	case known < running:
		text += fmt.Sprintf(" on average over those %d of its %s that are measured", known, count(running, "subtask"))
	case running > 1:
		text += fmt.Sprintf(" on average over its %d subtasks", running)
	}
	if load.Busy.Max-load.Busy.Avg > noise {
		text += ", the busiest " + percent(load.Busy.Max)
	}
	return text
}

// doubtOf describes what subtasks that were not measured leave open; empty where all
// were.
func doubtOf(info job.Info, root Root, load job.TaskLoad) string {
	unknown, why := unmeasuredSubtasks(info, load)
	if unknown == 0 {
		return ""
	}
	text := fmt.Sprintf(" %d of its %s %s not measured (%s)", unknown, count(len(load.Subtasks), "subtask"), isOrAre(unknown), why)
	all, hot := measured(load)+unknown, len(root.Hot)
	if surely := 2*hot > all || 2*(hot+unknown) <= all; !surely {
		text += ", so that it is not known whether most of them are busy, or few"
	}
	return text + "."
}

// ownWaits describes how much a task waits that waits for something of its own: on average
// if its subtasks are alike, else how many of them do and how much.
func ownWaits(load job.TaskLoad) string {
	if load.Backpressured.Max-load.Backpressured.Avg <= noise {
		return percent(load.Backpressured.Avg) + " of the time"
	}
	waiting := 0
	for i := range load.Subtasks {
		if load.Subtasks[i].Backpressured > min(half, load.Backpressured.Max*9/10) {
			waiting++
		}
	}
	return fmt.Sprintf("up to %s of the time on %d of its %s", percent(load.Backpressured.Max), waiting, count(len(load.Subtasks), "subtask"))
}

// nothingBelow describes how it is known that no task below it is the reason.
func nothingBelow(snapshot *job.Snapshot, root Root) string {
	if len(snapshot.Graph.Tasks[root.Task].Outputs) == 0 {
		return "nothing is below it"
	}
	return "its output buffers are not full and what is below it has time"
}

// fewSplits reports whether a source has less to read from than subtasks: those that
// are not hot idle, and emit nothing, or have finished.
func fewSplits(root Root, load job.TaskLoad) bool {
	idle := 0
	for i := range load.Subtasks {
		subtask := &load.Subtasks[i]
		switch {
		case root.IsHot(subtask.Subtask):
		case subtask.State == job.Finished:
			idle++
		case !(subtask.Idle > limit) || !(subtask.RecordsOut == 0):
			return false
		default:
			idle++
		}
	}
	return idle > 0
}

// itself describes how little a root cause is backpressured: at most half of the
// time, or it would be none.
func itself(load job.TaskLoad) string {
	if load.Backpressured.Max > slight {
		return fmt.Sprintf("itself backpressured up to %s of the time", percent(load.Backpressured.Max))
	}
	return "not backpressured itself"
}

// machine names the TaskManager and the host that slow their subtasks.
func machine(root Root) string {
	switch host := strings.Join(root.Hosts, ", "); {
	case len(root.TaskManagers) != 1:
		return "the machine " + host
	case host == "":
		return "the TaskManager " + root.TaskManagers[0]
	default:
		return fmt.Sprintf("the TaskManager %s on the machine %s", root.TaskManagers[0], host)
	}
}

// Advise returns what to do about a root cause.
func Advise(snapshot *job.Snapshot, root Root) string {
	name := snapshot.Graph.Tasks[root.Task].Name
	switch root.Kind {
	case Capacity:
		return fmt.Sprintf("Raise the parallelism of %s, or make it cheaper per record: its flame graph shows where the time goes.", name)
	case Skewed:
		return adviseSkewed(snapshot, root)
	case Machine:
		return fmt.Sprintf("Look at %s: its CPU, disk and neighbours. Restarting the TaskManager elsewhere shows whether it is the machine.", machine(root))
	case AtSource:
		if fewSplits(root, snapshot.Tasks[root.Task]) {
			return fmt.Sprintf("Split what %s reads into more parts, such as partitions: each is read by one subtask, so that more parallelism alone will not help.", name)
		}
		if !snapshot.Graph.Tasks[root.Task].Source() {
			return fmt.Sprintf("Raise the parallelism of %s, or make it cheaper per record: its flame graph shows where the time goes.", name)
		}
		if unevenSource(root, snapshot.Tasks[root.Task]) {
			return fmt.Sprintf("Spread what %s reads more evenly over its subtasks: only %d of %d %s at the limit, as the splits there, such as partitions, have more records or dearer ones. More parallelism alone will not help.", name, len(root.Hot), measured(snapshot.Tasks[root.Task]), isOrAre(len(root.Hot)))
		}
		return fmt.Sprintf("Raise the parallelism of %s if the system it reads from has partitions enough, or break its chain to see which operator takes the time.", name)
	case UnmeasuredWork:
		if root.Itself {
			return fmt.Sprintf("Check what %s waits for: a full queue of asynchronous requests, or uploads of its state (changelog).", name)
		}
		return fmt.Sprintf("Check what %s waits for: calls to other systems, threads of its own, locks, or the network between it and its inputs.", name)
	case Alternating:
		return AdviseAlternating(name)
	case Network:
		return fmt.Sprintf("Look at the network between the TaskManagers of %s and those of its inputs: its bandwidth and losses, the number of network buffers, and how large records are.", name)
	default:
		return ""
	}
}

// isFactor reports whether a number can be how many times as much something is.
func isFactor(number float64) bool { return number > 0 && !math.IsInf(number, 1) }

// adviseSkewed returns what to do about few hot subtasks: they get many records, or
// dear ones.
func adviseSkewed(snapshot *job.Snapshot, root Root) string {
	const rest = "More parallelism will not help; a better key, or a first aggregation before the shuffle, will."
	name := snapshot.Graph.Tasks[root.Task].Name
	hot, others := placed{}, placed{}
	hots, cool := 0.0, 0.0
	for i := range snapshot.Tasks[root.Task].Subtasks {
		subtask := &snapshot.Tasks[root.Task].Subtasks[i]
		switch {
		case !subtask.Busy.Known():
		case root.IsHot(subtask.Subtask):
			hot, hots = placed{hot.busy + float64(subtask.Busy), hot.records + subtask.RecordsIn}, hots+1
		default:
			others, cool = placed{others.busy + float64(subtask.Busy), others.records + subtask.RecordsIn}, cool+1
		}
	}
	more := hot.records / hots / (others.records / cool)
	dearer := hot.busy / hot.records / (others.busy / others.records)
	switch {
	case others.records == 0 && hot.records > 0:
		return fmt.Sprintf("Look at the keys that reach %s: its hot subtasks get all records. %s", name, rest)
	case !isFactor(more) || !isFactor(dearer): // not known
		return fmt.Sprintf("Look at the keys that reach %s: a few of them carry most records, or take longer to work on. %s", name, rest)
	case more > dearer:
		return fmt.Sprintf("Look at the keys that reach %s: a few of them carry most records, as its hot subtasks get %s as many as the others. %s", name, times(more), rest)
	default:
		return fmt.Sprintf("Look at the keys that reach %s: some take longer to work on, as its hot subtasks work %s as long on each record as the others, and get %s as many. More parallelism will not help; to make these records cheaper, or a key that spreads them, will.", name, times(dearer), times(more))
	}
}

// times is a ratio in words.
func times(ratio float64) string {
	switch {
	case ratio >= 10:
		return fmt.Sprintf("%.0f times", min(ratio, 1e6))
	default:
		return fmt.Sprintf("%.1f times", ratio)
	}
}

// muchMore is by how much the highest share of a task's subtasks differs from their mean
// where the mean alone would mislead.
const muchMore job.Share = 0.15

// upstream describes which task is held back most, and how much of the time.
func upstream(snapshot *job.Snapshot, root Root) string {
	if root.Upstream < 0 {
		return "Nothing upstream is measured"
	}
	where := "further up"
	if slices.Contains(snapshot.Graph.Tasks[root.Task].Inputs, root.Upstream) {
		where = "which feeds it"
	}
	text := fmt.Sprintf("%s, %s, is backpressured %s of the time", snapshot.Graph.Tasks[root.Upstream].Name, where, percent(root.Waits))
	if highest := snapshot.Tasks[root.Upstream].Backpressured.Max; highest-root.Waits > muchMore {
		text += fmt.Sprintf(" on average (the highest of its subtasks %s)", percent(highest))
	}
	return text
}

// Looked describes what was looked at where no root cause was found.
func Looked(snapshot *job.Snapshot, kind Kind) string {
	measured, tasks := snapshot.MeasuredTasks(), len(snapshot.Tasks)
	if measured == 0 {
		return fmt.Sprintf("None of %s is measured: %s.", count(tasks, "task"), reasons(snapshot))
	}
	busiest, name := job.Share(math.Inf(-1)), ""
	for i, load := range snapshot.Tasks {
		if load.Busy.Max > busiest {
			busiest, name = load.Busy.Max, snapshot.Graph.Tasks[i].Name
		}
	}
	text := fmt.Sprintf("%d of %s measured over %s", measured, count(tasks, "task"), seconds(snapshot.Window()))
	if name != "" {
		text += fmt.Sprintf("; the busiest, %s, is %s busy", name, percent(busiest))
	}
	_, _, waiting := newSearch(snapshot).sourcesAtLimit()
	switch {
	case snapshot.Graph.EdgesUnknown:
		text += "; how its tasks are connected is not known, so none can be said to hold the others back"
	case kind == NotKnown && len(waiting) > 0:
		text += "; " + mayWait(snapshot, waiting[0])
	case kind == NotKnown && Unmeasured(snapshot) == "":
		text += "; " + unexplained(snapshot)
	case kind == NotKnown:
		text += "; what is not measured may hold the job back: " + reasons(snapshot)
	default:
		text += legacySources(snapshot) + behindSources(snapshot)
	}
	return text + "."
}

// behindSources describes the first source that does not keep up with what it reads from
// though nothing in the job holds it back, or that is busy though it does; empty if there
// is none, or that is not known.
func behindSources(snapshot *job.Snapshot) string {
	for i, task := range snapshot.Graph.Tasks {
		load := snapshot.Tasks[i]
		if !task.Source() || task.State.Terminal() || !load.Known() {
			continue
		}
		switch behind := backlogOf(snapshot, i); {
		case behind == noBacklog && load.Busy.Max > limit:
			return fmt.Sprintf("; the source %s is %s busy, yet next to no records are pending: it waits on the task's thread between records, which Flink counts as busy", task.Name, percent(load.Busy.Max))
		case behind == largeBacklog && load.Busy.Max <= limit:
			return fmt.Sprintf("; %.0f records are pending before the source %s, though it is idle %s of the time on average and nothing in the job holds it back: "+
				"what it reads from gives no more, or its own threads fetch no faster, or its watermark waits for another source; these figures do not show which", pending(snapshot, i), task.Name, percent(load.Idle.Avg))
		}
	}
	return ""
}

// legacySources names the sources that could be what limits the job, for all that is
// known; empty if there is none.
func legacySources(snapshot *job.Snapshot) string {
	var names []string
	for i, load := range snapshot.Tasks {
		legacy := func(s job.SubtaskLoad) bool { return s.Why == job.Unmeasured }
		if snapshot.Graph.Tasks[i].Source() && slices.ContainsFunc(load.Subtasks, legacy) {
			names = append(names, snapshot.Graph.Tasks[i].Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("; whether %s, a legacy source, is what limits the job is not known, as Flink does not measure its busy time", listed(names))
}

// mayWait describes a source that works at its limit or only waits, and how to see
// which.
func mayWait(snapshot *job.Snapshot, source int) string {
	load, facts := snapshot.Tasks[source], []string(nil)
	if rate := load.RecordsOut; !math.IsNaN(rate) && !math.IsInf(rate, 0) {
		facts = append(facts, fmt.Sprintf("it emits %.0f records a second", load.RecordsOut))
	}
	if busiest := busiestBelow(snapshot, source); busiest.Known() {
		facts = append(facts, fmt.Sprintf("all below it is at most %s busy", percent(busiest)))
	}
	text := fmt.Sprintf("the source %s may work at its limit, or only wait on the task's thread between records, which Flink counts as busy", snapshot.Graph.Tasks[source].Name)
	if len(facts) > 0 {
		text += " (" + strings.Join(facts, ", ") + ")"
	}
	return text + ": it is the limit if what it reads from piles up, or if its flame graph shows work"
}

// unexplained describes the task that is backpressured most, where all are measured and
// none that it may wait for is slow.
func unexplained(snapshot *job.Snapshot) string {
	most, name := job.Share(0), ""
	for i, load := range snapshot.Tasks {
		if load.Backpressured.Max > most {
			most, name = load.Backpressured.Max, snapshot.Graph.Tasks[i].Name
		}
	}
	return fmt.Sprintf("%s is backpressured up to %s of the time, though nothing below it is slow", name, percent(most))
}

// reasons lists why tasks are not measured.
func reasons(snapshot *job.Snapshot) string {
	var texts []string
	for i, load := range snapshot.Tasks {
		if load.Complete() || snapshot.Graph.Tasks[i].State.Terminal() {
			continue
		}
		if len(texts) == 3 {
			texts = append(texts, "and more")
			break
		}
		texts = append(texts, snapshot.Graph.Tasks[i].Name+" ("+missing(snapshot.Job, load)+")")
	}
	switch {
	case len(texts) == 0 && snapshot.Job.State != job.Running:
		return "the job is " + string(snapshot.Job.State)
	case len(snapshot.Tasks) == 0:
		return "the job has no tasks"
	case len(texts) == 0:
		return "none of its tasks runs"
	}
	return strings.Join(texts, ", ")
}

// missing describes why a task is not measured, or how much of it.
func missing(info job.Info, load job.TaskLoad) string {
	switch {
	case len(load.Subtasks) == 0:
		return "has not begun" // its parallelism is undecided
	case !load.Known():
		return why(info, load.Subtasks[0])
	}
	unknown, first := unmeasuredSubtasks(info, load)
	return fmt.Sprintf("%d of %s: %s", unknown, count(len(load.Subtasks), "subtask"), first)
}

// unmeasuredSubtasks counts the subtasks of a task that should have been measured and were
// not, and why the first was not.
func unmeasuredSubtasks(info job.Info, load job.TaskLoad) (unknown int, first string) {
	for i := range load.Subtasks {
		if subtask := &load.Subtasks[i]; subtask.Missing() {
			if unknown++; unknown == 1 {
				first = why(info, *subtask)
			}
		}
	}
	return unknown, first
}

// why is the reason of a subtask, with the state where that is the reason.
func why(info job.Info, subtask job.SubtaskLoad) string {
	if subtask.Why != job.NotRunning {
		return string(subtask.Why)
	}
	if info.State != job.Running {
		return "the job is " + string(info.State)
	}
	return string(subtask.State)
}

func percent(share job.Share) string {
	if !share.Known() {
		return "an unknown part"
	}
	return fmt.Sprintf("%d %%", share.Percent())
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }

// roughly is a number of seconds in the unit that a person would use.
func roughly(seconds float64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 120*60:
		return fmt.Sprintf("%.0f min", seconds/60)
	default:
		return fmt.Sprintf("%.0f h", seconds/3600)
	}
}

// Unmeasured names the tasks of a job that are not measured as a whole though
// they have not ended, and why, or why none of its tasks is; empty if there is none.
func Unmeasured(snapshot *job.Snapshot) string {
	if len(snapshot.Tasks) > 0 && snapshot.MeasuredTasks() == 0 {
		return reasons(snapshot)
	}
	for i, load := range snapshot.Tasks {
		if !load.Complete() && !snapshot.Graph.Tasks[i].State.Terminal() {
			return reasons(snapshot)
		}
	}
	return ""
}

// named is how many subtasks or hosts a sentence names before it counts.
const named = 5

// hotSubtasks names a task's hot subtasks and where they run: "Subtask 2 of
// map, on host-a,", "Subtasks 2, 5 of map, on host-a, host-b,".
func hotSubtasks(root Root, task string) string {
	numbers := make([]string, len(root.Hot))
	for i, subtask := range root.Hot {
		numbers[i] = fmt.Sprint(subtask)
	}
	text := "Subtask " + listed(numbers)
	if len(numbers) > 1 {
		text = "Subtasks " + listed(numbers)
	}
	text += " of " + task
	if len(root.Hosts) > 0 {
		text += ", on " + listed(root.Hosts) + ","
	}
	return text
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func are(root Root) string {
	if len(root.Hot) == 1 {
		return "is"
	}
	return "are up to"
}

// listed joins names, the first few of many.
func listed(names []string) string {
	if len(names) <= named {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), len(names)-named)
}

// coolAverage is the mean busy share of the subtasks that are not hot.
func coolAverage(root Root, load job.TaskLoad) job.Share {
	sum, known := job.Share(0), 0
	for _, subtask := range load.Subtasks {
		if subtask.Busy.Known() && !slices.Contains(root.Hot, subtask.Subtask) {
			sum, known = sum+subtask.Busy, known+1
		}
	}
	if known == 0 {
		return job.Unknown
	}
	return sum / job.Share(known)
}
