// Package host starts a backend plugin the way Grafana does: as a process of
// its own, found by the handshake of go-plugin and asked over gRPC. Tests and
// the demo use it to look at the built executable from where Grafana stands.
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

	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

// startTimeout is how long a plugin may take to offer its address.
const startTimeout = 30 * time.Second

// Plugin is a backend plugin that runs. It may be asked by many at once.
type Plugin struct {
	process     *plugin.Client
	pid         int
	closing     sync.Once
	diagnostics grpcplugin.DiagnosticsClient
	data        grpcplugin.DataClient
	resources   grpcplugin.ResourceClient
}

// Start runs the executable and shakes hands with it. What it logs, JSON lines
// on its standard error, goes to log, which may be nil.
//
// The process lives until Close, or until ctx or this program ends. An error
// says in one sentence why it did not start.
func Start(ctx context.Context, executable string, log io.Writer) (*Plugin, error) {
	if _, err := os.Stat(executable); err != nil {
		return nil, fmt.Errorf("no plugin to start, build it with `go tool mage build`: %w", err)
	}
	command := exec.CommandContext(ctx, executable)
	command.Env = environment()
	endWithParent(command)
	p := &Plugin{process: plugin.NewClient(clientConfig(command, log))}
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
	p.closing.Do(p.process.Kill)
}

func (p *Plugin) connect() error {
	rpc, err := p.process.Client()
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
