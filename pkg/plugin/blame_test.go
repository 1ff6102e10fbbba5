package plugin_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// The bottleneck of this job moves five minutes after the test begins. Since
// then the second task is it, and of the range each has its share.
func TestSinceAndBlame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sampling(t, moved())
		begin := time.Now()
		answer(t, queried(l.ctx, t, l, `{"queryType": "tasks"}`), "A")
		time.Sleep(15 * time.Minute)
		over := backend.TimeRange{From: begin, To: time.Now()}
		responses := queriedOver(l.ctx, t, l, over, nil, `{"queryType": "bottlenecks"}`, `{"queryType": "tasks"}`, `{"queryType": "measure", "measure": "blame", "by": "task"}`)

		verdict := answer(t, responses, "A")
		if task := cells(t, verdict, "task"); strings.Join(task, ", ") != "task-2" {
			t.Errorf("the bottleneck is %s", task)
		}
		since, _ := verdict.FieldByName("since")
		at, _ := since.At(0).(*time.Time)
		if at == nil || at.Sub(begin) < 4*time.Minute+45*time.Second || at.Sub(begin) > 5*time.Minute+30*time.Second {
			t.Errorf("since %v, and the bottleneck moved at %s", at, begin.Add(5*time.Minute))
		}
		for refID, column := range map[string]string{"B": "blame", "C": ""} {
			shown := answer(t, responses, refID)
			var shares []float64
			if column == "" {
				for _, field := range shown.Fields {
					value, _ := field.ConcreteAt(0)
					shares = append(shares, value.(float64))
				}
			} else {
				field, _ := shown.FieldByName(column)
				for i := range field.Len() {
					value, _ := field.ConcreteAt(i)
					shares = append(shares, value.(float64))
				}
			}
			if len(shares) != 4 || shares[0] != 0 || shares[1] < 0.3 || shares[1] > 0.37 || shares[2] < 0.63 || shares[2] > 0.7 || shares[3] != 0 {
				t.Errorf("the blame is %v, and it was a third of the time the second's, then the third's", shares)
			}
		}
	})
}

// Without a history nobody knows since when.
func TestSinceWithoutHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inLab(t, moved())
		l.source = open(t, with(map[string]any{"url": "http://flink:8081", "history": map[string]any{"retention": "0s"}}))
		responses := queried(l.ctx, t, l, `{"queryType": "bottlenecks"}`, `{"queryType": "measure", "measure": "blame", "by": "task"}`)
		if since := cells(t, answer(t, responses, "A"), "since"); since[0] != "null" {
			t.Errorf("since %s", since)
		}
		for _, field := range answer(t, responses, "B").Fields {
			if value, known := field.ConcreteAt(0); known {
				t.Errorf("blame %v", value)
			}
		}
	})
}
