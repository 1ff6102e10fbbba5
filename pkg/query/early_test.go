package query_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

// What waits with a context that ends early has an error that says so, and that is one of a
// deadline, and its parent's where that ends first.
func TestEarly(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(parent, ending, own context.CancelFunc)
		want error
	}{
		"nothing ends": {func(_, _, _ context.CancelFunc) {}, nil},
		"the parent":   {func(parent, _, _ context.CancelFunc) { parent() }, context.Canceled},
		"ending":       {func(_, ending, _ context.CancelFunc) { ending() }, query.ErrStopped},
		"itself":       {func(_, _, own context.CancelFunc) { own() }, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, endParent := context.WithCancel(t.Context())
				defer endParent()
				ending, end := context.WithCancel(t.Context())
				defer end()
				early, endEarly := query.Early(parent, ending)
				defer endEarly()
				child, endChild := context.WithTimeout(early, time.Hour)
				defer endChild()
				c.end(endParent, end, endEarly)
				synctest.Wait()
				if !errors.Is(early.Err(), c.want) || !errors.Is(child.Err(), c.want) {
					t.Errorf("%v, of what is made from it %v, want %v", early.Err(), child.Err(), c.want)
				}
				if late := errors.Is(early.Err(), context.DeadlineExceeded); late != (c.want == query.ErrStopped) {
					t.Errorf("%v is one of a deadline: %v", early.Err(), late)
				}
			})
		})
	}
}
