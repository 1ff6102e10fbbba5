package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// maxPrometheusQueries is how many queries a data source has a Prometheus work on
// at once: by default one works on 20, for all its users.
const maxPrometheusQueries = 8

// flinkClient makes the HTTP client for Flink from Grafana's standard settings:
// authentication, headers, TLS, proxy.
func flinkClient(ctx context.Context, s settings, source backend.DataSourceInstanceSettings, middlewares []httpclient.Middleware) (*remote.Client, error) {
	options, err := standardOptions(ctx, source)
	if err != nil {
		return nil, err
	}
	config := remote.Config{
		Options: options, BearerToken: source.DecryptedSecureJSONData["bearerToken"],
		Timeout: s.timeout, Concurrency: s.MaxConcurrency, Middlewares: middlewares,
	}
	if config.Options.ForwardHTTPHeaders = s.forwards(); s.forwards() {
		config.Forwarded = credentialHeaders
	}
	client, err := remote.NewClient(config)
	if err != nil {
		return nil, badSettings("The data source's TLS or proxy settings cannot be used (%s).", err)
	}
	return client, nil
}

// standardOptions are the SDK's options, which panics on values of a wrong type.
func standardOptions(ctx context.Context, source backend.DataSourceInstanceSettings) (options httpclient.Options, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = badSettings("The data source's settings hold a value of the wrong type (%v): check jsonData.", fault)
		}
	}()
	if len(source.JSONData) == 0 {
		source.JSONData = nil // the SDK takes anything else for JSON
	}
	if options, err = source.HTTPClientOptions(ctx); err != nil {
		err = badSettings("The data source's HTTP settings cannot be used (%s).", err)
	}
	return options, err
}

// prometheusClient makes the HTTP client for Prometheus, nil if the settings name
// none, or if every user is to see only what Flink's proxy shows them: it has
// credentials of its own, and none of Flink's.
func prometheusClient(s settings, source backend.DataSourceInstanceSettings, middlewares []httpclient.Middleware) (*remote.Client, error) {
	if s.Prometheus.URL == "" || s.forwards() {
		return nil, nil
	}
	config := remote.Config{
		System: remote.Prometheus, BearerToken: source.DecryptedSecureJSONData["prometheusBearerToken"],
		Timeout: s.timeout, Concurrency: min(s.MaxConcurrency, maxPrometheusQueries), Middlewares: middlewares,
	}
	config.Options.TLS = s.Prometheus.tls(source.DecryptedSecureJSONData)
	if s.Prometheus.User != "" {
		config.Options.BasicAuth = &httpclient.BasicAuthOptions{User: s.Prometheus.User, Password: source.DecryptedSecureJSONData["prometheusPassword"]}
	}
	client, err := remote.NewClient(config)
	if err != nil {
		return nil, badSettings("The data source's settings of Prometheus cannot be used (%s).", err)
	}
	return client, nil
}
