// Package host starts a backend plugin as Grafana does: as a process of its own,
// with go-plugin's handshake, and sends it requests over gRPC. Tests and the demo
// use it to query the built executable.
package host

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
)

// startTimeout is how long a plugin may take to offer its address, many times what it takes:
// it ends the wait for one that hangs, not for one on a slow machine.
const startTimeout = 5 * time.Minute

// Plugin is a backend plugin that runs. It is safe for concurrent use.
type Plugin struct {
	client      *plugin.Client
	pid         int
	closing     sync.Once
	diagnostics grpcplugin.DiagnosticsClient
	data        grpcplugin.DataClient
	resources   grpcplugin.ResourceClient
}

// Start runs the executable and waits for its handshake. Its log, JSON lines on
// standard error, goes to log, which may be nil.
//
// The process lives until Close, or until ctx or this program ends. An error is
// one sentence on why it did not start.
func Start(ctx context.Context, executable string, log io.Writer) (*Plugin, error) {
	if _, err := os.Stat(executable); err != nil {
		return nil, fmt.Errorf("no plugin to start, build it with `go tool mage build`: %w", err)
	}
	command := exec.CommandContext(ctx, executable)
	command.Env = environment()
	process.EndWithParent(command)
	p := &Plugin{client: plugin.NewClient(clientConfig(command, log))}
	if err := p.connect(); err != nil {
		p.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("starting %s: %w", executable, context.Cause(ctx))
		}
		return nil, fmt.Errorf("%s did not start as a Grafana backend plugin (%s): is it one, built for this machine?",
			executable, firstLine(err))
	}
	p.pid = command.Process.Pid
	return p, nil
}

// PID is the id of the plugin's process.
func (p *Plugin) PID() int {
	return p.pid
}

// Close ends the process, by force after two seconds, and returns when it is
// gone. Only the first call does anything.
func (p *Plugin) Close() {
	p.closing.Do(p.client.Kill)
}

// CheckHealth requests what Save & test shows. An error means that the plugin
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

// Metrics requests what Grafana serves at /metrics/plugins, in Prometheus' text format.
func (p *Plugin) Metrics(ctx context.Context) ([]byte, error) {
	answer, err := p.diagnostics.CollectMetrics(ctx, &pluginv2.CollectMetricsRequest{})
	if err != nil {
		return nil, fmt.Errorf("the plugin did not answer with its metrics: %w", err)
	}
	return answer.GetMetrics().GetPrometheus(), nil
}

// QueryData sends the queries in one request, as a panel does. An error means
// that the plugin did not answer at all; a query's own is in its response.
func (p *Plugin) QueryData(ctx context.Context, settings backend.DataSourceInstanceSettings, queries ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	return p.query(ctx, settings, nil, queries)
}

// Evaluate sends the queries in one request, as an alert rule does.
func (p *Plugin) Evaluate(ctx context.Context, settings backend.DataSourceInstanceSettings, queries ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	return p.query(ctx, settings, fromAlert, queries)
}

// QueryWith sends the queries in one request, with headers of Grafana's.
func (p *Plugin) QueryWith(ctx context.Context, settings backend.DataSourceInstanceSettings, headers map[string]string, queries ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	return p.query(ctx, settings, headers, queries)
}

func (p *Plugin) query(ctx context.Context, settings backend.DataSourceInstanceSettings, headers map[string]string, queries []backend.DataQuery) (*backend.QueryDataResponse, error) {
	answer, err := p.exchange(ctx, settings, headers, queries)
	if err != nil {
		return nil, err
	}
	return backend.FromProto().QueryDataResponse(answer)
}

// QueryEncoded is [Plugin.QueryData] without the decoding of the frames, for who
// measures the plugin and not this side.
func (p *Plugin) QueryEncoded(ctx context.Context, settings backend.DataSourceInstanceSettings, queries ...backend.DataQuery) (*pluginv2.QueryDataResponse, error) {
	return p.exchange(ctx, settings, nil, queries)
}

func (p *Plugin) exchange(ctx context.Context, settings backend.DataSourceInstanceSettings, headers map[string]string, queries []backend.DataQuery) (*pluginv2.QueryDataResponse, error) {
	request := backend.ToProto().QueryDataRequest(&backend.QueryDataRequest{Headers: headers, Queries: queries})
	request.PluginContext = pluginContext(settings)
	answer, err := p.data.QueryData(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("the plugin did not answer %d queries: %w", len(queries), err)
	}
	return answer, nil
}

// EvaluateEncoded is [Plugin.Evaluate] without that decoding.
func (p *Plugin) EvaluateEncoded(ctx context.Context, settings backend.DataSourceInstanceSettings, queries ...backend.DataQuery) (*pluginv2.QueryDataResponse, error) {
	return p.exchange(ctx, settings, fromAlert, queries)
}

// fromAlert are the headers of an alert rule's request.
var fromAlert = map[string]string{backend.FromAlertHeaderName: "true"}

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

func (p *Plugin) connect() error {
	rpc, err := p.client.Client()
	if err != nil {
		return err
	}
	if err := dispense(rpc, "diagnostics", &p.diagnostics); err != nil {
		return err
	}
	if err := dispense(rpc, "data", &p.data); err != nil {
		return err
	}
	return dispense(rpc, "resource", &p.resources)
}

func dispense[T any](rpc plugin.ClientProtocol, name string, into *T) error {
	service, err := rpc.Dispense(name)
	if err != nil {
		return err
	}
	client, ok := service.(T)
	if !ok {
		return fmt.Errorf("its service %s is a %T", name, service)
	}
	*into = client
	return nil
}

func clientConfig(command *exec.Cmd, log io.Writer) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		Cmd: command,
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]plugin.PluginSet{grpcplugin.ProtocolVersion: {
			"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
			"data":        &grpcplugin.DataGRPCPlugin{},
			"resource":    &grpcplugin.ResourceGRPCPlugin{},
		}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     startTimeout,
		Stderr:           log,
		Logger:           hclog.NewNullLogger(),
	}
}

// firstLine leaves out the advice that go-plugin adds, which is for the authors
// of hosts.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimRight(line, ": ")
}
