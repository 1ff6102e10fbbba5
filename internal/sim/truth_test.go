package sim_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// What holds the ready-made jobs back, as they were designed.
func TestTruthOfReadyJobs(t *testing.T) {
	for name, want := range map[string]string{
		"bottleneck": "slow-window capacity [0 1 2 3]", "skew": "aggregate skew [2]", "slow-sink": "sink capacity [0 1]",
		"two-sources": "score capacity [0 1 2 3]", "healthy": "none", "moved": "early capacity [0 1 2 3]", "slow-machine": "score machine [1 3]",
		"slow-source": "Source: orders source [0 1]", "uncounted": "call unmeasured []", "no-slots": "unknown", "restarting": "unknown",
		"failed": "unknown", "canceled": "unknown", "finished": "unknown", "batch": "map source [0 1 2 3]", "partly-finished": "slow-window capacity [0 1 2 3]",
		"legacy-source": "slow-window capacity [0 1 2 3]", "legacy-idle": "none", "unconnected": "slow-window capacity [0 1 2 3]",
		"chained": "Source: orders -> parse -> filter -> sink: Writer source [0 1 2 3]", "wide": "aggregate skew [17 133]",
	} {
		t.Run(name, func(t *testing.T) {
			truth := ready(t, "2.3.0", name).Jobs[0].Truth(time.Now())
			got := []string{}
			for _, bottleneck := range truth.Bottlenecks {
				got = append(got, fmt.Sprintf("%s %s %v", bottleneck.Name, bottleneck.Kind, bottleneck.Hot))
			}
			if len(got) == 0 {
				got = append(got, truth.Kind)
			}
			if !slices.Equal(got, []string{want}) {
				t.Errorf("truly %q, want %q", got, want)
			}
		})
	}
}

// The window of varying fires for 5 s of every 20; then the task below it is
// at its limit.
func TestTruthOfAWindowThatFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := ready(t, "2.3.0", "varying").Jobs[0]
		for second := range 60 {
			want := "none"
			if second%20 >= 15 {
				want = "capacity"
			}
			if truth := job.Truth(job.Start.Add(time.Duration(second) * time.Second)); truth.Kind != want || want == "capacity" && truth.Bottlenecks[0].Name != "upload" {
				t.Errorf("truly %+v at %d s, want %s", truth, second, want)
			}
		}
	})
}

// The window and the sink take turns at holding the job back, for hours.
func TestTruthOfAlternatingJobs(t *testing.T) {
	for name, turn := range map[string]time.Duration{"alternating": 40 * time.Second, "alternating-fast": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			job := ready(t, "2.3.0", name).Jobs[0]
			for n := range int(5 * time.Hour / turn) {
				want := []string{"window", "sink"}[n%2]
				for _, into := range []time.Duration{0, turn / 2, turn - time.Millisecond} {
					truth := job.Truth(job.Start.Add(time.Duration(n)*turn + into))
					if truth.Kind != "capacity" || len(truth.Bottlenecks) != 1 || truth.Bottlenecks[0].Name != want || truth.Bottlenecks[0].Severity < 0.95 {
						t.Fatalf("truly %+v at %s of turn %d, want %s", truth, into, n, want)
					}
				}
			}
		})
	}
}

// In the midst of a turn of 40 s the verdict names the task whose turn it is.
func TestVerdictsOfAlternatingTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := ready(t, "2.3.0", "alternating")
		for turn := range 6 {
			time.Sleep(15 * time.Second)
			snapshot := measured(t, cluster)
			verdict, truth := diagnosis.Diagnose(snapshot), cluster.Jobs[0].Truth(time.Now())
			if len(verdict.Roots) != 1 || !same(snapshot, verdict.Roots[0], cluster.Jobs[0], truth.Bottlenecks[0]) {
				t.Errorf("found %+v, truly %+v in turn %d", verdict.Roots, truth.Bottlenecks, turn)
			}
			time.Sleep(time.Until(cluster.Jobs[0].Start.Add(time.Hour + time.Duration(turn+1)*40*time.Second)))
		}
	})
}
