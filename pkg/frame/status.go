package frame

import (
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// statuses lists them all, for mappings.
var statuses = []diagnosis.Status{
	diagnosis.Unknown, diagnosis.Idle, diagnosis.Mixed, diagnosis.Busy, diagnosis.Backpressured, diagnosis.Bottleneck,
}

// statusColour is how a status alone is coloured, readable on light and dark.
// Where a node's shares are known its colour is Flink's blend of them.
var statusColour = map[diagnosis.Status]string{
	diagnosis.Unknown:       diagnosis.UnknownColour,
	diagnosis.Idle:          diagnosis.Fill(0, 0),
	diagnosis.Mixed:         diagnosis.Fill(0.5, 0),
	diagnosis.Busy:          "#f2994a",
	diagnosis.Backpressured: diagnosis.Fill(0, 1),
	diagnosis.Bottleneck:    diagnosis.Fill(1, 0),
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
