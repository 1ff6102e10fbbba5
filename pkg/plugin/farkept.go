package plugin

import (
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// mostTold is how much of what Prometheus told a data source keeps.
var mostTold = look.Bounds{Values: 4096, Bytes: 32 * mebibyte}

// told is an answer, what was heard beside it, and for how long it is believed.
type told struct {
	answer any
	beside *heard
	age    time.Duration
}

// newTold keeps what a data source's Prometheus told.
func newTold() *look.Kept[question, told] {
	return look.NewKept[question](mostTold, func(t told) (int, time.Duration) { return bytesOf(t.answer), t.age })
}

// About how many bytes each part of an answer takes, with its texts.
const (
	jobBytes     = 200
	pointBytes   = 160 // and one of them, of a job
	valueBytes   = 4
	taskBytes    = 600 // with its place in the graph
	subtaskBytes = 256
)

// bytesOf is about how much memory an answer takes.
func bytesOf(answer any) int {
	switch answer := answer.(type) {
	case []history.Job:
		return jobBytes * (1 + len(answer))
	case history.Rows:
		return rowsBytes(answer)
	case *job.Snapshot:
		return snapshotBytes(answer)
	}
	return 0
}

func rowsBytes(rows history.Rows) int {
	bytes := pointBytes * (1 + len(rows.Times))
	for _, task := range rows.Tasks {
		bytes += taskBytes + valueBytes*len(task.Measures)*len(rows.Times)
	}
	return bytes
}

func snapshotBytes(of *job.Snapshot) int {
	if of == nil {
		return jobBytes
	}
	bytes := jobBytes
	for _, task := range of.Tasks {
		bytes += taskBytes + subtaskBytes*len(task.Subtasks)
	}
	return bytes
}
