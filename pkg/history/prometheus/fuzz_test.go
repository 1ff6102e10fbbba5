package prometheus_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// fuzzPrometheus answers each query over time with one body, and each for the values of a
// label with another.
type fuzzPrometheus struct{ matrix, values []byte }

func (f fuzzPrometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/values") {
		_, _ = w.Write(f.values)
		return
	}
	_, _ = w.Write(f.matrix)
}

// Whatever a Prometheus, or something else, answers, reading ends, with an error of one
// sentence or with shares that are shares, in the order of time.
func FuzzPrometheusAnswers(f *testing.F) {
	values := fmt.Appendf(nil, `{"status":"success","data":[%q]}`, jobID)
	for _, version := range []string{"1.20.5", "2.3.0"} {
		for n, exchange := range recorded(f, version).Exchanges {
			if n < 12 && len(exchange.Answer) < 16<<10 {
				f.Add([]byte(exchange.Answer), values)
			}
		}
	}
	series := `{"metric":{"job_id":"` + jobID + `","job_name":"orders","task_id":"bc764cd8ddf7a0cff126f51c16239658","task_name":"map","subtask_index":"%s","task_attempt_num":"0","task_attempt_id":"a","tm_id":"t","host":"h"},"values":[[1748779200,"%s"],[1748779260,"%s"]]}`
	for _, result := range []string{
		``, fmt.Sprintf(series, "0", "60000", "NaN"), fmt.Sprintf(series, "-1", "+Inf", "-5"), fmt.Sprintf(series, "99999999999", "1", "1"),
		fmt.Sprintf(series, "0", "1", "2") + "," + fmt.Sprintf(series, "0", "3", "4"), `{"metric":null,"values":null}`, `{"metric":{"job_id":"../x"},"values":[[1e300,"1"]]}`,
	} {
		f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[`+result+`]}}`), values)
	}
	for _, body := range []string{`{"status":"error","errorType":"timeout","error":"x"}`, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`, `{"status":"success"}`, `<html>`, ``} {
		f.Add([]byte(body), []byte(body))
	}
	f.Fuzz(func(t *testing.T, matrix, values []byte) {
		transport := inmemory.Transport{Handler: fuzzPrometheus{matrix, values}}
		over, err := remote.NewClient(remote.Config{System: remote.Prometheus, Timeout: time.Minute, Concurrency: 4, Middlewares: []httpclient.Middleware{
			httpclient.MiddlewareFunc(func(httpclient.Options, http.RoundTripper) http.RoundTripper { return transport }),
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer over.Close()
		reader, err := prometheus.New(over, "http://prometheus:9090", prometheus.Options{})
		if err != nil {
			t.Fatal(err)
		}
		checkReader(t.Context(), t, reader)
	})
}

// checkReader reads all that there is.
func checkReader(ctx context.Context, t *testing.T, reader *prometheus.Reader) {
	t.Helper()
	over := minutes(0, 10)
	jobs, _, err := reader.Jobs(ctx, over)
	isSentence(t, err)
	for _, each := range jobs {
		if len(each.ID) != 32 || each.Last.Before(each.First) {
			t.Errorf("a job is %+v", each)
		}
	}
	asked := history.Query{Job: orders, Range: over, Step: time.Minute, Records: true}
	last := time.Time{}
	_, err = reader.Snapshots(ctx, asked, func(found history.Snapshot) bool {
		if !found.At.After(last) {
			t.Errorf("after %s comes a snapshot of %s", last, found.At)
		}
		last = found.At
		checkShares(t, found.Snapshot)
		diagnosis.Diagnose(found.Snapshot)
		return true
	})
	isSentence(t, err)
	_, _, err = reader.Summaries(ctx, asked)
	isSentence(t, err)
	verdict, _, err := reader.At(ctx, orders, noon)
	isSentence(t, err)
	if verdict != nil {
		details, _, err := reader.Details(ctx, orders, verdict.Snapshot)
		isSentence(t, err)
		for _, task := range details {
			for _, each := range task {
				isShare(t, each.Soft, each.Hard, each.InPool, each.OutPool)
			}
		}
	}
	isSentence(t, reader.Check(ctx))
}

// checkShares checks that what is known of a subtask is a share.
func checkShares(t *testing.T, snapshot *job.Snapshot) {
	t.Helper()
	for _, task := range snapshot.Tasks {
		for _, each := range task.Subtasks {
			isShare(t, each.Idle, each.Busy, each.Backpressured)
		}
	}
}

// isShare checks that what is known is a share; NaN is not known.
func isShare(t *testing.T, shares ...job.Share) {
	t.Helper()
	for _, share := range shares {
		if share < 0 || share > 1 {
			t.Errorf("a share is %v", share)
		}
	}
}

// isSentence checks an error for the user.
func isSentence(t *testing.T, err error) {
	t.Helper()
	var failed *remote.Error
	if err != nil && (!errors.As(err, &failed) || strings.ContainsAny(err.Error(), "\n") || len(err.Error()) > 1000) {
		t.Errorf("the error is %T %q", err, err)
	}
}
