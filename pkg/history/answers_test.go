package history_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// answered notes answers, "+", and silence, "-", at seconds after the began.
func answered(store *history.Store, cluster string, at ...string) {
	for _, each := range at {
		var second int
		_, _ = fmt.Sscanf(each[1:], "%d", &second) // always a number
		store.Answered(cluster, began.Add(time.Duration(second)*time.Second), each[0] == '+')
	}
}

// up is what is told of a cluster between two seconds after the began.
func up(store *history.Store, cluster string, from, to int, step time.Duration) string {
	times, values := store.Up(cluster, history.Span{From: began.Add(time.Duration(from) * time.Second), To: began.Add(time.Duration(to) * time.Second)}, step)
	var all []string
	for i, at := range times {
		all = append(all, fmt.Sprintf("%g:%g", at.Sub(began).Seconds(), values[i]))
	}
	return strings.Join(all, " ")
}

// That a cluster answers is told at steps; what nobody asked is not known.
func TestUp(t *testing.T) {
	for name, c := range map[string]struct {
		at   []string
		want string
	}{
		"never asked":                   {nil, ""},
		"asked once":                    {[]string{"+100"}, "100:1"},
		"answers all the time":          {[]string{"+100", "+110", "+160", "+200"}, "100:1 130:1 160:1 190:1 200:1"},
		"goes away":                     {[]string{"+100", "+110", "-120", "-130"}, "100:1 110:1 120:0 130:0"},
		"comes back":                    {[]string{"-100", "+110", "-120"}, "100:0 110:1 120:0"},
		"nobody asked for a while":      {[]string{"+100", "+200"}, "100:1 200:1"},
		"a time before the last":        {[]string{"+200", "-190", "+210"}, "200:1 210:1"},
		"the clock goes back for good":  {[]string{"+1000", "+1050", "+1100", "-500", "-530", "-560", "-570"}, "560:0 570:0"},
		"back into what was, for good":  {[]string{"+100", "+180", "+260", "+340", "-170", "-200", "-230", "-240"}, "100:1 130:1 160:1 190:1 220:1 230:1 240:0"},
		"another time, out of the span": {[]string{"-9000", "+9010"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: mib})
			answered(store, "eu", c.at...)
			if got := up(store, "eu", 0, 2000, 30*time.Second); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// What is kept of a cluster is forgotten with its looks, and small however
// often it comes and goes.
func TestUpIsBounded(t *testing.T) {
	store := history.NewStore(history.Limits{Retention: time.Hour, Bytes: mib})
	for second := 0; second < 9*3600; second++ {
		answered(store, "eu", fmt.Sprintf("%c%d", "+-"[second%2], second))
	}
	if bytes := store.Bytes(); bytes > 100_000 {
		t.Errorf("%d bytes", bytes)
	}
	if got := up(store, "eu", 0, 8*3600-2, time.Minute); got != "" {
		t.Errorf("of hours ago it is told that %.80s", got)
	}
	added(store, "a", 9*3600+10) // what is of other clusters is forgotten, too
	if before := store.Bytes(); before < 100*24 {
		t.Errorf("%d bytes", before)
	}
	added(store, "a", 12*3600, 12*3600+30, 12*3600+60, 12*3600+70)
	if got := up(store, "eu", 0, 13*3600, time.Minute); got != "" {
		t.Errorf("three hours later it is told that %.80s", got)
	}
}
