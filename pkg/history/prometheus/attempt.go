package prometheus

import (
	"cmp"
	"math"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
)

// column is what is measured of a subtask over a window.
type column int

// The columns: milliseconds where they come from what was accumulated, and
// milliseconds a second where from gauges; records are those of the window.
const (
	idle column = iota
	busy
	backpressured
	recordsIn
	recordsOut
	scraped     // how many there were in the window
	columns int = iota
)

// mostParallel is the highest parallelism that Flink allows
// (KeyGroupRangeAssignment.UPPER_BOUND_MAX_PARALLELISM).
const mostParallel = 1 << 15

// identity tells the attempts of a job apart. Where the label of the attempt's
// id was left out, the TaskManager stands in.
type identity struct{ task, subtask, attempt string }

// attempt is one attempt of a subtask.
type attempt struct {
	identity
	subtask, number   int
	host, taskManager string
	taskName, jobName string
	deployment        *deployment // set where it was measured
	// series is what tells apart the series of an attempt that is scraped
	// twice, or of which a label changed. The others are as this one until
	// [reading.settle] chooses among them.
	series model.Fingerprint
	others []*attempt
	// values has for each column a value for each point, NaN where there is
	// none; nil for a column that has no series.
	values [columns][]float32
}

func identityOf(labels model.Metric) identity {
	id := labels[attemptIDLabel]
	if id == "" {
		id = labels[taskManagerLabel]
	}
	return identity{task: string(labels[taskIDLabel]), subtask: string(labels[subtaskLabel]), attempt: string(id)}
}

// newAttempt is nil for a series that is of no subtask.
func newAttempt(labels model.Metric) *attempt {
	of := identityOf(labels)
	subtask, err := strconv.Atoi(of.subtask)
	if err != nil || subtask < 0 || subtask >= mostParallel || of.task == "" {
		return nil
	}
	number, _ := strconv.Atoi(string(labels[attemptLabel])) // 0 where the label was left out
	return &attempt{
		identity: of, subtask: subtask, number: number, series: labels.FastFingerprint(),
		host: string(labels[hostLabel]), taskManager: string(labels[taskManagerLabel]),
		taskName: string(labels[taskNameLabel]), jobName: string(labels[jobNameLabel]),
	}
}

// value is NaN if it is not known.
func (a *attempt) value(of column, point int) float64 {
	if a.values[of] == nil {
		return math.NaN()
	}
	return float64(a.values[of][point])
}

// there tells whether the attempt was measured at the point at all.
func (a *attempt) there(point int) bool { return !math.IsNaN(a.value(backpressured, point)) }

// later tells which of two attempts of a subtask speaks of where it is.
func (a *attempt) later(than *attempt) bool {
	return cmp.Or(cmp.Compare(a.number, than.number), cmp.Compare(a.attempt, than.attempt)) > 0
}

// execution is that of the job, by which the attempt's id begins from 1.15 on;
// empty where there is no telling.
func (a *attempt) execution() string {
	execution, _, told := strings.Cut(a.identity.attempt, "_")
	if !told || a.identity.attempt == a.taskManager {
		return ""
	}
	return execution
}

// speculates tells whether two attempts are of one execution of the job, which
// runs both on purpose.
func speculates(a, b *attempt) bool { return a.execution() != "" && a.execution() == b.execution() }
