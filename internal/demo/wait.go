package demo

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

const (
	lookTimeout = 40 * time.Second
	lookPause   = 2 * time.Second
	// settled is more than one metric fetch of Flink's usual ten seconds:
	// what is unknown for that long, such as finished tasks, stays so.
	settled = 12 * time.Second
)

// progress is how far the plugin is with measuring.
type progress struct {
	source             string
	measured, subtasks int
}

// awaitLooks returns when the plugin has taken two looks at every running
// subtask, as far as it can tell, or after 40 s: then the answers say what
// they rest on.
func (s *session) awaitLooks(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	tick := time.NewTicker(lookPause)
	defer tick.Stop()
	var last progress
	since := time.Now()
	for first := true; ; first = false {
		answer, err := s.ask(limited, subtasks)
		if limited.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		now := progressOf(answer.frames[subtasks.QueryType])
		if now != last {
			last, since = now, time.Now()
		}
		if now.complete() || now.averaged() && time.Since(since) > settled {
			return nil
		}
		if first {
			s.say("Waiting for two looks at the job, a metric fetch of Flink apart: %s at most.", lookTimeout)
		}
		select {
		case <-tick.C:
		case <-limited.Done():
			return ctx.Err()
		}
	}
}

// averaged tells that shares come from what is as good as a Flink has: before
// 1.16 it had no counters, and its gauges were means of 5 s.
func (p progress) averaged() bool { return p.source == "counters" || p.source == "gauge5s" }

// complete tells that nothing is left to wait for.
func (p progress) complete() bool {
	return p.measured == p.subtasks && (p.source == "counters" || p.subtasks == 0)
}

func progressOf(frames data.Frames) (p progress) {
	for _, frame := range frames {
		p.source = customOf(frame).Source
		busy, at := frame.FieldByName("busy")
		if at < 0 {
			continue
		}
		p.subtasks += busy.Len()
		for row := range busy.Len() {
			if _, known := busy.ConcreteAt(row); known {
				p.measured++
			}
		}
	}
	return p
}
