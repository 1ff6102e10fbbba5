package accuracy

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// ScalingBar is of how many jobs the recommendation has to be right, and of how many the
// prediction; ScalingFloor is that of a small run, whose figures vary by chance, and which
// shows whether a change made them worse.
const ScalingBar, ScalingFloor = 0.95, 0.88

// ScalingReport is how often recommended parallelisms, and predictions, were right.
type ScalingReport struct {
	Seed uint64
	Jobs int
	Took time.Duration

	strata []scalingTally
}

// scalingTally are the outcomes of a stratum.
type scalingTally struct {
	// right are the jobs that scaling frees, with whether the recommendation does with
	// few enough subtasks; removed and frugal are its two parts.
	right, removed, frugal proportion
	said                   proportion // of those that it does not free, whose limit was named
	next                   proportion
	notHeld, notDecided    int
	doubtful               int
	ratios, off            []float64
	misses                 []ScalingOutcome
}

// RunScaling judges so many random jobs, as many of each stratum, which follow from the
// seed.
func RunScaling(ctx context.Context, seed uint64, jobs int) (*ScalingReport, error) {
	begin := time.Now()
	r := &ScalingReport{Seed: seed, Jobs: jobs, strata: make([]scalingTally, len(Strata))}
	outcomes := make([]ScalingOutcome, jobs)
	var mu sync.Mutex
	each(ctx, jobs, func(i int) {
		outcome := JudgeScaling(i%len(Strata), seed+uint64(i))
		mu.Lock()
		defer mu.Unlock()
		outcomes[i] = outcome
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, outcome := range outcomes { // in their order, whichever was judged first
		r.strata[outcome.Stratum].add(outcome)
	}
	r.Took = time.Since(begin)
	return r, nil
}

func (t *scalingTally) add(o ScalingOutcome) {
	switch o.Class {
	case ScalingHelps:
		t.removed.add(o.Removed)
		t.frugal.add(o.Frugal)
		t.right.add(o.Removed && o.Frugal)
		if o.Ratio > 0 && !math.IsInf(o.Ratio, 0) {
			t.ratios = append(t.ratios, o.Ratio)
		}
	case ScalingFails:
		t.said.add(o.Said)
	case NotHeld:
		t.notHeld++
	case NotDecided:
		t.notDecided++
		return
	}
	if o.Doubtful {
		t.doubtful++
	} else {
		t.next.add(o.Next)
		if !math.IsNaN(o.Off) && !math.IsInf(o.Off, 0) {
			t.off = append(t.off, math.Abs(o.Off))
		}
	}
	if o.Text != "" {
		t.misses = append(t.misses, o)
	}
}

// total are the outcomes of all strata, but for the recommendations for jobs whose tasks
// take turns: those are shown apart.
func (r *ScalingReport) total() (all scalingTally) {
	for i, each := range r.strata {
		if i != indexOf(takesTurns) {
			all.right.join(each.right)
			all.removed.join(each.removed)
			all.frugal.join(each.frugal)
			all.said.join(each.said)
			all.ratios = append(all.ratios, each.ratios...)
		}
		all.next.join(each.next)
		all.off = append(all.off, each.off...)
		all.notHeld, all.notDecided, all.doubtful = all.notHeld+each.notHeld, all.notDecided+each.notDecided, all.doubtful+each.doubtful
	}
	slices.Sort(all.ratios)
	slices.Sort(all.off)
	return all
}

// takesTurns is the stratum of jobs whose tasks take turns, which rates do not describe.
const takesTurns = "alternating"

func (p *proportion) join(other proportion) { p.of, p.count = p.of+other.of, p.count+other.count }

// Missed is what is right in less than this share of the jobs; nil if nothing is.
func (r *ScalingReport) Missed(bar float64) error {
	all := r.total()
	var missed []error
	if all.right.share() < bar {
		missed = append(missed, fmt.Errorf("the recommended parallelism is right in %s, less than %g %%", all.right, 100*bar))
	}
	if all.next.share() < bar {
		missed = append(missed, fmt.Errorf("the next bottleneck is right in %s, less than %g %%", all.next, 100*bar))
	}
	return errors.Join(missed...)
}

// String is the report as a page of Markdown.
func (r *ScalingReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d jobs, seed %d. Shares with the interval that holds the true one in 95 of 100 cases.\n\n", r.Jobs, r.Seed)
	b.WriteString("| jobs | recommendation right | removed | frugal | scaling fails: limit named | next bottleneck right |\n|---|---|---|---|---|---|\n")
	for i, of := range r.strata {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", Strata[i].Name, counted(of.right), counted(of.removed), counted(of.frugal), counted(of.said), counted(of.next))
	}
	all := r.total()
	fmt.Fprintf(&b, "| **all**, recommendations without *%s* | %s | %s | %s | %s | %s |\n\n", takesTurns, all.right, counted(all.removed), counted(all.frugal), counted(all.said), all.next)
	fmt.Fprintf(&b, "- Recommended, compared with the least number of subtasks that would do: %.2f × (median), %.2f × (95 of 100).\n", at(all.ratios, 0.5), at(all.ratios, 0.95))
	fmt.Fprintf(&b, "- The predicted throughput was off by %.1f %% (median), %.1f %% (95 of 100).\n", 100*at(all.off, 0.5), 100*at(all.off, 0.95))
	fmt.Fprintf(&b, "- Nothing held %d jobs back. Of %d a source may have been what does, or have only waited: no parallelism was recommended for it. For %d more, the prediction was that it is not known whether a source would hold the job back.\n", all.notHeld, all.notDecided, all.doubtful)
	return b.String()
}

// counted is a proportion in numbers, a dash for none.
func counted(p proportion) string {
	if p.of == 0 {
		return "–"
	}
	return fmt.Sprintf("%d of %d", p.count, p.of)
}

// at is the quantile of sorted values; NaN of none.
func at(sorted []float64, part float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// Misses describes the first few misses of each stratum, with what repeats them.
func (r *ScalingReport) Misses() string {
	var b strings.Builder
	for i, stratum := range r.strata {
		writeMisses(&b, i, stratum.misses, func(o ScalingOutcome) (uint64, string) { return o.Seed, o.Text })
	}
	return b.String()
}

// scalingIntroduction opens the page.
//
//go:embed scaling.md
var scalingIntroduction string

// Write writes the page about it.
func (r *ScalingReport) Write(path string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Scaling\n\n%s\n\n## Figures\n\n%s\n", strings.TrimSpace(scalingIntroduction), r)
	if missed := r.Missed(ScalingBar); missed != nil {
		fmt.Fprintf(&b, "**Not met**:\n\n- %s\n\n", strings.ReplaceAll(missed.Error(), "\n", "\n- "))
	}
	fmt.Fprintf(&b, "To repeat it: `SCALING_SEED=%d SCALING_JOBS=%d go tool mage scaling` (%s on this machine of %d cores).\n", r.Seed, r.Jobs, r.Took.Round(time.Second), runtime.NumCPU())
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
