package plugin_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/proxy"
	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// A Flink that only Grafana's secure SOCKS proxy can reach answers where the data source
// has it on; Prometheus is reached directly.
func TestSecureSOCKSProxy(t *testing.T) {
	flink := httptest.NewServer(newCluster(smallJobs("orders")...))
	t.Cleanup(flink.Close)
	prometheus := promtest.New(t)
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			address, connections := socksProxy(t, map[string]string{"jobmanager.invalid:8081": flink.Listener.Addr().String()})
			ctx := config.WithGrafanaConfig(t.Context(), config.NewGrafanaCfg(map[string]string{
				proxy.PluginSecureSocksProxyEnabled: "true", proxy.PluginSecureSocksProxyAllowInsecure: "true", proxy.PluginSecureSocksProxyProxyAddress: address,
			}))
			settings := settingsWith(map[string]any{
				"url": "http://jobmanager.invalid:8081", "enableSecureSocksProxy": on, "prometheus": map[string]any{"url": prometheus.URL},
			})
			made, err := plugin.Factory{Pool: memory.NewPool(1 << 20)}.New(ctx, settings)
			if err != nil {
				t.Fatal(err)
			}
			source := made.(dataSource)
			t.Cleanup(source.Dispose)
			health, err := source.CheckHealth(ctx, &backend.CheckHealthRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if reached := health.Status == backend.HealthStatusOk; reached != on || connections.Load() > 0 != on {
				t.Errorf("with %d connections through the proxy: %s", connections.Load(), health.Message)
			}
			if on && !strings.Contains(health.Message, "Prometheus at "+prometheus.URL) {
				t.Errorf("of Prometheus it has: %s", health.Message)
			}
		})
	}
}

// socksProxy is a SOCKS 5 proxy without a login, which forwards to these hosts alone. It
// counts the connections that were forwarded.
func socksProxy(t *testing.T, hosts map[string]string) (address string, connections *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	connections = new(atomic.Int64)
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				to, err := socksHandshake(from, hosts)
				if err != nil {
					return // the client sees the end of the connection
				}
				defer to.Close()
				connections.Add(1)
				go func() {
					defer to.Close()
					_, _ = io.Copy(to, from)
				}()
				_, _ = io.Copy(from, to)
			}()
		}
	}()
	return listener.Addr().String(), connections
}

// socksHandshake reads which host is wanted, and connects to it (RFC 1928).
func socksHandshake(from net.Conn, hosts map[string]string) (to net.Conn, err error) {
	greeting := make([]byte, 2) // the version, and how many ways to log in follow
	if _, err := io.ReadFull(from, greeting); err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, from, int64(greeting[1])); err != nil {
		return nil, err
	}
	if _, err := from.Write([]byte{5, 0}); err != nil { // no login
		return nil, err
	}
	request := make([]byte, 5) // version, command, reserved, kind of address, its length
	if _, err := io.ReadFull(from, request); err != nil {
		return nil, err
	}
	const domainName = 3
	if request[3] != domainName {
		return nil, errors.New("no name of a host")
	}
	name := make([]byte, int(request[4])+2)
	if _, err := io.ReadFull(from, name); err != nil {
		return nil, err
	}
	port := int(name[len(name)-2])<<8 | int(name[len(name)-1])
	if to, err = net.Dial("tcp", hosts[fmt.Sprintf("%s:%d", name[:len(name)-2], port)]); err != nil {
		return nil, err
	}
	_, err = from.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return to, err
}
