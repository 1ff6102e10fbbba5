package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// looked takes a look where the range reaches to now; that Flink does not
// answer is told, but no reason not to tell of the past.
func (a asking) looked(ctx context.Context) (past frame.Past, failed error) {
	if !live(a.over, 0) {
		return past, nil
	}
	answer, states, err := a.lookedNow(ctx)
	for _, of := range states {
		past.Traces = append(past.Traces, a.point(of.Labels, float32(of.Value)))
	}
	if err != nil {
		past.Notices = []data.Notice{warning("Nothing newer is known: %s", sentence(err))}
		return past, err
	}
	past.Requests, past.Notices = answer.Requests, answer.Notices
	return past, nil
}

// point is a trace of one value, at the end of the span.
func (a asking) point(labels data.Labels, value float32) frame.Trace {
	return frame.Trace{Labels: labels, Times: []time.Time{a.span().To}, Values: []float32{value}, Apart: make([]time.Duration, 1)}
}

// lookedNow asks for what is told of now; for what a look alone does not tell
// before it, so that it is remembered with it.
func (a asking) lookedNow(ctx context.Context) (answer frame.Answer, states []frame.Series, err error) {
	if a.number.state != nil {
		if answer, states, err = a.number.state.ask(a, ctx); err != nil || a.By == byCluster {
			return answer, states, err
		}
	}
	seen, err := a.look(ctx)
	if a.number.state == nil {
		return seen, nil, err
	}
	answer.Requests += seen.Requests // why a look failed was told of the state
	return answer, states, nil
}
