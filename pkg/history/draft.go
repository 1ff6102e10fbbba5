package history

import (
	"math"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// draft is a look as whole numbers, as the tables of an open block take them.
type draft struct {
	at               int64
	job, tasks, rows []int64
	reads            [][][]int64 // for each task, its tables' values
}

// draftOf turns a look into whole numbers. Its words become the block's.
func draftOf(open *open, look *job.Sample, row Row) *draft {
	d := &draft{at: look.At.UnixNano(), reads: make([][][]int64, len(look.Tasks))}
	d.job = jobValues(&open.words, look, row.Job)
	d.tasks = make([]int64, 0, taskColumns*len(look.Tasks))
	d.rows = make([]int64, 0, measures*len(look.Tasks))
	for i, task := range look.Graph.Tasks {
		d.tasks = append(d.tasks, taskValues(&open.words, task, look.Tasks[i].Err)...)
		told := unknownTask
		if i < len(row.Tasks) {
			told = row.Tasks[i]
		}
		for measure, value := range told {
			d.rows = append(d.rows, Measure(measure).kept(value))
		}
		for table := range tables(len(look.Tasks[i].Subtasks)) {
			readings := look.Tasks[i].Subtasks[table*mostSeries:]
			readings = readings[:min(len(readings), mostSeries)]
			d.reads[i] = append(d.reads[i], readValues(&open.words, readings, open.latest(i, table)))
		}
	}
	return d
}

func jobValues(words *words, look *job.Sample, row JobRow) []int64 {
	values := make([]int64, jobColumns)
	info := look.Job
	values[jobAt] = look.At.UnixNano()
	values[jobStart] = info.Start.UnixMilli()
	values[jobLasts] = info.Duration.Milliseconds() - (millis(values[jobAt]) - values[jobStart])
	values[jobSubtasks], values[jobActive] = int64(info.Subtasks), int64(info.Active)
	values[jobName] = words.number(info.Name, 0)
	values[jobState] = words.number(string(info.State), 0)
	values[jobType] = words.number(string(info.Type), 0)
	values[rowSource] = words.number(string(row.Source), 0)
	values[rowRestarts], values[rowWindow] = notKnown, notKnown
	if row.Running {
		values[rowRunning] = 1
	}
	if row.Clear {
		values[rowClear] = 1
	}
	if row.Restarts >= 0 && row.Restarts < math.MaxInt32 {
		values[rowRestarts] = int64(row.Restarts)
	}
	if !row.From.IsZero() && !row.To.IsZero() {
		values[rowWindow] = max(row.To.Sub(row.From).Milliseconds(), 0)
		values[rowAge] = look.At.Sub(row.To).Milliseconds()
	}
	return values
}

func taskValues(words *words, task job.Task, err error) []int64 {
	values := []int64{
		taskParallelism: int64(task.Parallelism), taskMaxParallelism: int64(task.MaxParallelism),
		taskState: words.number(string(task.State), 0), taskRunning: int64(task.Running), taskFailed: 0,
	}
	if err != nil {
		values[taskFailed] = 1
	}
	return values
}

// readValues are those of a table's readings. latest are the values that it
// had last: most words are the same again.
func readValues(words *words, readings []job.SubtaskSample, latest []int64) []int64 {
	values := make([]int64, len(readings)*readColumns)
	for i := range readings {
		at := i * readColumns
		readInto(values[at:at+readColumns], words, &readings[i], i, readLayout.seriesAt(latest, at))
	}
	return values
}

func readInto(values []int64, words *words, reading *job.SubtaskSample, place int, last []int64) {
	values[hasWhat] = flagsOf(reading)
	values[readIndex], values[readAttempt] = int64(reading.Subtask-place), int64(reading.Attempt)
	values[readState] = words.number(string(reading.State), last[readState])
	values[readStart] = reading.Start.UnixMilli()
	values[readHost] = words.number(reading.Host, last[readHost])
	values[readTaskManager] = words.number(reading.TaskManager, last[readTaskManager])
	values[readRunning] = reading.Running.Milliseconds()
	if c := reading.Counters; c != nil {
		values[readIdle], values[readBackpressured] = c.Idle.Milliseconds(), c.Backpressured.Milliseconds()
		values[readSum] = values[readIdle] + values[readBackpressured] + c.Busy.Milliseconds()
	}
	if reading.RecordsIn != nil {
		values[readIn] = *reading.RecordsIn
	}
	if reading.RecordsOut != nil {
		values[readOut] = *reading.RecordsOut
	}
	if g := reading.Gauge; g != nil {
		values[gaugeIdle], values[gaugeBusy], values[gaugeBackpressured] = gauge(g.Idle), gauge(g.Busy), gauge(g.Backpressured)
	}
}

func flagsOf(reading *job.SubtaskSample) int64 {
	flags := int64(isThere)
	if reading.Counters != nil {
		flags |= hasCounters
		if reading.Counters.BusyUnknown {
			flags |= hasNoBusy
		}
	}
	if reading.RecordsIn != nil {
		flags |= hasIn
	}
	if reading.RecordsOut != nil {
		flags |= hasOut
	}
	if reading.Gauge != nil {
		flags |= hasGauge
	}
	return flags
}

// gauge is a share as it is kept.
func gauge(share job.Share) int64 {
	if !share.Known() {
		return notKnown
	}
	return int64(math.Round(unit * float64(share)))
}

// millis is a time of Unix nanoseconds in milliseconds.
func millis(nanos int64) int64 { return nanos / int64(time.Millisecond) }
