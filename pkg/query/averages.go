package query

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// averagedOver is over how much of the range rates are averaged at most: its end.
const averagedOver = time.Hour

// averagesKey is the key of a verdict's averages.
type averagesKey struct{}

// averages are those of a job up to the moment of a verdict, over ranges of different
// length: all samples of the range are read and diagnosed for one, which is done once for
// all who look at it.
type averages struct {
	flight singleflight.Group
	mu     sync.Mutex
	kept   map[averageKey]averaged
}

// averageKey is how long a time is averaged, and how far apart points are that are
// computed.
type averageKey struct{ long, step time.Duration }

// averaged is an average, with what is missing in it.
type averaged struct {
	diagnosis.Average
	measured bool
	warnings history.Warnings
	// stopped is set where the query ended that it was made for.
	stopped bool
}

// maxAverages is how many are kept for a verdict.
const maxAverages = 4

// over is the average over the request's range, up to the verdict. One that lacks
// something is not kept: it is for those alone who wait for it. The error is the source's,
// or the context's.
func (a *averages) over(ctx context.Context, verdict *diagnosis.Verdict, req Request, past pastOf) (averaged, error) {
	// Everyone's range moves on with the clock: whole fetches make them equal.
	long := min(verdict.Snapshot.At.Sub(req.Range.From), averagedOver).Round(max(past.cluster.interval().Fetch, time.Second))
	key := averageKey{long, req.Step}
	for {
		if found, is := a.get(key); is {
			return found, nil
		}
		var mine atomic.Bool // whether it is made for this query
		made := a.flight.DoChan(fmt.Sprint(key), func() (value any, err error) {
			mine.Store(true)
			defer func() {
				if fault := recover(); fault != nil { // on this goroutine it would end the process
					value, err = averaged{}, collector.Caught(fault)
				}
			}()
			found, err := average(ctx, verdict, key, past)
			found.stopped = ctx.Err() != nil
			if err == nil && len(found.warnings) == 0 && !found.stopped {
				a.keep(key, found)
			}
			return found, err
		})
		select {
		case shared := <-made:
			passOn(shared.Err)
			if found := shared.Val.(averaged); !found.stopped || mine.Load() { // else another's query has ended
				return found, shared.Err
			}
		case <-ctx.Done():
			if mine.Load() {
				shared := <-made // it ends with this query
				passOn(shared.Err)
				return shared.Val.(averaged), shared.Err
			}
			return average(ctx, verdict, key, past)
		}
	}
}

// passOn panics for an error that was a panic, where the query recovers from it.
func passOn(err error) {
	var caught *collector.Panic
	if errors.As(err, &caught) {
		panic(caught)
	}
}

func (a *averages) get(key averageKey) (found averaged, is bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, is = a.kept[key]
	return found, is
}

func (a *averages) keep(key averageKey, made averaged) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.kept == nil {
		a.kept = map[averageKey]averaged{}
	}
	for each := range a.kept {
		if len(a.kept) >= maxAverages {
			delete(a.kept, each)
		}
	}
	a.kept[key] = made
}

// average reads and diagnoses what is known of so long a time before a verdict, which it
// includes.
func average(ctx context.Context, verdict *diagnosis.Verdict, of averageKey, past pastOf) (found averaged, err error) {
	averager, newest := diagnosis.Averager{}, verdict.Snapshot.At
	if past.cluster.hasHistory() {
		query := history.Query{Job: past.job, Range: history.Range{From: newest.Add(-of.long), To: newest}, Step: of.step, Records: true}
		found.warnings, err = past.source.Snapshots(ctx, query, func(of history.Snapshot) bool {
			if of.At.Before(newest) {
				averager.Add(diagnosis.Diagnose(of.Snapshot), of.MaxGap)
			}
			return ctx.Err() == nil
		})
	}
	averager.Add(verdict, past.cluster.interval().MaxGap())
	found.Average, found.measured = averager.Average()
	return found, err
}
