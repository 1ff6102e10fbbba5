// Package flink is a client of Flink's REST API, versions 1.13 to 2.3, with
// typed answers: one file an endpoint. It only reads, and builds no path from
// anything but ids that Flink itself has given.
package flink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/go-resty/resty/v2"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// bodyLimit bounds one answer: a task of 32,768 subtasks, the most that Flink allows,
// takes about 22 MB.
const bodyLimit = 64 << 20

// Client reads one Flink cluster. It is safe for concurrent use.
type Client struct {
	rest        *resty.Client
	base        string
	concurrency int
	// jobManager is set once the service has answered as a JobManager does.
	jobManager atomic.Bool
}

// New returns a client for the REST API at base, which may end in a path
// prefix. Errors are [remote.Error]: base is no http or https address.
func New(client *remote.Client, base string) (*Client, error) {
	address, err := remote.Address(remote.Flink, base)
	if err != nil {
		return nil, err
	}
	rest := resty.NewWithClient(client.Client).SetLogger(quiet{})
	rest.SetPreRequestHook(func(_ *resty.Client, request *http.Request) error {
		request.Header.Del("User-Agent") // resty's own; the SDK's client sets Grafana's
		return nil
	})
	return &Client{rest: rest, base: address.String(), concurrency: client.Concurrency}, nil
}

// Base is the address of the cluster's REST API, as [remote.Address] returns it.
func (c *Client) Base() string { return c.base }

// Concurrency is how many requests may be under way at once.
func (c *Client) Concurrency() int { return c.concurrency }

// get requests a path of an endpoint and reads the answer. Errors are [remote.Error];
// they name the path without its query, which may list hundreds of metrics.
func (c *Client) get(ctx context.Context, of *remote.Endpoint, path string, read func(*decoder)) error {
	plain, _, _ := strings.Cut(path, "?")
	request := c.base + plain
	answer, err := c.rest.R().SetContext(of.With(ctx)).SetHeader("Accept", "application/json").SetDoNotParseResponse(true).Get(c.base + path)
	if err != nil {
		return remote.Unanswered(remote.Flink, request, err)
	}
	body := http.MaxBytesReader(nil, answer.RawBody(), bodyLimit)
	defer func() { _ = body.Close() }()
	d := newDecoder(body)
	d.gone = ctx.Done()
	defer d.release()
	if err := refusal(request, answer, string(d.prefix(pagePrefix))); err != nil {
		_, _ = io.CopyN(io.Discard, body, drained)
		return err
	}
	read(d)
	err = d.finish()
	var tooLarge *http.MaxBytesError
	var tooMuch *excess
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return &remote.Error{Kind: remote.TooLarge, Request: request, Detail: fmt.Sprintf("%d MiB", bodyLimit>>20), Err: err}
	case errors.As(err, &tooMuch):
		return &remote.Error{Kind: remote.TooLarge, Request: request, Status: answer.StatusCode(), Detail: tooMuch.limit, Err: err}
	case errors.Is(err, errNoJSON), errors.Is(err, errBroken):
		return &remote.Error{Kind: remote.Cut, Request: request, Status: answer.StatusCode(), Err: err}
	default:
		return remote.Unanswered(remote.Flink, request, err)
	}
}

const (
	// pagePrefix is how much of an answer is enough to see whether it is a web
	// page.
	pagePrefix = 256
	// drained is how much of an error's body is read, so that its connection is
	// used again.
	drained = 64 << 10
)

// refusal is why an answer that begins so is not what was requested, nil if it may
// be.
func refusal(request string, answer *resty.Response, prefix string) error {
	if redirect := remote.Redirect(remote.Flink, request, answer.RawResponse); redirect != nil {
		return redirect
	}
	code, html := answer.StatusCode(), strings.HasPrefix(strings.TrimSpace(prefix), "<")
	var kind remote.Kind
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		kind = remote.Refused
	case code == http.StatusTooManyRequests:
		kind = remote.TooManyRequests
	case code == http.StatusNotFound && !html:
		kind = remote.NotFound
	case code >= http.StatusInternalServerError && code != http.StatusNetworkAuthenticationRequired && html:
		kind = remote.ProxyFailing
	case code >= http.StatusInternalServerError && !html:
		kind = remote.Failing
	case code != http.StatusOK || html:
		kind = remote.WrongService
	default:
		return nil
	}
	return &remote.Error{Kind: kind, Request: request, Status: code}
}

// wrongService is the error of an answer that is JSON, but not a JobManager's.
func (c *Client) wrongService(path string) error {
	return &remote.Error{Kind: remote.WrongService, Request: c.base + path, Status: http.StatusOK}
}

// identifier is what Flink's ids look like, of jobs and of vertices.
var identifier = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

// path builds the path of a job, or of a task of it. Anything that is not an
// id is refused, so that no answer of a forged Flink leads elsewhere.
func (c *Client) path(jobID string, taskID ...string) (string, error) {
	path := "/jobs/" + jobID
	for _, id := range taskID {
		path += "/vertices/" + id
	}
	for _, id := range append(taskID, jobID) {
		if !identifier.MatchString(id) {
			return "", &remote.Error{Kind: remote.BadID, Request: c.base + "/jobs", Detail: remote.Shortened(id)}
		}
	}
	return path, nil
}

// quiet keeps resty from writing warnings of its own: every error is returned.
type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}
