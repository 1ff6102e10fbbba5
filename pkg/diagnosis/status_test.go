package diagnosis_test

import (
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// A state names the status only above half of the time, and the first of
// backpressured, busy and idle wins.
func TestStatusBySharesAlone(t *testing.T) {
	unknown := job.Unknown
	for name, c := range map[string]struct {
		idle, busy, backpressured job.Share
		want                      diagnosis.Status
	}{
		"idle":                               {1, 0, 0, diagnosis.Idle},
		"idle, just above half":              {0.501, 0.499, 0, diagnosis.Idle},
		"idle, exactly half":                 {0.5, 0.3, 0.2, diagnosis.Mixed},
		"none above half":                    {0.4, 0.3, 0.3, diagnosis.Mixed},
		"busy, exactly half":                 {0.5, 0.5, 0, diagnosis.Mixed},
		"busy, just above half":              {0.499, 0.501, 0, diagnosis.Busy},
		"busy all the time":                  {0, 1, 0, diagnosis.Busy},
		"backpressured, exactly half":        {0, 0.5, 0.5, diagnosis.Mixed},
		"backpressured, just above half":     {0, 0.499, 0.501, diagnosis.Backpressured},
		"backpressured beats busy":           {0, 0.6, 0.6, diagnosis.Backpressured},
		"busy beats idle":                    {0.6, 0.6, 0, diagnosis.Busy},
		"not measured":                       {unknown, unknown, unknown, diagnosis.Unknown},
		"busy known, backpressure not":       {unknown, 0.9, unknown, diagnosis.Unknown},
		"legacy source, held back":           {unknown, unknown, 0.6, diagnosis.Backpressured},
		"legacy source, exactly half":        {unknown, unknown, 0.5, diagnosis.Unknown},
		"legacy source, free":                {unknown, unknown, 0, diagnosis.Unknown},
		"legacy source that seems idle":      {1, unknown, 0, diagnosis.Unknown},
		"idle unknown alone leaves the rest": {unknown, 0.3, 0.2, diagnosis.Mixed},
	} {
		if got := diagnosis.SubtaskStatus(job.Shares{Idle: c.idle, Busy: c.busy, Backpressured: c.backpressured}); got != c.want {
			t.Errorf("%s: a subtask is %v, want %v", name, got, c.want)
		}
		load := job.TaskLoad{Idle: job.Range{Max: c.idle}, Busy: job.Range{Max: c.busy}, Backpressured: job.Range{Max: c.backpressured}}
		if got := diagnosis.TaskStatus(load); got != c.want {
			t.Errorf("%s: a task is %v, want %v", name, got, c.want)
		}
	}
}

// A task takes each maximum over its subtasks, so one subtask decides.
func TestTaskStatusIsOfTheMaxima(t *testing.T) {
	for name, c := range map[string]struct {
		subtasks []sub
		want     diagnosis.Status
	}{
		"one of four is held back":     {[]sub{at(0, 0), at(0, 0), at(0, 0), at(0, 0.9)}, diagnosis.Backpressured},
		"one of four is busy":          {[]sub{at(0, 0), at(0, 0), at(0, 0), at(0.9, 0)}, diagnosis.Busy},
		"one is busy, one held back":   {[]sub{at(0.6, 0), at(0, 0.6)}, diagnosis.Backpressured},
		"the idlest decides idle":      {[]sub{at(0.1, 0), at(0.5, 0)}, diagnosis.Idle},
		"the measured ones decide":     {[]sub{noMetrics, at(0.9, 0)}, diagnosis.Busy},
		"none of them is measured":     {[]sub{noMetrics, noMetrics}, diagnosis.Unknown},
		"all of them are about halved": {[]sub{at(0.5, 0.1), at(0.4, 0.2)}, diagnosis.Mixed},
	} {
		load := snapshotOf(task("map", c.subtasks...)).Tasks[0]
		if got := diagnosis.TaskStatus(load); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Alert rules compare the codes and dashboards map the words.
func TestStatusCodesAndWords(t *testing.T) {
	for status, want := range map[diagnosis.Status]struct {
		code int
		word string
	}{
		diagnosis.Bottleneck:    {4, "bottleneck"},
		diagnosis.Backpressured: {3, "backpressured"},
		diagnosis.Busy:          {2, "busy"},
		diagnosis.Mixed:         {1, "mixed"},
		diagnosis.Idle:          {0, "idle"},
		diagnosis.Unknown:       {-1, "unknown"},
	} {
		if int(status) != want.code || status.String() != want.word {
			t.Errorf("%d %s, want %d %s", int(status), status, want.code, want.word)
		}
	}
}

// A root cause is the bottleneck whatever its shares, and of its subtasks those
// that are hot.
func TestStatusOfARootCause(t *testing.T) {
	snapshot, verdict := diagnosed(chain(task("in", at(0, 0.9)), task("map", at(1, 0), at(0.1, 0), at(0.9, 0), noMetrics, at(0.2, 0)), task("out", at(0.1, 0)))...)
	want := []diagnosis.Status{diagnosis.Backpressured, diagnosis.Bottleneck, diagnosis.Idle}
	wantSubtasks := [][]diagnosis.Status{
		{diagnosis.Backpressured},
		{diagnosis.Bottleneck, diagnosis.Idle, diagnosis.Bottleneck, diagnosis.Unknown, diagnosis.Idle},
		{diagnosis.Idle},
	}
	for i, load := range snapshot.Tasks {
		name := snapshot.Graph.Tasks[i].Name
		if got := verdict.TaskStatus(i); got != want[i] {
			t.Errorf("%s is %v, want %v", name, got, want[i])
		}
		for s := range load.Subtasks {
			if got := verdict.SubtaskStatus(i, &load.Subtasks[s]); got != wantSubtasks[i][s] {
				t.Errorf("subtask %d of %s is %v, want %v", s, name, got, wantSubtasks[i][s])
			}
		}
	}
}

// The levels are Flink's own, boundaries included.
func TestLevel(t *testing.T) {
	for share, want := range map[job.Share]diagnosis.Level{
		0: diagnosis.LevelOK, 0.1: diagnosis.LevelOK, 0.101: diagnosis.LevelLow,
		0.5: diagnosis.LevelLow, 0.501: diagnosis.LevelHigh, 1: diagnosis.LevelHigh,
		job.Unknown: "",
	} {
		load := job.TaskLoad{Backpressured: job.Range{Max: share}}
		if got := diagnosis.LevelOf(load); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
	highest := snapshotOf(task("map", at(0, 0), at(0, 0.2), at(0, 0.6))).Tasks[0]
	if got := diagnosis.LevelOf(highest); got != diagnosis.LevelHigh {
		t.Errorf("level is %q, want that of the highest subtask", got)
	}
}
