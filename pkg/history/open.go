package history

import (
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// mostSeries is how many subtasks share a table: sealing turns a table at a
// time, and tasks may have tens of thousands of subtasks.
const mostSeries = 128

// tables is how many tables that many subtasks take.
func tables(subtasks int) int { return (subtasks + mostSeries - 1) / mostSeries }

// block is what all looks of an open or sealed block have in common.
type block struct {
	graph       *job.Graph // its tasks and edges alone
	looks       int
	first, last int64 // Unix nanoseconds
	list        []string
}

func (b *block) head() *block { return b }

// word is a text by its number.
func (b *block) word(number int64) string { return b.list[number] }

// open is the block that looks are added to.
type open struct {
	block
	words            words
	job, tasks, rows growing
	reads            [][]growing // for each task
	shape            int         // the bytes of the graph
}

func newOpen(look *job.Sample) *open {
	graph := shapeOf(look.Graph)
	return &open{
		block: block{graph: graph, first: look.At.UnixNano()}, words: newWords(), shape: shapeBytes(graph),
		job: growing{layout: &jobLayout}, tasks: growing{layout: &taskLayout}, rows: growing{layout: &rowLayout},
		reads: make([][]growing, len(graph.Tasks)),
	}
}

// latest are the values that a table of a task had last.
func (o *open) latest(task, table int) []int64 {
	if table >= len(o.reads[task]) {
		return nil
	}
	return o.reads[task][table].last
}

// same tells whether a draft says nothing new.
func (o *open) same(d *draft) bool {
	if !o.job.same(d.job) || !o.tasks.same(d.tasks) || !o.rows.same(d.rows) {
		return false
	}
	for task, said := range d.reads {
		if len(said) != len(o.reads[task]) {
			return false
		}
		for table, values := range said {
			if !o.reads[task][table].same(values) {
				return false
			}
		}
	}
	return true
}

// add writes a draft of a look that is later than the last.
func (o *open) add(d *draft) {
	elapsed := millis(d.at) - millis(o.last)
	o.job.add(d.job, elapsed)
	o.tasks.add(d.tasks, elapsed)
	o.rows.add(d.rows, elapsed)
	for task, said := range d.reads {
		for len(o.reads[task]) < len(said) {
			o.reads[task] = append(o.reads[task], late(&readLayout, o.looks))
		}
		for table := range o.reads[task] {
			var values []int64
			if table < len(said) {
				values = said[table]
			}
			o.reads[task][table].add(values, elapsed)
		}
	}
	o.looks, o.last, o.list = o.looks+1, d.at, o.words.list
}

// late is a table that begins after some looks, in which it had no series.
func late(layout *layout, looks int) growing {
	table := growing{layout: layout}
	for range looks {
		table.add(nil, 0)
	}
	return table
}

// bytes is the memory that the block takes.
func (o *open) bytes() int {
	bytes := openBytes + o.shape + o.words.bytes + o.job.bytes() + o.tasks.bytes() + o.rows.bytes()
	for _, tables := range o.reads {
		bytes += sliceBytes + tableBytes*cap(tables)
		for i := range tables {
			bytes += tables[i].bytes()
		}
	}
	return bytes
}

// The sizes of what is the same in every block, and of a growing table.
const (
	openBytes   = 704 // with the index of its words
	sealedBytes = 208
	sliceBytes  = 24
	tableBytes  = 64
)
