package accuracy

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// small is one job a stratum.
var small = Size{Jobs: len(Strata), Moved: 2, Steady: 1, SteadyFor: 3 * time.Minute}

// generatorOf makes the job that [Judge] does.
func generatorOf(seed uint64, stratum int) *generator {
	return &generator{rand.New(rand.NewPCG(seed, uint64(stratum)))}
}

func run(t *testing.T, seed uint64, size Size) *Report {
	t.Helper()
	report, err := Run(t.Context(), seed, size)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// All that a report says follows from its seed, however its jobs are shared out.
func TestReportFollowsFromTheSeed(t *testing.T) {
	first, again, other := run(t, 100, small), run(t, 100, small), run(t, 400, small)
	if first.String() != again.String() || first.Misses() != again.Misses() {
		t.Errorf("of one seed there are two reports:\n%s\n%s\n%s\n%s", first, first.Misses(), again, again.Misses())
	}
	if slices.Equal(first.ours, other.ours) && slices.Equal(first.gauges, other.gauges) {
		t.Errorf("with another seed a new root cause is named after %v, too", first.ours)
	}
	for stratum := range Strata {
		first, other := Strata[stratum].make(generatorOf(5, stratum)), Strata[stratum].make(generatorOf(6, stratum))
		if fmt.Sprintf("%+v", *first.Job) == fmt.Sprintf("%+v", *other.Job) {
			t.Errorf("%s: another seed makes the same job", Strata[stratum].Name)
		}
	}
}

// Each stratum has as many jobs, and more that nothing holds back are judged where there
// are too few.
func TestReportCountsItsJobs(t *testing.T) {
	report := run(t, 400, Size{Jobs: len(Strata), Healthy: 8, Moved: 6})
	for i, stratum := range report.strata {
		if stratum.named.of != 1 || stratum.kind.of != 1 || len(stratum.rivals) != len(rivals) || stratum.rivals[0].of != 1 {
			t.Errorf("%s: %+v", Strata[i].Name, stratum)
		}
	}
	if all := report.total(); all.named.of != len(Strata) || all.rivals[1].of != len(Strata) {
		t.Errorf("in total there are %d jobs", all.named.of)
	}
	if report.healthy.of < 8 {
		t.Errorf("%d jobs are healthy, want at least 8", report.healthy.of)
	}
	if len(report.ours) != 6 || len(report.gauges) != 6 || !slices.IsSorted(report.ours) || !slices.IsSorted(report.gauges) {
		t.Errorf("the delays are %v and %v, want six each, in order", report.ours, report.gauges)
	}
}

// A run that is cancelled ends with the error.
func TestRunIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, 1, Full(1_000_000)); err != context.Canceled {
		t.Errorf("a cancelled run ends with %v", err)
	}
}

// Wilson's interval for 95 of 100, as published tables have it.
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		count, of int
		low, high float64
	}{
		{0, 10, 0, 0.278}, {5, 10, 0.237, 0.763}, {10, 10, 0.722, 1}, {1, 10, 0.018, 0.404},
		{15, 148, 0.062, 0.161}, {81, 263, 0.255, 0.366}, {0, 20, 0, 0.161}, {1, 29, 0.006, 0.172}, // of Newcombe (1998)
		{0, 0, 0, 1},
	} {
		low, high := proportion{c.of, c.count}.interval()
		if math.Abs(low-c.low) > 0.0006 || math.Abs(high-c.high) > 0.0006 {
			t.Errorf("of %d of %d it is %.4f to %.4f, want %.3f to %.3f", c.count, c.of, low, high, c.low, c.high)
		}
	}
}

func TestQuantile(t *testing.T) {
	var times []time.Duration
	for i := range 100 {
		times = append(times, time.Duration(i)*time.Second)
	}
	for part, want := range map[float64]time.Duration{0: 0, 0.5: 50 * time.Second, 0.95: 95 * time.Second, 1: 99 * time.Second} {
		if got := quantile(times, part); got != want {
			t.Errorf("quantile %g is %s, want %s", part, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("that of none is %s", got)
	}
}

// perfect is a report that meets all bars.
func perfect() *Report {
	r := &Report{Size: Full(100 * len(Strata)), strata: make([]tally, len(Strata)), healthy: proportion{3000, 0}, steady: proportion{20, 0}}
	for i := range r.strata {
		r.strata[i] = tally{named: proportion{100, 100}, kind: proportion{100, 100}, rivals: make([]proportion, len(rivals))}
		for n := range rivals {
			r.strata[i].rivals[n] = proportion{100, 60}
		}
	}
	for i := range 100 {
		r.ours = append(r.ours, time.Duration(5+i/10)*time.Second)
	}
	return r
}

// Each bar that is not met is reported, and no other.
func TestMissed(t *testing.T) {
	plain, nearTie := indexOf("some hot subtasks"), indexOf("equally slow branches")
	if err := perfect().Missed(); err != nil {
		t.Fatalf("of a report that meets all bars: %v", err)
	}
	for name, c := range map[string]struct {
		change func(r *Report)
		missed []string // what each of the errors begins with
	}{
		"a stratum's tasks at its bar":  {func(r *Report) { r.strata[plain].named.count = 97 }, nil},
		"a stratum's tasks":             {func(r *Report) { r.strata[plain].named.count = 96 }, []string{"some hot subtasks: the task is right in 96.0 %"}},
		"a near tie's tasks at its bar": {func(r *Report) { r.strata[nearTie].named.count = 90 }, nil},
		"a near tie's tasks":            {func(r *Report) { r.strata[nearTie].named.count = 89 }, []string{"equally slow branches: the task is right in 89.0 %"}},
		"a stratum's kinds at its bar":  {func(r *Report) { r.strata[plain].kind.count = 95 }, nil},
		"a stratum's kinds":             {func(r *Report) { r.strata[plain].kind.count = 94 }, []string{"some hot subtasks: the kind is right in 94.0 %"}},
		"a near tie's kinds at its bar": {func(r *Report) { r.strata[nearTie].kind.count = 90 }, nil},
		"a near tie's kinds":            {func(r *Report) { r.strata[nearTie].kind.count = 89 }, []string{"equally slow branches: the kind is right in 89.0 %"}},
		"all tasks":                     {ofEach(func(t *tally) { t.named.count = 98 }), []string{"in total the task is right in 98.0 %"}},
		"all tasks at the bar":          {ofEach(func(t *tally) { t.named = proportion{200, 197} }), nil},
		"all kinds": {func(r *Report) {
			ofEach(func(t *tally) { t.kind.count = 95 })(r)
			r.strata[nearTie].kind.count = 90
		}, []string{"in total the kind is right in 94.8 %"}},
		"the plain rule at its bar":          {ofEach(func(t *tally) { t.rivals[0].count = 85 }), nil},
		"the plain rule":                     {ofEach(func(t *tally) { t.rivals[0].count = 86 }), []string{"the plain rule is right in 86.0 %"}},
		"another rule is right at all times": {ofEach(func(t *tally) { t.rivals[1].count = 100 }), nil},
		"few false alarms":                   {func(r *Report) { r.healthy = proportion{3000, 8} }, []string{"0.3 %"}}, // up to 0.525 %
		"fewer false alarms":                 {func(r *Report) { r.healthy = proportion{3000, 7} }, nil},
		"many false alarms":                  {func(r *Report) { r.healthy = proportion{100_000, 301} }, []string{"0.3 %"}},
		"false alarms at the bar":            {func(r *Report) { r.healthy = proportion{100_000, 300} }, nil},
		"too few healthy jobs":               {func(r *Report) { r.healthy = proportion{100, 0} }, []string{"0.0 %"}}, // up to 3.7 %
		"the median delay": {func(r *Report) {
			for i := 50; i < 100; i++ {
				r.ours[i] = 16 * time.Second
			}
		}, []string{"a new root cause is named after 16s at the median"}},
		"the latest": {func(r *Report) {
			for i := 95; i < 100; i++ {
				r.ours[i] = 26 * time.Second
			}
		}, []string{"a new root cause is named after 26s in 95 of 100"}},
		"the latest, of fewer": {func(r *Report) {
			for i := 96; i < 100; i++ {
				r.ours[i] = 26 * time.Second
			}
		}, nil},
		"a verdict that changes": {func(r *Report) { r.steady.count = 1 }, []string{"the verdict on 1 of 20 jobs"}},
		"two": {func(r *Report) { r.steady.count, r.strata[plain].named.count = 2, 50 }, []string{
			"some hot subtasks: the task is right in 50.0 %", "in total the task is right in 97.8 %", "the verdict on 2 of 20 jobs",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := perfect()
			c.change(r)
			var missed []string
			if err := r.Missed(); err != nil {
				missed = strings.Split(err.Error(), "\n")
			}
			if !slices.EqualFunc(missed, c.missed, strings.HasPrefix) {
				t.Errorf("missed are %q, want %q", missed, c.missed)
			}
		})
	}
}

// ofEach changes the tally of each stratum.
func ofEach(change func(*tally)) func(*Report) {
	return func(r *Report) {
		for i := range r.strata {
			change(&r.strata[i])
		}
	}
}

// The page has a row for each stratum, all figures, and which bars are not met.
func TestPage(t *testing.T) {
	r := perfect()
	r.Seed = 77
	r.steady.count = 3
	path := filepath.Join(t.TempDir(), "accuracy.md")
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, stratum := range Strata {
		if row := fmt.Sprintf("\n| %s | 100.0 %% (96.3 to 100.0) | 100.0 %% (96.3 to 100.0) | 60.0 %% |", stratum.Name); strings.Count(string(page), row) != 1 {
			t.Errorf("%s has %d rows such as %q", stratum.Name, strings.Count(string(page), row), row)
		}
	}
	for _, rival := range rivals {
		if !strings.Contains(string(page), rival.name) {
			t.Errorf("the rule %q is missing", rival.name)
		}
	}
	for _, text := range []string{
		introduction, "2300 jobs, seed 77", "| **all** |", "0 of 3000 jobs that nothing holds back", "10.0 s after its upstream", "95 of 100 within 14.0 s",
		"changed on 3 of 20 jobs that do not change, over 30 minutes", "**Not met**", "- the verdict on 3 of 20 jobs", "ACCURACY_SEED=77 ACCURACY_JOBS=2300",
	} {
		if !strings.Contains(string(page), text) {
			t.Errorf("the page has no %q", text)
		}
	}
	r.steady.count = 0
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
	if page, _ = os.ReadFile(path); strings.Contains(string(page), "Not met") {
		t.Error("bars are not met though all are")
	}
}

// A miss is written out with what repeats it; of many the first few.
func TestMisses(t *testing.T) {
	r := perfect()
	if text := r.Misses(); text != "" {
		t.Errorf("without misses it is %q", text)
	}
	for seed := range uint64(4) {
		r.add(Outcome{Stratum: 0, Seed: seed, Named: seed == 3, Kind: false, Text: "this"})
	}
	r.add(Outcome{Stratum: 1, Seed: 9, Named: true, Kind: true, Text: "not this"})
	want := fmt.Sprintf("%s, job 0: this\n%[1]s, job 1: this\n%[1]s: 2 more\n", Strata[0].Name)
	if text := r.Misses(); text != want {
		t.Errorf("the misses are %q, want %q", text, want)
	}
}

func TestSeedOfACommit(t *testing.T) {
	a, b := SeedOf("f8f4e55"), SeedOf("f8f4e56")
	if a == b || a != SeedOf("f8f4e55") || a > math.MaxInt64 || b > math.MaxInt64 {
		t.Errorf("the seeds are %d and %d", a, b)
	}
}
