package prometheus

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// Kind is what went wrong, as far as a user can act on it.
type Kind int

// The kinds of failure.
const (
	NoAddress     Kind = iota + 1 // no address is configured
	BadAddress                    // the address is no http or https URL
	BadJobID                      // a job's id is not one of Flink's
	Unreachable                   // nothing answers there
	TimedOut                      // no answer in time
	Canceled                      // the caller went away
	Refused                       // 401 or 403
	NotFound                      // 404
	Failing                       // 5xx, or 429
	NotPrometheus                 // something answers that does not speak its API
	Rejected                      // the API says what it cannot do
	TooMuch                       // the API says that it would be too much
	TooLarge                      // the answer is larger than 256 MiB
	NoMetrics                     // there is nothing of Flink's
	TwoClusters                   // two clusters have a job of one id
)

// Error is why the past could not be read: what was asked, what came back, and
// what the user can do. It quotes the API's own message, but never a page.
type Error struct {
	Kind Kind
	// Request is the address that was asked, without credentials.
	Request string
	// Status is the HTTP status, 0 if there was none.
	Status int
	// Detail is the API's own message, or what else there is to name.
	Detail string
	err    error
}

// Unwrap is the cause, from the HTTP client or the decoder.
func (e *Error) Unwrap() error { return e.err }

// Error is one sentence, with advice after a colon or semicolon.
func (e *Error) Error() string {
	switch e.Kind {
	case NoAddress:
		return "No Prometheus address is configured: enter the URL of its API, such as http://prometheus:9090, in the data source's settings."
	case BadAddress:
		return fmt.Sprintf("%q is no address of a Prometheus API: it must start with http:// or https:// and name a host, such as http://prometheus:9090.", e.Request)
	case BadJobID:
		return fmt.Sprintf("%q is no id of a Flink job, which has 32 hexadecimal digits: ask for the job by the id that Flink shows.", e.Detail)
	case NoMetrics:
		return fmt.Sprintf("Prometheus at %s has no metrics flink_taskmanager_job_task_…: turn on Flink's reporter on the TaskManagers (metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory) and have Prometheus scrape it.", e.Request)
	case TwoClusters:
		return fmt.Sprintf("Prometheus at %s scrapes two clusters with %s at one time, and they cannot be told apart: give each cluster a Prometheus or a tenant of its own.", e.Request, e.Detail)
	default:
		return e.failed()
	}
}

// failed is the sentence for a request that failed.
func (e *Error) failed() string {
	switch e.Kind {
	case Unreachable:
		return fmt.Sprintf("Prometheus could not be reached at %s (%s): check the address and port, and that Grafana's server can reach it.", e.Request, e.Detail)
	case TimedOut:
		return fmt.Sprintf("Prometheus did not answer %s in time: choose a shorter time range or fewer jobs, or raise the time-out.", e.Request)
	case Canceled:
		return fmt.Sprintf("The request for %s was cancelled by its caller.", e.Request)
	case Refused:
		return fmt.Sprintf("%s was refused with %s: check user, password or token, and the tenant, of Prometheus in the data source's settings.", e.Request, status(e.Status))
	case NotFound:
		return fmt.Sprintf("There is nothing at %s (404): the address may lack a path prefix, such as /prometheus for Mimir.", e.Request)
	case Failing:
		return fmt.Sprintf("Prometheus failed to answer %s (%s): see its log, or that of the proxy before it, for the cause.", e.Request, cmp.Or(e.Detail, status(e.Status)))
	case Rejected:
		return fmt.Sprintf("Prometheus did not answer %s but said %q: check that it is a version that knows PromQL's delta and count_values.", e.Request, e.Detail)
	case TooMuch:
		return fmt.Sprintf("The query at %s is too much for Prometheus, which said %q: choose a shorter time range, or raise its limit.", e.Request, e.Detail)
	case TooLarge:
		return fmt.Sprintf("The answer of %s is larger than %d MiB and was not read: choose a shorter time range.", e.Request, bodyLimit>>20)
	default:
		return fmt.Sprintf("%s answered %s with something that is not Prometheus' JSON, such as a login page: check the address, its path prefix and the authentication.", e.Request, status(e.Status))
	}
}

func status(code int) string { return fmt.Sprintf("%d %s", code, http.StatusText(code)) }

// shortened keeps what another wrote to the length of a sentence.
func shortened(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return text
}
