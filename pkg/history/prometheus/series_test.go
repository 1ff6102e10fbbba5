package prometheus_test

import (
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// part is when a series was scraped, in minutes from noon.
type part struct{ from, to int }

// pair are two series of one attempt, of which the second tells other shares,
// so that it shows which was taken.
func pair(of [2][]part, labels [2]string, change func(*ran)) (all []ran) {
	for i, parts := range of {
		for _, part := range parts {
			one := always("a", 0, []job.Shares{mixed, {Idle: 0.1, Busy: 0.8, Backpressured: 0.1}}[i])
			one.from, one.to = minutes(part.from, part.to).From, minutes(part.from, part.to).To
			one.labels = map[string]string{"instance": labels[i]}
			change(&one)
			all = append(all, one)
		}
	}
	return all
}

// One attempt has several series where a label that is not Flink's changes
// while it runs, or where two Prometheuses scrape it: each time is told by one
// that lasted for all of it, whichever that is, and by that alone.
func TestAttemptOfSeveralSeries(t *testing.T) {
	kinds := map[string]func(*ran){"clocks": func(*ran) {}, "gauges": func(r *ran) { r.old = true }, "a legacy source": func(r *ran) { r.legacy = true }}
	for name, c := range map[string]struct {
		of    [2][]part
		holes int // how many minutes may be unknown
	}{
		"a label changes":            {[2][]part{{{-30, 0}}, {{0, 30}}}, 1},
		"it changes back":            {[2][]part{{{-30, -10}, {10, 30}}, {{-10, 10}}}, 2},
		"one of a pair stops":        {[2][]part{{{-30, 0}}, {{-30, 30}}}, 0},
		"one of a pair begins":       {[2][]part{{{0, 30}}, {{-30, 30}}}, 0},
		"each of a pair has a gap":   {[2][]part{{{-30, -10}, {0, 30}}, {{-30, 2}, {15, 30}}}, 0},
		"gaps of a pair that meet":   {[2][]part{{{-30, -10}, {0, 30}}, {{-30, 0}, {15, 30}}}, 1},
		"one of a pair is but short": {[2][]part{{{-1, 0}}, {{-30, 30}}}, 0},
	} {
		for kind, change := range kinds {
			for _, labels := range [][2]string{{"0", "1"}, {"1", "0"}} {
				t.Run(name+", of "+kind+" "+labels[0], func(t *testing.T) {
					all := pair(c.of, labels, change)
					reader := served(t, &fake{series: scraped(all...)}, prometheus.Options{})
					unknown, found := 0, snapshots(t, reader, minutes(-20, 20), time.Minute)
					for _, snapshot := range found {
						got := snapshot.Tasks[0].Subtasks
						if !got[0].Known() {
							unknown++
						} else if one, other := expected(all[0]), expected(all[len(all)-1]); len(got) != 1 || !near(got[0].Shares, one) && !near(got[0].Shares, other) {
							t.Errorf("at %s %+v", snapshot.At.Sub(noon), got)
						}
					}
					if unknown > c.holes || len(found) != 41 {
						t.Errorf("%d of %d are unknown", unknown, len(found))
					}
				})
			}
		}
	}
}
