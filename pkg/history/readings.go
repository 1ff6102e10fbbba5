package history

import (
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// readings are a task's, from the values of its tables: nil if it had none.
func (r *lookReading) readings(tables [][]int64) []job.SubtaskSample {
	count := 0
	for _, values := range tables {
		for at := hasWhat; at < len(values) && values[at] != 0; at += readColumns {
			count++
		}
	}
	if count == 0 {
		return nil
	}
	readings, room := make([]job.SubtaskSample, count), newRoom(count)
	for i := range readings {
		table, at := i/mostSeries, i%mostSeries*readColumns
		readings[i] = r.reading(i%mostSeries, tables[table][at:at+readColumns], &room)
	}
	return readings
}

// room holds what readings point to: a piece of memory a task, not a subtask.
type room struct {
	counters []job.Counters
	gauges   []job.Shares
	records  []int64
}

func newRoom(count int) room {
	return room{counters: make([]job.Counters, 0, count), records: make([]int64, 0, 2*count)}
}

func (r *room) count(n int64) *int64 {
	r.records = append(r.records, n)
	return &r.records[len(r.records)-1]
}

// reading is one subtask's, at its place in its table.
func (r *lookReading) reading(place int, values []int64, room *room) job.SubtaskSample {
	flags := values[hasWhat]
	reading := job.SubtaskSample{
		Subtask: place + int(values[readIndex]), Attempt: int(values[readAttempt]), State: job.State(r.word(values[readState])),
		Start: time.UnixMilli(values[readStart]), Running: ms(values[readRunning]),
		Host: r.word(values[readHost]), TaskManager: r.word(values[readTaskManager]),
	}
	if flags&hasCounters != 0 {
		room.counters = append(room.counters, countersOf(values))
		reading.Counters = &room.counters[len(room.counters)-1]
	}
	if flags&hasIn != 0 {
		reading.RecordsIn = room.count(values[readIn])
	}
	if flags&hasOut != 0 {
		reading.RecordsOut = room.count(values[readOut])
	}
	if flags&hasGauge != 0 {
		room.gauges = append(room.gauges, job.Shares{
			Idle: shareOf(values[gaugeIdle]), Busy: shareOf(values[gaugeBusy]), Backpressured: shareOf(values[gaugeBackpressured]),
		})
		reading.Gauge = &room.gauges[len(room.gauges)-1]
	}
	return reading
}

func countersOf(values []int64) job.Counters {
	idle, backpressured := values[readIdle], values[readBackpressured]
	return job.Counters{
		Idle: ms(idle), Busy: ms(values[readSum] - idle - backpressured), Backpressured: ms(backpressured),
		BusyUnknown: values[hasWhat]&hasNoBusy != 0,
	}
}

func shareOf(kept int64) job.Share {
	if kept == notKnown {
		return job.Unknown
	}
	return job.Share(float64(kept) / unit)
}
