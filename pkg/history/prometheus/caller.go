package prometheus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// bodyLimit bounds one answer: those that are expected have a tenth of it.
const bodyLimit = 256 << 20

// caller sends the requests of the API's client and tells why one failed.
type caller struct {
	http   *http.Client
	base   *url.URL
	tenant string
}

// URL is the address of an endpoint. Those used have no arguments in the path
// but a label's name.
func (c *caller) URL(endpoint string, arguments map[string]string) *url.URL {
	for name, value := range arguments {
		endpoint = strings.ReplaceAll(endpoint, ":"+name, value)
	}
	return c.base.JoinPath(endpoint)
}

// Do returns the answer with an error too: the API's client asks again with
// GET where POST is not allowed.
func (c *caller) Do(ctx context.Context, request *http.Request) (*http.Response, []byte, error) {
	asked := plain(request.URL)
	request = request.WithContext(ctx)
	request.Header.Set("Accept", "application/json")
	if c.tenant != "" {
		request.Header.Set("X-Scope-OrgID", c.tenant)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, nil, unanswered(asked, err)
	}
	defer func() { _ = answer.Body.Close() }() // all that is wanted was read
	body, err := io.ReadAll(io.LimitReader(answer.Body, bodyLimit+1))
	switch {
	case err != nil:
		return answer, nil, unanswered(asked, err)
	case len(body) > bodyLimit:
		return answer, nil, &Error{Kind: TooLarge, Request: asked, Status: answer.StatusCode}
	}
	return answer, body, wrong(asked, answer.StatusCode, body)
}

// plain is an address without its query.
func plain(address *url.URL) string {
	bare := *address
	bare.User, bare.RawQuery, bare.Fragment = nil, "", ""
	return bare.String()
}

// unanswered tells why there was no answer.
func unanswered(request string, err error) error {
	var network net.Error
	failed := &Error{Kind: Unreachable, Request: request, err: err}
	switch {
	case errors.Is(err, context.Canceled):
		failed.Kind = Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		failed.Kind = TimedOut
	default:
		text := err.Error()
		failed.Detail = shortened(text[strings.LastIndex(text, ": ")+1:])
	}
	return failed
}

// wrong tells what is wrong with an answer, nil for one that has data.
func wrong(request string, code int, body []byte) error {
	var said struct {
		Status, Error string
		ErrorType     v1.ErrorType
	}
	readable := bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
	failed := &Error{Kind: NotPrometheus, Request: request, Status: code}
	switch {
	case code/100 == 2 && readable:
		return nil
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		failed.Kind = Refused
	case readable && json.Unmarshal(body, &said) == nil && said.Status == "error":
		failed.Kind, failed.Detail = kindOf(said.ErrorType, said.Error, code), shortened(said.Error)
	case code == http.StatusNotFound:
		failed.Kind = NotFound
	case code >= 500 && code != http.StatusNetworkAuthenticationRequired, code == http.StatusTooManyRequests:
		failed.Kind = Failing
	}
	return failed
}

// kindOf is the kind of an error that the API tells. Of too much it speaks in
// many words: "would load too many samples", "exceeded the maximum number of".
func kindOf(told v1.ErrorType, text string, code int) Kind {
	text = strings.ToLower(text)
	switch {
	case told == v1.ErrTimeout:
		return TimedOut
	case strings.Contains(text, "too many"), strings.Contains(text, "exceed"), strings.Contains(text, "limit"):
		return TooMuch
	case code >= 500:
		return Failing
	default:
		return Rejected
	}
}

// explained makes an error of the API's client ours.
func explained(request string, err error) error {
	var ours *Error
	var api *v1.Error
	switch {
	case err == nil || errors.As(err, &ours):
		return err
	case errors.As(err, &api) && api.Type != v1.ErrBadResponse:
		return &Error{Kind: kindOf(api.Type, api.Msg, http.StatusOK), Request: request, Status: http.StatusOK, Detail: shortened(api.Msg), err: err}
	default:
		return &Error{Kind: NotPrometheus, Request: request, Status: http.StatusOK, err: err}
	}
}
