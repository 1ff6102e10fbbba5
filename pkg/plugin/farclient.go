package plugin

import (
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
)

// prometheusClient is that of the settings' Prometheus, nil if they name none,
// or if every user is to see only what Flink's proxy shows them: it has
// credentials of its own, and none of Flink's. It closes with the instance.
func (i *Instance) prometheusClient(s settings, source backend.DataSourceInstanceSettings) (*http.Client, error) {
	if s.Prometheus.URL == "" || s.forwards() {
		return nil, nil
	}
	timeouts := httpclient.DefaultTimeoutOptions
	timeouts.Timeout = s.timeout()
	options := httpclient.Options{Timeouts: &timeouts, Header: http.Header{}}
	if s.Prometheus.User != "" {
		options.BasicAuth = &httpclient.BasicAuthOptions{User: s.Prometheus.User, Password: source.DecryptedSecureJSONData["prometheusPassword"]}
	}
	if token := source.DecryptedSecureJSONData["prometheusBearerToken"]; token != "" {
		options.Header.Set("Authorization", "Bearer "+token)
	}
	options.ConfigureTransport = i.closing
	client, err := httpclient.New(options)
	if err == nil {
		slots := make(chan struct{}, min(s.MaxConcurrency, mostQueries))
		client.Transport, client.Timeout = bounded{client.Transport, slots, s.timeout()}, 0
	}
	return client, err
}
