package plugin

import (
	"context"
	"net/http"
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
	if token := source.DecryptedSecureJSONData["bearerToken"]; token != "" {
		if options.Header == nil {
			options.Header = http.Header{}
		}
		options.Header.Set("Authorization", "Bearer "+token)
	}
	options.ConfigureClient = func(_ httpclient.Options, client *http.Client) { client.CheckRedirect = sameHost }
	return options, nil
}

// sameHost follows a redirect only to the host that was configured, and not
// away from TLS: the client adds the credentials to every request it sends.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	downgrade := first.Scheme == "https" && next.URL.Scheme != "https"
	if next.URL.Hostname() != first.Hostname() || downgrade || len(before) >= 5 {
		return http.ErrUseLastResponse
	}
	return nil
}
