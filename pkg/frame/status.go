package frame

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// statuses lists them all, for mappings.
var statuses = []diagnosis.Status{
	diagnosis.Unknown, diagnosis.Idle, diagnosis.Mixed, diagnosis.Busy, diagnosis.Backpressured, diagnosis.Bottleneck,
}

// statusColour is how a status alone is coloured, readable on light and dark.
// Where a node's shares are known its colour is Flink's blend of them. A bottleneck is
// not Flink's idea, so it has a colour that Flink does not use.
var statusColour = map[diagnosis.Status]string{
	diagnosis.Unknown:       diagnosis.UnknownColour,
	diagnosis.Idle:          diagnosis.Fill(0, 0),
	diagnosis.Mixed:         diagnosis.Fill(0.5, 0),
	diagnosis.Busy:          diagnosis.Fill(1, 0),
	diagnosis.Backpressured: diagnosis.Fill(0, 1),
	diagnosis.Bottleneck:    "#ffa845",
}

// bottleneckPale is the colour of a bottleneck that holds back little.
const bottleneckPale = "#ffd6a5"

// Colours of what has gone well, is under way, or has failed.
const (
	wellColour   = "#73bf69"
	underWay     = "#8ab8ff"
	failedColour = "#f2495c"
)

// stateColours are those of the states of a job.
var stateColours = map[string]string{
	"RUNNING": wellColour, "FINISHED": wellColour,
	"INITIALIZING": underWay, "CREATED": underWay, "RECONCILING": underWay, "RESTARTING": underWay, "SUSPENDED": underWay,
	"FAILING": failedColour, "FAILED": failedColour,
}

// checkpointColours are those of the statuses of a checkpoint.
var checkpointColours = map[string]string{
	string(job.CheckpointCompleted): wellColour, string(job.CheckpointInProgress): underWay, string(job.CheckpointFailed): failedColour,
}

// statusMappings map each status' word to its colour.
func statusMappings() data.ValueMappings {
	mapper := data.ValueMapper{}
	for _, status := range statuses {
		mapper[status.String()] = data.ValueMappingResult{Text: status.String(), Color: statusColour[status]}
	}
	return data.ValueMappings{mapper}
}

// statusWords are the statuses as users read them, the same pointer each time.
var statusWords = func() map[diagnosis.Status]*string {
	words := map[diagnosis.Status]*string{}
	for _, status := range statuses {
		text := status.String()
		words[status] = &text
	}
	return words
}()
