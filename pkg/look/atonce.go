package look

import (
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
)

// AtOnce calls the function for 0 to n − 1, at most so many at a time, and
// returns when all have returned. The functions keep their own errors. A panic
// in one goes on in the caller, who can recover from it, and whose process
// would else end.
func AtOnce(n, most int, do func(i int)) {
	var group errgroup.Group
	var fault sync.Once
	var caught any
	group.SetLimit(most)
	for i := range n {
		group.Go(func() error {
			defer func() {
				if value := recover(); value != nil {
					fault.Do(func() { caught = fmt.Errorf("%v\n%s", value, debug.Stack()) })
				}
			}()
			do(i)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	if caught != nil {
		panic(caught)
	}
}
