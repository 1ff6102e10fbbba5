// Package plugin is Grafana's face: settings, queries, health.
package plugin

import (
	"context"
	"net/http"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// Instance is one configured data source. The SDK makes a new one whenever
// the settings change.
type Instance struct {
	clusters []cluster
	// rootURL tells that the address stands in the data source's root url,
	// where Grafana's proxy exposes it.
	rootURL bool
	// identities are nil unless Grafana forwards who asks.
	identities *identities
	// err is what is wrong with the settings: every query and the health
	// check answer with it.
	err   error
	close func()
}

// cluster is one Flink cluster behind the data source.
type cluster struct {
	name   string
	client *flink.Client
	maxAge time.Duration
	keeper *look.Keeper
	store  *history.Store // nil where nothing is remembered
	far    *distant       // nil without a Prometheus
}

// New makes the instance of a configured data source. Settings that cannot be
// used are no error of it but of each query, so that they are told as the
// user's to mend.
func New(ctx context.Context, source backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	instance := &Instance{rootURL: source.URL != "", close: func() {}}
	instance.err = instance.open(ctx, source)
	return instance, nil
}

// open reads the settings and makes a client for each cluster.
func (i *Instance) open(ctx context.Context, source backend.DataSourceInstanceSettings) error {
	s, err := readSettings(source)
	if err != nil {
		return err
	}
	options, err := clientOptions(ctx, source, s.timeout())
	if err != nil {
		return err
	}
	// A round's connections are kept for the next.
	options.Timeouts.MaxIdleConnsPerHost = max(options.Timeouts.MaxIdleConnsPerHost, s.MaxConcurrency)
	if options.ForwardHTTPHeaders = s.forwards(); options.ForwardHTTPHeaders {
		i.identities = newIdentities()
	}
	// The client wraps its transport, so that its own CloseIdleConnections
	// reaches none.
	options.ConfigureTransport = i.closing
	client, err := httpclient.New(options)
	if err != nil {
		return wrong("The data source's TLS or proxy settings cannot be used (%s).", err)
	}
	store := s.store(ctx, source)
	far, err := i.prometheusClient(s, source)
	if err != nil {
		return wrong("The data source's settings of Prometheus cannot be used (%s).", err)
	}
	slots, told := flink.Slots(s.MaxConcurrency), newTold()
	for _, configured := range s.all() {
		asked, err := flink.New(client, configured.URL, slots)
		if err != nil && len(s.Clusters) > 0 {
			return wrong("Cluster %s: %s", configured.Name, err)
		}
		if err != nil {
			return err
		}
		opened := cluster{
			name: configured.Name, client: asked, maxAge: s.maxAge, keeper: look.New(asked, s.maxAge),
			store: store,
		}
		opened.remember(s.History.idleAfter)
		if opened, err = opened.withFar(far, s, told); err != nil {
			return wrong("The setting prometheus.url: %s", err)
		}
		i.clusters = append(i.clusters, opened)
	}
	i.acquaint()
	return nil
}

// acquaint has what reads each cluster's past know of the others.
func (i *Instance) acquaint() {
	for _, opened := range i.clusters {
		if opened.far != nil {
			opened.far.clusters = i.clusters
		}
	}
}

// closing has a client's idle connections closed with the instance.
func (i *Instance) closing(_ httpclient.Options, transport *http.Transport) {
	before := i.close
	i.close = func() {
		before()
		transport.CloseIdleConnections()
	}
}

// Dispose is called by the SDK when newer settings have replaced these.
func (i *Instance) Dispose() {
	for _, c := range i.clusters {
		c.keeper.Close()
	}
	i.close()
}
