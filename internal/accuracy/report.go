package accuracy

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bars.
const (
	namedBar      = 0.97 // of each stratum
	nearTieBar    = 0.90 // of one whose causes are nearly alike
	totalBar      = 0.985
	kindBar       = 0.95
	plainMost     = 0.85 // or the jobs are too easy
	alarmsBar     = 0.003
	alarmsHighest = 0.005 // the upper end of the interval
	medianDelay   = 15 * time.Second
	lateDelay     = 25 * time.Second // of 95 in 100
)

// shownMisses is how many misses of a stratum are written out.
const shownMisses = 2

// Size is on how many jobs the verdict is judged.
type Size struct {
	// Jobs are those of all strata together.
	Jobs int
	// Healthy is how many jobs that nothing holds back are judged at least.
	Healthy int
	// Moved are watched until their new root cause is named.
	Moved int
	// Steady are watched for SteadyFor.
	Steady    int
	SteadyFor time.Duration
}

// Full is the size from which the bars are judged.
func Full(jobs int) Size {
	return Size{Jobs: jobs, Healthy: 3000, Moved: 200, Steady: 20, SteadyFor: 30 * time.Minute}
}

// Report is how often the verdict was right.
type Report struct {
	Seed uint64
	Size
	Took time.Duration

	strata  []tally
	healthy proportion // false alarms among jobs that nothing holds back
	ours    []time.Duration
	gauges  []time.Duration
	steady  proportion // of the jobs that do not change, those whose verdict did
}

// tally are the outcomes of a stratum.
type tally struct {
	named, kind proportion
	rivals      []proportion
	misses      []Outcome
}

// Run judges so many random jobs, as many of each stratum; more that nothing holds
// back; how long it takes until a new root cause is named; and whether the verdict on
// jobs that do not change stays. All jobs follow from the seed.
func Run(ctx context.Context, seed uint64, size Size) (*Report, error) {
	begin := time.Now()
	r := &Report{Seed: seed, Size: size, strata: make([]tally, len(Strata))}
	for i := range r.strata {
		r.strata[i].rivals = make([]proportion, len(rivals))
	}
	var mu sync.Mutex
	locked := func(do func()) {
		mu.Lock()
		defer mu.Unlock()
		do()
	}
	each(ctx, size.Jobs, func(i int) {
		outcome := Judge(i%len(Strata), seed+uint64(i))
		locked(func() { r.add(outcome) })
	})
	var healthy []int
	for i, stratum := range Strata {
		if stratum.Healthy {
			healthy = append(healthy, i)
		}
	}
	each(ctx, max(size.Healthy-r.healthy.of, 0)*21/20, func(i int) {
		outcome := Judge(healthy[i%len(healthy)], ^seed-uint64(i))
		locked(func() { r.addHealthy(outcome) })
	})
	each(ctx, size.Moved, func(i int) {
		ours, gauges := Delay(seed + uint64(i))
		locked(func() { r.ours, r.gauges = append(r.ours, ours), append(r.gauges, gauges) })
	})
	each(ctx, size.Steady, func(i int) {
		changed := Changes(seed+uint64(i), size.SteadyFor)
		locked(func() { r.steady.add(changed) })
	})
	slices.Sort(r.ours)
	slices.Sort(r.gauges)
	r.Took = time.Since(begin)
	return r, ctx.Err()
}

// each calls do for 0 to n − 1, on all processors.
func each(ctx context.Context, n int, do func(i int)) {
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	workers.Wait()
}

func (r *Report) add(o Outcome) {
	stratum := &r.strata[o.Stratum]
	stratum.named.add(o.Named)
	stratum.kind.add(o.Kind)
	for i, right := range o.Rivals {
		stratum.rivals[i].add(right)
	}
	if !o.Named || !o.Kind {
		stratum.misses = append(stratum.misses, o)
	}
	r.addHealthy(o)
}

func (r *Report) addHealthy(o Outcome) {
	if o.Healthy {
		r.healthy.add(o.FalseAlarm)
	}
}

// total are the outcomes of all strata.
func (r *Report) total() tally {
	all := tally{rivals: make([]proportion, len(rivals))}
	for _, stratum := range r.strata {
		all.named.of, all.named.count = all.named.of+stratum.named.of, all.named.count+stratum.named.count
		all.kind.of, all.kind.count = all.kind.of+stratum.kind.of, all.kind.count+stratum.kind.count
		for i, rival := range stratum.rivals {
			all.rivals[i].of, all.rivals[i].count = all.rivals[i].of+rival.of, all.rivals[i].count+rival.count
		}
	}
	return all
}

// Missed are the bars that were not met; nil if all were.
func (r *Report) Missed() error {
	var missed []error
	miss := func(missedIt bool, format string, values ...any) {
		if missedIt {
			missed = append(missed, fmt.Errorf(format, values...))
		}
	}
	for i, stratum := range r.strata {
		bar := namedBar
		if Strata[i].NearTie {
			bar = nearTieBar
		}
		miss(stratum.named.share() < bar, "%s: the task is right in %s, less than %g %%", Strata[i].Name, stratum.named, 100*bar)
		miss(stratum.kind.share() < kindBar && !Strata[i].NearTie || stratum.kind.share() < nearTieBar, "%s: the kind is right in %s, less than %g %%", Strata[i].Name, stratum.kind, 100*kindBar)
	}
	all := r.total()
	miss(all.named.share() < totalBar, "in total the task is right in %s, less than %g %%", all.named, 100*totalBar)
	miss(all.kind.share() < kindBar, "in total the kind is right in %s, less than %g %%", all.kind, 100*kindBar)
	miss(all.rivals[0].share() > plainMost, "the plain rule is right in %s, more than %g %%: these jobs are too easy", all.rivals[0], 100*plainMost)
	_, highest := r.healthy.interval()
	miss(r.healthy.share() > alarmsBar || highest > alarmsHighest, "%s false alarms", r.healthy)
	miss(quantile(r.ours, 0.5) > medianDelay, "a new root cause is named after %s at the median, more than %s", quantile(r.ours, 0.5), medianDelay)
	miss(quantile(r.ours, 0.95) > lateDelay, "a new root cause is named after %s in 95 of 100 cases, more than %s", quantile(r.ours, 0.95), lateDelay)
	miss(r.steady.count > 0, "the verdict on %d of %d jobs that do not change did", r.steady.count, r.steady.of)
	return errors.Join(missed...)
}

// String is the report as a page of Markdown.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d jobs, seed %d. Shares with the interval that holds the true one in 95 of 100 cases.\n\n", r.Jobs, r.Seed)
	b.WriteString("| jobs | task right | kind right |")
	for i := range rivals {
		fmt.Fprintf(&b, " rule %d |", i+1)
	}
	fmt.Fprintf(&b, "\n|---|---|---|%s\n", strings.Repeat("---|", len(rivals)))
	row := func(name string, of tally) {
		fmt.Fprintf(&b, "| %s | %s | %s |", name, of.named, of.kind)
		for _, rival := range of.rivals {
			fmt.Fprintf(&b, " %.1f %% |", 100*rival.share())
		}
		b.WriteByte('\n')
	}
	for i, stratum := range r.strata {
		row(Strata[i].Name, stratum)
	}
	row("**all**", r.total())
	b.WriteString("\nThe rules:\n\n")
	for i, rival := range rivals {
		fmt.Fprintf(&b, "%d. %s\n", i+1, rival.name)
	}
	low, high := r.healthy.interval()
	fmt.Fprintf(&b, "\n- False alarms: %d of %d jobs that nothing holds back, %.2f %% (%.2f to %.2f).\n", r.healthy.count, r.healthy.of, 100*r.healthy.share(), 100*low, 100*high)
	fmt.Fprintf(&b, "- A new root cause is named %s after its upstream is more than half held back (median of %d jobs; 95 of 100 within %s). The plain rule on Flink's gauges of a minute takes %s (95 of 100 within %s).\n",
		seconds(quantile(r.ours, 0.5)), len(r.ours), seconds(quantile(r.ours, 0.95)), seconds(quantile(r.gauges, 0.5)), seconds(quantile(r.gauges, 0.95)))
	fmt.Fprintf(&b, "- The verdict changed on %d of %d jobs that do not change, over %g minutes.\n", r.steady.count, r.steady.of, r.SteadyFor.Minutes())
	return b.String()
}

// writeMisses writes a table of what was wrong.
func (r *Report) writeMisses(b *strings.Builder) {
	b.WriteString("## Misses\n\n| jobs | what is wrong | of them |\n|---|---|---|\n")
	for i, stratum := range r.strata {
		counts := map[string]int{}
		for _, miss := range stratum.misses {
			counts[miss.Miss]++
		}
		for _, miss := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(b, "| %s | %s | %d of %d |\n", Strata[i].Name, miss, counts[miss], stratum.named.of)
		}
	}
	b.WriteByte('\n')
}

// Misses describes the first few misses of each stratum, with what repeats them.
func (r *Report) Misses() string {
	var b strings.Builder
	for i, stratum := range r.strata {
		writeMisses(&b, i, stratum.misses, func(o Outcome) (uint64, string) { return o.Seed, o.Text })
	}
	return b.String()
}

// writeMisses describes the first few misses of a stratum by their seed and text.
func writeMisses[T any](b *strings.Builder, stratum int, misses []T, of func(T) (seed uint64, text string)) {
	for _, miss := range misses[:min(len(misses), shownMisses)] {
		seed, text := of(miss)
		fmt.Fprintf(b, "%s, job %d: %s\n", Strata[stratum].Name, seed, text)
	}
	if len(misses) > shownMisses {
		fmt.Fprintf(b, "%s: %d more\n", Strata[stratum].Name, len(misses)-shownMisses)
	}
}

// SeedOf is the seed of a commit.
func SeedOf(commit string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(commit))
	return hash.Sum64() >> 1
}

// introduction opens the page.
//
//go:embed introduction.md
var introduction string

// Write writes the page about it.
func (r *Report) Write(path string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Accuracy\n\n%s\n\n## Figures\n\n%s\n", introduction, r)
	r.writeMisses(&b)
	if missed := r.Missed(); missed != nil {
		fmt.Fprintf(&b, "**Not met**:\n\n- %s\n\n", strings.ReplaceAll(missed.Error(), "\n", "\n- "))
	}
	fmt.Fprintf(&b, "To repeat it: `ACCURACY_SEED=%d ACCURACY_JOBS=%d go tool mage accuracy` (%s on this machine of %d cores).\n", r.Seed, r.Jobs, r.Took.Round(time.Second), runtime.NumCPU())
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// quantile is that of sorted times.
func quantile(sorted []time.Duration, part float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

// proportion is how many of how many.
type proportion struct{ of, count int }

func (p *proportion) add(yes bool) {
	p.of++
	if yes {
		p.count++
	}
}

func (p proportion) share() float64 {
	if p.of == 0 {
		return 1
	}
	return float64(p.count) / float64(p.of)
}

// interval is Wilson's for 95 of 100.
func (p proportion) interval() (low, high float64) {
	if p.of == 0 {
		return 0, 1
	}
	const z = 1.96
	n, share := float64(p.of), p.share()
	middle := (share + z*z/(2*n)) / (1 + z*z/n)
	off := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return max(middle-off, 0), min(middle+off, 1)
}

func (p proportion) String() string {
	low, high := p.interval()
	return fmt.Sprintf("%.1f %% (%.1f to %.1f)", 100*p.share(), 100*low, 100*high)
}
