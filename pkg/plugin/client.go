package plugin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
)

// clientOptions are the SDK's options of the HTTP client: authentication,
// headers, TLS, proxy. The SDK panics on values of a wrong type.
func clientOptions(ctx context.Context, source backend.DataSourceInstanceSettings, timeout time.Duration) (options httpclient.Options, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = wrong("The data source's settings hold a value of the wrong type (%v): check jsonData.", fault)
		}
	}()
	if len(source.JSONData) == 0 {
		source.JSONData = nil // the SDK takes anything else for JSON
	}
	options, err = source.HTTPClientOptions(ctx)
	if err != nil {
		return options, wrong("The data source's HTTP settings cannot be used (%s).", err)
	}
	timeouts := httpclient.DefaultTimeoutOptions
	if options.Timeouts != nil {
		timeouts = *options.Timeouts
	}
	timeouts.Timeout = timeout
	options.Timeouts = &timeouts
	// A token from a file ends in a line break, which no header may have.
	if token := strings.TrimSpace(source.DecryptedSecureJSONData["bearerToken"]); token != "" {
		if options.Header == nil {
			options.Header = http.Header{}
		}
		options.Header.Set("Authorization", "Bearer "+token)
	}
	options.Middlewares = append(httpclient.DefaultMiddlewares(), httpclient.MiddlewareFunc(ownExchange), httpclient.MiddlewareFunc(tlsExplained))
	options.ConfigureClient = func(_ httpclient.Options, client *http.Client) { client.CheckRedirect = sameHost }
	return options, nil
}

// betweenBrowser are headers of the exchange between a browser and Grafana,
// which forwards them with the rest: with a resource call come encodings that
// only a browser reads, and conditions on what only a browser has kept.
var betweenBrowser = []string{
	"Accept-Encoding", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range",
}

// ownExchange leaves those headers to the transport.
func ownExchange(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
	return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
		for _, name := range betweenBrowser {
			request.Header.Del(name)
		}
		return next.RoundTrip(request)
	})
}

// sameHost follows a redirect only to the host and port that was configured,
// or from there to TLS: the client adds the credentials to every request it
// sends, and on another port may listen another's server.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	upgrade := first.Scheme == "http" && next.URL.Scheme == "https" && next.URL.Hostname() == first.Hostname()
	same := next.URL.Scheme == first.Scheme && next.URL.Hostname() == first.Hostname() && port(next.URL) == port(first)
	if !(same || upgrade) || len(before) >= 5 {
		return http.ErrUseLastResponse
	}
	return nil
}

// port is that of an address, or the one that its scheme implies.
func port(address *url.URL) string {
	implied := map[string]string{"http": "80", "https": "443"}
	return cmp.Or(address.Port(), implied[address.Scheme])
}
