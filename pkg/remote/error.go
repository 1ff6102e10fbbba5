// Package remote is what the clients of Flink and of Prometheus have in
// common: one error, one builder of HTTP clients, one way to read an address.
package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// System is one of the two systems that are asked.
type System int

// The systems.
const (
	Flink System = iota
	Prometheus
)

// String is the system's name.
func (s System) String() string {
	if s == Prometheus {
		return "Prometheus"
	}
	return "Flink"
}

// Kind is what went wrong with a request, as far as a user can act on it.
type Kind int

// The kinds of failure.
const (
	NoAddress        Kind = iota + 1 // no address is configured
	BadAddress                       // the address is no http or https URL
	BadID                            // an id is not one of Flink's
	BadTaskManagerID                 // nor is that of a TaskManager
	Unreachable                      // nothing answers there
	TimedOut                         // no answer in time
	Canceled                         // the caller went away
	Refused                          // 401 or 403
	NotFound                         // 404
	Redirected                       // a redirect that is not followed
	TooManyRequests                  // 429
	Failing                          // 5xx
	ProxyFailing                     // 5xx with a page, as a proxy answers for a system that is away
	WrongService                     // something answers that is not the system
	HistoryServer                    // a Flink service without jobs that run
	Cut                              // the answer breaks off or is no JSON
	TooLarge                         // the answer is larger than the limit
	Rejected                         // Prometheus' API refuses the query
	TooMuch                          // Prometheus' API says that the query is too expensive
	NoMetrics                        // Prometheus has no metrics of Flink's
	TooManySubtasks                  // the jobs have more subtasks than are looked at
	TwoClusters                      // two clusters have a job of one id in one Prometheus
)

// Error is one failed request: what was asked, what came back, and what the
// user can do. It never quotes a body, which in Flink is a stack trace and
// behind a proxy somebody's login page; of Prometheus it quotes the API's own
// message.
type Error struct {
	System System
	Kind   Kind
	// Request is the address that was asked, without credentials and query.
	Request string
	// Status is the HTTP status, 0 if there was none.
	Status int
	// Detail is the cause of a failed connection, where a redirect leads, the
	// limit of an answer's size, or the message of Prometheus' API.
	Detail string
	// Err is the cause, from the HTTP client or the decoder; nil if there is
	// none.
	Err error
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error is one sentence, with advice after a colon or semicolon.
func (e *Error) Error() string {
	switch e.Kind {
	case NoAddress:
		return fmt.Sprintf("No %s address is configured: enter the URL of %s, such as %s, in the data source's settings.", e.System, e.either("the JobManager's REST API", "its API"), e.example())
	case BadAddress:
		return fmt.Sprintf("%q is no address of %s: it must start with http:// or https:// and name a host, such as %s.", e.Request, e.either("a Flink REST API", "a Prometheus API"), e.example())
	case BadID:
		return fmt.Sprintf("%q is no id of a Flink job or task, which has 32 hexadecimal digits.", e.Detail)
	case BadTaskManagerID:
		return fmt.Sprintf("%q is no id of a Flink TaskManager that a request can name: of letters, digits and . : _ - alone (taskmanager.resource-id).", e.Detail)
	case Unreachable:
		return fmt.Sprintf("%s could not be reached at %s (%s): check the address and port, and that Grafana's server can reach it.", e.System, e.Request, e.Detail)
	case TimedOut:
		return fmt.Sprintf("%s did not answer %s in time: %s.", e.System, e.Request, e.either("check that the JobManager is well, or raise the time-out in the data source's settings", "choose a shorter time range or fewer jobs, or raise the time-out in the data source's settings"))
	case Canceled:
		return fmt.Sprintf("The request for %s was cancelled by its caller.", e.Request)
	case Refused:
		return fmt.Sprintf("%s was refused with %s: check the authentication%s in the data source's settings.", e.Request, e.status(), e.either("", " of Prometheus (user, password or token, tenant)"))
	case NotFound:
		return fmt.Sprintf("%s has nothing at %s (404): %s.", e.System, e.Request, e.either("the job may be gone, or the address lacks a path prefix", "the address may lack a path prefix, such as /prometheus for Mimir"))
	case Redirected:
		return fmt.Sprintf("%s redirects to %s, which is not followed, as the credentials would go there too: if that is where %s is, enter that address in the data source's settings; if it is a login page, check the authentication.", e.Request, e.Detail, e.System)
	case TooManyRequests:
		return fmt.Sprintf("%s was refused as too many requests (429): try again later, or ask for fewer jobs.", e.Request)
	case Failing:
		return fmt.Sprintf("%s failed to answer %s (%s): see %s for the cause.", e.System, e.Request, cmp.Or(e.Detail, e.status()), e.either("the JobManager's log", "its log, or that of the proxy before it,"))
	case ProxyFailing:
		return fmt.Sprintf("The proxy before %s failed to answer %s (%s): check that %s is up, and the proxy's log.", e.System, e.Request, e.status(), e.either("the JobManager", "Prometheus"))
	case HistoryServer:
		return fmt.Sprintf("%s answers as a Flink service, but not as a JobManager; it may be a history server or a SQL gateway: enter the address of the JobManager's REST API, such as %s.", e.Request, e.example())
	case TooLarge:
		return fmt.Sprintf("The answer of %s is larger than %s and was not read: %s.", e.Request, e.Detail, e.either("check that the address is Flink's REST API", "choose a shorter time range"))
	case TooManySubtasks:
		return fmt.Sprintf("The jobs of the cluster at %s have more than %s subtasks, which are as many as are looked at at a time: choose jobs in the query.", e.Request, e.Detail)
	case Rejected:
		return fmt.Sprintf("Prometheus refused the query at %s with %q: check that it is a version that has PromQL's delta and count_values.", e.Request, e.Detail)
	case TooMuch:
		return fmt.Sprintf("The query at %s is too much for Prometheus (%q): choose a shorter time range, or raise its limit.", e.Request, e.Detail)
	case NoMetrics:
		return fmt.Sprintf("Prometheus at %s has no metrics flink_taskmanager_job_task_…: turn on Flink's reporter on the TaskManagers (metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory) and have Prometheus scrape it.", e.Request)
	case TwoClusters:
		return fmt.Sprintf("Prometheus at %s scrapes two clusters with %s at one time, and they cannot be distinguished: give each cluster a Prometheus or a tenant of its own.", e.Request, e.Detail)
	case Cut:
		return fmt.Sprintf("The answer of %s is not the JSON that %s sends, or breaks off: check the connection and any proxy in between.", e.Request, e.System)
	default:
		return fmt.Sprintf("%s answered %s with something that is not %s JSON, such as a proxy's login page: check the address, its path prefix and the authentication.", e.Request, e.status(), e.either("Flink's", "Prometheus'"))
	}
}

// either is the text for Flink or for Prometheus.
func (e *Error) either(flink, prometheus string) string {
	if e.System == Prometheus {
		return prometheus
	}
	return flink
}

func (e *Error) example() string { return e.either("http://jobmanager:8081", "http://prometheus:9090") }

func (e *Error) status() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
}

// IsKind reports whether an error is, or wraps, an [Error] of that kind.
func IsKind(err error, kind Kind) bool {
	var failed *Error
	return errors.As(err, &failed) && failed.Kind == kind
}

// Unanswered is the error of a request to which no answer came, with the
// innermost cause of the HTTP client's error.
func Unanswered(system System, request string, err error) *Error {
	var network net.Error
	failed := &Error{System: system, Kind: Unreachable, Request: request, Err: err}
	switch {
	case errors.Is(err, context.Canceled):
		failed.Kind = Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		failed.Kind = TimedOut
	case isBroken(err):
		failed.Kind = Cut
	default:
		failed.Detail = cause(err)
	}
	return failed
}

// isBroken reports whether something came that is no answer as HTTP has it, or not all of
// it: net/http has no types for that.
func isBroken(err error) bool {
	var request *url.Error
	if errors.As(err, &request) { // without the address, which may have any words
		err = request.Err
	}
	return slices.ContainsFunc([]string{"unexpected EOF", "malformed", "invalid header", "in chunk length", "chunk length too large", "after chunked body", "server response headers exceeded"}, func(text string) bool {
		return strings.Contains(err.Error(), text)
	})
}

// Redirect is the error of a redirect that was not followed, nil if the answer is
// none. Of where it leads it has scheme and host, and of the same host the path
// prefix: what follows may be secret.
func Redirect(system System, request string, answer *http.Response) *Error {
	if answer == nil || answer.StatusCode/100 != 3 {
		return nil
	}
	location, err := answer.Location()
	if err != nil {
		return nil
	}
	to := &url.URL{Scheme: location.Scheme, Host: location.Host}
	if asked := answer.Request.URL; location.Host == asked.Host && strings.HasSuffix(location.Path, asked.Path) {
		to.Path = strings.TrimSuffix(location.Path, asked.Path) // a path prefix, which may be missing in the settings
	}
	return &Error{System: system, Kind: Redirected, Request: request, Status: answer.StatusCode, Detail: Shortened(to.String())}
}

// cause is the innermost reason of a failed connection, without the address
// that the sentence names already.
func cause(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.As(err, &dns):
		return "the host's name could not be resolved"
	case errors.Is(err, io.EOF):
		return "the connection was closed without an answer"
	}
	text := err.Error()
	return Shortened(text[strings.LastIndex(text, ": ")+1:])
}

// maxQuoted is how many characters of somebody else's text a sentence has.
const maxQuoted = 200

// Shortened is a text in one line, no longer than a sentence, and valid UTF-8, as gRPC
// requires, whatever it is cut from.
func Shortened(text string) string {
	text = text[:min(len(text), 10*maxQuoted)] // of a text of any length no more is read
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "\uFFFD")
	if runes := []rune(text); len(runes) > maxQuoted {
		return string(runes[:maxQuoted]) + "…"
	}
	return text
}
