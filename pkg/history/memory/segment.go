package memory

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// maxRows and maxCells bound a segment, but for minRows, however wide they are.
	maxRows  = 64
	maxCells = 64 << 10
	minRows  = 8
	// repeatAfter is how long a sample that equals the last one is left out: after
	// that it shows that the job was still sampled.
	repeatAfter = 30 * time.Second
)

// segment is some samples of a job, one after the other, that have the same tasks
// with as many subtasks: a row for each. Rows are added, and never changed.
type segment struct {
	of        *series
	taskCount int
	// streaks are those of the tasks after the last row. The segment that follows
	// takes them over, so that they are kept once for each series.
	streaks []diagnosis.Streak
	heads   []head
	width   int        // how many cells a row has
	cells   []uint16   // row by row
	changes []change   // of the tasks' rosters, in the order of rows
	lags    [][]uint16 // by row, how far behind the tasks were; shorter where the last rows have none
	// bytes is how much of the heap the store has counted for it, and sharedBytes how
	// much of that for what its rows share.
	bytes, sharedBytes int
}

// head is what a row has beside its cells.
type head struct {
	at time.Duration // its position on the clock
	// from and to are how long before the sample the measured time begins and
	// ends; from is 0 where nothing was measured.
	from, to time.Duration
	duration time.Duration // of the job
	facts    *facts
	roots    *roots
}

// change is a task's roster from a row on. The first row has those of all tasks.
type change struct {
	row, task int32
	roster    *roster
}

// What things take of the heap. A segment is counted with its places in two lists.
const (
	segmentBytes = 168 + 32
	streakBytes  = 104
	headBytes    = 48
	changeBytes  = 16
	lagBytes     = 24 // of a row, beside its cells
)

func newHead(of *sample, at time.Duration, facts *facts) head {
	h := head{at: at, duration: of.Job.Duration, facts: facts}
	if !of.From.IsZero() {
		h.from, h.to = of.At.Sub(of.From), of.At.Sub(of.To)
	}
	return h
}

// window is the measured time by a clock, zero where nothing was measured.
func (h *head) window(by clock) (from, to time.Time) {
	if h.from == 0 {
		return from, to
	}
	return by.time(h.at - h.from), by.time(h.at - h.to)
}

// instant is the row's place in time by a clock.
func (h *head) instant(by clock) diagnosis.Instant {
	from, _ := h.window(by)
	return diagnosis.Instant{At: by.time(h.at), From: from, MaxGap: h.facts.maxGap}
}

// newSegment is a segment for rows of some tasks. It takes over their streaks from
// the segment before, if there is one.
func newSegment(of *series, tasks []job.Task, width int, before *segment) *segment {
	s := &segment{of: of, taskCount: len(tasks), streaks: make([]diagnosis.Streak, len(tasks)), width: width}
	if before == nil {
		return s
	}
	for i, task := range tasks {
		at := i // mostly
		if i >= before.taskCount || before.tasks()[i].ID != task.ID {
			at = slices.IndexFunc(before.tasks(), func(t job.Task) bool { return t.ID == task.ID })
		}
		if at >= 0 {
			s.streaks[i] = before.streaks[at]
		}
	}
	before.streaks = nil
	return s
}

// tasks are those of all rows, as they were in the first.
func (s *segment) tasks() []job.Task { return s.heads[0].facts.Graph.Tasks }

func (s *segment) first() time.Duration { return s.heads[0].at }
func (s *segment) last() *head          { return &s.heads[len(s.heads)-1] }

// row are the cells of a row.
func (s *segment) row(row int) []uint16 { return s.cells[row*s.width : (row+1)*s.width] }

// lag is how far behind a task was in a row.
func (s *segment) lag(row, task int) job.Lag {
	if row >= len(s.lags) || s.lags[row] == nil {
		return job.UnknownLag
	}
	cells := s.lags[row][lagCells*task:]
	return job.Lag{Watermark: fromRate(cells[0]), Pending: fromRate(cells[1])}
}

// rosters are those of the tasks in a row.
func (s *segment) rosters(row int) []*roster {
	rosters := make([]*roster, s.taskCount)
	for _, change := range s.changes {
		if int(change.row) > row {
			break
		}
		rosters[change.task] = change.roster
	}
	return rosters
}

// add adds a row. Those who read the rows before have them as they were, even
// where they move to have more room.
func (s *segment) add(head head, cells, lags []uint16, rosters []*roster) {
	row := len(s.heads)
	for i, before := range s.rosters(row - 1) {
		if rosters[i] != before {
			s.changes = append(s.changes, change{int32(row), int32(i), rosters[i]})
		}
	}
	var last *roots
	if row > 0 {
		last = s.last().roots
	}
	if head.roots = last.next(s.streaks, head.instant(positions), cells); head.roots != last {
		s.sharedBytes += head.roots.bytes()
	}
	s.heads, s.cells = append(s.heads, head), append(s.cells, cells...)
	if lags != nil {
		s.lags = append(s.lags, make([][]uint16, row-len(s.lags))...)
		s.lags = append(s.lags, lags)
		s.sharedBytes += 2 * cap(lags)
	}
}

func (s *segment) full() bool {
	rows := len(s.heads)
	return rows >= maxRows || rows >= minRows && len(s.cells)+s.width > maxCells
}

// clip gives back the room for more rows.
func (s *segment) clip() {
	s.heads, s.cells, s.changes = slices.Clone(s.heads), slices.Clone(s.cells), slices.Clone(s.changes)
}

// count brings the store's account of the segment up to date. What its rows share
// takes so many bytes more.
func (s *segment) count(shared int) {
	s.sharedBytes += shared
	bytes := segmentBytes + s.sharedBytes + streakBytes*len(s.streaks) +
		headBytes*cap(s.heads) + 2*cap(s.cells) + changeBytes*cap(s.changes) + lagBytes*cap(s.lags)
	s.of.store.bytes += bytes - s.bytes
	s.bytes = bytes
}

// repeats reports whether a row equals the last one, and comes so soon after it
// that it is left out. Where counters have moved it is of another time, however
// equal the shares; gauges are always of the time up to the sample.
func (s *segment) repeats(next head, cells, lags []uint16) bool {
	last := s.last()
	moved := next.facts.Source == job.FromCounters && next.at-next.to != last.at-last.to
	return !moved && lags == nil && next.at-last.at < repeatAfter && slices.Equal(s.row(len(s.heads)-1), cells)
}

// positions is a clock whose times stand for positions: between them a leap of the
// wall clock changes nothing.
var positions = clock{wall: time.Unix(0, 0)}

// rows are some rows of a segment, from one to before another. They have a copy of
// the segment, to which nothing is added, and are read without a lock.
type rows struct {
	segment
	from, end int
	clock     clock
}

// rows are those between two positions, both included.
func (s *segment) rows(from, to time.Duration, clock clock) rows {
	return rows{
		segment: *s, clock: clock,
		from: sort.Search(len(s.heads), func(i int) bool { return s.heads[i].at >= from }),
		end:  sort.Search(len(s.heads), func(i int) bool { return s.heads[i].at > to }),
	}
}

// column fills in the values of a task's column, one for each row.
func (r *rows) column(values []float64, task int, column diagnosis.Column) {
	var last *roots
	since := math.NaN()
	for row := r.from; row < r.end; row++ {
		value := &values[row-r.from]
		switch column {
		case diagnosis.RootSince:
			if of := r.heads[row].roots; of != last {
				last, since = of, of.since(task, r.clock)
			}
			*value = since
		case diagnosis.RecordsIn:
			*value, _ = r.rates(row, task)
		case diagnosis.RecordsOut:
			_, *value = r.rates(row, task)
		case diagnosis.WatermarkLag:
			*value = r.lag(row, task).Watermark
		case diagnosis.PendingRecords:
			*value = r.lag(row, task).Pending
		default:
			*value = columnOf(r.row(row), task, column)
		}
	}
}

// rates are the records a second of a task in a row, as [job.TaskLoad] has them.
func (r *rows) rates(row, task int) (in, out float64) {
	cells, running := r.row(row)[jobCells+taskCells*r.taskCount:], 0
	for i, roster := range r.rosters(row) {
		if i < task {
			cells = cells[subtaskCells*len(roster.subtasks):]
			continue
		}
		for n, subtask := range roster.subtasks {
			if subtask.texts.Value().state == job.Running {
				in, out, running = in+fromRate(cells[subtaskCells*n+3]), out+fromRate(cells[subtaskCells*n+4]), running+1
			}
		}
		break
	}
	if running == 0 {
		return math.NaN(), math.NaN()
	}
	return in, out
}

// summary is the job's in a row; with the rates of records, if they are wanted.
func (r *rows) summary(row int, records bool) diagnosis.JobSummary {
	head, cells := &r.heads[row], r.row(row)
	from, to := head.window(r.clock)
	summary := diagnosis.JobSummary{
		Name: head.facts.Job.Name, EdgesUnknown: head.facts.Graph.EdgesUnknown, Source: head.facts.Source, From: from, To: to,
		Running: fromFixed(cells[0], 1), Ended: head.facts.Job.State.Terminal(), Clear: cells[1]&isClear > 0, Complete: cells[1]&isComplete > 0, Figures: diagnosis.UnknownFigures,
		RecordsIn: math.NaN(), RecordsOut: math.NaN(),
	}
	if records {
		tasks := head.facts.Graph.Tasks
		summary.RecordsIn, summary.RecordsOut = diagnosis.Throughput(head.facts.Graph,
			func(task int) (in, out float64) { return r.rates(row, task) }, func(task int) bool { return tasks[task].State == job.Finished })
	}
	summary.Figures[diagnosis.RestartCount] = math.Float64frombits(head.facts.restarts)
	return summary
}

// snapshot restores that of a row.
func (r *rows) snapshot(row int) *job.Snapshot {
	head := &r.heads[row]
	snapshot := head.facts.Snapshot
	snapshot.Job.Duration, snapshot.At = head.duration, r.clock.time(head.at)
	snapshot.From, snapshot.To = head.window(r.clock)
	snapshot.Tasks = make([]job.TaskLoad, 0, r.taskCount)
	snapshot.Lags = r.tasksLags(row)
	cells := r.row(row)[jobCells+taskCells*r.taskCount:]
	for _, roster := range r.rosters(row) {
		snapshot.Tasks = append(snapshot.Tasks, roster.restore(cells))
		cells = cells[subtaskCells*len(roster.subtasks):]
	}
	return &snapshot
}

// tasksLags are how far behind the tasks were in a row, nil where that is not known.
func (r *rows) tasksLags(row int) (lags []job.Lag) {
	if row >= len(r.segment.lags) || r.segment.lags[row] == nil {
		return nil
	}
	for task := range r.taskCount {
		lags = append(lags, r.lag(row, task))
	}
	return lags
}
