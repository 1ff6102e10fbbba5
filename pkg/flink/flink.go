// Package flink is a client of Flink's REST API, versions 1.13 to 2.3, with
// typed answers: one file an endpoint. It only reads, and builds no path from
// anything but ids that Flink itself has given.
package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/go-resty/resty/v2"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// bodyLimit bounds one answer: a task of 100,000 subtasks takes 60 MB.
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
	rest := resty.NewWithClient(client.Client).SetResponseBodyLimit(bodyLimit).SetLogger(quiet{})
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

// get requests a path and decodes the answer into the value. Errors are
// [remote.Error]; they name the path without its query, which may list
// hundreds of metrics.
func (c *Client) get(ctx context.Context, path string, into any) error {
	plain, _, _ := strings.Cut(path, "?")
	request := c.base + plain
	answer, err := c.rest.R().SetContext(ctx).SetHeader("Accept", "application/json").Get(c.base + path)
	switch {
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return &remote.Error{Kind: remote.TooLarge, Request: request, Detail: fmt.Sprintf("%d MiB", bodyLimit>>20), Err: err}
	case err != nil:
		return remote.Unanswered(remote.Flink, request, err)
	}
	return decode(request, answer, into)
}

// decode reads the answer into the value, or returns why it cannot.
func decode(request string, answer *resty.Response, into any) error {
	if redirect := remote.Redirect(remote.Flink, request, answer.RawResponse); redirect != nil {
		return redirect
	}
	code := answer.StatusCode()
	html := strings.HasPrefix(strings.TrimSpace(string(answer.Body()[:min(len(answer.Body()), 256)])), "<")
	fail := func(kind remote.Kind, err error) error {
		return &remote.Error{Kind: kind, Request: request, Status: code, Err: err}
	}
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fail(remote.Refused, nil)
	case code == http.StatusTooManyRequests:
		return fail(remote.TooManyRequests, nil)
	case code == http.StatusNotFound && !html:
		return fail(remote.NotFound, nil)
	case code >= http.StatusInternalServerError && code != http.StatusNetworkAuthenticationRequired && html:
		return fail(remote.ProxyFailing, nil)
	case code >= http.StatusInternalServerError && !html:
		return fail(remote.Failing, nil)
	case code != http.StatusOK || html:
		return fail(remote.WrongService, nil)
	}
	if err := json.Unmarshal(answer.Body(), into); err != nil {
		return fail(remote.Cut, err)
	}
	return nil
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
