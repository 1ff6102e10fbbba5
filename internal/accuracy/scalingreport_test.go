package accuracy

import (
	"context"
	"testing"
)

// All that a report says follows from its seed, and each stratum has as many jobs.
func TestScalingReportFollowsFromTheSeed(t *testing.T) {
	run := func(seed uint64) *ScalingReport {
		report, err := RunScaling(t.Context(), seed, len(Strata))
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	first, again, other := run(100), run(100), run(400)
	if first.String() != again.String() || first.Misses() != again.Misses() {
		t.Errorf("of one seed there are two reports:\n%s\n%s", first, again)
	}
	if first.String() == other.String() {
		t.Error("another seed gives the same report")
	}
	for i, of := range first.strata {
		if judged := of.right.of + of.said.of + of.notHeld + of.notDecided; judged != 1 {
			t.Errorf("%s: %d jobs", Strata[i].Name, judged)
		}
	}
}

// Each bar that is not met is reported, and jobs whose tasks take turns count for the
// prediction alone.
func TestScalingMissed(t *testing.T) {
	r := &ScalingReport{strata: make([]scalingTally, len(Strata))}
	r.strata[0] = scalingTally{right: proportion{100, 95}, next: proportion{100, 95}}
	r.strata[indexOf(takesTurns)] = scalingTally{right: proportion{100, 0}}
	if err := r.Missed(ScalingBar); err != nil {
		t.Error(err)
	}
	r.strata[0].right.count = 94
	if err := r.Missed(ScalingBar); err == nil {
		t.Error("94 % are enough")
	}
	r.strata[0].right.count, r.strata[0].next.count = 95, 94
	if err := r.Missed(ScalingBar); err == nil {
		t.Error("94 % of the predictions are enough")
	}
}

// A run that is cancelled ends with the error.
func TestRunScalingIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := RunScaling(ctx, 1, 1000); err != context.Canceled {
		t.Errorf("a cancelled run ends with %v", err)
	}
}
