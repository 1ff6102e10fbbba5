package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
)

// stream is that of a request over gRPC.
type stream struct{}

func (stream) Method() string               { return "QueryData" }
func (stream) SetHeader(metadata.MD) error  { return nil }
func (stream) SendHeader(metadata.MD) error { return nil }
func (stream) SetTrailer(metadata.MD) error { return nil }

// requestOverGRPC is the context of one, and what ends it.
func requestOverGRPC(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(grpc.NewContextWithServerTransportStream(t.Context(), stream{}))
}

// As many large answers are made and encoded at a time as there is room for: one more waits
// until another was, or its query goes away. One that is longer than the room has all
// of it, and small ones never wait.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := func(bytes int) (sent context.CancelFunc, taken func() bool) {
			ctx, cancel := requestOverGRPC(t)
			has := false
			go func() {
				var own turn
				has = own.take(ctx, bytes) == nil
				own.endWhenEncoded(ctx)
			}()
			synctest.Wait()
			return cancel, func() bool {
				synctest.Wait()
				return has
			}
		}
		sendFirst, first := begun(maxUnderWay / 2)
		sendSecond, second := begun(maxUnderWay / 2)
		sendThird, third := begun(largeAnswer)
		sendSmall, small := begun(largeAnswer - 1)
		if !first() || !second() || third() || !small() {
			t.Errorf("turns are %t %t %t, and of a small answer %t", first(), second(), third(), small())
		}
		leave, gone := begun(largeAnswer)
		leave()
		if gone() {
			t.Error("a query that went away has a turn")
		}
		sendFirst()
		if !third() {
			t.Error("there is room, and no turn")
		}
		sendHuge, huge := begun(10 * maxUnderWay)
		sendSecond()
		if huge() {
			t.Error("there are two turns of more than there is room for")
		}
		if sendThird(); !huge() {
			t.Error("an answer longer than the room has no turn")
		}
		sendHuge()
		sendSmall()
		if synctest.Wait(); !turns.TryAcquire(maxUnderWay) {
			t.Error("a turn did not end")
		}
		turns.Release(maxUnderWay)
	})
}

// An answer that was given a turn to be made has no other to be encoded, and its turn is as
// long as the answer; one that was not over gRPC has none.
func TestOneTurnForAnAnswer(t *testing.T) {
	ctx, cancel := requestOverGRPC(t)
	var own turn
	if err := errors.Join(own.take(ctx, largeAnswer), own.take(ctx, maxUnderWay)); err != nil || own.weight != largeAnswer {
		t.Errorf("a turn of %d bytes, %v", own.weight, err)
	}
	if own.settle(2 * largeAnswer); own.weight != 2*largeAnswer {
		t.Errorf("of an answer that is longer than expected: %d bytes", own.weight)
	}
	var other turn
	if err := other.take(ctx, maxUnderWay-2*largeAnswer); err != nil {
		t.Error(err)
	}
	if own.settle(3 * largeAnswer); own.weight != 2*largeAnswer {
		t.Errorf("though there is no room: %d bytes", own.weight)
	}
	if own.settle(5); own.weight != 5 || !turns.TryAcquire(2*largeAnswer-5) {
		t.Errorf("of a short answer: %d bytes", own.weight)
	}
	turns.Release(2*largeAnswer - 5)
	own.end()
	other.end()
	cancel()
	if err := own.take(t.Context(), maxUnderWay); err != nil || own.weight != 0 {
		t.Errorf("without gRPC a turn of %d bytes, %v", own.weight, err)
	}
}

// The values of many subtasks are made only when there is room for them, however few of
// them an answer has; an answer about tasks waits for nothing.
func TestTurnBeforeAnswerIsMade(t *testing.T) {
	flink := httptest.NewServer(&sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 8000, 1)}})
	defer flink.Close()
	made, err := Factory{Pool: memory.NewPool(1 << 20)}.New(t.Context(), backend.DataSourceInstanceSettings{JSONData: fmt.Appendf(nil, `{"url": %q, "maxAge": "1h"}`, flink.URL)})
	if err != nil {
		t.Fatal(err)
	}
	instance := made.(*Instance)
	defer instance.Dispose()
	ctx, cancel := requestOverGRPC(t)
	defer cancel()
	answered := func(query string) <-chan error {
		ended := make(chan error, 1)
		go func() {
			now := time.Now()
			response, err := instance.QueryData(ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{{
				RefID: "A", JSON: []byte(query), TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now},
			}}})
			ended <- errors.Join(err, response.Responses["A"].Error)
		}()
		return ended
	}
	if err := turns.Acquire(ctx, maxUnderWay); err != nil {
		t.Fatal(err)
	}
	bySubtask := answered(`{"queryType": "measure", "measure": "busy", "by": "subtask"}`)
	if err := <-answered(`{"queryType": "measure", "measure": "busy", "by": "task"}`); err != nil {
		t.Error(err)
	}
	select {
	case err := <-bySubtask:
		t.Errorf("there is an answer without room for it, %v", err)
	default:
	}
	turns.Release(maxUnderWay)
	if err := <-bySubtask; err != nil {
		t.Error(err)
	}
}

// wideJob sends queries to a data source with half an hour of samples of a job whose series
// by subtask are a large answer, and with a cluster "hangs", which does.
func wideJob(t *testing.T) func(ctx context.Context, queries ...string) backend.Responses {
	cluster := &sim.Cluster{Version: "2.3.0", Fetch: 10 * time.Second, Jobs: []*sim.Job{sim.HeldBack("orders", 2, 900, 1)}}
	network := httpclient.MiddlewareFunc(func(httpclient.Options, http.RoundTripper) http.RoundTripper {
		return httpclient.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
			if r.URL.Hostname() == "hangs" {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return inmemory.Transport{Handler: cluster}.RoundTrip(r)
		})
	})
	settings := []byte(`{"url": "http://flink:8081", "timeoutSeconds": 1, "clusters": [{"name": "hangs", "url": "http://hangs:8081"}]}`)
	made, err := Factory{Pool: memory.NewPool(128 << 20), Middlewares: []httpclient.Middleware{network}}.New(t.Context(), backend.DataSourceInstanceSettings{JSONData: settings})
	if err != nil {
		t.Fatal(err)
	}
	instance := made.(*Instance)
	t.Cleanup(instance.Dispose)
	answers := func(ctx context.Context, queries ...string) backend.Responses {
		now, request := time.Now(), &backend.QueryDataRequest{}
		for n, query := range queries {
			request.Queries = append(request.Queries, backend.DataQuery{RefID: string(rune('A' + n)), MaxDataPoints: 1000, JSON: []byte(query), TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now}})
		}
		response, err := instance.QueryData(ctx, request)
		if err != nil {
			return nil
		}
		return response.Responses
	}
	answers(t.Context(), seriesOfSubtasks)
	time.Sleep(30 * time.Minute)
	if bytes := answerBytes(answers(t.Context(), seriesOfSubtasks)["A"]); bytes < 2*largeAnswer {
		t.Fatalf("an answer of %d bytes", bytes)
	}
	return answers
}

const seriesOfSubtasks = `{"queryType": "history", "measure": "busy", "by": "subtask", "clusters": ["default"]}`

// An answer that is read waits for its turn as long as its caller does, longer than the
// query's own time.
func TestTurnAfterTheQuerysTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := wideJob(t)
		holder, release := requestOverGRPC(t)
		defer release()
		var other turn
		if err := other.take(holder, maxUnderWay); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, other.end)
		ctx, encoded := requestOverGRPC(t)
		defer encoded()
		begun := time.Now()
		answer := ask(ctx, seriesOfSubtasks)["A"]
		if took := time.Since(begun); answer.Error != nil || len(answer.Frames) != 1000 || took != time.Minute {
			t.Errorf("after %s %d series, %v", took, len(answer.Frames), answer.Error)
		}
	})
}

// A request that waits for a Flink that hangs gives its place away, though another of its
// queries has a large answer.
func TestPlacesOfRequestsThatHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := wideJob(t)
		for range maxPlaces {
			ctx, encoded := requestOverGRPC(t)
			go func() {
				ask(ctx, seriesOfSubtasks, `{"queryType": "tasks", "clusters": ["hangs"]}`)
				encoded()
			}()
		}
		time.Sleep(2 * longestWork)
		ctx, encoded := requestOverGRPC(t)
		defer encoded()
		begun := time.Now()
		ask(ctx, `{"queryType": "jobs", "clusters": ["default"]}`)
		if took := time.Since(begun); took > 0 {
			t.Errorf("another query took %s", took)
		}
		time.Sleep(time.Minute)
	})
}

// Series that are read, and wait for their turn to be encoded, are as many as there are
// places, however many requests there are.
func TestSeriesThatWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := wideJob(t)
		request := func(ctx context.Context) backend.DataResponse { return ask(ctx, seriesOfSubtasks)["A"] }
		inUse := func() float64 {
			runtime.GC()
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			return float64(stats.HeapAlloc) / (1 << 20)
		}
		const requests, most = 40, 80 // MiB
		ctx, encoded := requestOverGRPC(t)
		before, answers := inUse(), make(chan backend.DataResponse, requests)
		for range requests {
			go func() { answers <- request(ctx) }()
		}
		time.Sleep(5 * time.Second) // of longestWork much less
		synctest.Wait()
		grown := inUse() - before
		t.Logf("%d answers are made, and %.0f MiB more in use", len(answers), grown)
		if len(answers) == 0 || len(answers) >= maxPlaces || grown > most {
			t.Errorf("%d answers are made, and %.0f MiB more in use, want %d at most", len(answers), grown, most)
		}
		encoded()
		for range requests {
			<-answers
		}
	})
}
