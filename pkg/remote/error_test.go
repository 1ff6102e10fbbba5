package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// Each failure is one sentence with advice, in the words of the system.
func TestErrorTexts(t *testing.T) {
	const at = "http://h:1/p"
	same := func(text string) [2]string { return [2]string{text, text} }
	for kind, c := range map[remote.Kind]struct {
		status int
		detail string
		want   [2]string // of Flink and of Prometheus
	}{
		remote.Unreachable: {0, "connection refused", [2]string{
			"Flink could not be reached at http://h:1/p (connection refused): check the address and port, and that Grafana's server can reach it.",
			"Prometheus could not be reached at http://h:1/p (connection refused): check the address and port, and that Grafana's server can reach it.",
		}},
		remote.TimedOut: {0, "", [2]string{
			"Flink did not answer http://h:1/p in time: check that the JobManager is well, or raise the time-out in the data source's settings.",
			"Prometheus did not answer http://h:1/p in time: choose a shorter time range or fewer jobs, or raise the time-out in the data source's settings.",
		}},
		remote.Canceled: {0, "", same("The request for http://h:1/p was cancelled by its caller.")},
		remote.Refused: {401, "", [2]string{
			"http://h:1/p was refused with 401 Unauthorized: check the authentication in the data source's settings.",
			"http://h:1/p was refused with 401 Unauthorized: check the authentication of Prometheus (user, password or token, tenant) in the data source's settings.",
		}},
		remote.NotFound: {404, "", [2]string{
			"Flink has nothing at http://h:1/p (404): the job may be gone, or the address lacks a path prefix.",
			"Prometheus has nothing at http://h:1/p (404): the address may lack a path prefix, such as /prometheus for Mimir.",
		}},
		remote.Redirected: {302, "http://g/login", [2]string{
			"http://h:1/p redirects to http://g/login, which is not followed, as the credentials would go there too: if that is where Flink is, enter that address in the data source's settings; if it is a login page, check the authentication.",
			"http://h:1/p redirects to http://g/login, which is not followed, as the credentials would go there too: if that is where Prometheus is, enter that address in the data source's settings; if it is a login page, check the authentication.",
		}},
		remote.TooManyRequests: {429, "", same("http://h:1/p was refused as too many requests (429): try again later, or ask for fewer jobs.")},
		remote.Failing: {500, "", [2]string{
			"Flink failed to answer http://h:1/p (500 Internal Server Error): see the JobManager's log for the cause.",
			"Prometheus failed to answer http://h:1/p (500 Internal Server Error): see its log, or that of the proxy before it, for the cause.",
		}},
		remote.ProxyFailing: {502, "", [2]string{
			"The proxy before Flink failed to answer http://h:1/p (502 Bad Gateway): check that the JobManager is up, and the proxy's log.",
			"The proxy before Prometheus failed to answer http://h:1/p (502 Bad Gateway): check that Prometheus is up, and the proxy's log.",
		}},
		remote.WrongService: {200, "", [2]string{
			"http://h:1/p answered 200 OK with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.",
			"http://h:1/p answered 200 OK with something that is not Prometheus' JSON, such as a proxy's login page: check the address, its path prefix and the authentication.",
		}},
		remote.TooLarge: {0, "64 MiB", [2]string{
			"The answer of http://h:1/p is larger than 64 MiB and was not read: check that the address is Flink's REST API.",
			"The answer of http://h:1/p is larger than 64 MiB and was not read: choose a shorter time range.",
		}},
		remote.Cut: {200, "", [2]string{
			"The answer of http://h:1/p is not the JSON that Flink sends, or breaks off: check the connection and any proxy in between.",
			"The answer of http://h:1/p is not the JSON that Prometheus sends, or breaks off: check the connection and any proxy in between.",
		}},
	} {
		for system, want := range c.want {
			failed := &remote.Error{System: remote.System(system), Kind: kind, Request: at, Status: c.status, Detail: c.detail}
			if got := failed.Error(); got != want {
				t.Errorf("the text is\n%s\nwant\n%s", got, want)
			}
		}
	}
}

// These happen with one of the systems alone.
func TestErrorTextsOfOneSystem(t *testing.T) {
	for want, failed := range map[string]remote.Error{
		`"cancel" is no id of a Flink job or task, which has 32 hexadecimal digits.`:                                                     {Kind: remote.BadID, Detail: "cancel"},
		`"a/b" is no id of a Flink TaskManager that a request can name: of letters, digits and . : _ - alone (taskmanager.resource-id).`: {Kind: remote.BadTaskManagerID, Detail: "a/b"},
		"http://h:1 answers as a Flink service, but not as a JobManager; it may be a history server or a SQL gateway: enter the address of the JobManager's REST API, such as http://jobmanager:8081.": {
			Kind: remote.HistoryServer, Request: "http://h:1",
		},
		`Prometheus refused the query at http://h:1/p with "bad_data: unknown function": check that it is a version that has PromQL's delta and count_values.`: {
			System: remote.Prometheus, Kind: remote.Rejected, Request: "http://h:1/p", Detail: "bad_data: unknown function",
		},
		`The query at http://h:1/p is too much for Prometheus ("too many samples"): choose a shorter time range, or raise its limit.`: {
			System: remote.Prometheus, Kind: remote.TooMuch, Request: "http://h:1/p", Detail: "too many samples",
		},
		"Prometheus at http://h:1/p has no metrics flink_taskmanager_job_task_…: turn on Flink's reporter on the TaskManagers (metrics.reporter.prom.factory.class: org.apache.flink.metrics.prometheus.PrometheusReporterFactory) and have Prometheus scrape it.": {
			System: remote.Prometheus, Kind: remote.NoMetrics, Request: "http://h:1/p",
		},
		"Prometheus at http://h:1/p scrapes two clusters with job orders at one time, and they cannot be distinguished: give each cluster a Prometheus or a tenant of its own.": {
			System: remote.Prometheus, Kind: remote.TwoClusters, Request: "http://h:1/p", Detail: "job orders",
		},
		"Prometheus failed to answer http://h:1/p (execution: a rule fails): see its log, or that of the proxy before it, for the cause.": {
			System: remote.Prometheus, Kind: remote.Failing, Request: "http://h:1/p", Status: 500, Detail: "execution: a rule fails",
		},
	} {
		if got := failed.Error(); got != want {
			t.Errorf("the text is\n%s\nwant\n%s", got, want)
		}
	}
}

// timeout is an error of a connection that took too long.
type timeout struct{ error }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return false }

// Why no answer came is found out from the HTTP client's error, of which the
// innermost cause alone is quoted.
func TestUnanswered(t *testing.T) {
	get := func(err error) error { return &url.Error{Op: "Get", URL: "http://secret@h:1/p?token=secret", Err: err} }
	for name, c := range map[string]struct {
		err    error
		kind   remote.Kind
		detail string
	}{
		"nothing listens":       {get(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused")}), remote.Unreachable, "connection refused"},
		"no such host":          {get(&net.DNSError{Err: "no such host", Name: "h", Server: "192.0.2.1:53", IsNotFound: true}), remote.Unreachable, "no such host"},
		"no name server":        {get(&net.DNSError{Err: "server misbehaving", Name: "h", Server: "192.0.2.1:53"}), remote.Unreachable, "the host's name could not be resolved"},
		"closed without answer": {get(io.EOF), remote.Unreachable, "the connection was closed without an answer"},
		"a cause of its own":    {errors.New("proxyconnect tcp: " + strings.Repeat("x", 300)), remote.Unreachable, strings.Repeat("x", 200) + "…"},
		"no time left":          {get(context.DeadlineExceeded), remote.TimedOut, ""},
		"a slow connection":     {get(timeout{errors.New("TLS handshake timeout")}), remote.TimedOut, ""},
		"given up":              {get(fmt.Errorf("while waiting: %w", context.Canceled)), remote.Canceled, ""},
		"cut short":             {get(io.ErrUnexpectedEOF), remote.Cut, ""},
		"a header that is none": {get(errors.New("net/http: HTTP/1.x transport connection broken: net/http: invalid header")), remote.Cut, ""},
		"a header of 10 MiB":    {get(errors.New("net/http: server response headers exceeded 262144 bytes; aborted")), remote.Cut, ""},
		"a chunk that is none":  {get(errors.New("invalid byte in chunk length")), remote.Cut, ""},
		"a host of that name":   {&url.Error{Op: "Get", URL: "http://malformed-chunk-length:1/p", Err: errors.New("connect: connection refused")}, remote.Unreachable, "connection refused"},
		"no HTTP":               {get(errors.New(`net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0"`)), remote.Cut, ""},
	} {
		for _, system := range []remote.System{remote.Flink, remote.Prometheus} {
			got := remote.Unanswered(system, "http://h:1/p", c.err)
			if got.System != system || got.Kind != c.kind || got.Detail != c.detail || got.Request != "http://h:1/p" || got.Status != 0 || !errors.Is(got, c.err) {
				t.Errorf("%s: %+v, want kind %d with %q", name, *got, c.kind, c.detail)
			}
			if strings.Contains(got.Error(), "secret") {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}

// An error has its kind however often it is wrapped.
func TestIsKind(t *testing.T) {
	failed := &remote.Error{Kind: remote.NotFound}
	for err, want := range map[error]bool{
		failed: true, fmt.Errorf("job orders: %w", failed): true, errors.Join(io.EOF, failed): true,
		&remote.Error{Kind: remote.Failing}: false, io.EOF: false, nil: false,
	} {
		if got := remote.IsKind(err, remote.NotFound); got != want {
			t.Errorf("%v is of the kind %t, want %t", err, got, want)
		}
	}
}

// Of where a redirect leads only the server is named, and on the same server a
// path prefix that the settings may lack: the rest may hold secrets. What is no
// redirect is no such error.
func TestRedirectError(t *testing.T) {
	request := &http.Request{URL: &url.URL{Scheme: "http", Host: "h:1", Path: "/p"}}
	for name, c := range map[string]struct {
		status         int
		location, want string // "" for none
	}{
		"elsewhere":                   {302, "https://sso/login?next=%2Fp&token=secret", "https://sso"},
		"credentials":                 {307, "http://user:secret@g/p#secret", "http://g"},
		"a login page there":          {301, "/login?secret", "http://h:1"},
		"a path prefix":               {301, "/flink/p?secret", "http://h:1/flink"},
		"a path prefix on another":    {301, "http://g/flink/p", "http://g"},
		"TLS there":                   {301, "https://h:1/flink/p", "https://h:1/flink"},
		"without scheme":              {308, "//g/p", "http://g"},
		"leads nowhere":               {302, "", ""},
		"not modified":                {304, "", ""},
		"no redirect":                 {200, "http://g/p", ""},
		"created":                     {201, "http://g/p", ""},
		"not an address":              {302, "http://g:port/", ""},
		"refused, with another place": {401, "http://g/p", ""},
	} {
		answer := &http.Response{StatusCode: c.status, Header: http.Header{}, Request: request}
		if c.location != "" {
			answer.Header.Set("Location", c.location)
		}
		switch got := remote.Redirect(remote.Prometheus, "http://h:1/p", answer); {
		case c.want == "" && got != nil:
			t.Errorf("%s: %v", name, got)
		case c.want != "" && (got == nil || got.Kind != remote.Redirected || got.System != remote.Prometheus || got.Detail != c.want || got.Status != c.status || got.Request != "http://h:1/p"):
			t.Errorf("%s: %+v, want one to %s", name, got, c.want)
		}
	}
	if got := remote.Redirect(remote.Flink, "http://h:1/p", nil); got != nil {
		t.Errorf("no answer at all: %v", got)
	}
}

// What others wrote is quoted in one line of at most 200 characters.
func TestShortened(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " a\n\tb  c ": "a b c",
		"requise \xe0 l'entr\xe9e": "requise \uFFFD l'entr\uFFFDe", "x" + strings.Repeat(" ", 1998) + "é": "x \uFFFD",
		strings.Repeat("ü", 200): strings.Repeat("ü", 200), strings.Repeat("ü", 201): strings.Repeat("ü", 200) + "…",
	} {
		if got := remote.Shortened(text); got != want {
			t.Errorf("%q is shortened to %q, want %q", text, got, want)
		}
	}
}
