package history

// mostColumns is how many columns a table may have: a set of them is the bits
// of a uint32.
const mostColumns = 16

// columns is a set of columns, a bit each.
type columns uint32

func only(list ...int) (set columns) {
	for _, column := range list {
		set |= 1 << column
	}
	return set
}

func (c columns) has(column int) bool { return c>>column&1 == 1 }

// layout is what a table's columns are. A table holds whole numbers: for each
// look a value a series and column, a series being a job, a task or a subtask.
type layout struct {
	columns int
	// chained are those that change by about the same in all series from one
	// look to the next, such as a time.
	chained columns
	// passing are those that go on changing while nothing happens.
	passing columns
	// present tells which columns a series has in a look, by the value of the
	// first column, which it always has.
	present func(first int64) columns
}

func always(count int) func(int64) columns {
	return func(int64) columns { return 1<<count - 1 }
}

// What is kept of a job: one series.
const (
	jobAt    = iota // when the look was taken, in Unix nanoseconds
	jobStart        // in Unix milliseconds
	jobLasts        // milliseconds that its duration is longer than the time since its start
	jobSubtasks
	jobActive
	jobName  // a word
	jobState // a word
	jobType  // a word
	rowRunning
	rowClear
	rowRestarts     // notKnown or a number
	rowWindow       // notKnown or milliseconds
	rowAge          // milliseconds from the end of the window to the look
	rowSource       // a word
	jobColumns  int = iota
)

// What is kept of a task of the graph: a series a task.
const (
	taskParallelism = iota
	taskMaxParallelism
	taskState // a word
	taskRunning
	taskFailed      // 1 if it did not answer, or not everything
	taskColumns int = iota
)

// What is kept of a subtask: a series a subtask, in the order of the reading.
// Times are in milliseconds.
const (
	hasWhat   = iota // the flags below
	readIndex        // how far the subtask's index is from its place
	readAttempt
	readState       // a word
	readStart       // Unix
	readHost        // a word
	readTaskManager // a word
	readRunning
	readSum // of the three counters: about the time that has passed
	readIdle
	readBackpressured
	readIn
	readOut
	gaugeIdle // unit a share, or notKnown
	gaugeBusy
	gaugeBackpressured
	readColumns int = iota
)

// What a reading has.
const (
	isThere = 1 << iota
	hasCounters
	hasNoBusy
	hasIn
	hasOut
	hasGauge
)

var (
	jobLayout  = layout{columns: jobColumns, passing: only(jobAt, jobLasts, rowWindow, rowAge), present: always(jobColumns)}
	taskLayout = layout{columns: taskColumns, present: always(taskColumns)}
	rowLayout  = layout{columns: measures, present: always(measures)}
	readLayout = layout{
		columns: readColumns, chained: only(readRunning, readSum), passing: only(readRunning), present: presentOf,
	}
)

// presentOf are the columns that a reading with these flags has.
func presentOf(flags int64) columns {
	set := only(hasWhat)
	if flags&isThere != 0 {
		set |= only(readIndex, readAttempt, readState, readStart, readHost, readTaskManager, readRunning)
	}
	if flags&hasCounters != 0 {
		set |= only(readSum, readIdle, readBackpressured)
	}
	if flags&hasIn != 0 {
		set |= only(readIn)
	}
	if flags&hasOut != 0 {
		set |= only(readOut)
	}
	if flags&hasGauge != 0 {
		set |= only(gaugeIdle, gaugeBusy, gaugeBackpressured)
	}
	return set
}
