package diagnosis_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

var eventsBegin = time.Date(2026, time.March, 4, 10, 0, 0, 0, time.UTC)

// courseOf has a sample every 10 s; in its text a letter is the task that is the
// bottleneck with severity 0.5, a dot is none, a question mark not known, and a space
// a sample that is missing.
func courseOf(text string) (c diagnosis.Course) {
	c.Tasks = []string{"a", "b", "c"}
	c.Severities, c.Busy = make([][]float64, 3), make([][]float64, 3)
	for n, letter := range text {
		if letter == ' ' {
			continue
		}
		at := eventsBegin.Add(time.Duration(n) * 10 * time.Second)
		c.At = append(c.At, diagnosis.Instant{At: at, From: at.Add(-10 * time.Second), MaxGap: 30 * time.Second})
		c.Jobs = append(c.Jobs, diagnosis.JobSummary{Running: 1, RecordsIn: 100, Figures: diagnosis.UnknownFigures})
		for task, name := range c.Tasks {
			severity, busy := 0.0, 0.2
			switch string(letter) {
			case name:
				severity, busy = 0.5, 0.9
			case "?":
				severity, busy = math.NaN(), math.NaN()
			}
			c.Severities[task], c.Busy[task] = append(c.Severities[task], severity), append(c.Busy[task], busy)
		}
	}
	return c
}

// A bottleneck has moved when another task has it for a minute: what takes turns
// faster, or pauses, is no move.
func TestMoves(t *testing.T) {
	for name, c := range map[string]struct{ course, want string }{
		"nothing":              {"", ""},
		"none":                 {"..........", ""},
		"one task":             {"..aaaaaaaaaa", ""},
		"it moves":             {"aaaaaaaabbbbbbbb", "80 s: Bottleneck moved from a to b"},
		"and back":             {"aaaaaaaabbbbbbbbaaaaaaaa", "80 s: Bottleneck moved from a to b; 160 s: Bottleneck moved from b to a"},
		"a pause":              {"aaaaaaaa....aaaaaaaa", ""},
		"a pause and a move":   {"aaaaaaaa....bbbbbbbb", "120 s: Bottleneck moved from a to b"},
		"too short":            {"aaaaaaaabbbbaaaaaaaa", ""},
		"every 30 s":           {"aaabbbaaabbbaaabbbaaabbb", ""},
		"not known in between": {"aaaa??aaabbbb??bbbb", "90 s: Bottleneck moved from a to b"},
		"three tasks":          {"aaaaaaabbbbbbbccccccc", "70 s: Bottleneck moved from a to b; 140 s: Bottleneck moved from b to c"},
		"after a gap":          {"aaaaaaa       bbbbbbb", "140 s: Bottleneck moved from a to b"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, move := range courseOf(c.course).Moves() {
				got = append(got, fmt.Sprintf("%g s: %s", move.At.Sub(eventsBegin).Seconds(), move.Title))
				if move.Kind != diagnosis.BottleneckEvent || !strings.Contains(move.Text, "severity 0.50") {
					t.Errorf("the event is %+v", move)
				}
			}
			if got := strings.Join(got, "; "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// A restart is compared by what was measured around it, no further than to the next
// one, and not by what is not known.
func TestCompare(t *testing.T) {
	restart := diagnosis.Event{At: eventsBegin.Add(100 * time.Second), Kind: diagnosis.RestartEvent, Text: "The job was restarted."}
	for name, c := range map[string]struct {
		course string
		others []int // seconds
		want   string
	}{
		"better": {"aaaaaaaaaa..........", nil, "The job was restarted. In the 5 minutes before: severity 0.50, 100 records a second, busiest task a (90 %). In the 5 minutes after: severity 0.00, 100 records a second, busiest task a (20 %)."},
		"another bottleneck, after what is not known": {"aaaaaaaaaa???bbbbbbb", nil, "The job was restarted. In the 5 minutes before: severity 0.50, 100 records a second, busiest task a (90 %). In the 5 minutes after: severity 0.50, 100 records a second, busiest task b (90 %)."},
		"another restart before":                      {"aaaaabbbbb..........", []int{50}, "The job was restarted. In the 5 minutes before: severity 0.50, 100 records a second, busiest task b (90 %). In the 5 minutes after: severity 0.00, 100 records a second, busiest task a (20 %)."},
		"another restart after":                       {"          bbbbbcccccc", []int{150}, "The job was restarted. In the 5 minutes after: severity 0.50, 100 records a second, busiest task b (90 %)."},
		"nothing known":                               {"", nil, "The job was restarted."},
	} {
		t.Run(name, func(t *testing.T) {
			course := courseOf(c.course)
			times := []time.Time{restart.At}
			for _, second := range c.others {
				times = append(times, eventsBegin.Add(time.Duration(second)*time.Second))
			}
			got := diagnosis.Compare(restart, course, course, diagnosis.Window(10*time.Second), times)
			if got.Text != c.want {
				t.Errorf("%s\nwant %s", got.Text, c.want)
			}
		})
	}
}

// The count of restarts shows them where no sample was near: each rise is one.
func TestRestartsByTheirCount(t *testing.T) {
	course := courseOf("..........")
	for i, count := range []float64{math.NaN(), 3, 3, 4, math.NaN(), 4, 6, 0, 0, 1} {
		course.Jobs[i].Figures[diagnosis.RestartCount] = count
	}
	var got []float64
	for _, at := range course.Restarts() {
		got = append(got, at.Sub(eventsBegin).Seconds())
	}
	if fmt.Sprint(got) != "[30 60 90]" {
		t.Errorf("restarts are at %v", got)
	}
}

// A checkpoint that failed is an event, and one that took three times as long as half
// of the others did, if that is long at all.
func TestCheckpointEvents(t *testing.T) {
	checkpoint := func(id int64, duration time.Duration, status job.CheckpointStatus) job.Checkpoint {
		at := eventsBegin.Add(time.Duration(id) * time.Minute)
		return job.Checkpoint{ID: id, Status: status, Triggered: at, Ended: at.Add(duration), Duration: duration, Failure: "Checkpoint expired before completing."}
	}
	usual := func(duration time.Duration, count int) (all []job.Checkpoint) {
		for id := range count {
			all = append(all, checkpoint(int64(id), duration, job.CheckpointCompleted))
		}
		return all
	}
	savepoint := checkpoint(9, time.Hour, job.CheckpointCompleted)
	savepoint.Savepoint = true
	slowest := checkpoint(9, 50*time.Second, job.CheckpointCompleted)
	slowest.Details = &job.CheckpointDetails{Task: "window"}
	for name, c := range map[string]struct {
		checkpoints []job.Checkpoint
		want        string
	}{
		"all alike":        {usual(20*time.Second, 10), ""},
		"a slow one":       {append(usual(10*time.Second, 8), slowest), "slow checkpoint: Checkpoint 9 took 50s: Half of the others took 10s or less. Most of it was spent at window."},
		"slow but short":   {append(usual(10*time.Millisecond, 8), checkpoint(9, 5*time.Second, job.CheckpointCompleted)), ""},
		"too few to judge": {append(usual(time.Second, 3), slowest), ""},
		"a savepoint":      {append(usual(time.Second, 8), savepoint), ""},
		"a failed one":     {[]job.Checkpoint{checkpoint(3, time.Minute, job.CheckpointFailed)}, "failed checkpoint: Checkpoint 3 failed: Checkpoint expired before completing."},
		"under way":        {append(usual(time.Second, 8), job.Checkpoint{ID: 9, Status: job.CheckpointInProgress, Duration: -1}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, event := range diagnosis.CheckpointEvents(c.checkpoints) {
				got = append(got, fmt.Sprintf("%s: %s: %s", event.Kind, event.Title, event.Text))
				if event.End.Before(event.At) {
					t.Errorf("it lasts from %s to %s", event.At, event.End)
				}
			}
			if got := strings.Join(got, "; "); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}
