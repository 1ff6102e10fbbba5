package host

import (
	"context"
	"fmt"
	"runtime"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// PluginID is the id under which the plugin is asked.
const PluginID = "flinkscope-flink-datasource"

// CheckHealth asks for what Save & test shows. An error means that the plugin
// did not answer; what is wrong with the data source is in the result.
func (p *Plugin) CheckHealth(ctx context.Context, settings backend.DataSourceInstanceSettings) (*backend.CheckHealthResult, error) {
	answer, err := p.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{
		PluginContext: pluginContext(settings),
	})
	if err != nil {
		return nil, fmt.Errorf("the plugin did not answer the health check: %w", err)
	}
	return backend.FromProto().CheckHealthResponse(answer), nil
}

// QueryData sends the queries in one request, as a panel does. An error means
// that the plugin did not answer at all; a query's own is in its response.
func (p *Plugin) QueryData(ctx context.Context, settings backend.DataSourceInstanceSettings, queries ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	return p.query(ctx, settings, nil, queries)
}

// Evaluate sends the queries in one request, as an alert rule does.
func (p *Plugin) Evaluate(ctx context.Context, settings backend.DataSourceInstanceSettings, queries ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	return p.query(ctx, settings, map[string]string{backend.FromAlertHeaderName: "true"}, queries)
}

func (p *Plugin) query(ctx context.Context, settings backend.DataSourceInstanceSettings, headers map[string]string, queries []backend.DataQuery) (*backend.QueryDataResponse, error) {
	request := backend.ToProto().QueryDataRequest(&backend.QueryDataRequest{Headers: headers, Queries: queries})
	request.PluginContext = pluginContext(settings)
	answer, err := p.data.QueryData(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("the plugin did not answer %d queries: %w", len(queries), err)
	}
	return backend.FromProto().QueryDataResponse(answer)
}

// CallResource sends the request, whose PluginContext is filled in here, and
// returns the first part of the answer, which is all of it but for streams.
func (p *Plugin) CallResource(ctx context.Context, settings backend.DataSourceInstanceSettings, request backend.CallResourceRequest) (*backend.CallResourceResponse, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	message := backend.ToProto().CallResourceRequest(&request)
	message.PluginContext = pluginContext(settings)
	stream, err := p.resources.CallResource(ctx, message)
	if err != nil {
		return nil, fmt.Errorf("the plugin did not take %s %s: %w", request.Method, request.Path, err)
	}
	answer, err := stream.Recv()
	if err != nil {
		return nil, fmt.Errorf("the plugin did not answer %s %s: %w", request.Method, request.Path, err)
	}
	return backend.FromProto().CallResourceResponse(answer), nil
}

// pluginContext tells who asks, as Grafana does: a Viewer.
func pluginContext(settings backend.DataSourceInstanceSettings) *pluginv2.PluginContext {
	caller := backend.ToProto().PluginContext(backend.PluginContext{
		Namespace:                  "default",
		PluginID:                   PluginID,
		User:                       &backend.User{Login: "viewer", Name: "Viewer", Role: "Viewer"},
		DataSourceInstanceSettings: &settings,
	})
	caller.OrgId = 1
	caller.UserAgent = fmt.Sprintf("Grafana/%s (%s; %s)", grafanaVersion, runtime.GOOS, runtime.GOARCH)
	return caller
}
