package prometheus

import (
	"context"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// asking is one call of a reader.
type asking struct {
	*Reader
	warned map[string]bool
}

func (r *Reader) ask() *asking { return &asking{Reader: r, warned: map[string]bool{}} }

// matrix asks for an expression at each point.
func (a *asking) matrix(ctx context.Context, expression string, at grid) (model.Matrix, error) {
	value, warnings, err := a.api.QueryRange(ctx, expression, v1.Range{Start: at.start, End: at.end(), Step: at.step})
	return a.asMatrix(ctx, a.base+"/api/v1/query_range", value, warnings, err)
}

// samples asks for the samples of a range, as they were scraped.
func (a *asking) samples(ctx context.Context, selector string, at time.Time) (model.Matrix, error) {
	value, warnings, err := a.api.Query(ctx, selector, at)
	return a.asMatrix(ctx, a.base+"/api/v1/query", value, warnings, err)
}

func (a *asking) asMatrix(ctx context.Context, request string, value model.Value, warnings v1.Warnings, err error) (model.Matrix, error) {
	if err != nil {
		return nil, explained(request, err)
	}
	a.warn(ctx, warnings)
	matrix, right := value.(model.Matrix)
	if !right {
		return nil, &Error{Kind: NotPrometheus, Request: request, Status: 200}
	}
	return matrix, nil
}

// lacking is an error if there is nothing of Flink's at any time, which is to
// be told from a job or a time that had nothing.
func (a *asking) lacking(ctx context.Context) error {
	ids, warnings, err := a.api.LabelValues(ctx, jobIDLabel, []string{gaugeBackpressured}, time.Time{}, time.Time{}, v1.WithLimit(1))
	if err != nil {
		return explained(a.base+"/api/v1/label/"+jobIDLabel+"/values", err)
	}
	a.warn(ctx, warnings)
	if len(ids) == 0 {
		return &Error{Kind: NoMetrics, Request: a.base}
	}
	return nil
}

// warn passes on warnings.
func (a *asking) warn(ctx context.Context, warnings v1.Warnings) {
	for _, text := range warnings {
		a.notice(ctx, "Prometheus warns: "+shortened(text))
	}
}

// notice passes on what was not told before.
func (a *asking) notice(ctx context.Context, text string) {
	if !a.warned[text] && a.options.Notice != nil {
		a.options.Notice(ctx, text)
	}
	a.warned[text] = true
}
