package history

import "slices"

// Joined puts the rows of the near past behind those of a farther one, which
// end before they begin. Both have the same measures.
func Joined(far, near Rows) Rows {
	switch {
	case len(far.Times) == 0:
		return near
	case len(near.Times) == 0:
		return far
	}
	joined := Rows{Times: slices.Concat(far.Times, near.Times), Jobs: slices.Concat(far.Jobs, near.Jobs)}
	for _, task := range near.Tasks {
		joined.Tasks = append(joined.Tasks, task.behind(far.task(task.ID), len(far.Times)))
	}
	for _, task := range far.Tasks {
		if near.task(task.ID) == nil {
			joined.Tasks = append(joined.Tasks, TaskRows{ID: task.ID, Name: task.Name}.behind(&task, len(far.Times)).before(len(near.Times)))
		}
	}
	return joined
}

// task finds the rows of a task, nil if there are none.
func (r Rows) task(id string) *TaskRows {
	for i := range r.Tasks {
		if r.Tasks[i].ID == id {
			return &r.Tasks[i]
		}
	}
	return nil
}

// behind puts the task's columns behind the farther ones, or behind as many
// looks of which nothing is known.
func (t TaskRows) behind(far *TaskRows, looks int) TaskRows {
	if far == nil {
		far = &TaskRows{Measures: make([][]float32, len(t.Measures))}
		for i := range far.Measures {
			far.Measures[i] = unknowns(looks)
		}
	}
	columns := make([][]float32, len(far.Measures))
	for i, column := range far.Measures {
		columns[i] = slices.Clone(column)
		if i < len(t.Measures) {
			columns[i] = append(columns[i], t.Measures[i]...)
		}
	}
	t.Measures = columns
	return t
}

// before puts as many looks behind the task's columns of which nothing is known.
func (t TaskRows) before(looks int) TaskRows {
	for i := range t.Measures {
		t.Measures[i] = append(t.Measures[i], unknowns(looks)...)
	}
	return t
}

func unknowns(looks int) []float32 { return slices.Repeat([]float32{unknownTask[BusyMax]}, looks) }
