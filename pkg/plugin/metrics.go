package plugin

import (
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

// The metrics of queries, and of what all data sources of the process have: see
// docs/observability.md.
var (
	querySeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "flinkscope", Name: "query_duration_seconds",
		Help:    "How long queries took until their frames were made, without their encoding.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"type"})
	queriesTotal = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: "flinkscope", Name: "queries_total",
		Help: "Queries by what became of them: ok, or whose the error is: downstream or plugin.",
	}, []string{"type", "status"})
)

// observeQuery counts a query, and how long it took.
func observeQuery(queryType string, took time.Duration, answer backend.DataResponse) {
	if !query.IsType(queryType) { // which may be any text
		queryType = "other"
	}
	status := "ok"
	if answer.Error != nil {
		status = answer.ErrorSource.String()
	}
	querySeconds.WithLabelValues(queryType).Observe(took.Seconds())
	queriesTotal.WithLabelValues(queryType, status).Inc()
}

// instances are those that are in use: gauges are sums over them at the moment in which
// they are read. It is safe for concurrent use.
type instances struct {
	mu  sync.Mutex
	all map[*Instance]struct{}
}

// live are those of the process.
var live = &instances{all: map[*Instance]struct{}{}}

func init() { prometheus.MustRegister(live) } // once what it describes is there

func (i *instances) add(instance *Instance) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.all[instance] = struct{}{}
}

func (i *instances) remove(instance *Instance) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.all, instance)
}

// list are those in use now.
func (i *instances) list() (all []*Instance) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for instance := range i.all {
		all = append(all, instance)
	}
	return all
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("flinkscope_"+name, help, labels, nil)
}

var (
	dataSourcesGauge  = gauge("data_sources", "Data sources in use. One whose settings were just saved counts twice for some seconds.")
	clustersGauge     = gauge("clusters", "Configured clusters by whether they answered the last request for their jobs: up, down, or unknown before the first.", "state")
	jobsGauge         = gauge("tracked_jobs", "Jobs of which something is kept.")
	sampledGauge      = gauge("sampled_jobs", "Jobs that the sampler polls.")
	subtasksGauge     = gauge("tracked_subtasks", "Subtasks of the jobs of which something is kept.")
	ageGauge          = gauge("sample_age_seconds", "How long ago the last polls of jobs ended, of those that are sampled or were queried in the last minute: the newest and the oldest.", "sample")
	historyGauge      = gauge("history_bytes", "About how much memory the built-in histories take.")
	historyLimitGauge = gauge("history_limit_bytes", "How much memory the built-in histories may take together.")
	identitiesGauge   = gauge("identities", "Users whose samples are kept apart, where Grafana forwards their credentials.")
	identityGauge     = gauge("identity_bytes", "About how much memory the samples of these users take.")
)

// Describe implements [prometheus.Collector].
func (i *instances) Describe(to chan<- *prometheus.Desc) {
	for _, each := range []*prometheus.Desc{dataSourcesGauge, clustersGauge, jobsGauge, sampledGauge, subtasksGauge, ageGauge, historyGauge, historyLimitGauge, identitiesGauge, identityGauge} {
		to <- each
	}
}

// Collect implements [prometheus.Collector].
func (i *instances) Collect(to chan<- prometheus.Metric) {
	now := time.Now()
	var sum collector.State
	clusters := map[string]int{"up": 0, "down": 0, "unknown": 0}
	all, people, bytes := i.list(), 0, 0
	for _, instance := range all {
		for _, cluster := range instance.clusters {
			clusters[availability(cluster.Collector.State(now))]++
		}
		for _, each := range instance.collectors() {
			sum = added(sum, each.State(now))
		}
		if instance.identities != nil {
			count, size := instance.identities.size()
			people, bytes = people+count, bytes+size
		}
	}
	send := func(of *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, value, labels...)
	}
	send(dataSourcesGauge, float64(len(all)))
	for state, count := range clusters {
		send(clustersGauge, float64(count), state)
	}
	send(jobsGauge, float64(sum.Jobs))
	send(sampledGauge, float64(sum.Sampled))
	send(subtasksGauge, float64(sum.Subtasks))
	if !sum.Newest.IsZero() {
		send(ageGauge, now.Sub(sum.Newest).Seconds(), "newest")
		send(ageGauge, now.Sub(sum.Oldest).Seconds(), "oldest")
	}
	send(historyGauge, float64(memory.Process.Bytes()))
	send(historyLimitGauge, memory.DefaultPoolBytes)
	send(identitiesGauge, float64(people))
	send(identityGauge, float64(bytes))
}

// collectors are all of an instance: of its clusters, or of each user's view of them.
func (i *Instance) collectors() (all []*collector.Collector) {
	for _, cluster := range i.clusters {
		all = append(all, cluster.Collector)
	}
	if i.identities != nil {
		all = append(all, i.identities.collectors()...)
	}
	return all
}

// availability is a cluster's in a word.
func availability(of collector.State) string {
	switch {
	case of.Down:
		return "down"
	case of.Known:
		return "up"
	default:
		return "unknown"
	}
}

// added is the sum of two collectors' states.
func added(sum, of collector.State) collector.State {
	sum.Jobs, sum.Sampled, sum.Subtasks = sum.Jobs+of.Jobs, sum.Sampled+of.Sampled, sum.Subtasks+of.Subtasks
	if sum.Oldest.IsZero() || !of.Oldest.IsZero() && of.Oldest.Before(sum.Oldest) {
		sum.Oldest = of.Oldest
	}
	if of.Newest.After(sum.Newest) {
		sum.Newest = of.Newest
	}
	return sum
}
