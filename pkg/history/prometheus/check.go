package prometheus

import "context"

// Check asks whether there is a Prometheus that has metrics of Flink's tasks, of
// any time. Errors are [Error].
func (r *Reader) Check(ctx context.Context) error { return r.ask().lacking(ctx) }
