package plugin_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// checkAnnotations checks that Grafana can make annotations from a frame: by these
// names and types of fields.
func checkAnnotations(t *testing.T, of *data.Frame) {
	t.Helper()
	for i, want := range []struct {
		name string
		kind data.FieldType
	}{
		{"time", data.FieldTypeNullableTime}, {"timeEnd", data.FieldTypeNullableTime},
		{"title", data.FieldTypeNullableString}, {"text", data.FieldTypeNullableString}, {"tags", data.FieldTypeNullableString},
	} {
		if got := of.Fields[i]; got.Name != want.name || got.Type() != want.kind {
			t.Errorf("field %d is %s of type %s", i, got.Name, got.Type())
		}
	}
	for row := range of.Rows() {
		if of.Fields[0].NilAt(row) || of.Fields[2].NilAt(row) {
			t.Errorf("row %d has no time or title", row)
		}
	}
}

// eventsIn are the kinds of events with their titles, oldest first.
func eventsIn(t *testing.T, of *data.Frame) (events []string) {
	t.Helper()
	titles, kinds := cells(t, of, "title"), cells(t, of, "kind")
	for row := range of.Rows() {
		events = append(events, kinds[row]+": "+titles[row])
	}
	slices.Reverse(events)
	return events
}

// What happened to a job is there as annotations: its restart with how it did before
// and after, the exception, and where its bottleneck moved; now, and when the range has
// ended.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.Moved(time.Hour + 10*time.Minute)
		orders.Phases = []sim.Phase{
			{Lasts: time.Hour + 10*time.Minute},
			{Lasts: 30 * time.Second, State: "RESTARTING"},
			{Lasts: 10 * time.Minute, Restart: true},
			{Change: orders.Phases[1].Change},
		}
		l := newSampledLab(t, orders, sim.HeldBack("clicks", 3, 2, 1))
		begun := time.Now()
		l.frame(t, `{"queryType": "events"}`)
		l.frame(t, `{"queryType": "bottlenecks"}`)
		time.Sleep(30 * time.Minute)
		over := backend.TimeRange{From: begun, To: time.Now()}
		query := `{"queryType": "events", "jobs": ["moved"]}`
		l.Requests()
		shown := l.frameOver(t, over, nil, query)
		if sent := len(l.Requests()); sent != requests(shown) || sent > 4 {
			t.Errorf("%d requests, %d counted", sent, requests(shown))
		}
		checkAnnotations(t, shown)
		want := []string{"exception: Exception in early", "restart: Restart", "bottleneck: Bottleneck moved from early to late"}
		if got := eventsIn(t, shown); !slices.Equal(got, want) {
			t.Fatalf("the events are %q, want %q", got, want)
		}
		restart := slices.Index(cells(t, shown, "kind"), "restart")
		text := cells(t, shown, "text")[restart]
		if !regexp.MustCompile(`^The job was restarted\. In the 5 minutes before: severity 0\.\d\d, \d+ records a second, busiest task early \(\d+ %\)\. In the 5 minutes after: severity 0\.\d\d, \d+ records a second, busiest task early \(\d+ %\)\.$`).MatchString(text) {
			t.Errorf("the restart's text is %q", text)
		}
		if before, after := cells(t, shown, "severity_before")[restart], cells(t, shown, "severity_after")[restart]; before == "null" || after == "null" || cells(t, shown, "busiest_after")[restart] != "early" {
			t.Errorf("it is compared by %s and %s", before, after)
		}
		if begin, end := shown.Fields[0].At(restart).(*time.Time), shown.Fields[1].At(restart).(*time.Time); end == nil || end.Sub(*begin) < 20*time.Second || end.Sub(*begin) > time.Minute {
			t.Errorf("the restart lasts from %s to %v", begin, end)
		}
		if tags := cells(t, shown, "tags")[restart]; tags != "restart,moved" {
			t.Errorf("its tags are %q", tags)
		}
		if got := eventsIn(t, l.frameOver(t, over, nil, `{"queryType": "events", "jobs": ["moved"], "tasks": ["late"]}`)); !slices.Equal(got, want[1:]) {
			t.Errorf("of one task the events are %q", got)
		}
		if got := l.frameOver(t, over, nil, `{"queryType": "events", "jobs": ["clicks"]}`); got.Rows() != 0 {
			t.Errorf("another job has the events %q", eventsIn(t, got))
		}
		time.Sleep(5 * time.Minute)
		l.Requests()
		past := l.frameOver(t, over, nil, query)
		if got, sent := eventsIn(t, past), l.Requests(); !slices.Equal(got, want) || len(sent) != 0 {
			t.Errorf("of the past the events are %q, after %d requests", got, len(sent))
		}
	})
}

// A job that was deployed anew is compared with the run before.
func TestEventsOfAJobDeployedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := sim.HeldBack("orders", 3, 2, 1)
		l := newSampledLab(t, first)
		var cluster atomic.Pointer[sim.Cluster]
		cluster.Store(l.Cluster)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { cluster.Load().ServeHTTP(w, r) })})
		begun := time.Now()
		l.frame(t, `{"queryType": "bottlenecks"}`)
		time.Sleep(10 * time.Minute)
		second := sim.New("orders", first.Tasks...)
		second.ID, second.Start = strings.Repeat("cd", 16), time.Now()
		second.Tasks = slices.Clone(second.Tasks)
		second.Tasks[0].Rate = 20
		cluster.Store(newCluster(second))
		time.Sleep(time.Minute)
		l.frame(t, `{"queryType": "bottlenecks"}`)
		time.Sleep(10 * time.Minute)
		over := backend.TimeRange{From: begun, To: time.Now()}
		shown := l.frameOver(t, over, nil, `{"queryType": "events"}`)
		if got := eventsIn(t, shown); !slices.Equal(got, []string{"restart: Deployed anew"}) {
			t.Fatalf("the events are %q", got)
		}
		if text := cells(t, shown, "text")[0]; !regexp.MustCompile(`before: severity 0\.9.*after: severity 0\.0`).MatchString(text) {
			t.Errorf("its text is %q", text)
		}
	})
}

// A checkpoint that failed is there, with when it ended; HTML in a name or a text is no
// HTML in an annotation.
func TestEventsAreNoHTML(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := failingOrders()
		orders.Name = `<img src=x onerror=alert(1)>, "orders"`
		l := newSampledLab(t, orders)
		l.frame(t, `{"queryType": "bottlenecks"}`)
		time.Sleep(20 * time.Minute)
		shown := l.frameOver(t, backend.TimeRange{From: time.Now().Add(-20 * time.Minute), To: time.Now()}, nil, `{"queryType": "events"}`)
		checkAnnotations(t, shown)
		if shown.Rows() == 0 {
			t.Fatal("there are no events")
		}
		for _, column := range []string{"title", "text", "tags"} {
			for _, text := range cells(t, shown, column) {
				if strings.ContainsAny(text, "<>") || column == "tags" && strings.Count(text, ",") > 2 {
					t.Errorf("%s is %q", column, text)
				}
			}
		}
	})
}

// A range of a year is searched for a week, and says so.
func TestEventsOfAYear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newSampledLab(t, sim.HeldBack("orders", 3, 2, 1))
		for length, want := range map[time.Duration]bool{7 * 24 * time.Hour: false, 365 * 24 * time.Hour: true} {
			shown := l.frameOver(t, backend.TimeRange{From: time.Now().Add(-length), To: time.Now()}, nil, `{"queryType": "events"}`)
			const bounded = "Only the last 7 days of the time range are searched for events: choose a shorter one, or one that ends earlier."
			if got := slices.Contains(notices(shown), bounded); got != want {
				t.Errorf("of %s the notices are %q", length, notices(shown))
			}
		}
	})
}

// Events are found in what a Prometheus has, too: of a time that no sample reaches, and
// of a job that is gone.
func TestEventsFromPrometheus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		first := scrapedJob{strings.Repeat("ab", 16), "orders", []string{"a", "b"}, start.Add(-time.Hour), start.Add(-30 * time.Minute)}
		second := scrapedJob{strings.Repeat("cd", 16), "orders", []string{"a", "b"}, start.Add(-30*time.Minute + scrapeInterval), start.Add(-2 * time.Minute)}
		l, _, _ := newForgetfulLab(t, nil, nil, first, second)
		over := backend.TimeRange{From: start.Add(-time.Hour), To: start.Add(-2 * time.Minute)}
		for _, query := range []string{`{"queryType": "events"}`, `{"queryType": "events", "jobs": ["orders"]}`} {
			shown := l.frameOver(t, over, nil, query)
			checkAnnotations(t, shown)
			if got := eventsIn(t, shown); !slices.Equal(got, []string{"restart: Deployed anew"}) {
				t.Errorf("%s: the events are %q, with the notices %q", query, got, notices(shown))
			}
			if text := fmt.Sprint(cells(t, shown, "text")); !strings.Contains(text, "In the 5 minutes before: ") || !strings.Contains(text, "In the 5 minutes after: ") {
				t.Errorf("%s: the text is %s", query, text)
			}
		}
	})
}
