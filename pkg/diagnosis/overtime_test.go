package diagnosis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// begun is when the samples of these tests begin.
var begun = time.Date(2026, time.March, 4, 10, 0, 0, 0, time.UTC)

const maxGap = time.Minute

func second(n int) time.Time { return begun.Add(time.Duration(n) * time.Second) }

// history reads samples such as "10r 20. 30?": the second of each, and whether the
// task was a root cause (r), measured and none (.), or not known (?). Each was
// measured over the 10 s before.
func history(text string) (at []diagnosis.Instant, severity []float64) {
	severities := map[byte]float64{'r': 0.8, '.': 0, '?': math.NaN()}
	for _, word := range strings.Fields(text) {
		last := len(word) - 1
		n, err := strconv.Atoi(word[:last])
		if err != nil {
			panic(err)
		}
		at = append(at, diagnosis.Instant{At: second(n), From: second(n - 10), MaxGap: maxGap})
		severity = append(severity, severities[word[last]])
	}
	return at, severity
}

// sinceWhen is what a streak ends with, in seconds; "-" for no root cause.
func sinceWhen(at []diagnosis.Instant, severity []float64) string {
	var streak diagnosis.Streak
	var since time.Time
	for i := range at {
		since = streak.Add(at[i], severity[i])
	}
	return inSeconds(since)
}

func inSeconds(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return fmt.Sprint(at.Sub(begun).Seconds())
}

// A task is a root cause since its streak began: interruptions up to 25 s,
// by a checkpoint or a burst, do not end it, a gap in which nothing was sampled does.
func TestStreak(t *testing.T) {
	for name, c := range map[string]struct{ samples, since string }{
		"from the first sample on":           {"10r", "0"},
		"all along":                          {"10. 20r 30r 40r", "10"},
		"not any more":                       {"10r 20r 30.", "-"},
		"not known any more":                 {"10r 20r 30?", "-"},
		"never":                              {"10. 20. 30.", "-"},
		"interrupted for two fetches":        {"10r 20. 30. 55r", "0"},
		"interrupted for longer":             {"10r 20. 30. 56r", "46"},
		"not known for two fetches":          {"10r 20? 30? 55r", "0"},
		"not known for longer":               {"10r 20? 30? 56r", "46"},
		"not known, then none":               {"10r 20? 30. 55r", "0"},
		"not known, then none, for longer":   {"10r 20? 30. 56r", "46"},
		"interrupted again and again":        {"10r 20. 50r 60. 90r 100? 130r", "0"},
		"interrupted for long, then briefly": {"10r 20. 60. 100r 110. 120r", "90"},
		"none in the sample before":          {"10. 20r", "10"},
		"a minute without a sample":          {"10r 80r", "0"},
		"a gap":                              {"10r 81r", "71"},
		"a gap while interrupted":            {"10r 20. 91r", "81"},
		"a gap, then an interruption":        {"10r 81r 91. 101r", "71"},
		"a gap, then none, then again":       {"10r 81. 91r", "81"},
	} {
		at, severity := history(c.samples)
		if got := sinceWhen(at, severity); got != c.since {
			t.Errorf("%s: %s is since %s, want %s", name, c.samples, got, c.since)
		}
	}
}

// A pause may last as long as is said: two and a half times the interval of samples, or
// as long as one that takes turns pauses.
func TestStreakWithin(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{
		0: 25 * time.Second, 10 * time.Second: 25 * time.Second, 30 * time.Second: 75 * time.Second, time.Hour: 150 * time.Minute,
	} {
		if got := diagnosis.MaxInterruption(interval); got != want {
			t.Errorf("samples %s apart: %s, want %s", interval, got, want)
		}
	}
	at, severity := history("10r 20. 30? 80r")
	for within, want := range map[time.Duration]string{time.Second: "70", 49 * time.Second: "70", 50 * time.Second: "0", time.Hour: "0"} {
		var streak diagnosis.Streak
		var since time.Time
		for i := range at {
			since = streak.AddWithin(at[i], severity[i], within)
		}
		if got := inSeconds(since); got != want {
			t.Errorf("within %s it is since %s, want %s", within, got, want)
		}
	}
}

// Where nothing was measured a sample begins when it was taken; without a longest
// gap any time may pass.
func TestStreakOfUnmeasuredSamples(t *testing.T) {
	at, severity := history("10r 90r")
	at[0].From, at[1].From = time.Time{}, time.Time{}
	if got := sinceWhen(at[:1], severity); got != "10" {
		t.Errorf("since %s, want 10", got)
	}
	if got := sinceWhen(at, severity); got != "90" {
		t.Errorf("after a gap since %s, want 90", got)
	}
	at[0].MaxGap = 0
	if got := sinceWhen(at, severity); got != "10" {
		t.Errorf("without a longest gap since %s, want 10", got)
	}
}

// Going forward, sample by sample, gives at any time what going back from there
// would.
func TestStreakGoingBack(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 1000 {
		at, severity := randomHistory(chance, 40)
		var streak diagnosis.Streak
		for i := range at {
			got, want := streak.Add(at[i], severity[i]), goingBack(at[:i+1], severity)
			if !got.Equal(want) {
				t.Fatalf("sample %d is since %s, going back %s, of %v %v", i, inSeconds(got), inSeconds(want), at, severity)
			}
			if !got.IsZero() {
				found++
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d samples of a root cause: the property was hardly tried", found)
	}
}

// goingBack is when the streak at the last sample began, by going back from it.
func goingBack(at []diagnosis.Instant, severity []float64) (since time.Time) {
	for i := len(at) - 1; i >= 0; i-- {
		switch {
		case i+1 < len(at) && at[i+1].From.Sub(at[i].At) > at[i].MaxGap:
			return since
		case severity[i] > 0:
			since = at[i].From
		case since.IsZero() || since.Sub(at[i].At) > 25*time.Second:
			return since
		}
	}
	return since
}

// randomHistory has runs of samples, 5 to 25 s apart, and gaps now and then.
func randomHistory(chance *rand.Rand, samples int) (at []diagnosis.Instant, severity []float64) {
	now, kind := 0, byte('.')
	var words []string
	for range samples {
		if now += 5 + chance.IntN(20); chance.IntN(15) == 0 {
			now += 90
		}
		if chance.IntN(4) == 0 {
			kind = "r.?"[chance.IntN(3)]
		}
		words = append(words, fmt.Sprintf("%d%c", now, kind))
	}
	return history(strings.Join(words, " "))
}

// Each sample counts for the time that it measured, and from there until the next
// begins to measure; a gap counts for none, nor does what is before the range.
func TestTurns(t *testing.T) {
	type turn struct{ before, own int } // seconds
	for name, c := range map[string]struct {
		at, from []int // seconds; a negative from is not measured
		want     []turn
	}{
		"one after the other":             {[]int{10, 20, 30}, []int{0, 10, 20}, []turn{{0, 10}, {0, 10}, {0, 10}}},
		"gauges of 5 s, each 10 s":        {[]int{10, 20, 30}, []int{5, 15, 25}, []turn{{0, 5}, {5, 5}, {5, 5}}},
		"gauges of 60 s, each 10 s":       {[]int{10, 20, 30}, []int{-50, -40, -30}, []turn{{0, 10}, {0, 10}, {0, 10}}},
		"equal samples were left out":     {[]int{10, 40}, []int{0, 30}, []turn{{0, 10}, {20, 10}}},
		"a minute apart":                  {[]int{10, 70}, []int{0, 60}, []turn{{0, 10}, {50, 10}}},
		"a gap":                           {[]int{10, 71}, []int{0, 61}, []turn{{0, 10}, {0, 10}}},
		"a window that reaches into one":  {[]int{10, 71}, []int{0, 31}, []turn{{0, 10}, {0, 40}}},
		"nothing measured between":        {[]int{10, 20, 30}, []int{0, -1000, 20}, []turn{{0, 10}, {0, 0}, {0, 10}}},
		"samples before the range":        {[]int{-20, -10, 10}, []int{-30, -20, 0}, []turn{{0, 0}, {0, 0}, {0, 10}}},
		"a sample that reaches before it": {[]int{5, 15}, []int{-5, 5}, []turn{{0, 5}, {0, 10}}},
	} {
		turns := diagnosis.Turns{From: begun}
		for i, want := range c.want {
			instant := diagnosis.Instant{At: second(c.at[i]), From: second(c.from[i]), MaxGap: maxGap}
			if c.from[i] == -1000 {
				instant.From = time.Time{}
			}
			before, own := turns.Add(instant)
			if got := (turn{int(before.Seconds()), int(own.Seconds())}); got != want {
				t.Errorf("%s: sample %d counts %+v, want %+v", name, i, got, want)
			}
		}
	}
}

// The blame of a task is the share of the measured time in which it was a root cause.
func TestBlame(t *testing.T) {
	for name, c := range map[string]struct {
		samples string
		want    float64
	}{
		"all along":                      {"10r 20r 30r", 1},
		"never":                          {"10. 20. 30.", 0},
		"a third":                        {"10r 20. 30.", 1. / 3},
		"what is unknown does not count": {"10r 20? 30? 40.", 0.5},
		"nothing is known":               {"10? 20?", math.NaN()},
		"no samples":                     {"", math.NaN()},
		"a gap does not count":           {"10r 100.", 0.5},
		"samples that were left out do":  {"10r 50.", 0.8},
		"unknown, and then only that":    {"10? 50r", 1},
		"what was before the range":      {"-40r -30r -20r -10. 10. 20r", 0.5},
	} {
		at, severity := history(c.samples)
		shares := blameOf(at, severity)
		got := math.NaN()
		if len(shares) > 0 {
			got = shares[len(shares)-1]
		}
		if !alike(got, c.want) && !(math.Abs(got-c.want) < 1e-9) {
			t.Errorf("%s: the blame is %v, want %v", name, got, c.want)
		}
	}
}

// blameOf is the blame of the only task of a job.
func blameOf(at []diagnosis.Instant, severity []float64) []float64 {
	return diagnosis.BlameOverTime(at, severity, diagnosis.RootCounts([][]float64{severity}, len(at)), begun)
}

// Tasks that are root causes at the same time share the blame for it, so that the blame
// of a job's tasks adds up to at most 1, whatever is not known of some of them.
func TestBlameIsShared(t *testing.T) {
	at, columns := columns(10*time.Second, maxGap, []string{"a", "a", "ab", "ab", ".", "b", "?", "?"})
	counts := diagnosis.RootCounts(columns, len(at))
	if want := []int{1, 1, 2, 2, 0, 1, -1, -1}; !slices.Equal(counts, want) {
		t.Fatalf("root causes at each time are %v, want %v", counts, want)
	}
	from := at[0].From
	for n, want := range []float64{3. / 6, 2. / 6} { // of six measured samples
		if shares := diagnosis.BlameOverTime(at, columns[n], counts, from); math.Abs(shares[len(at)-1]-want) > 1e-9 {
			t.Errorf("the blame of task %d is %v, want %.3f", n, shares, want)
		}
	}
	chance := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		severities := make([][]float64, 1+chance.IntN(4))
		for n := range severities {
			for range at {
				severities[n] = append(severities[n], []float64{0, 0.8, math.NaN()}[chance.IntN(3)])
			}
		}
		sum, counts := 0.0, diagnosis.RootCounts(severities, len(at))
		for _, column := range severities {
			if share := diagnosis.BlameOverTime(at, column, counts, from)[len(at)-1]; !math.IsNaN(share) {
				sum += share
			}
		}
		if sum > 1+1e-9 {
			t.Fatalf("the blame adds up to %.3f: %v", sum, severities)
		}
	}
}

// At each sample the blame is that of the time until then.
func TestBlameOverTime(t *testing.T) {
	at, severity := history("-10r 10? 20r 30. 40.")
	want := []float64{math.NaN(), math.NaN(), 1, 0.5, 1. / 3}
	for i, got := range blameOf(at, severity) {
		if !alike(got, want[i]) && !(math.Abs(got-want[i]) < 1e-9) {
			t.Errorf("at sample %d the blame is %v, want %v", i, got, want[i])
		}
	}
}

// A history that leaves out samples that equal the one before has the same blame
// as the whole of it, and the same streak.
func TestOverTimeOfWhatIsLeftOut(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var at, keptAt []diagnosis.Instant
		var severity, keptSeverity []float64
		value := 0.
		for n := range 100 {
			if chance.IntN(10) == 0 {
				value = []float64{0, 0.8}[chance.IntN(2)]
			}
			instant := diagnosis.Instant{At: second(10 * n), From: second(10*n - 10), MaxGap: maxGap}
			at, severity = append(at, instant), append(severity, value)
			if last := len(keptAt) - 1; n == 99 || last < 0 || keptSeverity[last] != value || instant.At.Sub(keptAt[last].At) >= 30*time.Second {
				keptAt, keptSeverity = append(keptAt, instant), append(keptSeverity, value)
			}
		}
		all, kept := blameOf(at, severity), blameOf(keptAt, keptSeverity)
		if all, kept := all[len(all)-1], kept[len(kept)-1]; math.Abs(all-kept) > 1e-9 {
			t.Fatalf("the blame is %v of all samples, %v of %d of %d: %v", all, kept, len(keptAt), len(at), severity)
		}
		if all, kept := sinceWhen(at, severity), sinceWhen(keptAt, keptSeverity); all != kept {
			t.Fatalf("since %s by all samples, %s by %d of %d: %v", all, kept, len(keptAt), len(at), severity)
		}
	}
}

// columns are the severities of two tasks over time, one sample a step: at each
// "a", "b" or "ab" are root causes, "." none, and "?" is not known.
func columns(step, gap time.Duration, roots []string) (at []diagnosis.Instant, columns [][]float64) {
	columns = make([][]float64, 2)
	for i, root := range roots {
		now := begun.Add(time.Duration(i) * step)
		at = append(at, diagnosis.Instant{At: now, From: now.Add(-step), MaxGap: gap})
		for n, name := range []string{"a", "b"} {
			severity := 0.
			switch {
			case strings.Contains(root, name):
				severity = 0.8
			case root == "?":
				severity = math.NaN()
			}
			columns[n] = append(columns[n], severity)
		}
	}
	return at, columns
}

// over are root causes that take turns for that many samples each.
func over(samples, each int, turns ...string) (roots []string) {
	for n := range samples {
		roots = append(roots, turns[n/each%len(turns)])
	}
	return roots
}

// A bottleneck flaps if it moves at more than a third of the fetches, at which no
// sample can follow it: not one that is not known meanwhile, nor one that stays
// for several fetches, nor means of minutes.
func TestFlapping(t *testing.T) {
	const fetch = 10 * time.Second
	for name, c := range map[string]struct {
		step, gap time.Duration
		roots     []string
		want      diagnosis.Flapping // none: it does not
	}{
		"turns of 10 s":                  {fetch, maxGap, over(60, 1, "a", "b"), diagnosis.Flapping{Moves: 30, Fetches: 31}},
		"turns of 20 s":                  {fetch, maxGap, over(60, 2, "a", "b"), diagnosis.Flapping{Moves: 15, Fetches: 31}},
		"turns of 40 s":                  {fetch, maxGap, over(60, 4, "a", "b"), diagnosis.Flapping{}},
		"turns of 40 s, both in between": {fetch, maxGap, over(60, 1, "a", "a", "a", "ab", "b", "b", "b", "ab"), diagnosis.Flapping{}},
		"both every other time":          {fetch, maxGap, over(60, 1, "a", "ab", "b", "ab"), diagnosis.Flapping{Moves: 15, Fetches: 31}},
		"turns of 4 min":                 {fetch, maxGap, over(60, 24, "a", "b"), diagnosis.Flapping{}},
		"it stays":                       {fetch, maxGap, over(60, 1, "a"), diagnosis.Flapping{}},
		"two at a time":                  {fetch, maxGap, over(60, 1, "ab"), diagnosis.Flapping{}},
		"one of two comes and goes":      {fetch, maxGap, over(60, 1, "ab", "a"), diagnosis.Flapping{Moves: 30, Fetches: 31}},
		"none in between":                {fetch, maxGap, over(60, 1, "a", "."), diagnosis.Flapping{Moves: 30, Fetches: 31}},
		"none for half of each minute":   {fetch, maxGap, over(60, 3, "a", "."), diagnosis.Flapping{}},
		"unknown in between":             {fetch, maxGap, over(60, 1, "a", "?"), diagnosis.Flapping{}},
		"others, and unknown in between": {fetch, maxGap, over(60, 1, "a", "?", "b", "?"), diagnosis.Flapping{Moves: 15, Fetches: 31}},
		"it flapped an hour before":      {fetch, maxGap, append(over(40, 1, "a", "b"), over(360, 1, "b")...), diagnosis.Flapping{Moves: 30, Fetches: 31}},
		"four moves make a pattern":      {fetch, maxGap, over(5, 1, "a", "b"), diagnosis.Flapping{Moves: 4, Fetches: 5}},
		"three do not":                   {fetch, maxGap, over(4, 1, "a", "b"), diagnosis.Flapping{}},
		"means of 5 min":                 {5 * time.Minute, 10 * time.Minute, over(60, 1, "a", "b"), diagnosis.Flapping{}},
		"a sample every other minute":    {2 * time.Minute, maxGap, over(60, 1, "a", "b"), diagnosis.Flapping{}},
		"nothing is known":               {fetch, maxGap, over(60, 1, "?"), diagnosis.Flapping{}},
		"no samples":                     {fetch, maxGap, nil, diagnosis.Flapping{}},
	} {
		at, columns := columns(c.step, c.gap, c.roots)
		got, found := diagnosis.FindFlapping(diagnosis.RootSets(at, nil, columns, func(severity float64) bool { return severity > 0 }), fetch)
		if found != (c.want != diagnosis.Flapping{}) || found && got != c.want {
			t.Errorf("%s: found %t, %+v; want %+v", name, found, got, c.want)
		}
	}
}

// Metrics that are fetched less often move less often, and those that are never
// fetched not at all.
func TestFlappingGoesByTheFetchInterval(t *testing.T) {
	at, columns := columns(10*time.Second, maxGap, over(60, 2, "a", "b"))
	for fetch, want := range map[time.Duration]bool{0: false, 5 * time.Second: false, 10 * time.Second: true, 20 * time.Second: true} {
		if _, found := diagnosis.FindFlapping(diagnosis.RootSets(at, nil, columns, func(severity float64) bool { return severity > 0 }), fetch); found != want {
			t.Errorf("with a fetch every %s: found %t, want %t", fetch, found, want)
		}
	}
	if window := diagnosis.FlappingWindow(10 * time.Second); window != 5*time.Minute {
		t.Errorf("the present is judged over %s, want 5 min", window)
	}
}

// Which values mean a root cause depends on the column: severities, or statuses.
func TestFlappingOfStatuses(t *testing.T) {
	at, _ := columns(10*time.Second, maxGap, over(60, 1, "a"))
	busy, bottleneck := float64(diagnosis.Busy), float64(diagnosis.Bottleneck)
	var statuses []float64
	for i := range at {
		statuses = append(statuses, []float64{busy, bottleneck}[i%2])
	}
	isRoot := func(status float64) bool { return status == bottleneck }
	if got, found := diagnosis.FindFlapping(diagnosis.RootSets(at, nil, [][]float64{statuses}, isRoot), 10*time.Second); !found || got.Moves != 30 {
		t.Errorf("found %t, %+v", found, got)
	}
}
