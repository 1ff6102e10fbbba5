package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/go-resty/resty/v2"
)

// Kind is what went wrong with a request, as far as a user can act on it.
type Kind int

// The kinds of failure.
const (
	NoAddress    Kind = iota + 1 // no address is configured
	BadAddress                   // the address is no http or https URL
	Unreachable                  // nothing answers there
	TimedOut                     // no answer in time
	Canceled                     // the caller went away
	Refused                      // 401 or 403
	NotFound                     // Flink does not know the path or the job
	NotFlink                     // something answers that is not Flink
	Failing                      // 5xx
	ProxyFailing                 // 5xx with a page, as a proxy answers for a Flink that is away
	Cut                          // the answer breaks off or is no JSON
	TooLarge                     // the answer is larger than 64 MiB
)

// Error is one failed request: what was asked, what came back, and what the
// user can do. It never quotes the body, which in Flink is a stack trace and
// behind a proxy somebody's login page.
type Error struct {
	Kind Kind
	// Request is the address that was asked, without credentials.
	Request string
	// Status is the HTTP status, 0 if there was none.
	Status int
	err    error
}

// Unwrap is the cause, from the HTTP client or the JSON decoder.
func (e *Error) Unwrap() error { return e.err }

// Error is one sentence, with advice after a colon or semicolon.
func (e *Error) Error() string {
	switch e.Kind {
	case NoAddress:
		return "No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings."
	case BadAddress:
		return fmt.Sprintf("%q is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.", e.Request)
	case Unreachable:
		return fmt.Sprintf("Flink could not be reached at %s (%s): check the address and port, and that Grafana's server can reach it.", e.Request, cause(e.err))
	case TimedOut:
		return fmt.Sprintf("Flink did not answer %s in time: check that the JobManager is well, or raise the time-out in the data source's settings.", e.Request)
	case Canceled:
		return fmt.Sprintf("The request for %s was cancelled by its caller.", e.Request)
	case Refused:
		return fmt.Sprintf("%s was refused with %s: check the authentication in the data source's settings.", e.Request, status(e.Status))
	case NotFound:
		return fmt.Sprintf("Flink has nothing at %s (404): the job may be gone, or the address lacks a path prefix.", e.Request)
	case NotFlink:
		return fmt.Sprintf("%s answered %s with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.", e.Request, status(e.Status))
	case Failing:
		return fmt.Sprintf("Flink failed to answer %s (%s): see the JobManager's log for the cause.", e.Request, status(e.Status))
	case ProxyFailing:
		return fmt.Sprintf("The proxy before Flink failed to answer %s (%s): check that the JobManager is up, and the proxy's log.", e.Request, status(e.Status))
	case TooLarge:
		return fmt.Sprintf("The answer of %s is larger than %d MiB and was not read: check that the address is Flink's REST API.", e.Request, bodyLimit>>20)
	default:
		return fmt.Sprintf("The answer of %s is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between.", e.Request)
	}
}

func status(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }

// failed tells why a request got no answer.
func failed(request string, err error) error {
	var network net.Error
	kind := Unreachable
	switch {
	case errors.Is(err, context.Canceled):
		kind = Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		kind = TimedOut
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		kind = TooLarge
	case strings.Contains(err.Error(), "unexpected EOF"), strings.Contains(err.Error(), "malformed"):
		kind = Cut
	}
	return &Error{Kind: kind, Request: request, err: err}
}

// decoded reads the answer into the value, or tells why it cannot.
func decoded(request string, answer *resty.Response, into any) error {
	code := answer.StatusCode()
	html := strings.HasPrefix(strings.TrimSpace(string(answer.Body()[:min(len(answer.Body()), 256)])), "<")
	fail := func(kind Kind, err error) error {
		return &Error{Kind: kind, Request: request, Status: code, err: err}
	}
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fail(Refused, nil)
	case code == http.StatusNotFound && !html:
		return fail(NotFound, nil)
	case code >= http.StatusInternalServerError && code != http.StatusNetworkAuthenticationRequired && html:
		return fail(ProxyFailing, nil)
	case code >= http.StatusInternalServerError && !html:
		return fail(Failing, nil)
	case code != http.StatusOK || html:
		return fail(NotFlink, nil)
	}
	if err := json.Unmarshal(answer.Body(), into); err != nil {
		return fail(Cut, err)
	}
	return nil
}

// other is the error of an answer that is JSON, but not Flink's.
func (c *Client) other(path string) error {
	return &Error{Kind: NotFlink, Request: c.base + path, Status: http.StatusOK}
}

// IsNotFound tells whether a request failed because Flink does not know the path
// or the job.
func IsNotFound(err error) bool {
	var failed *Error
	return errors.As(err, &failed) && failed.Kind == NotFound
}

// cause is the innermost reason of a failed connection, without the address
// that the sentence names already.
func cause(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return "no such host"
	}
	text := err.Error()
	return shortened(text[strings.LastIndex(text, ": ")+1:])
}

// shortened keeps what a user typed, or a cause, to the length of a sentence.
func shortened(text string) string {
	text = strings.TrimSpace(text)
	if runes := []rune(text); len(runes) > 100 {
		return string(runes[:100]) + "…"
	}
	return text
}
