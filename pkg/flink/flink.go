// Package flink speaks Flink's REST API, versions 1.13 to 2.3: a client and
// its typed answers, which differ by version in what they leave out. It only
// asks for what changes nothing, and builds no path from anything but ids
// that Flink itself has given.
package flink

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-resty/resty/v2"
)

// bodyLimit bounds one answer: a task of 100,000 subtasks takes 60 MB.
const bodyLimit = 64 << 20

// Client asks one Flink cluster. It is safe for concurrent use.
type Client struct {
	rest  *resty.Client
	base  string
	slots chan struct{}
}

// Slots bounds how many requests are under way at once over all clients that
// share it.
func Slots(n int) chan struct{} { return make(chan struct{}, n) }

// New returns a client for the REST API at base, which may end in a path
// prefix, over an HTTP client that carries authentication, TLS, proxy and
// time-outs: the SDK's. It fails if base is no http or https address.
func New(httpClient *http.Client, base string, slots chan struct{}) (*Client, error) {
	address, err := Address(base)
	if err != nil {
		return nil, err
	}
	rest := resty.NewWithClient(httpClient).SetResponseBodyLimit(bodyLimit).SetLogger(quiet{})
	rest.SetPreRequestHook(func(_ *resty.Client, request *http.Request) error {
		request.Header.Del("User-Agent") // resty's own; the SDK's client sets Grafana's
		return nil
	})
	return &Client{rest: rest, base: address, slots: slots}, nil
}

// Address checks the address of a REST API and returns it without credentials
// in it, query, fragment and trailing slash.
func Address(base string) (string, error) {
	base = strings.TrimSpace(base)
	if base == "" {
		return "", &Error{Kind: NoAddress}
	}
	address, err := url.Parse(base)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return "", &Error{Kind: BadAddress, Request: shortened(withoutCredentials(base))}
	}
	address.User, address.RawQuery, address.Fragment = nil, "", ""
	return strings.TrimRight(address.String(), "/"), nil
}

// withoutCredentials leaves out what may be a name and password, of a text
// that may be no address at all.
func withoutCredentials(text string) string {
	at := strings.LastIndex(text, "@")
	if at < 0 {
		return text
	}
	scheme, _, found := strings.Cut(text[:at], "://")
	if !found {
		return text[at+1:]
	}
	return scheme + "://" + text[at+1:]
}

// Base is the address of the cluster's REST API, as [Address] returns it.
func (c *Client) Base() string { return c.base }

// MostAtOnce is how many requests may be under way at once over all clients
// that share the slots.
func (c *Client) MostAtOnce() int { return cap(c.slots) }

// get asks for a path and decodes the answer into the value. Errors name the
// path without its query, which may list hundreds of metrics.
func (c *Client) get(ctx context.Context, path string, into any) error {
	plain, _, _ := strings.Cut(path, "?")
	request := c.base + plain
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return failed(request, ctx.Err())
	}
	answer, err := c.rest.R().SetContext(ctx).SetHeader("Accept", "application/json").Get(c.base + path)
	if err != nil {
		return failed(request, err)
	}
	return decoded(request, answer, into)
}

// quiet keeps resty from writing warnings of its own: every error is returned.
type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}
