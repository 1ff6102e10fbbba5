package frame

import (
	"cmp"
	"slices"
)

// place is where a node of the graph lies, in pixels from its left upper corner.
type place struct{ x, y float64 }

// How far nodes lie from each other: the panel writes two lines below a circle, and along
// an edge how many records take it.
const (
	layerWidth = 260
	laneHeight = 170
)

// placedOf lays the tasks out in layers, from the sources on the left: each lies to the
// right of all its inputs, and beside them as far as there is room. Jobs lie below each
// other. Places depend on the graphs alone, so that a refresh moves nothing.
func placedOf(rows []taskRow) []place {
	places := make([]place, len(rows))
	top := 0.0
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to].Job == rows[from].Job {
			to++
		}
		top += layOut(rows[from:to], places[from:to], top)
		from = to
	}
	return places
}

// node is a task in its layer, or a place that an edge passes on its way through one.
type node struct {
	row    int     // of the task; below 0 for an edge
	wanted float64 // the mean of its inputs' lanes
}

// layOut places the tasks of one job, which are in topological order, below top, and
// returns how high they are. An edge that spans layers has a lane in each, so that no
// task lies on it.
func layOut(rows []taskRow, places []place, top float64) (height float64) {
	at := rowsOf(rows)
	layers := layersOf(rows, at)
	lanes := 0
	for _, nodes := range layers {
		lanes = max(lanes, len(nodes))
	}
	lane := make([]float64, len(rows))
	for n, nodes := range layers {
		for i := range nodes {
			nodes[i].wanted = wantedLane(nodes[i], rows, at, lane)
		}
		slices.SortStableFunc(nodes, func(a, b node) int { return cmp.Compare(a.wanted, b.wanted) })
		for i, of := range nodes {
			if of.row >= 0 {
				lane[of.row] = float64(lanes-len(nodes))/2 + float64(i)
				places[of.row] = place{float64(n * layerWidth), top + lane[of.row]*laneHeight}
			}
		}
	}
	return float64(lanes * laneHeight)
}

// layersOf are the nodes of each layer, by row: a task is in the one after the last of its
// inputs. at is the row of a task.
func layersOf(rows []taskRow, at map[int]int) (layers [][]node) {
	layer := make([]int, len(rows))
	add := func(n int, of node) {
		for len(layers) <= n {
			layers = append(layers, nil)
		}
		layers[n] = append(layers[n], of)
	}
	for i := range rows {
		inputs := rows[i].task.Inputs
		for _, input := range inputs {
			if before, shown := at[input]; shown && before < i { // else it is on a cycle
				layer[i] = max(layer[i], layer[before]+1)
			}
		}
		add(layer[i], node{row: i})
		for _, input := range inputs {
			if before, shown := at[input]; shown && before < i {
				for n := layer[before] + 1; n < layer[i]; n++ {
					add(n, node{row: passedBy(before)})
				}
			}
		}
	}
	return layers
}

// passedBy marks the place of an edge that comes from the task in a row.
func passedBy(row int) int { return -1 - row }

// wantedLane is in the middle of a task's inputs, or that of an edge's sender; a source
// keeps its order.
func wantedLane(of node, rows []taskRow, at map[int]int, lane []float64) float64 {
	if of.row < 0 {
		return lane[-1-of.row]
	}
	sum, inputs := 0.0, 0
	for _, input := range rows[of.row].task.Inputs {
		if before, shown := at[input]; shown && before < of.row {
			sum, inputs = sum+lane[before], inputs+1
		}
	}
	if inputs == 0 {
		return float64(of.row)
	}
	return sum / float64(inputs)
}

// rowsOf is the row of each task, by its index in the graph.
func rowsOf(rows []taskRow) map[int]int {
	at := make(map[int]int, len(rows))
	for i := range rows {
		at[rows[i].index] = i
	}
	return at
}
