// Package prometheus reads the past of jobs from anything that has Prometheus'
// query API and scrapes Flink's Prometheus reporter: Prometheus, Mimir, Thanos,
// VictoriaMetrics.
//
// A subtask's shares are the growth of its accumulated idle, busy and
// backpressured time over a window, divided by their sum: it is the clock, as
// between two samples, so that what Prometheus extrapolates at the ends of the
// window cancels out, and it shows how much of the window was covered. For
// subtasks without such a clock, legacy sources and all of Flink before 1.16, the
// number of scrapes shows that.
//
// No kind of server has code of its own. Where they differ, each query is written so that
// all understand it: see the comments in queries.go, survey.go and chunk.go; and client.go
// distinguishes their errors.
package prometheus

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// lastWindow is how much of the time before it [Reader.At] measures.
const lastWindow = time.Minute

// Options are what a reader needs beside the address.
type Options struct {
	// Tenant is sent as X-Scope-OrgID, by which Mimir and others separate
	// their users; none if empty.
	Tenant string
	// MaxAge is for how long an answer that may change is reused, and a failure
	// that every request would meet, which is for a second at least.
	MaxAge time.Duration
}

// Reader reads the past of jobs. It is safe for concurrent use, and keeps its
// answers for some minutes, or for [Options.MaxAge] where they may change: of
// the last 2 min, with warnings, or without a graph. Errors are [remote.Error].
type Reader struct {
	client *client
	cache  *cache
	maxAge time.Duration
	now    func() time.Time
	// maxValues is how many one query is to return.
	maxValues int
}

var _ history.Source = (*Reader)(nil)

// New returns a reader of the API at the address, which may end in a path
// prefix, over an HTTP client that has the authentication, TLS and time-outs of
// Prometheus: its own, with none of Flink's credentials or headers. It fails if
// the address is no http or https one.
func New(over *remote.Client, address string, options Options) (*Reader, error) {
	base, err := remote.Address(remote.Prometheus, address)
	if err != nil {
		return nil, err
	}
	return &Reader{client: newClient(over, base, options), cache: newCache(), maxAge: options.MaxAge, now: time.Now, maxValues: maxValues}, nil
}

// session begins one for a job. An id that is not Flink's goes into no query.
func (r *Reader) session(of history.Job) (*session, error) {
	if !jobIDFormat.MatchString(of.ID) {
		return nil, &remote.Error{System: remote.Prometheus, Kind: remote.BadID, Detail: remote.Shortened(of.ID)}
	}
	return &session{Reader: r, job: of, matcher: jobIDLabel + `="` + of.ID + `"`}, nil
}

// Check fails unless there is a Prometheus that answers queries and has metrics of
// Flink's tasks, of any time. Queries are POSTs: a proxy may redirect or refuse them
// where it lets the GET pass by which the metrics are found.
func (r *Reader) Check(ctx context.Context) error {
	s := &session{Reader: r}
	if _, err := s.overTime(ctx, "vector(0)", moment(r.now(), minStep)); err != nil {
		return err
	}
	return s.check(ctx)
}

// Jobs implements [history.Source]. Names are as the metrics have them; First and
// Last are true to a five hundredth of the range.
func (r *Reader) Jobs(ctx context.Context, over history.Range) ([]history.Job, history.Warnings, error) {
	points := newGrid(over, over.Length()/jobPoints, r.now())
	if points.count == 0 {
		return nil, nil, nil
	}
	s := &session{Reader: r}
	jobs, warnings, err := answered(ctx, s, "jobs", points, func(ctx context.Context) ([]history.Job, error) {
		return jobsIn(ctx, s, points)
	})
	return slices.Clone(jobs), warnings, err
}

// At implements [history.Source]: the snapshot is that of the minute before.
func (r *Reader) At(ctx context.Context, of history.Job, at time.Time) (*diagnosis.Verdict, history.Warnings, error) {
	s, err := r.session(of)
	if err != nil {
		return nil, nil, err
	}
	points := newGrid(history.Range{From: at, To: at}, lastWindow, r.now())
	return answered(ctx, s, "at", points, func(ctx context.Context) (verdict *diagnosis.Verdict, err error) {
		err = readSnapshots(ctx, s, points, true, func(snapshot history.Snapshot) bool {
			verdict = diagnosis.Diagnose(snapshot.Snapshot)
			return true
		})
		return verdict, err
	})
}

// Summaries implements [history.Source]: they are of [Reader.Snapshots].
func (r *Reader) Summaries(ctx context.Context, query history.Query) (history.Summaries, history.Warnings, error) {
	s, err := r.session(query.Job)
	if err != nil {
		return history.Summaries{}, nil, err
	}
	points, what := newGrid(query.Range, query.Step, r.now()), "summaries"
	if query.Records {
		what = "summaries with records"
	}
	table, warnings, err := answered(ctx, s, what, points, func(ctx context.Context) (table summaryTable, err error) {
		err = readSnapshots(ctx, s, points, query.Records, func(snapshot history.Snapshot) bool {
			table.add(snapshot)
			return true
		})
		table.finish()
		return table, err
	})
	if err != nil {
		return history.Summaries{}, warnings, err
	}
	summaries := table.summaries(query.Columns)
	if len(summaries.At) == 0 {
		return summaries, warnings, nil
	}
	for _, figure := range query.Figures {
		more, failed := r.addFigure(ctx, query.Job, figure, points, summaries)
		warnings, err = warnings.Add(more...), cmp.Or(err, failed)
	}
	more, failed := r.addLags(ctx, query, points, summaries)
	return summaries, warnings.Add(more...), cmp.Or(err, failed)
}

// Snapshots implements [history.Source]: they are a step apart, on whole multiples
// of it, from the first with metrics of the job to the last; a range shorter than
// that has one, at its end. As they may be too many to keep, each call reads them.
//
// Shares are measured over a step, but over 30 s and three scrape intervals at
// least, and one scrape interval more, so that nothing falls between windows.
// Busy is what idle and backpressured leave. Unknown is what was not measured
// for the whole window: a subtask that restarted within it, or began, or whose
// metrics are missing. Names and hosts are as the metrics have them, and so may be mangled.
func (r *Reader) Snapshots(ctx context.Context, query history.Query, visit func(history.Snapshot) bool) (history.Warnings, error) {
	s, err := r.session(query.Job)
	if err != nil {
		return nil, err
	}
	err = readSnapshots(ctx, s, newGrid(query.Range, query.Step, r.now()), query.Records, visit)
	return s.warnings, err
}

// Up implements [history.Source]: Prometheus has no metric of Flink's REST API.
func (r *Reader) Up(history.Range, time.Duration) ([]diagnosis.Instant, []float64) { return nil, nil }

// detailWindow is how long details are means over, at least one scrape.
const detailWindow = 2 * time.Minute

// detailMetrics split backpressure, and what 1 is of each.
var detailMetrics = []struct {
	metric string
	whole  float64
	share  func(*job.Detail) *job.Share
}{
	{prefix + "softBackPressuredTimeMsPerSecond", 1000, func(d *job.Detail) *job.Share { return &d.Soft }},
	{prefix + "hardBackPressuredTimeMsPerSecond", 1000, func(d *job.Detail) *job.Share { return &d.Hard }},
	{prefix + "Shuffle_Netty_Input_Buffers_inPoolUsage", 1, func(d *job.Detail) *job.Share { return &d.InPool }},
	{prefix + "Shuffle_Netty_Output_Buffers_outPoolUsage", 1, func(d *job.Detail) *job.Share { return &d.OutPool }},
}

// Details split the backpressure of a snapshot's subtasks, in the order of its
// tasks: means over two minutes before it. Unknown is what nobody scraped.
func (r *Reader) Details(ctx context.Context, of history.Job, snapshot *job.Snapshot) ([][]job.Detail, history.Warnings, error) {
	s, err := r.session(of)
	if err != nil {
		return nil, nil, err
	}
	details, places := make([][]job.Detail, len(snapshot.Tasks)), map[subtaskID]*job.Detail{}
	for i, task := range snapshot.Tasks {
		details[i] = make([]job.Detail, len(task.Subtasks))
		for n, load := range task.Subtasks {
			details[i][n] = job.UnknownDetail
			places[subtaskID{snapshot.Graph.Tasks[i].ID, load.Subtask}] = &details[i][n]
		}
	}
	for _, each := range detailMetrics {
		matrix, err := s.overTime(ctx, over("avg_over_time", each.metric, s.matcher, detailWindow), moment(snapshot.At, minStep))
		if err != nil {
			return nil, s.warnings, err
		}
		for _, series := range matrix {
			subtask, _ := subtaskOf(series.Metric) // none has no place
			if place := places[subtask]; place != nil && len(series.Values) > 0 {
				*each.share(place) = share(float64(series.Values[0].Value) / each.whole)
			}
		}
	}
	return details, s.warnings, nil
}
