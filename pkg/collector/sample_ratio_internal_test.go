//go:build bench

package collector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/prepared"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// constant answers every request with the same bytes.
type constant struct{ body []byte }

func (c constant) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(c.body)), Request: request}, nil
}

// answering is a client of a Flink that returns the same bytes about a task of so many
// subtasks each time, and those.
func answering(t *testing.T, subtasks int) (client *flink.Client, body []byte) {
	t.Helper()
	recorder := httptest.NewRecorder()
	prepared.New(1, subtasks).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/jobs/"+prepared.JobID+"/vertices/"+prepared.TaskID(0), nil))
	body = recorder.Body.Bytes()
	client, err := flink.New(&remote.Client{Client: &http.Client{Transport: constant{body}}, Concurrency: 1}, "http://flink:8081")
	if err != nil {
		t.Fatal(err)
	}
	return client, body
}

// From the bytes of an answer to the samples of its subtasks it takes at most a sixth
// of the time that encoding/json takes to fill the same structs.
func TestRatioOfSamplesToEncodingJSON(t *testing.T) {
	const bar, runs = 6, 100
	for _, subtasks := range []int{100, 1000, 10_000} {
		client, body := answering(t, subtasks)
		var arrays sampleArrays
		var buffer []flink.Subtask
		ours, theirs := time.Hour, time.Hour
		for range runs {
			begun := time.Now()
			task, err := client.Task(t.Context(), prepared.JobID, prepared.TaskID(0), buffer, 0)
			if err != nil {
				t.Fatal(err)
			}
			buffer = task.Subtasks
			if sample := taskSample(task, &arrays); len(sample.Subtasks) != subtasks || sample.Subtasks[1].Counters == nil {
				t.Fatalf("%d subtasks", len(sample.Subtasks))
			}
			ours = min(ours, time.Since(begun))
			begun = time.Now()
			var decoded flink.Task
			if err := json.Unmarshal(body, &decoded); err != nil {
				t.Fatal(err)
			}
			theirs = min(theirs, time.Since(begun))
		}
		ratio := float64(theirs) / float64(ours)
		figures.Add(t, "Bytes to samples", fmt.Sprint(subtasks), fmt.Sprintf("%.0f kB", float64(len(body))/1000), theirs.Round(time.Microsecond).String(), ours.Round(time.Microsecond).String(), fmt.Sprintf("%.1f", ratio))
		if subtasks >= 1000 && ratio < bar {
			t.Errorf("%d subtasks: %.1f times as fast as encoding/json, less than %d", subtasks, ratio, bar)
		}
	}
}
