package prometheus

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
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
	scrapes     // how many there were in the window
	columns int = iota
)

// noPoint is none of a chunk's points.
const noPoint = -1

// maxParallelism is the highest that Flink allows
// (KeyGroupRangeAssignment.UPPER_BOUND_MAX_PARALLELISM).
const maxParallelism = 1 << 15

// subtaskID identifies a subtask within a job.
type subtaskID struct {
	task    string
	subtask int
}

// subtaskOf is the subtask that a series is of; false if it is of none.
func subtaskOf(labels model.Metric) (subtaskID, bool) {
	task, text := string(labels[taskIDLabel]), string(labels[subtaskLabel])
	subtask, err := strconv.Atoi(text)
	return subtaskID{task, subtask}, err == nil && subtask >= 0 && subtask < maxParallelism && task != ""
}

// attempt is one attempt of a subtask.
type attempt struct {
	subtaskID
	// id identifies it among the attempts of the subtask. Where the label of the attempt's
	// id was left out, the TaskManager stands in.
	id     string
	number int // 0 where the label was left out
	origin
	host, taskManager, taskName string
	// values has for each column a value for each point, NaN where there is
	// none; nil for a column that has no series.
	values [columns][]float32
}

// origin is what all attempts of a job that run at one time have in common.
type origin struct {
	// execution is that of the job, by which an attempt's id begins from 1.15 on;
	// empty where it is not known.
	execution string
	jobName   string
}

// newAttempt is the attempt that a series is of, nil for a series that is of no
// subtask.
func newAttempt(labels model.Metric) *attempt {
	subtask, is := subtaskOf(labels)
	if !is {
		return nil
	}
	number, _ := strconv.Atoi(string(labels[attemptLabel]))
	made := &attempt{
		subtaskID: subtask, id: string(cmp.Or(labels[attemptIDLabel], labels[taskManagerLabel])), number: number,
		origin: origin{jobName: string(labels[jobNameLabel])}, host: string(labels[hostLabel]), taskManager: string(labels[taskManagerLabel]),
		taskName: string(labels[taskNameLabel]),
	}
	if execution, _, found := strings.Cut(string(labels[attemptIDLabel]), "_"); found {
		made.execution = execution
	}
	return made
}

// seriesSeed is that of [seriesHash].
var seriesSeed = maphash.MakeSeed()

// seriesHash identifies a series. [model.Metric.FastFingerprint] is equal for many
// series of which two labels differ in the last characters alone.
func seriesHash(labels model.Metric) (sum uint64) {
	for name, value := range labels {
		sum += maphash.Comparable(seriesSeed, [2]string{string(name), string(value)})
	}
	return sum
}

// place is where attempts run that end at once, as the TaskManager does.
type place struct{ execution, taskManager string }

func (a *attempt) place() place { return place{a.execution, a.taskManager} }

// value is NaN if it is not known, as nothing is of no point.
func (a *attempt) value(of column, point int) float64 {
	if a.values[of] == nil || point == noPoint {
		return math.NaN()
	}
	return float64(a.values[of][point])
}

// there reports whether the attempt was measured at the point.
func (a *attempt) there(point int) bool { return !math.IsNaN(a.value(backpressured, point)) }

// remove removes the attempt from a point.
func (a *attempt) remove(point int) {
	for _, values := range a.values {
		if values != nil {
			values[point] = float32(math.NaN())
		}
	}
}

// later reports whether the attempt, of two of a subtask, is the one that is
// deployed.
func (a *attempt) later(than *attempt) bool {
	return cmp.Or(cmp.Compare(a.number, than.number), cmp.Compare(a.id, than.id)) > 0
}

// compareAttempts orders by task, subtask and attempt.
func compareAttempts(a, b *attempt) int {
	return cmp.Or(strings.Compare(a.task, b.task), cmp.Compare(a.subtask, b.subtask), strings.Compare(a.id, b.id))
}

// merged is one attempt of several series: it is scraped twice, or a label that is
// not Flink's changed. Each point is taken from a series that covers it; if none
// does, from the first that is there. All columns are taken from one, as their
// sum is a clock.
func merged(series []*attempt, points int, covers func(series *attempt, point int) bool) *attempt {
	if len(series) == 1 {
		return series[0]
	}
	one := *series[0]
	for n := range one.values {
		one.values[n] = nil
		if slices.ContainsFunc(series, func(of *attempt) bool { return of.values[n] != nil }) {
			one.values[n] = make([]float32, points)
		}
	}
	for point := range points {
		best := slices.IndexFunc(series, func(of *attempt) bool { return covers(of, point) })
		if best < 0 {
			best = max(slices.IndexFunc(series, func(of *attempt) bool { return of.there(point) }), 0)
		}
		for n := range one.values {
			if one.values[n] != nil {
				one.values[n][point] = float32(series[best].value(column(n), point))
			}
		}
	}
	return &one
}

// deployment is one execution of the job. The parallelism of a task does not
// change within one: to rescale a job, Flink deploys all of it anew, as another.
//
// So at each point a task has the subtasks that its deployment of then has: as
// many as were ever seen of it. One that restarts alone, whose TaskManager is
// lost or whose scrapes are missing keeps its place, and is missing; one of
// another deployment has none. Of the last deployment the graph is known, too,
// and so are subtasks that were never seen.
//
// Where the ids of attempts have no execution, up to Flink 1.14 or because their
// label was left out, a rescale looks like subtasks that are missing: they are
// taken for missing, as all attempts are of one deployment then.
type deployment map[string]int // how many subtasks each task has, by its id

// lacks reports whether the graph has subtasks, of tasks seen, that were not seen.
func (d deployment) lacks(graph *job.Graph) bool {
	return slices.ContainsFunc(graph.Tasks, func(task job.Task) bool { return d[task.ID] > 0 && d[task.ID] < task.Parallelism })
}

// complete counts the subtasks that the graph has.
func (d deployment) complete(graph *job.Graph) {
	for _, task := range graph.Tasks {
		d[task.ID] = max(d[task.ID], min(task.Parallelism, maxParallelism))
	}
}
