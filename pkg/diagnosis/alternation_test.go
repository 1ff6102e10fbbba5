package diagnosis_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// setsOf reads root causes such as "A AB - B": one word each 10 s, a letter for each
// task that is one, and - where none is.
func setsOf(text string) (sets []diagnosis.RootSet) {
	for i, word := range strings.Fields(text) {
		set := diagnosis.RootSet{At: diagnosis.Instant{At: second(10 * (i + 1)), From: second(10 * i), MaxGap: maxGap}}
		for _, letter := range strings.Trim(word, "-") {
			set.IDs = append(set.IDs, string(letter))
		}
		sets = append(sets, set)
	}
	return sets
}

// turnsOf are the turns that are found, as "A 50 % since 0 s"; "none" for none.
func turnsOf(found diagnosis.Alternation, alternates bool) string {
	if !alternates {
		return "none"
	}
	var turns []string
	for _, id := range slices.Sorted(maps.Keys(found.Turns)) {
		turn := found.Turns[id]
		turns = append(turns, fmt.Sprintf("%s %.0f %% since %s s", id, 100*turn.Share, inSeconds(turn.Since)))
	}
	return strings.Join(turns, ", ")
}

// A bottleneck takes turns where it has moved from one task to another and back.
func TestAlternation(t *testing.T) {
	for name, c := range map[string]struct{ sets, want string }{
		"turns of one sample":           {"A B A B", "A 50 % since 0 s, B 50 % since 10 s"},
		"turns of several":              {"A A A B B A A A B B", "A 60 % since 0 s, B 40 % since 30 s"},
		"back once":                     {"A A B B A", "A 60 % since 0 s, B 40 % since 20 s"},
		"moved for good":                {"A A A B B B", "none"},
		"moved for good, and once more": {"A A B B C C", "none"},
		"moved to a third after turns":  {"A B A B C C", "A 33 % since 0 s, B 33 % since 10 s"},
		"moved from both":               {"AB AB C C", "none"},
		"always the same":               {"A A A A A", "none"},
		"comes and goes alone":          {"A - A - A - -", "none"},
		"healthy":                       {"- - - -", "none"},
		"nothing":                       {"", "none"},
		"two samples":                   {"A B", "none"},
		"with pauses between":           {"- A - B - A - B", "A 25 % since 10 s, B 25 % since 30 s"},
		"three tasks":                   {"A B C A B C", "A 33 % since 0 s, B 33 % since 10 s, C 33 % since 20 s"},
		"two that are mostly root causes together": {"A AB AB B AB AB A AB AB B", "none"},
		"two that overlap at each change":          {"A A AB B B AB A A AB B B", "A 64 % since 0 s, B 64 % since 20 s"},
		"beside one that always is a root cause":   {"AC BC AC BC", "A 50 % since 0 s, B 50 % since 10 s"},
		"comes and goes beside one that always is": {"AC C AC C AC C", "none"},
		"one that is a root cause by chance":       {"A A A A A B A A A A A A", "none"}, // for less than a tenth
		"beside one that is by chance":             {"A B A B A B A B A B C A B A B A B A B A B", "A 48 % since 0 s, B 48 % since 10 s"},
		"one that pauses once for another":         {"A A A B A A A A", "A 88 % since 0 s, B 12 % since 30 s"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := turnsOf(diagnosis.FindAlternation(setsOf(c.sets), time.Hour)); got != c.want {
				t.Errorf("of %q the turns are %s, want %s", c.sets, got, c.want)
			}
		})
	}
}

// Turns are judged by the last window alone, and begin with the first of those that
// follow each other within such a window.
func TestAlternationOfAWindow(t *testing.T) {
	for name, c := range map[string]struct {
		sets   string
		window int // seconds
		want   string
	}{
		"all of it":                     {"A B A B", 40, "A 50 % since 0 s, B 50 % since 10 s"},
		"for longer than the window":    {"A B A B A B A B", 30, "A 50 % since 0 s, B 50 % since 10 s"},
		"over for longer than that":     {"A B A B B B B B B", 40, "none"},
		"turns longer than the window":  {"A A A A A B B B B B A A A A A B B", 30, "A 59 % since 0 s, B 41 % since 50 s"},
		"the first one much longer":     {"A A A A A A A A B B A A B B", 20, "A 50 % since 0 s, B 50 % since 80 s"},
		"long ones of three tasks":      {"A A A B B B C C C A A A B", 20, "A 46 % since 0 s, B 31 % since 30 s, C 23 % since 60 s"},
		"long ones, and moved for good": {"A A A B B B A A A B B B B B B B", 20, "none"},
		"long ones, back only once":     {"A A A B B B A A A", 20, "none"},
		"begun anew after a long pause": {"A B A - - - - - - A B A B", 40, "A 40 % since 90 s, B 40 % since 100 s"},
	} {
		if got := turnsOf(diagnosis.FindAlternation(setsOf(c.sets), time.Duration(c.window)*time.Second)); got != c.want {
			t.Errorf("%s: of %q the turns are %s, want %s", name, c.sets, got, c.want)
		}
	}
}

// However long turns are, up to a quarter of an hour: once each task has come back it is
// the same verdict at any moment of them.
func TestLongTurnsAreSteady(t *testing.T) {
	const window = 5 * time.Minute // that of a fetch every 10 s
	for _, turn := range []int{6, 10, 18, 24, 30, 60, 90} {
		words := []string{}
		for i := range 6 * turn {
			words = append(words, string("AB"[i/turn%2]))
		}
		for length := 3*turn + 1; length <= len(words); length++ {
			if found, alternates := diagnosis.FindAlternation(setsOf(strings.Join(words[:length], " ")), window); !alternates || len(found.Turns) != 2 {
				t.Fatalf("turns of %d s: after %d s there are %v", 10*turn, 10*length, found.Turns)
			}
		}
	}
}

// Shares are of the time looked at, not of the samples.
func TestAlternationWeighsTime(t *testing.T) {
	sets := setsOf("A B A B")
	for i, at := range []int{30, 40, 70, 80} {
		sets[i].At = diagnosis.Instant{At: second(at), From: second(at - 10)}
	}
	sets[0].At.From = second(0)
	found, alternates := diagnosis.FindAlternation(sets, time.Hour)
	if got, want := turnsOf(found, alternates), "A 75 % since 0 s, B 25 % since 30 s"; got != want {
		t.Errorf("the turns are %s, want %s", got, want)
	}
	if !found.From.Equal(second(0)) || !found.To.Equal(second(80)) {
		t.Errorf("looked at %s to %s s", inSeconds(found.From), inSeconds(found.To))
	}
}

// Of tasks that take turns one at a time, the shares add up to 1 at most, and to 1 where
// one always has its turn; none has a turn before the time looked at or after it.
func TestAlternationShares(t *testing.T) {
	found, none := 0, 0
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 9))
		letters := "ABC-"[:2+random.IntN(3)]
		var words []string
		for len(words) < 30 {
			letter := string(letters[random.IntN(len(letters))])
			for range 1 + random.IntN(4) {
				words = append(words, letter)
			}
		}
		alternation, alternates := diagnosis.FindAlternation(setsOf(strings.Join(words, " ")), time.Hour)
		if !alternates {
			none++
			continue
		}
		found++
		sum := 0.0
		for id, turn := range alternation.Turns {
			sum += turn.Share
			first := slices.Index(words, id)
			if want := float64(count(words, id)) / float64(len(words)); math.Abs(turn.Share-want) > 1e-9 || !turn.Since.Equal(second(10*first)) {
				t.Errorf("%v: the turn of %s is %+v, want %.3f since %d s", words, id, turn, want, 10*first)
			}
		}
		others := 0.0 // of those without a turn
		for _, id := range []string{"A", "B", "C", "-"} {
			if _, takes := alternation.Turns[id]; !takes {
				others += float64(count(words, id)) / float64(len(words))
			}
		}
		if math.Abs(sum+others-1) > 1e-9 {
			t.Errorf("%v: the shares add up to %.3f", words, sum+others)
		}
	}
	if found < 100 {
		t.Errorf("turns are found in %d jobs and in %d none: it was hardly tried", found, none)
	}
}

func count(words []string, of string) (n int) {
	for _, word := range words {
		if word == of {
			n++
		}
	}
	return n
}

// The turns are explained for a task that takes them, those of the others longest first.
func TestAlternationIsExplained(t *testing.T) {
	snapshot := snapshotOf(chain(task("A", at(0, 0.9)), task("B", at(1, 0)), task("C", at(0.1, 0)), task("D", at(0, 0)))...)
	sets := setsOf("A B C C A A B C C A")
	for task, want := range []string{
		" It takes turns: over the last 100 s, A was the root cause 40 % of the time, C 40 %, B 20 %.",
		" It takes turns: over the last 100 s, B was the root cause 20 % of the time, A 40 %, C 40 %.",
		" It takes turns: over the last 100 s, C was the root cause 40 % of the time, A 40 %, B 20 %.",
		"",
	} {
		found, _ := diagnosis.FindAlternation(sets, time.Hour)
		if got := found.Explain(snapshot, task); got != want {
			t.Errorf("of task %d it says %q, want %q", task, got, want)
		}
	}
	found, _ := diagnosis.FindAlternation(setsOf(strings.Repeat("A B B ", 10)), time.Hour)
	if got, want := found.Explain(snapshot, 1), " It takes turns: over the last 5 min, B was the root cause 67 % of the time, A 33 %."; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	var none *diagnosis.Alternation
	if got := none.Explain(snapshot, 0); got != "" {
		t.Errorf("where there is none it says %q", got)
	}
	if advice := diagnosis.AdviseAlternating("B"); !strings.HasPrefix(advice, "Speed up B and those that it takes turns with") {
		t.Errorf("the advice is %q", advice)
	} else {
		isSentence(t, advice)
	}
}

// The time of which nothing is known is nobody's turn.
func TestAlternationOverAGap(t *testing.T) {
	sets := setsOf("A A A A A A A A A A A A A A B A A A")
	if got := turnsOf(diagnosis.FindAlternation(sets, 5*time.Minute)); got != "none" {
		t.Errorf("one sample of B: %s", got)
	}
	for i := range sets {
		if i >= 14 {
			sets[i].At.At, sets[i].At.From = sets[i].At.At.Add(2*time.Minute), sets[i].At.From.Add(2*time.Minute)
		}
	}
	if got := turnsOf(diagnosis.FindAlternation(sets, 5*time.Minute)); got != "none" {
		t.Errorf("one sample of B, after two minutes of which nothing is known: %s", got)
	}
}
