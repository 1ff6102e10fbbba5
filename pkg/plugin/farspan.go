package plugin

import (
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// aligned leaves out the ends of a span in which there is no whole multiple of
// the step, at which Prometheus is asked: so ranges that move on are the same
// until the next. One without any is as it was.
func aligned(over history.Span, step time.Duration) history.Span {
	each := step.Milliseconds()
	if each <= 0 || over.From.UnixMilli() < 0 {
		return over
	}
	first, last := (over.From.UnixMilli()+each-1)/each, over.To.UnixMilli()/each
	if first > last {
		return over
	}
	return history.Span{From: time.UnixMilli(first * each), To: time.UnixMilli(last * each)}
}

// rounded ends an aligned span just before the next multiple: no point is there,
// but that a job was is told.
func rounded(over history.Span, step time.Duration) history.Span {
	if each := step.Milliseconds(); each > 0 && over.To.UnixMilli()%each == 0 {
		over.To = over.To.Add(step - time.Millisecond)
	}
	return over
}
