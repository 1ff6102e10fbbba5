package plugin

import (
	"context"
	"iter"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// live tells whether a range ends so late that it is answered with now: later
// than a minute ago, or than two fetches.
func live(over backend.TimeRange, fetch time.Duration) bool {
	return over.To.IsZero() || time.Since(over.To) < max(time.Minute, 2*fetch)
}

// past tells whether the query asks for a time before the present of every
// cluster: of one that does not answer, the present is the last minute.
func past(results []found, over backend.TimeRange) bool {
	for _, result := range results {
		if live(over, result.fetch) {
			return false
		}
	}
	return len(results) > 0
}

// passed tells the same of a query that takes no look. Where the range reaches to
// now there is no need to know how often metrics are fetched, and nothing has
// begun.
func (a asking) passed(ctx context.Context) (begun []found, passed bool, err error) {
	if live(a.over, 0) {
		return nil, false, nil
	}
	begun, err = a.begin(ctx)
	return begun, past(begun, a.over), err
}

// requestsOf are those that what has begun has caused.
func requestsOf(begun []found) (requests int) {
	for _, result := range begun {
		requests += result.requests
	}
	return requests
}

// nothing tells why there is no answer: in a notice, or in an error for an alert
// rule, which must not take it for all being well.
func (a asking) nothing(text string) ([]data.Notice, error) {
	if a.alert {
		return nil, wrong("%s", text)
	}
	return []data.Notice{info("%s", text)}, nil
}

// ended tells that nothing remembers the end of the query's range.
func (a asking) ended() ([]data.Notice, error) {
	return a.nothing("The time range has ended, and nothing is remembered of its end: choose a range that ends later.")
}

// senseless tells what is wrong with a range that nothing happens in.
func senseless(over backend.TimeRange) string {
	switch {
	case over.To.IsZero():
		return ""
	case over.To.Before(over.From):
		return "The time range ends before it begins: choose one that begins earlier."
	case over.From.After(time.Now()):
		return "The time range begins in the future: choose one that begins earlier."
	}
	return ""
}

// jobsIn lists the jobs of the cluster that there were in a span, among them
// those that were chosen. If only what is far fails there are jobs beside the
// error.
func (c cluster) jobsIn(ctx context.Context, over history.Span, chosen patterns) ([]job.Info, error) {
	seen, err := c.remembered(ctx, over)
	if err != nil {
		return nil, err
	}
	jobs := infos(seen)
	more, err := c.farJobs(ctx, over, chosen, jobs)
	return append(jobs, more...), err
}

// distinctly tells equal names apart: the job that was seen last has it as it
// is, as the one that was deployed anew.
func distinctly(jobs []job.Info) []job.Info {
	names := make([]string, len(jobs))
	for i, info := range jobs {
		names[len(jobs)-1-i] = info.Name
	}
	for i, name := range job.Distinct(names) {
		jobs[len(jobs)-1-i].Name = name
	}
	return jobs
}

// snapshotAt is how the job spent its time up to then: the looks of that time
// make the snapshot that they made then, and Prometheus tells of any time. It is
// nil if nothing is remembered.
func (c cluster) snapshotAt(ctx context.Context, info job.Info, at time.Time) (last *job.Snapshot, err error) {
	key := c.key(info.ID)
	if c.store != nil {
		last, err = latest(c.near().Snapshots(ctx, key, history.Span{From: at.Add(-c.apart()), To: at}, 0))
	}
	if last == nil && err == nil && c.far != nil {
		if last, err = c.far.then(ctx, key, at); last != nil {
			last = renamed(last, info)
		}
	}
	return last, err
}

// latest is the last of the snapshots, nil if there is none.
func latest(snapshots iter.Seq2[*job.Snapshot, error]) (last *job.Snapshot, err error) {
	for snapshot, err := range snapshots {
		if err != nil {
			return nil, err
		}
		last = snapshot
	}
	return last, nil
}
