package plugin_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// leapt is a data source that has sampled a job for half an hour, by a clock
// that has then leapt by so much. A bubble's clock cannot leap: here what is
// remembered is moved instead. Nothing else in the plugin knows for longer than
// a query what time it was, rather than how long ago.
func leapt(t *testing.T, by time.Duration) lab {
	t.Helper()
	const address = "http://flink:8081"
	keys, limits := map[string]any{"url": address, "history": map[string]any{"idleAfter": "1h"}}, history.Limits{Retention: time.Hour, Bytes: 64 << 20}
	before, after := with(keys), with(keys)
	l := inLab(t, sim.HeldBack("orders", 3, 2, 1))
	l.source = open(t, before)
	answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
	time.Sleep(30 * time.Minute)
	l.Dispose()
	trail, moved := job.NewDeriver(job.MetricInterval{Fetch: 10 * time.Second, Gauge: job.FromGauge60s}), history.For(history.Source{UID: after.UID}, limits, time.Now())
	key := history.Key{Cluster: "default at " + address, JobID: l.Jobs[0].ID}
	for taken, err := range history.For(history.Source{UID: before.UID}, limits, time.Now()).Looks(t.Context(), key, history.Span{To: time.Now()}) {
		if err != nil {
			t.Fatal(err)
		}
		taken.At = taken.At.Add(by)
		moved.Add(key.Cluster, taken, look.Row(trail.Add(taken)))
	}
	l.source = open(t, after)
	return l
}

// leaps are by how much the times in the history are wrong for the clock, and
// how many points of the last hour are told once it is believed, of a look
// every ten seconds for five minutes.
var leaps = map[string]struct {
	by          time.Duration
	least, most int
}{
	"none":                    {0, 200, 220},
	"back an hour":            {time.Hour, 20, 32},
	"back a day":              {24 * time.Hour, 20, 32},
	"back by half a minute":   {30 * time.Second, 195, 220},
	"forward ten minutes":     {-10 * time.Minute, 200, 220},
	"forward a day":           {-24 * time.Hour, 25, 40},
	"forward beyond all time": {-25 * 365 * 24 * time.Hour, 25, 40},
}

// Whatever the clock did, what is told is of the past, in order and true, at
// once and later; and sampling goes on.
func TestClockLeaps(t *testing.T) {
	for name, c := range leaps {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := leapt(t, c.by)
				for _, wait := range []time.Duration{0, 15 * time.Second, time.Minute, 4 * time.Minute} {
					time.Sleep(wait)
					for _, query := range overTime {
						for _, back := range []time.Duration{time.Hour, 48 * time.Hour} {
							over := backend.TimeRange{From: time.Now().Add(-back), To: time.Now().Add(48 * time.Hour)}
							for _, shown := range queriedOver(l.ctx, t, l, over, nil, query)["A"].Frames {
								wellFormed(t, query, shown)
								ofThePast(t, query, shown)
							}
						}
					}
					for _, query := range atItsEnd {
						shown := answer(t, queried(l.ctx, t, l, query), "A")
						wellFormed(t, query, shown)
						if answers(query, shown) == 0 {
							t.Errorf("%s is not answered", query)
						}
					}
					since, _ := answer(t, queried(l.ctx, t, l, `{"queryType": "bottlenecks"}`), "A").FieldByName("since")
					if at, _ := since.At(0).(*time.Time); at != nil && (time.Since(*at) < 0 || time.Since(*at) > time.Hour+time.Minute) {
						t.Errorf("since %s, and it is %s", at, time.Now())
					}
				}
				shown := answer(t, queried(l.ctx, t, l, `{"queryType": "history", "by": "task"}`), "A")
				if count := len(told(shown.Fields[0], shown.Fields[1])); count < c.least || count > c.most {
					t.Errorf("%d points: %s", count, points(shown))
				}
			})
		})
	}
}

// ofThePast checks that no time is ahead, and that what is told is what the
// job, in which nothing changes, always does.
func ofThePast(t *testing.T, query string, shown *data.Frame) {
	t.Helper()
	if len(shown.Fields) == 0 {
		return
	}
	for _, field := range shown.Fields[1:] {
		for i, at := range told(shown.Fields[0], field) {
			if value, _ := field.ConcreteAt(i); at.After(time.Now()) {
				t.Errorf("%s: %v at %s, and it is %s", query, value, at, time.Now())
			}
		}
	}
	lowest, highest := extremes(data.Frames{shown})
	for series, high := range highest {
		if high-lowest[series] > 0.02 {
			t.Errorf("%s: %s was %v to %v", query, series, lowest[series], high)
		}
	}
}
