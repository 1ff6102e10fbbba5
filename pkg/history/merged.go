package history

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// Recent is a source that keeps what was sampled.
type Recent interface {
	Source
	// Find is a job of any time that is kept, as it was last known.
	Find(jobID string) (Job, bool)
	// Covers reports whether samples follow each other all through the range.
	Covers(over Range) bool
	// Ended is when the newest sample of a job up to a time was taken, if the job
	// had ended by then; else zero.
	Ended(jobID string, at time.Time) time.Time
}

// Merged answers from Near, and from Far where Near has holes. Either may be nil.
// If only Far fails, its error comes beside what Near has. Far may have mangled
// a job's name, and has no number where others have the same: what it returns has
// the name of Near's samples beside it, or else that of the query, where that is set.
//
// A job that has ended has points in Far for a while, as each is of the window
// before. After Near's sample of the end they are left out until one is measured
// over a time that began after that: the job has begun again.
type Merged struct {
	Near Recent
	Far  Source
	// Enough reports whether Near's jobs are all that are wanted of a range that
	// it covers; nil for yes.
	Enough func(jobs []Job) bool
}

var _ Source = Merged{}

// Jobs are those of Near and, unless it covers the range and has enough, of Far.
// Those of Far that Near has from another time are described as there.
func (m Merged) Jobs(ctx context.Context, over Range) (jobs []Job, warnings Warnings, err error) {
	if m.Near != nil {
		if jobs, warnings, err = m.Near.Jobs(ctx, over); err != nil {
			return jobs, warnings, err
		}
	}
	if m.Far == nil || len(jobs) > 0 && m.Near.Covers(over) && (m.Enough == nil || m.Enough(jobs)) {
		return jobs, warnings, nil
	}
	far, more, err := m.Far.Jobs(ctx, over)
	near := make(map[string]bool, len(jobs))
	for _, each := range jobs {
		near[each.ID] = true
	}
	for _, each := range far {
		if !near[each.ID] {
			jobs = append(jobs, m.described(each))
		}
	}
	slices.SortStableFunc(jobs, func(a, b Job) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	})
	return jobs, warnings.Add(more...), err
}

// described is a job of Far as Near describes it.
func (m Merged) described(far Job) Job {
	if m.Near == nil {
		return far
	}
	if known, found := m.Near.Find(far.ID); found {
		if far.Last.Before(known.First) && slices.Contains(known.Names, known.Name) { // it was sampled while it ran
			known.Name = known.Names[0]
		}
		far.Name, far.Type, far.Graph, far.TaskManagers = known.Name, known.Type, known.Graph, known.TaskManagers
	}
	return far
}

// At is Near's verdict, or Far's if Near has none. There is none if the job had
// ended by Near's newest sample before.
func (m Merged) At(ctx context.Context, of Job, at time.Time) (verdict *diagnosis.Verdict, warnings Warnings, err error) {
	if m.Near != nil {
		verdict, warnings, err = m.Near.At(ctx, of, at)
	}
	if verdict != nil || err != nil || m.Far == nil {
		return verdict, warnings, err
	}
	verdict, more, err := m.Far.At(ctx, of, at)
	if verdict != nil && verdict.Snapshot.From.Before(m.ended(of, at)) { // also if it was not measured
		return nil, warnings.Add(more...), err
	}
	if verdict != nil && of.Name != "" {
		verdict = verdict.Renamed(of.Name)
	}
	return verdict, warnings.Add(more...), err
}

// Summaries are Near's, and Far's in Near's holes, which takes one query to Far.
func (m Merged) Summaries(ctx context.Context, query Query) (near Summaries, warnings Warnings, err error) {
	if m.Near != nil {
		if near, warnings, err = m.Near.Summaries(ctx, query); err != nil {
			return near, warnings, err
		}
	}
	holes := m.holes(query, near)
	if len(holes) == 0 {
		return near, warnings, nil
	}
	far, more, err := m.Far.Summaries(ctx, holes.query(query))
	return merge(near, far, holes, len(query.Columns)), warnings.Add(more...), err
}

// Snapshots are Near's, and Far's in Near's holes, in the order of time.
func (m Merged) Snapshots(ctx context.Context, query Query, visit func(Snapshot) bool) (warnings Warnings, err error) {
	holes, warnings, err := m.findHoles(ctx, query)
	if err != nil {
		return warnings, err
	}
	more := true // until visit returns false
	next := query.From
	near := func(to time.Time) { // visits Near's snapshots from next on
		if !more || m.Near == nil || err != nil {
			return
		}
		part := query
		part.Range = Range{From: next, To: to}
		var of Warnings
		of, err = m.Near.Snapshots(ctx, part, func(snapshot Snapshot) bool {
			more = visit(snapshot)
			return more
		})
		warnings, next = warnings.Add(of...), to.Add(1)
	}
	if len(holes) == 0 {
		near(query.To)
		return warnings, err
	}
	ofFar, farErr := m.Far.Snapshots(ctx, holes.query(query), func(snapshot Snapshot) bool {
		hole := holes.at(snapshot.At, snapshot.From)
		if hole == nil {
			return true
		}
		near(snapshot.At)
		if hole.name != "" {
			snapshot.Snapshot = snapshot.Renamed(hole.name)
		}
		more = more && err == nil && visit(snapshot)
		return more
	})
	near(query.To)
	return warnings.Add(ofFar...), cmp.Or(err, farErr)
}

// findHoles are the holes of Near in a query's range, by when it has samples.
func (m Merged) findHoles(ctx context.Context, query Query) (holes, Warnings, error) {
	if m.Near == nil || m.Far == nil {
		return m.holes(query, Summaries{}), nil, nil
	}
	query.Columns, query.Figures, query.Records = nil, nil, false
	near, warnings, err := m.Near.Summaries(ctx, query)
	return m.holes(query, near), warnings, err
}

// Up is Near's: Far does not have it.
func (m Merged) Up(over Range, step time.Duration) (at []diagnosis.Instant, up []float64) {
	if m.Near == nil {
		return nil, nil
	}
	return m.Near.Up(over, step)
}

// ended is when the job had ended by Near's newest sample up to a time; else zero.
func (m Merged) ended(of Job, at time.Time) time.Time {
	if m.Near == nil {
		return time.Time{}
	}
	return m.Near.Ended(of.ID, at)
}

// hole is a time in which Near has nothing. A point is in it where it is neither at
// its beginning nor at its end.
type hole struct {
	Range
	// ended is when the job had ended before it; zero if it had not, or has begun again.
	ended time.Time
	// name is the job's in it; empty if that is not known.
	name string
}

// holes are in the order of time.
type holes []hole

// holes are those between Near's points, before the first and after the last,
// that are longer than the points' max gap and than the query's step.
func (m Merged) holes(query Query, of Summaries) (found holes) {
	if m.Far == nil {
		return nil
	}
	add := func(from, to time.Time, beside diagnosis.JobSummary) {
		name := query.Job.Name
		if !beside.Ended {
			name = cmp.Or(beside.Name, name)
		}
		found = append(found, hole{Range{From: from, To: to}, m.ended(query.Job, from), name})
	}
	// The first and last moment of the range may be in a hole.
	near, begin, end := of.At, query.From.Add(-1), query.To.Add(1)
	if len(near) == 0 {
		add(begin, end, diagnosis.JobSummary{})
		return found
	}
	lasts := func(from, to time.Time, beside diagnosis.Instant) bool {
		return beside.MaxGap > 0 && to.Sub(from) > max(beside.MaxGap, query.Step)
	}
	if first := near[0]; lasts(query.From, first.At, first) {
		add(begin, first.At, of.Jobs[0])
	}
	for i, next := range near[1:] {
		if lasts(near[i].At, next.At, near[i]) {
			add(near[i].At, next.At, of.Jobs[i])
		}
	}
	if last := near[len(near)-1]; lasts(last.At, query.To, last) {
		add(last.At, end, of.Jobs[len(near)-1])
	}
	return found
}

// query is the query for what is in the holes.
func (h holes) query(query Query) Query {
	query.From = later(query.From, h[0].From)
	if end := h[len(h)-1].To; end.Before(query.To) {
		query.To = end
	}
	return query
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// at returns the hole that contains the next point, whose window began at from; nil if
// none does, or if the window began before the job's end. After the first point that
// is returned the job counts as running again. Points come in the order of time.
func (h holes) at(at, from time.Time) *hole {
	next := sort.Search(len(h), func(i int) bool { return h[i].To.After(at) })
	if next == len(h) || !at.After(h[next].From) || from.Before(h[next].ended) {
		return nil
	}
	h[next].ended = time.Time{}
	return &h[next]
}

// place is where a point of merged summaries comes from.
type place struct {
	of  *Summaries
	row int
}

// merge puts the points of far that are in the holes of near between those of near.
func merge(near, far Summaries, holes holes, columns int) (merged Summaries) {
	places, row := make([]place, 0, len(near.At)+len(far.At)), 0
	for i, instant := range far.At {
		hole := holes.at(instant.At, instant.From)
		if hole == nil {
			continue
		}
		far.Jobs[i].Name = cmp.Or(hole.name, far.Jobs[i].Name)
		for ; row < len(near.At) && near.At[row].At.Before(instant.At); row++ {
			places = append(places, place{&near, row})
		}
		places = append(places, place{&far, i})
	}
	for ; row < len(near.At); row++ {
		places = append(places, place{&near, row})
	}
	if len(places) == len(near.At) {
		return near
	}
	sides := []*Summaries{&near, &far}
	if places[len(places)-1].of == &far {
		slices.Reverse(sides)
	}
	for _, place := range places {
		merged.At = append(merged.At, place.of.At[place.row])
		merged.Jobs = append(merged.Jobs, place.of.Jobs[place.row])
	}
	for _, side := range sides {
		for _, task := range side.Tasks {
			if merged.Task(task.ID) == nil {
				merged.Tasks = append(merged.Tasks, mergeTask(task.ID, &near, &far, places, columns))
			}
		}
	}
	return merged
}

// mergeTask is a task's columns at the places. Its name is near's where near has
// the task.
func mergeTask(id string, near, far *Summaries, places []place, columns int) TaskSummaries {
	of := map[*Summaries]*TaskSummaries{near: near.Task(id), far: far.Task(id)}
	merged := TaskSummaries{ID: id, Columns: make([][]float64, columns)}
	if of[near] != nil {
		merged.Name = of[near].Name
	} else {
		merged.Name = of[far].Name
	}
	for n := range merged.Columns {
		column := slices.Repeat([]float64{math.NaN()}, len(places))
		for i, place := range places {
			if task := of[place.of]; task != nil {
				column[i] = task.Columns[n][place.row]
			}
		}
		merged.Columns[n] = column
	}
	return merged
}
