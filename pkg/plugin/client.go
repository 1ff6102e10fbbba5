package plugin

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
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

// tlsExplained says of a failure of TLS what it is and which setting is for it.
func tlsExplained(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
	return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if text := tlsFault(err); text != "" {
			return response, &explained{text, err}
		}
		return response, err
	})
}

// explained is an error in other words.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// tlsFault is a failure of TLS in words that fit into the sentence of
// [flink.Error]: short, and without a colon. It is empty for any other.
func tlsFault(err error) string {
	var unknown x509.UnknownAuthorityError
	var named x509.HostnameError
	var invalid x509.CertificateInvalidError
	var server *net.OpError
	switch {
	case errors.As(err, &unknown):
		return "its TLS certificate is signed by an unknown authority, see tlsAuthWithCACert and tlsCACert"
	case errors.As(err, &named):
		return "its TLS certificate is not for this host, see serverName, but for " + hosts(named.Certificate)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("its TLS certificate is valid only from %s to %s", invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &server) && server.Op == "remote error":
		return fmt.Sprintf("it broke off TLS with %q, see tlsAuth, tlsClientCert and tlsClientKey", strings.TrimPrefix(server.Err.Error(), "tls: "))
	default:
		return ""
	}
}

// hosts are those that a certificate is for.
func hosts(of *x509.Certificate) string {
	names := slices.Clone(of.DNSNames)
	for _, address := range of.IPAddresses {
		names = append(names, address.String())
	}
	return cmp.Or(strings.Join(names, ", "), "none at all")
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
