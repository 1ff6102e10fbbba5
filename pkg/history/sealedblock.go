package history

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// sealedBlock is a block that nothing changes any more: readers need no lock.
type sealedBlock struct {
	block
	// data is the tables, one after the other: the job's, the tasks', their
	// rows, and for each task a number of tables of its subtasks.
	data                   []byte
	tasksAt, rowsAt, reads int // where they begin
	size                   int // the bytes of memory that the block takes
}

// seal packs an open block.
func (o *open) seal() *sealedBlock {
	var s sealer
	b := &sealedBlock{block: o.block}
	data := s.seal(make([]byte, 0, o.written()), o.job)
	b.tasksAt = len(data)
	data = s.seal(data, o.tasks)
	b.rowsAt = len(data)
	data = s.seal(data, o.rows)
	b.reads = len(data)
	for _, tables := range o.reads {
		data = binary.AppendUvarint(data, uint64(len(tables)))
		for _, table := range tables {
			data = s.seal(data, table)
		}
	}
	b.data = bytes.Clone(append(data, make([]byte, padding)...))
	var words int
	b.list, words = o.words.sealed()
	b.size = sealedBytes + o.shape + words + cap(b.data)
	return b
}

// written is about how many bytes the tables hold: sealed they are fewer.
func (o *open) written() (bytes int) {
	bytes = len(o.job.data) + len(o.tasks.data) + len(o.rows.data)
	for _, tables := range o.reads {
		for _, table := range tables {
			bytes += len(table.data)
		}
	}
	return bytes
}

// kept is a block to be read, sealed or as it was when it was asked for.
type kept interface {
	head() *block
	jobTable() written
	taskTable() written
	rowTable(wanted columns) written
	// readTables are, for each task, the tables of its subtasks.
	readTables() [][]written
}

func (b *sealedBlock) jobTable() written { return b.table(0, jobLayout.all()) }

func (b *sealedBlock) taskTable() written { return b.table(b.tasksAt, taskLayout.all()) }

func (b *sealedBlock) rowTable(wanted columns) written { return b.table(b.rowsAt, wanted) }

func (b *sealedBlock) table(at int, wanted columns) written {
	table, _ := openSealed(b.data[at:], b.looks, wanted)
	return table
}

func (b *sealedBlock) readTables() [][]written {
	r := reader{b.data[b.reads:]}
	tasks := make([][]written, len(b.graph.Tasks))
	for i := range tasks {
		tasks[i] = make([]written, r.uvarint())
		for n := range tasks[i] {
			tasks[i][n], r.data = openSealed(r.data, b.looks, readLayout.all())
		}
	}
	return tasks
}

// frozen is a copy of an open block that can be read while that goes on.
func (o *open) frozen() *open {
	copied := *o
	copied.reads = make([][]growing, len(o.reads))
	for i, tables := range o.reads {
		copied.reads[i] = slices.Clone(tables)
	}
	return &copied
}

func (o *open) jobTable() written { return o.job.read() }

func (o *open) taskTable() written { return o.tasks.read() }

func (o *open) rowTable(columns) written { return o.rows.read() }

func (o *open) readTables() [][]written {
	tasks := make([][]written, len(o.reads))
	for i, tables := range o.reads {
		for _, table := range tables {
			tasks[i] = append(tasks[i], table.read())
		}
	}
	return tasks
}

func (g growing) read() written { return &grown{reader: reader{g.data}} }
