package frame

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Owner is the job that a row is of.
type Owner struct {
	Cluster, Job, JobID string
	// URL is the page of it that a row leads to; empty where that is not known.
	URL string
}

// Checkpoint is one row of the table of checkpoints.
type Checkpoint struct {
	Owner
	job.Checkpoint
}

// Checkpoints is a table with a row a checkpoint or savepoint, newest first. Durations
// are milliseconds, sizes bytes. What is of its slowest task is null unless its details
// were read.
func Checkpoints(result Result) data.Frames {
	of := func(value func(*job.CheckpointDetails) time.Duration) func(*Checkpoint) float64 {
		return func(c *Checkpoint) float64 {
			if c.Details == nil {
				return math.NaN()
			}
			return milliseconds(value(c.Details))
		}
	}
	rows, notices := newestRows("checkpoints", result.Checkpoints, func(c Checkpoint) time.Time { return c.Triggered })
	frames := table(result, "checkpoints", rows,
		instant("time", "When it was triggered", func(c *Checkpoint) time.Time { return c.Triggered }),
		coloured(word("status", func(c *Checkpoint) string { return string(c.Status) }), checkpointColours),
		linked(word("job", func(c *Checkpoint) string { return c.Job }), jobLink),
		optional("checkpoint", func(c *Checkpoint) (int64, bool) { return c.ID, true }),
		word("trigger", func(c *Checkpoint) string { return cmp.Or(c.Type, savepointType(c.Savepoint)) }),
		number("duration", millisUnit, func(c *Checkpoint) float64 { return milliseconds(c.Duration) }),
		prose(word("failure", func(c *Checkpoint) string { return c.Failure })),
		word("slowest_task", func(c *Checkpoint) string {
			if c.Details == nil {
				return ""
			}
			return c.Details.Task
		}),
		optional("slowest_subtask", func(c *Checkpoint) (int64, bool) {
			if c.Details == nil || c.Details.Subtask < 0 {
				return 0, false
			}
			return int64(c.Details.Subtask), true
		}),
		number("start_delay", millisUnit, of(func(d *job.CheckpointDetails) time.Duration { return d.StartDelay })),
		number("alignment", millisUnit, of(func(d *job.CheckpointDetails) time.Duration { return d.Alignment })),
		number("sync", millisUnit, of(func(d *job.CheckpointDetails) time.Duration { return d.Sync })),
		number("async", millisUnit, of(func(d *job.CheckpointDetails) time.Duration { return d.Async })),
		number("size", bytesUnit, func(c *Checkpoint) float64 { return nonNegative(c.Size) }),
		number("full_size", bytesUnit, func(c *Checkpoint) float64 { return nonNegative(c.FullSize) }),
		optional("acknowledged", func(c *Checkpoint) (int64, bool) { return int64(c.Acknowledged), true }),
		optional("subtasks", func(c *Checkpoint) (int64, bool) { return int64(c.Subtasks), true }),
		optional("unaligned", func(c *Checkpoint) (bool, bool) {
			if c.Details == nil || c.Details.StartDelay < 0 {
				return false, false
			}
			return c.Details.Unaligned, true
		}),
		word("cluster", func(c *Checkpoint) string { return c.Cluster }),
		word("job_id", func(c *Checkpoint) string { return c.JobID }),
		page("job_url", func(c *Checkpoint) string { return c.URL }),
	)
	frames[0].Meta.Notices = append(frames[0].Meta.Notices, notices...)
	return frames
}

func savepointType(savepoint bool) string {
	if savepoint {
		return "SAVEPOINT"
	}
	return "CHECKPOINT"
}

// maxRows is how many rows an answer holds of what happened in its time range.
const maxRows = 1000

// newestRows sorts the rows, newest first, and keeps as many as one answer holds.
func newestRows[R any](what string, rows []R, at func(R) time.Time) ([]R, []data.Notice) {
	slices.SortStableFunc(rows, func(a, b R) int { return at(b).Compare(at(a)) })
	if len(rows) <= maxRows {
		return rows, nil
	}
	return rows[:maxRows], []data.Notice{newestOf(what, len(rows))}
}

// milliseconds are those of a duration, NaN if it is not known.
func milliseconds(of time.Duration) float64 {
	if of < 0 {
		return math.NaN()
	}
	return float64(of.Milliseconds())
}

// nonNegative is a number that Flink reports as negative if it is not known.
func nonNegative(number int64) float64 {
	if number < 0 {
		return math.NaN()
	}
	return float64(number)
}
