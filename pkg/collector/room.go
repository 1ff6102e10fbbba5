package collector

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// MaxSubtasks is how many subtasks the jobs of a cluster have together that are
	// kept at a time. Two numbers in a small answer would otherwise be enough for
	// billions of them.
	MaxSubtasks = 100_000
	// inUse is how long after the last query a job is not dropped for another one.
	inUse = time.Minute
	// nameWeight is how long a name is that takes as much as a subtask.
	nameWeight = 256
	// jobBytes and subtaskBytes are about how much a job that was polled takes, and each
	// of its subtasks, with what is kept of the frames that were made of it.
	jobBytes     = 16 << 10
	subtaskBytes = 3200
	// defaultMaxBytes bounds what is kept of jobs where the options set nothing.
	defaultMaxBytes = 64 << 20
)

// errTooManySubtasks is why a task's answer is not used.
var errTooManySubtasks = errors.New("it has more subtasks than its job said")

// spareRoom is how many more subtasks of a job may be read in a poll than
// it said: it may be rescaled while it is read.
const spareRoom = 1000

// weightOf counts the subtasks that a job says it has, and the tasks, which are the
// heavier the longer their names are.
func weightOf(graph *job.Graph) (weight int) {
	for _, task := range graph.Tasks {
		weight += max(task.Parallelism, 1) + len(task.Name)/nameWeight
	}
	return weight
}

// parallelism is that of a task, at most the highest that Flink allows.
func parallelism(vertex flink.Vertex) int {
	return min(max(vertex.Parallelism, 0), flink.MaxParallelism)
}

// reserve makes room for the subtasks of a job: what no query has been about lately is
// dropped, the job first that has waited longest. It fails if that is not enough.
func (c *Collector) reserve(tracked *trackedJob, subtasks int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	tracked.subtasks = 0
	held := c.held()
	if held+subtasks > MaxSubtasks {
		now := time.Now()
		c.dropOldest(func(of *trackedJob) bool {
			if held+subtasks <= MaxSubtasks || of == tracked || of.subtasks == 0 || now.Sub(of.asked) <= inUse {
				return false
			}
			held -= of.subtasks
			return true
		})
	}
	if held+subtasks > MaxSubtasks {
		return &remote.Error{Kind: remote.TooManySubtasks, Request: c.client.Base(), Detail: fmt.Sprintf("%d,000", MaxSubtasks/1000)}
	}
	tracked.subtasks = subtasks
	return nil
}

// held counts the subtasks of all jobs that are kept. The caller holds mu.
func (c *Collector) held() (subtasks int) {
	for _, tracked := range c.tracked {
		subtasks += tracked.subtasks
	}
	return subtasks
}

// dropOldest drops of the jobs those that the function chooses, which is called in the
// order in which they were last asked for. The caller holds mu.
func (c *Collector) dropOldest(drop func(*trackedJob) bool) {
	type entry struct {
		id  string
		job *trackedJob
	}
	all := make([]entry, 0, len(c.tracked))
	for id, tracked := range c.tracked {
		all = append(all, entry{id, tracked})
	}
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(a.job.asked.Compare(b.job.asked), cmp.Compare(a.id, b.id))
	})
	for _, each := range all {
		if drop(each.job) {
			delete(c.tracked, each.id)
		}
	}
}

// dropGone drops jobs that the cluster no longer lists, the oldest first, while what is
// kept of jobs takes more than it may: in a cluster whose jobs end within seconds they
// would pile up. Those that a query was about lately stay. The caller holds mu.
func (c *Collector) dropGone(now time.Time) {
	maxBytes := cmp.Or(c.options.MaxBytes, defaultMaxBytes)
	bytes := jobBytes*len(c.tracked) + subtaskBytes*c.held()
	if bytes <= maxBytes {
		return
	}
	listed := map[string]bool{}
	for _, info := range c.LastJobs() {
		listed[info.ID] = true
	}
	gone := map[*trackedJob]bool{}
	for id, tracked := range c.tracked {
		gone[tracked] = !listed[id] && now.Sub(tracked.asked) > inUse
	}
	c.dropOldest(func(of *trackedJob) bool {
		if bytes <= maxBytes || !gone[of] {
			return false
		}
		bytes -= jobBytes + subtaskBytes*of.subtasks
		return true
	})
}
