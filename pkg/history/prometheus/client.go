package prometheus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"golang.org/x/sync/semaphore"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

const (
	// maxBody bounds one answer: the largest that are expected, of 600,000 values, have
	// half of it.
	maxBody = 48 << 20
	// largeBody is how long an answer is of which one at a time is read in this process:
	// it takes several times as much while it is decoded.
	largeBody = 4 << 20
	// maxObjects and maxElements bound what is in an answer, as {},{},{} is
	// much larger when it is read.
	maxObjects  = 400_000
	maxElements = 3_000_000
)

// largeBodies has room for those that are read at once.
var largeBodies = semaphore.NewWeighted(1)

// reading is what one query holds until its answer has been decoded.
type reading struct{ large bool }

// readingKey is the context's key of a [reading].
type readingKey struct{}

// begin begins to read an answer; end is called when it has been decoded.
func begin(ctx context.Context) (_ context.Context, end func()) {
	of := &reading{}
	return context.WithValue(ctx, readingKey{}, of), func() {
		if of.large {
			largeBodies.Release(1)
		}
	}
}

// readBody reads an answer. Of one that is large the query waits for its turn.
func readBody(ctx context.Context, from io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, largeBody))
	if err != nil || len(body) < largeBody {
		return body, err
	}
	if of, is := ctx.Value(readingKey{}).(*reading); is && !of.large {
		if err := largeBodies.Acquire(ctx, 1); err != nil {
			return nil, err
		}
		of.large = true
	}
	whole := append(make([]byte, 0, maxBody+1), body...)
	for err == nil && len(whole) < cap(whole) {
		var n int
		n, err = from.Read(whole[len(whole):cap(whole)])
		whole = whole[:len(whole)+n]
	}
	if err == io.EOF {
		err = nil
	}
	return whole, err
}

// tooMuchIn is which limit an answer exceeds, empty if none: by what its elements begin
// or end with, also where those are within texts.
func tooMuchIn(body []byte) string {
	switch {
	case len(body) > maxBody:
		return fmt.Sprintf("%d MiB", maxBody>>20)
	case bytes.Count(body, []byte("{")) > maxObjects:
		return fmt.Sprintf("%d objects", maxObjects)
	case bytes.Count(body, []byte(",")) > maxElements:
		return fmt.Sprintf("%d elements", maxElements)
	}
	return ""
}

// minFailureAge is for how long a failure is returned at least without another
// request.
const minFailureAge = time.Second

// client sends the requests of the API's client. After a failure that the next
// request would meet as well it sends none for a while: a thousand jobs must not
// wait for a thousand time-outs.
type client struct {
	api        v1.API // over the client itself
	http       *http.Client
	base       *url.URL
	tenant     string
	failureAge time.Duration
	// slots are as many as requests may be under way. The HTTP client has the same
	// limit, but what waits there is sent in any case: what waits here is not,
	// once the requests before it have failed.
	slots   *semaphore.Weighted
	failure atomic.Pointer[keptFailure]
}

// keptFailure is returned instead of sending a request until a time.
type keptFailure struct {
	err   *remote.Error
	until time.Time
}

func newClient(over *remote.Client, base *url.URL, options Options) *client {
	made := &client{
		http: over.Client, base: base, tenant: options.Tenant, failureAge: max(options.MaxAge, minFailureAge),
		slots: semaphore.NewWeighted(int64(max(over.Concurrency, 1))),
	}
	made.api = v1.NewAPI(made)
	return made
}

// endpoints are those of Prometheus' API that are requested, by how their paths end, as
// the plugin's metrics name them.
var endpoints = map[string]*remote.Endpoint{
	"/query":       remote.NewEndpoint(remote.Prometheus, "/api/v1/query"),
	"/query_range": remote.NewEndpoint(remote.Prometheus, "/api/v1/query_range"),
	"/values":      remote.NewEndpoint(remote.Prometheus, "/api/v1/label/{label}/values"),
}

// URL is the address of an endpoint. Those used have no arguments in the path
// but a label's name.
func (c *client) URL(endpoint string, arguments map[string]string) *url.URL {
	for name, value := range arguments {
		endpoint = strings.ReplaceAll(endpoint, ":"+name, value)
	}
	return c.base.JoinPath(endpoint)
}

// Do returns the answer with an error too: the API's client tries again with
// GET where POST is not allowed.
func (c *client) Do(ctx context.Context, request *http.Request) (*http.Response, []byte, error) {
	endpoint := (&url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host, Path: request.URL.Path}).String()
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, nil, remote.Unanswered(remote.Prometheus, endpoint, err)
	}
	defer c.slots.Release(1)
	if kept := c.failure.Load(); kept != nil && time.Now().Before(kept.until) {
		return nil, nil, kept.err
	}
	if of := endpoints[request.URL.Path[strings.LastIndex(request.URL.Path, "/"):]]; of != nil {
		ctx = of.With(ctx)
	}
	request = request.WithContext(ctx)
	request.Header.Set("Accept", "application/json")
	if c.tenant != "" {
		request.Header.Set("X-Scope-OrgID", c.tenant)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, nil, remote.Unanswered(remote.Prometheus, endpoint, err)
	}
	defer func() { _ = answer.Body.Close() }() // all that is wanted was read
	body, err := readBody(ctx, answer.Body)
	if err != nil {
		return answer, nil, remote.Unanswered(remote.Prometheus, endpoint, err)
	}
	failed := failureOf(endpoint, answer, body)
	if remote.IsKind(failed, remote.TooLarge) {
		body = nil // the API's client decodes it in any case
	}
	return answer, body, failed
}

// generalFailures are those that the next request would meet as well.
var generalFailures = []remote.Kind{
	remote.Unreachable, remote.TimedOut, remote.Refused, remote.NotFound, remote.Redirected, remote.TooManyRequests,
	remote.Failing, remote.ProxyFailing, remote.WrongService, remote.NoMetrics,
}

// failed is an error of the API's client as an [remote.Error], nil for none. It
// keeps a general failure, but not that a caller ran out of time.
func (c *client) failed(ctx context.Context, endpoint string, err error) error {
	var failed *remote.Error
	var api *v1.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed):
	case errors.As(err, &api) && api.Type != v1.ErrBadResponse:
		failed = &remote.Error{Kind: kindOf(api.Type, api.Msg, http.StatusOK), Detail: remote.Shortened(api.Msg)}
	default:
		failed = &remote.Error{Kind: remote.WrongService}
	}
	if failed.Request == "" { // it came with status 200
		failed.System, failed.Request = remote.Prometheus, c.base.JoinPath("api/v1", endpoint).String()
		failed.Status, failed.Err = http.StatusOK, err
	}
	kept := c.failure.Load()
	if slices.Contains(generalFailures, failed.Kind) && ctx.Err() == nil && (kept == nil || kept.err != failed) {
		c.failure.Store(&keptFailure{failed, time.Now().Add(c.failureAge)})
	}
	return failed
}

// failureOf is what is wrong with an answer, nil for one that has data.
func failureOf(endpoint string, answer *http.Response, body []byte) error {
	if redirected := remote.Redirect(remote.Prometheus, endpoint, answer); redirected != nil {
		return redirected
	}
	var returned struct {
		Status, Error string
		ErrorType     v1.ErrorType
	}
	tooMuch := tooMuchIn(body)
	body = bytes.TrimSpace(body)
	code, readable := answer.StatusCode, bytes.HasPrefix(body, []byte("{"))
	failed := &remote.Error{System: remote.Prometheus, Kind: remote.WrongService, Request: endpoint, Status: code}
	switch {
	case tooMuch != "":
		failed.Kind, failed.Detail = remote.TooLarge, tooMuch
	case code/100 == 2 && readable && bytes.HasSuffix(body, []byte("}")):
		return nil
	case code/100 == 2 && readable:
		failed.Kind = remote.Cut
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		failed.Kind = remote.Refused
	case readable && json.Unmarshal(body, &returned) == nil && returned.Status == "error":
		failed.Kind, failed.Detail = kindOf(returned.ErrorType, returned.Error, code), remote.Shortened(returned.Error)
	case code == http.StatusNotFound:
		failed.Kind = remote.NotFound
	case code == http.StatusTooManyRequests:
		failed.Kind = remote.TooManyRequests
	case code < 500 || code == http.StatusNetworkAuthenticationRequired: // a login page
	case bytes.HasPrefix(body, []byte("<")):
		failed.Kind = remote.ProxyFailing
	default:
		failed.Kind = remote.Failing
	}
	return failed
}

// kindOf is the kind of an error that the API returns. That a query is too
// expensive has many wordings: "would load too many samples", "exceeded the
// maximum number of".
func kindOf(api v1.ErrorType, text string, code int) remote.Kind {
	text = strings.ToLower(text)
	switch {
	case api == v1.ErrTimeout:
		return remote.TimedOut
	case code == http.StatusTooManyRequests:
		return remote.TooManyRequests
	case strings.Contains(text, "too many"), strings.Contains(text, "exceed"), strings.Contains(text, "limit"):
		return remote.TooMuch
	case code >= 500:
		return remote.Failing
	default:
		return remote.Rejected
	}
}
