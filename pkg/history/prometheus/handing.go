package prometheus

import (
	"context"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// hand hands on the snapshots of a chunk that was read.
func (r *reading) hand(ctx context.Context, chunk grid, to *handing) error {
	layouts, several := r.layouts(), r.several()
	for point := 0; point < chunk.count && !to.ended; point++ {
		if several {
			if err := r.alone(point); err != nil {
				return err
			}
		}
		snapshot, err := r.first(layouts, point, chunk.at(point))
		if err != nil {
			return err
		}
		r.watch(ctx, snapshot.Job.State != "", snapshot.MeasuredTasks() > 0, point)
		to.on(snapshot, func(at time.Time) *job.Snapshot { return r.blank(layouts[0], at) })
	}
	return nil
}

// first is the snapshot by the first layout of which anything was there.
func (r *reading) first(layouts []*layout, point int, at time.Time) (snapshot *job.Snapshot, err error) {
	for _, of := range layouts {
		if snapshot, err = r.snapshot(of, point, at); err != nil || snapshot.Job.State != "" {
			break
		}
	}
	return snapshot, err
}

// handing hands on the snapshots. Those without data go only between others:
// before the job began and after it ended there are none.
type handing struct {
	take  func(*job.Snapshot) bool
	begun bool
	gap   []time.Time
	ended bool
}

func (h *handing) on(snapshot *job.Snapshot, blank func(at time.Time) *job.Snapshot) {
	switch {
	case snapshot.Job.State == "" && h.begun:
		h.gap = append(h.gap, snapshot.At)
		return
	case snapshot.Job.State == "":
		return
	}
	for _, at := range h.gap {
		h.ended = h.ended || !h.take(blank(at))
	}
	h.begun, h.gap = true, h.gap[:0]
	h.ended = h.ended || !h.take(snapshot)
}
