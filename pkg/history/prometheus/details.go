package prometheus

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// detailed is over how long details are means, at least one scrape.
const detailed = 2 * time.Minute

// finer are the metrics that say more of backpressure, and what 1 is of each.
var finer = []struct {
	metric string
	whole  float64
	share  func(*job.Detail) *job.Share
}{
	{prefix + "softBackPressuredTimeMsPerSecond", 1000, func(d *job.Detail) *job.Share { return &d.Soft }},
	{prefix + "hardBackPressuredTimeMsPerSecond", 1000, func(d *job.Detail) *job.Share { return &d.Hard }},
	{prefix + "Shuffle_Netty_Input_Buffers_inPoolUsage", 1, func(d *job.Detail) *job.Share { return &d.InPool }},
	{prefix + "Shuffle_Netty_Output_Buffers_outPoolUsage", 1, func(d *job.Detail) *job.Share { return &d.OutPool }},
}

// Details tells more of the backpressure of a snapshot's subtasks, in the order
// of its tasks: means over two minutes before it. Unknown is what nobody
// scraped.
func (r *Reader) Details(ctx context.Context, of history.Key, snapshot *job.Snapshot) ([][]job.Detail, error) {
	matcher, err := jobMatcher(of.JobID)
	if err != nil {
		return nil, err
	}
	details, places := unknownDetails(snapshot)
	asked, at := r.ask(), grid{start: snapshot.At.Truncate(time.Millisecond), step: leastStep, count: 1}
	for _, each := range finer {
		matrix, err := asked.matrix(ctx, over("avg_over_time", each.metric, matcher, detailed), at)
		if err != nil {
			return nil, err
		}
		for _, series := range matrix {
			if place := places[placeOf(series.Metric)]; place != nil && len(series.Values) > 0 {
				*each.share(place) = job.Share(math.Min(math.Max(float64(series.Values[0].Value)/each.whole, 0), 1))
			}
		}
	}
	return details, nil
}

// subtaskPlace is a subtask of a job.
type subtaskPlace struct {
	task    string
	subtask int
}

func placeOf(labels model.Metric) subtaskPlace {
	subtask, err := strconv.Atoi(string(labels[subtaskLabel]))
	if err != nil {
		subtask = -1 // none
	}
	return subtaskPlace{string(labels[taskIDLabel]), subtask}
}

// unknownDetails are those of a snapshot before anything is known, and where
// each is.
func unknownDetails(snapshot *job.Snapshot) ([][]job.Detail, map[subtaskPlace]*job.Detail) {
	details, places := make([][]job.Detail, len(snapshot.Tasks)), map[subtaskPlace]*job.Detail{}
	for i, task := range snapshot.Tasks {
		details[i] = make([]job.Detail, len(task.Subtasks))
		for n, load := range task.Subtasks {
			details[i][n] = job.Detail{Soft: job.Unknown, Hard: job.Unknown, InPool: job.Unknown, OutPool: job.Unknown}
			places[subtaskPlace{snapshot.Graph.Tasks[i].ID, load.Subtask}] = &details[i][n]
		}
	}
	return details, places
}
