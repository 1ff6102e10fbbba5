//go:build e2e

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

const (
	// turn is how long the window of the job alternating hoards, and then
	// fires: see HoardingWindow.java.
	turn = 40 * time.Second
	// settled is how far into a turn a sample covers nothing but that turn: it is
	// of one fetch, of metrics that are up to 5 s old.
	settled = 18 * time.Second
	// longAgo is how long ago a range has ended that costs Flink no request.
	longAgo = 65 * time.Second
	// turns is how long three changes take, from any moment on, and until they
	// are past.
	turns = 4*turn + longAgo + patience
)

// whose is the task that holds the job back at a time: the turns follow the
// clock.
func whose(at time.Time) string {
	return []string{"window", "sink"}[at.UnixMilli()/turn.Milliseconds()%2]
}

// The window of a job hoards and fires in turns. One query begins the sampling; on each
// version of Flink the history then shows the turns of 40 s, and warns that those of about
// 10 s are too short for Flink.
func TestAlternatingBottleneck(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	for _, version := range hardVersions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel() // each mostly waits for the turns
			alternates(t, version)
		})
	}
}

func alternates(t *testing.T, version string) {
	flink := startFlink(t, version, nil, "alternating", "alternating-fast")
	ds, begun := startPlugin(t, flink.URL()), time.Now()
	for _, job := range []string{"alternating", "alternating-fast"} {
		ds.timeline(t, job, ending(begun, begun))
	}
	ds.awaitTurns(t, begun)

	now := time.Now()
	shown := ds.timeline(t, "alternating", ending(begun, now))
	fast := ds.timeline(t, "alternating-fast", ending(begun, now))
	t.Logf("alternating:\n%s\nalternating-fast:\n%s\n%s", shown.text(whose), fast.text(nil), legend)
	t.Run("the tasks take turns", func(t *testing.T) { shown.takeTurns(t) })
	t.Run("samples follow the clock", func(t *testing.T) { shown.followClock(t) })
	t.Run("a sample a fetch", func(t *testing.T) {
		if each := now.Sub(begun) / time.Duration(len(shown.times)); each < 9*time.Second || each > 13*time.Second {
			t.Errorf("%d samples in %s, one every %s", len(shown.times), now.Sub(begun), each)
		}
	})
	t.Run("peaks", func(t *testing.T) { ds.hasPeaks(t, ending(begun, now)) })
	t.Run("time travel", func(t *testing.T) { ds.travels(t, begun, now) })
	t.Run("too fast", func(t *testing.T) { fast = ds.tooFast(t, begun) })
	if len(shown.notices) > 0 {
		t.Errorf("turns of 40 s have the notices %q", shown.notices)
	}
	if file := os.Getenv("TIMELINE_REPORT"); file != "" && version == cluster.Newest && !t.Failed() {
		if err := writeTimelines(file, shown, fast); err != nil {
			t.Error(err)
		}
	}
}

// tooFast checks that a timeline warns that turns of about 10 s are too short.
// While the fetches meet the middle of each turn, nothing seems to move.
func (ds dataSource) tooFast(t *testing.T, begun time.Time) timeline {
	return until(t, func() (timeline, bool) {
		fast := ds.timeline(t, "alternating-fast", ending(begun, time.Now()))
		notices := strings.Join(fast.notices, " ")
		return fast, strings.Contains(notices, "faster than Flink reports") && strings.Contains(notices, "every 10 s")
	})
}

// awaitTurns waits for three changes that are past. It queries ended ranges
// alone, which must not cost Flink a request: the samples are the sampler's.
func (ds dataSource) awaitTurns(t *testing.T, begun time.Time) {
	t.Helper()
	deadline := time.After(turns)
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		past := ds.timeline(t, "alternating", ending(begun, time.Now().Add(-longAgo)))
		if past.requests > 0 {
			t.Errorf("a range that has ended caused %d requests", past.requests)
		}
		if past.changes() >= 3 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s:\n%s", turns, past.text(whose))
		}
	}
}

// takeTurns checks how often, and for how long, each task holds the job back.
func (shown timeline) takeTurns(t *testing.T) {
	both := 0
	for i := range shown.times {
		if shown.status["window"][i] == "bottleneck" && shown.status["sink"][i] == "bottleneck" {
			both++
		}
	}
	if 4*both > len(shown.times) {
		t.Errorf("both are the bottleneck in %d of %d samples", both, len(shown.times))
	}
	if shown.changes() < 3 {
		t.Fatalf("the bottleneck changed %d times", shown.changes())
	}
	runs := slices.DeleteFunc(shown.runs(), func(each run) bool { return each.task == "" })
	for _, run := range runs[1:max(1, len(runs)-1)] { // the first and the last are cut off
		if run.samples < 2 {
			t.Errorf("%s holds the job back for %d sample", run.task, run.samples)
		}
	}
}

// followClock checks that each sample that covers one turn alone names the task
// whose turn it is.
func (shown timeline) followClock(t *testing.T) {
	named := map[string]int{}
	first := shown.times[0].Truncate(turn).Add(turn) // a job that began in a turn of the sink has nothing to fire yet
	for i, at := range shown.times {
		into := time.Duration(at.UnixMilli()%turn.Milliseconds()) * time.Millisecond
		holder := shown.holder(i)
		if into < settled || at.Before(first) || holder == "" && at.Sub(shown.times[0]) < time.Minute {
			continue // of two turns, or not measured yet
		}
		if named[holder]++; holder != whose(at) {
			t.Errorf("%s into its turn %s holds the job back, and %q is named", into, whose(at), holder)
		}
	}
	if named["window"] < 3 || named["sink"] < 3 {
		t.Errorf("samples in the midst of a turn name %v", named)
	}
}

// hasPeaks checks the severity of each task over time.
func (ds dataSource) hasPeaks(t *testing.T, over backend.TimeRange) {
	highest := map[string]float64{}
	for _, frame := range ds.over(t, over, `{"queryType":"history","jobs":["alternating"],"measure":"bottleneck","by":"task"}`) {
		task := frame.Fields[1].Labels["task"]
		for i := range frame.Rows() {
			if value, err := frame.Fields[1].NullableFloatAt(i); err == nil && value != nil {
				highest[task] = max(highest[task], *value)
			}
		}
	}
	for _, task := range []string{"window", "sink"} {
		if highest[task] < 0.8 {
			t.Errorf("the severity of %s has no peak: %v", task, highest)
		}
	}
	if highest["Source: orders"] > 0 || highest["enrich"] > 0 {
		t.Errorf("tasks are blamed that never hold anything back: %v", highest)
	}
}

// travels queries the bottleneck at the end of each turn that is past.
func (ds dataSource) travels(t *testing.T, begun, now time.Time) {
	named := []string{}
	for end := begun.Add(turn).Truncate(turn).Add(turn - 2*time.Second); now.Sub(end) > longAgo; end = end.Add(turn) {
		found := rows(ds.over(t, ending(begun, end), `{"queryType":"bottlenecks","jobs":["alternating"]}`)[0])
		// After two turns of each task the kind is alternating.
		if len(found) != 1 || found[0]["task"] != whose(end) || found[0]["kind"] != "capacity" && found[0]["kind"] != "alternating" {
			t.Errorf("at the end of a turn of %s it was %v", whose(end), found)
			continue
		}
		named = append(named, whose(end))
	}
	if !slices.Contains(named, "window") || !slices.Contains(named, "sink") {
		t.Errorf("named were %v", named)
	}
}
