package prometheus_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
)

// wide answers for a job of 50 tasks of 200 subtasks, as it did the first time.
type wide struct {
	mu      sync.Mutex
	answers map[string][]byte
}

func (w *wide) ServeHTTP(to http.ResponseWriter, request *http.Request) {
	_ = request.ParseForm() // what cannot be read has no answer
	w.mu.Lock()
	defer w.mu.Unlock()
	key := request.Form.Encode()
	if w.answers[key] == nil {
		w.answers[key] = wideAnswer(request)
	}
	_, _ = to.Write(w.answers[key])
}

func wideAnswer(request *http.Request) []byte {
	query := request.Form.Get("query")
	seconds := func(name string) int64 {
		value, _ := strconv.ParseFloat(request.Form.Get(name), 64)
		return int64(value)
	}
	start, end, step := int64(0), int64(0), int64(15)
	if request.Form.Has("step") {
		start, end, step = seconds("start"), seconds("end"), seconds("step")
	} else {
		end = seconds("time")
		start = end - 300
	}
	values := func(value string) string {
		var all []string
		for at := start; at <= end; at += step {
			all = append(all, fmt.Sprintf("[%d,%q]", at, value))
		}
		return strings.Join(all, ",")
	}
	var body bytes.Buffer
	body.WriteString(`{"status":"success","data":{"resultType":"matrix","result":[`)
	switch {
	case strings.HasPrefix(query, "count("):
		fmt.Fprintf(&body, `{"metric":{},"values":[%s]}`, values("10000"))
	case !request.Form.Has("step"):
		fmt.Fprintf(&body, `{"metric":{"task_id":"0","subtask_index":"0"},"values":[%s]}`, values("1"))
	default:
		for i := range 10_000 {
			if i > 0 {
				body.WriteByte(',')
			}
			fmt.Fprintf(&body, `{"metric":{"host":"10_0_0_%d","instance":"10.0.0.%d:9249","job":"flink","job_id":%q,"job_name":"orders",`+
				`"subtask_index":"%d","task_attempt_id":"0f5b3e7724f7cbb50ce058d737e496aa_%032d_%d_0","task_attempt_num":"0","task_id":"%032d","task_name":"task_%d","tm_id":"10_0_0_%d:41177_463b5e"},"values":[%s]}`,
				i%40, i%40, jobID, i%200, i/200, i%200, i/200, i/200, i%40, values("25000.123456"))
		}
	}
	body.WriteString("]}}")
	return body.Bytes()
}

// An hour of 10,000 subtasks at 60 points.
func BenchmarkHourOf10000Subtasks(b *testing.B) {
	reader := served(b, &wide{answers: map[string][]byte{}})
	query := history.Query{Job: orders, Range: minutes(-59, 0), Step: time.Minute, Records: true, Columns: []diagnosis.Column{diagnosis.MaxBusy, diagnosis.MaxBackpressured, diagnosis.StatusCode}}
	snapshots(b, reader, orders, query.Range, time.Minute) // what it answers is made before
	b.Run("snapshots", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if count := len(snapshots(b, reader, orders, query.Range, time.Minute)); count != 60 {
				b.Fatalf("%d snapshots", count)
			}
		}
	})
	b.Run("summaries", func(b *testing.B) {
		b.ReportAllocs()
		peak := watched(b)
		for b.Loop() {
			got, _, err := reader.Summaries(b.Context(), query)
			if err != nil || len(got.At) != 60 || len(got.Tasks) != 50 {
				b.Fatal(len(got.At), len(got.Tasks), err)
			}
		}
		b.ReportMetric(peak(), "MiB-peak-heap")
	})
}

// watched reports the most of the heap that was in use beside what was before.
func watched(b *testing.B) (peak func() float64) {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most, done, ended := uint64(0), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-done:
				tick.Stop()
				return
			case <-tick.C:
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
	}()
	return func() float64 {
		close(done)
		<-ended
		b.Helper()
		return float64(most-before.HeapAlloc) / (1 << 20)
	}
}
