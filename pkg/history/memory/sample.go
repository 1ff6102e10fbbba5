package memory

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// sample is a snapshot that is to be added, encoded.
type sample struct {
	*job.Snapshot
	facts *facts // with the snapshot's own texts and graph
	cells []uint16
	lags  []uint16 // two for each task; nil where none is known
}

func newSample(verdict *diagnosis.Verdict, restarts float64, maxGap time.Duration) *sample {
	f := &facts{Snapshot: *verdict.Snapshot, restarts: math.Float64bits(restarts), maxGap: maxGap}
	f.Job.Duration, f.At, f.From, f.To, f.Tasks, f.Lags = 0, time.Time{}, time.Time{}, time.Time{}, nil, nil
	return &sample{Snapshot: verdict.Snapshot, facts: f, cells: encode(verdict.Snapshot, verdict.Summary()), lags: encodeLags(verdict.Snapshot.Lags)}
}

// shared is what rarely changes from one sample of a job to the next. Rows share
// it, and it is never changed itself.
type shared struct {
	facts   *facts
	rosters []*roster // one for each task
}

// next is that of the next sample: what is the same as before, and for the rest
// copies, which hold on to no answer of Flink.
func (s shared) next(of *sample) shared {
	next := shared{s.facts, make([]*roster, len(of.Tasks))}
	if s.facts == nil || !s.facts.equal(of.facts) {
		next.facts = of.facts.clone()
	}
	copy(next.rosters, s.rosters)
	for i := range of.Tasks {
		if !next.rosters[i].describes(&of.Tasks[i]) {
			next.rosters[i] = newRoster(&of.Tasks[i])
		}
	}
	return next
}

// sameTasks reports whether the tasks are the same, with as many subtasks.
func (s shared) sameTasks(other shared) bool {
	return slices.EqualFunc(s.facts.Graph.Tasks, other.facts.Graph.Tasks, sameTask) &&
		slices.EqualFunc(s.rosters, other.rosters, func(a, b *roster) bool { return len(a.subtasks) == len(b.subtasks) })
}

func sameTask(a, b job.Task) bool { return a.ID == b.ID }

// bytes is about how much of the heap it takes without what the other has, too: 0
// where that is all.
func (s shared) bytes(without shared) (sum int) {
	if s.facts != without.facts {
		sum += factsBytes + answerBytes*len(s.facts.Answers) + len(s.facts.Job.ID) + len(s.facts.Job.Name) + len(s.facts.Job.Plain)
		for _, task := range s.facts.Graph.Tasks {
			sum += taskBytes + len(task.ID) + len(task.Name) + 8*(len(task.Inputs)+len(task.Outputs)) + len(task.Forward)
		}
	}
	for i, roster := range s.rosters {
		if i >= len(without.rosters) || roster != without.rosters[i] {
			sum += rosterBytes + subtaskBytes*len(roster.subtasks)
		}
	}
	return sum
}

// What things take of the heap, beside names and ids. A subtask is counted with its
// part of the texts.
const (
	factsBytes   = 360
	answerBytes  = 24
	taskBytes    = 160
	rosterBytes  = 40
	subtaskBytes = 24
)

// facts are what is kept of a job as a whole: a snapshot without times and loads,
// and what came with it.
type facts struct {
	job.Snapshot
	restarts uint64 // the bits of a float: so NaN equals NaN
	maxGap   time.Duration
}

// equal reports whether all of them are the same. Tasks are compared without package
// reflect, which takes long for many.
func (f *facts) equal(other *facts) bool {
	if f.Graph.EdgesUnknown != other.Graph.EdgesUnknown || !slices.EqualFunc(f.Graph.Tasks, other.Graph.Tasks, equalTasks) || !slices.EqualFunc(f.Answers, other.Answers, equalAnswers) {
		return false
	}
	a, b := *f, *other
	a.Graph, b.Graph, a.Answers, b.Answers = nil, nil, nil, nil
	return reflect.DeepEqual(&a, &b)
}

func equalTasks(a, b job.Task) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Parallelism == b.Parallelism && a.MaxParallelism == b.MaxParallelism &&
		a.State == b.State && a.Running == b.Running && a.Finished == b.Finished &&
		slices.Equal(a.Inputs, b.Inputs) && slices.Equal(a.Outputs, b.Outputs) && slices.Equal(a.Forward, b.Forward) && a.Keyed == b.Keyed
}

// equalAnswers compares what may not be known.
func equalAnswers(a, b job.Answer) bool {
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	return same(float64(a.Out), float64(b.Out)) && same(float64(a.In), float64(b.In)) && same(a.Pending, b.Pending)
}

func (f *facts) clone() *facts {
	of := *f
	of.Answers = slices.Clone(of.Answers)
	of.Job.ID, of.Job.Name, of.Job.Plain = clone(of.Job.ID), clone(of.Job.Name), clone(of.Job.Plain)
	of.Job.State, of.Job.Type = clone(of.Job.State), clone(of.Job.Type)
	of.Source, of.Graph = clone(of.Source), &job.Graph{Tasks: slices.Clone(of.Graph.Tasks), EdgesUnknown: of.Graph.EdgesUnknown, TooManyEdges: of.Graph.TooManyEdges}
	for i := range of.Graph.Tasks {
		task := &of.Graph.Tasks[i]
		task.ID, task.Name, task.State = clone(task.ID), clone(task.Name), clone(task.State)
		task.Inputs, task.Outputs, task.Forward = slices.Clone(task.Inputs), slices.Clone(task.Outputs), slices.Clone(task.Forward)
	}
	return &of
}

func clone[S ~string](text S) S { return S(strings.Clone(string(text))) }

// roster are the subtasks of a task.
type roster struct {
	noAnswer bool // the task did not answer
	subtasks []subtask
}

// subtask is what rarely changes of a subtask.
type subtask struct {
	index, attempt int32
	texts          unique.Handle[texts] // held once for all that have the same
}

type texts struct {
	state             job.State
	why               job.Reason
	host, taskManager string
}

func textsOf(load *job.SubtaskLoad) texts {
	return texts{load.State, load.Why, load.Host, load.TaskManager}
}

func newRoster(of *job.TaskLoad) *roster {
	r := &roster{noAnswer: of.Err != nil, subtasks: make([]subtask, len(of.Subtasks))}
	for i := range of.Subtasks {
		load := &of.Subtasks[i]
		r.subtasks[i] = subtask{int32(load.Subtask), int32(load.Attempt), unique.Make(textsOf(load))}
	}
	return r
}

// describes reports whether the roster is that of a load.
func (r *roster) describes(of *job.TaskLoad) bool {
	if r == nil || r.noAnswer != (of.Err != nil) || len(r.subtasks) != len(of.Subtasks) {
		return false
	}
	for i, subtask := range r.subtasks {
		load := &of.Subtasks[i]
		if int(subtask.index) != load.Subtask || int(subtask.attempt) != load.Attempt || subtask.texts.Value() != textsOf(load) {
			return false
		}
	}
	return true
}

// restore is the load of the task, by the cells of its subtasks.
func (r *roster) restore(cells []uint16) (load job.TaskLoad) {
	if r.noAnswer {
		load.Err = ErrNoAnswer
	}
	loads := make([]job.SubtaskLoad, len(r.subtasks))
	for i, subtask := range r.subtasks {
		texts, cells := subtask.texts.Value(), cells[subtaskCells*i:]
		loads[i] = job.SubtaskLoad{
			Subtask: int(subtask.index), Attempt: int(subtask.attempt),
			State: texts.state, Why: texts.why, Host: texts.host, TaskManager: texts.taskManager,
			Shares:    job.Shares{Idle: fromShare(cells[0]), Busy: fromShare(cells[1]), Backpressured: fromShare(cells[2])},
			RecordsIn: fromRate(cells[3]), RecordsOut: fromRate(cells[4]),
		}
	}
	return load.WithSubtasks(loads)
}

// The numbers of a sample are a row of cells of 16 bits: two of the job; for each
// task the first columns of its summary; for each subtask three shares and two rates.
const (
	jobCells     = 2 // whether it runs; and whether nothing holds it back, and all was measured
	taskCells    = int(diagnosis.RecordsIn)
	subtaskCells = 5
	lagCells     = 2 // of a task, in a row of their own
)

// The bits of a row's second cell.
const (
	isClear uint16 = 1 << iota
	isComplete
)

// encode returns the row of a snapshot and its summary.
func encode(snapshot *job.Snapshot, summary diagnosis.Summary) []uint16 {
	width := jobCells + taskCells*len(summary.Tasks)
	for i := range snapshot.Tasks {
		width += subtaskCells * len(snapshot.Tasks[i].Subtasks)
	}
	cells := append(make([]uint16, 0, width), fixed(summary.Job.Running, 1), 0)
	if summary.Job.Clear {
		cells[1] |= isClear
	}
	if summary.Job.Complete {
		cells[1] |= isComplete
	}
	for i := range summary.Tasks {
		for column, value := range summary.Tasks[i][:taskCells] {
			cells = append(cells, toCell(value, columnUnits[column]))
		}
	}
	for i := range snapshot.Tasks {
		for n := range snapshot.Tasks[i].Subtasks {
			load := &snapshot.Tasks[i].Subtasks[n]
			cells = append(cells, share(load.Idle), share(load.Busy), share(load.Backpressured), rate(load.RecordsIn), rate(load.RecordsOut))
		}
	}
	return cells
}

// encodeLags returns the row of how far behind the tasks are, nil if that is not known
// of any.
func encodeLags(lags []job.Lag) (cells []uint16) {
	if !slices.ContainsFunc(lags, func(of job.Lag) bool { return !math.IsNaN(of.Watermark) || !math.IsNaN(of.Pending) }) {
		return nil
	}
	for _, of := range lags {
		cells = append(cells, rate(of.Watermark), rate(of.Pending))
	}
	return cells
}

// unknown is the cell of a value that is not known.
const unknown = math.MaxUint16

// shareUnit is how many steps a share has: decimals such as 0.3 or 0.125 come
// back exactly.
const shareUnit = 60_000

// columnUnits are the units of the columns.
var columnUnits = func() (units [taskCells]diagnosis.Unit) {
	for column := range units {
		units[column] = diagnosis.ColumnUnit(diagnosis.Column(column))
	}
	return units
}()

// toCell is the cell of a column's value.
func toCell(value float64, unit diagnosis.Unit) uint16 {
	switch unit {
	case diagnosis.Ratio:
		return fixed(value, shareUnit)
	case diagnosis.Rate:
		return rate(value)
	default:
		return fixed(value, 1)
	}
}

// fromCell is the value of such a cell.
func fromCell(cell uint16, unit diagnosis.Unit) float64 {
	switch unit {
	case diagnosis.Ratio:
		return fromFixed(cell, shareUnit)
	case diagnosis.Rate:
		return fromRate(cell)
	default:
		return fromFixed(cell, 1)
	}
}

// columnOf is the value of a task's column in a row.
func columnOf(cells []uint16, task int, column diagnosis.Column) float64 {
	return fromCell(cells[jobCells+taskCells*task+int(column)], columnUnits[column])
}

// fixed is the cell of a value of 0 to a little over 65,000 steps.
func fixed(value, unit float64) uint16 {
	if math.IsNaN(value) {
		return unknown
	}
	return uint16(min(max(math.Round(value*unit), 0), unknown-1))
}

// fromFixed is the value of such a cell.
func fromFixed(cell uint16, unit float64) float64 {
	if cell == unknown {
		return math.NaN()
	}
	return float64(cell) / unit
}

func share(of job.Share) uint16       { return fixed(float64(of), shareUnit) }
func fromShare(cell uint16) job.Share { return job.Share(fromFixed(cell, shareUnit)) }

// The cell of a rate is a float of 6 bits exponent and 10 bits mantissa: 0, and
// 6e-8 to 5e11 at an error of 0.05 %.
const (
	rateShift = 52 - 10
	rateBias  = (1023 - 24) << 10
)

// rate is the cell of a rate, or another number of any size.
func rate(value float64) uint16 {
	if math.IsNaN(value) {
		return unknown
	}
	rounded := (math.Float64bits(max(value, 0)) + 1<<(rateShift-1)) >> rateShift
	if rounded <= rateBias {
		return 0
	}
	return uint16(min(rounded-rateBias, unknown-1))
}

// fromRate is the value of such a cell.
func fromRate(cell uint16) float64 {
	switch cell {
	case 0:
		return 0
	case unknown:
		return math.NaN()
	}
	return math.Float64frombits((uint64(cell) + rateBias) << rateShift)
}
