// Package plugin is Grafana's side of the data source: settings, requests and
// responses. What a query means is in package query.
package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"golang.org/x/sync/semaphore"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

// MemoryLimit is from how many bytes on the garbage collector of the process works
// harder, so that it does not take twice what is in use.
const MemoryLimit = 224 << 20

// Factory makes the instances of data sources.
type Factory struct {
	// Pool keeps the built-in histories, which outlive an instance: saving the
	// settings does not lose them. nil is for [memory.Process].
	Pool *memory.Pool
	// Middlewares of every HTTP client, next to the network.
	Middlewares []httpclient.Middleware
	// Ending is the end of the process; nil for one that is never announced.
	Ending *Ending
}

// Instance is one configured data source. The SDK makes a new one whenever the
// settings change.
type Instance struct {
	clusters   []*query.Cluster
	engine     *query.Engine
	prometheus *prometheus.Reader // nil where the settings name none
	// rootURL is set where the address stands in the data source's root url,
	// where Grafana's proxy exposes it.
	rootURL bool
	// identities are nil unless Grafana forwards its users' credentials.
	identities *identities
	// underWay has room for maxRequests.
	underWay *semaphore.Weighted
	// err is what is wrong with the settings: every query and the health check
	// answer with it.
	err     error
	ending  *Ending
	closers []func()
}

// New makes the instance of a configured data source for the SDK. Settings that
// cannot be used are no error of it but of each query, so that they are shown as
// the user's to mend.
func New(ctx context.Context, source backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	return Factory{}.New(ctx, source)
}

// New is the same with what the factory has.
func (f Factory) New(ctx context.Context, source backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	instance := &Instance{rootURL: source.URL != "", ending: f.Ending, underWay: semaphore.NewWeighted(maxRequests)}
	instance.err = instance.open(ctx, f, source)
	live.add(instance)
	return instance, nil
}

// open reads the settings and makes what each cluster needs.
func (i *Instance) open(ctx context.Context, factory Factory, source backend.DataSourceInstanceSettings) error {
	s, err := readSettings(source)
	if err != nil {
		return err
	}
	client, err := flinkClient(ctx, s, source, factory.Middlewares)
	if err != nil {
		return err
	}
	i.closers = append(i.closers, client.Close)
	if err := i.openPrometheus(s, source, factory.Middlewares); err != nil {
		return err
	}
	store := factory.openStore(ctx, s, source)
	var clients []*flink.Client
	var webURLs []string
	var availabilities []*collector.Availability
	for _, configured := range s.all() {
		asked, err := flink.New(client.Apart(), configured.URL)
		if err != nil && len(s.Clusters) > 0 {
			return badSettings("Cluster %s: %s", configured.Name, err)
		}
		if err != nil {
			return err
		}
		web, err := configured.webURL(asked.Base())
		if err != nil {
			return err
		}
		clients, webURLs = append(clients, asked), append(webURLs, web)
		availability, leave := known.join(availabilityKey{dataSource(ctx, source), configured.Name, asked.Base(), s.forwards()})
		i.closers, availabilities = append(i.closers, leave), append(availabilities, availability)
		i.addCluster(s, configured.Name, web, asked, store, availability)
	}
	i.engine = query.NewEngine(i.clusters, s.patience())
	if s.forwards() {
		i.identities = newIdentities(s, clients, webURLs, availabilities)
		i.closers = append(i.closers, i.identities.close)
	}
	return nil
}

// addCluster adds a cluster with its collector, which fills the history, if there
// is one: what is at another address is another cluster's.
func (i *Instance) addCluster(s settings, name, webURL string, client *flink.Client, store *memory.Store, availability *collector.Availability) {
	cluster := &query.Cluster{Name: name, WebURL: webURL, Prometheus: i.prometheus}
	if i.prometheus != nil {
		cluster.Streaks, cluster.RootSets = history.NewStreaks(), history.NewRootSets()
	}
	if store != nil {
		cluster.Memory = store.Cluster(name + " at " + client.Base())
	}
	cluster.Collector = collector.New(client, collector.Options{
		MaxAge: s.maxAge, History: cluster.Memory, IdleAfter: s.History.idleAfter, Availability: availability,
		MaxBytes: s.History.limits.MaxBytes,
	})
	i.closers = append(i.closers, cluster.Collector.Close)
	i.clusters = append(i.clusters, cluster)
}

// openPrometheus makes the reader of the long-term history.
func (i *Instance) openPrometheus(s settings, source backend.DataSourceInstanceSettings, middlewares []httpclient.Middleware) error {
	client, err := prometheusClient(s, source, middlewares)
	if err != nil || client == nil {
		return err
	}
	i.closers = append(i.closers, client.Close)
	i.prometheus, err = prometheus.New(client, s.Prometheus.URL, prometheus.Options{Tenant: s.Prometheus.Tenant, MaxAge: s.maxAge})
	if err != nil {
		return badSettings("The setting prometheus.url: %s", err)
	}
	return nil
}

// openStore finds or makes the data source's built-in history. Where
// Grafana forwards its users' credentials there is none: samples are one user's.
func (f Factory) openStore(ctx context.Context, s settings, source backend.DataSourceInstanceSettings) *memory.Store {
	if s.forwards() || !s.History.on() {
		return nil
	}
	pool := f.Pool
	if pool == nil {
		pool = memory.Process
	}
	return pool.Open(dataSource(ctx, source), s.History.limits, time.Now())
}

// dataSource identifies the data source over all its instances.
func dataSource(ctx context.Context, source backend.DataSourceInstanceSettings) memory.DataSource {
	return memory.DataSource{Namespace: backend.PluginConfigFromContext(ctx).Namespace, ID: source.ID, UID: source.UID}
}

// Dispose is called by the SDK when newer settings have replaced these.
func (i *Instance) Dispose() {
	live.remove(i)
	for n := len(i.closers) - 1; n >= 0; n-- {
		i.closers[n]()
	}
}

// view is what the sender of a request may see.
type view struct {
	clusters []*query.Cluster
	engine   *query.Engine
}

// viewFor is the view of who sent the request.
func (i *Instance) viewFor(request requester) view {
	if i.identities == nil {
		return view{i.clusters, i.engine}
	}
	return i.identities.view(request)
}
