package plugin

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// CheckHealth reports of each cluster its version, what runs, how often metrics
// are fetched and whether they arrive, whether Prometheus answers, and what to do
// where something is missing.
func (i *Instance) CheckHealth(ctx context.Context, request *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	if i.err != nil {
		return unhealthy(query.Sentence(i.err).Error()), nil
	}
	clusters := i.viewFor(requester{request.PluginContext.User, request.PluginContext.Namespace, request.GetHTTPHeaders()}).clusters
	texts, errs := make([]string, len(clusters)), make([]error, len(clusters))
	collector.Parallel(len(clusters), len(clusters), func(n int) {
		texts[n], errs[n] = clusterHealth(ctx, clusters[n].Collector)
	})
	for n, cluster := range clusters {
		prefix := ""
		if len(clusters) > 1 {
			prefix = cluster.Name + ": "
		}
		if errs[n] != nil {
			return unhealthy(prefix + query.Sentence(errs[n]).Error()), nil
		}
		texts[n] = prefix + texts[n]
	}
	if i.prometheus != nil {
		err := i.prometheus.Check(ctx)
		switch {
		case remote.IsKind(err, remote.NoMetrics): // they may come
			texts = append(texts, query.Sentence(err).Error())
		case err != nil:
			return unhealthy(strings.Join(texts, " ") + " The past before the built-in history cannot be shown: " + query.Sentence(err).Error()), nil
		default:
			texts = append(texts, "Prometheus answers, and has metrics of Flink's tasks.")
		}
	}
	if i.rootURL {
		texts = append(texts, "Warning: the address stands in the data source's root url, so everyone who may query can send any request to Flink through Grafana's proxy, cancelling jobs included. Move it to jsonData.url.")
	}
	if i.identities != nil {
		texts = append(texts, "Grafana forwards each user's login to Flink, so every user has samples of their own: more requests to Flink, no sampling in the background, and no history.")
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: strings.Join(texts, " ")}, nil
}

func unhealthy(text string) *backend.CheckHealthResult {
	return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: text}
}

// clusterHealth is one cluster's health in a few sentences.
func clusterHealth(ctx context.Context, of *collector.Collector) (string, error) {
	cluster, _, err := of.Cluster(ctx)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("Flink %s, %s, %s.", cluster.Version, counted(cluster.JobsRunning, "running job"), counted(cluster.TaskManagers, "TaskManager"))
	if cluster.Fetch == 0 {
		return text + " Metric fetching is turned off, so nothing can be measured: remove metrics.fetcher.update-interval: 0 from Flink's configuration.", nil
	}
	arriving, err := metricsHealth(ctx, of)
	return fmt.Sprintf("%s Metrics are fetched every %s; %s.%s", text, cluster.Fetch, arriving, configurationHealth(cluster)), err
}

// configurationHealth describes what of the configuration is off or unknown.
func configurationHealth(cluster collector.Cluster) string {
	switch {
	case cluster.ConfigErr != nil:
		return " Flink's configuration could not be read: a fetch every 10 s is its default."
	case !cluster.FlameGraphs:
		return " Flame graphs are off: with rest.flamegraph.enabled: true in its configuration, Flink's UI shows where a busy task spends its time."
	default:
		return ""
	}
}

// metricsHealth describes whether metrics arrive, from a sample of the first running
// job.
func metricsHealth(ctx context.Context, of *collector.Collector) (string, error) {
	jobs, _, err := of.Jobs(ctx)
	if err != nil {
		return "", err
	}
	for _, info := range jobs {
		if info.State != job.Running {
			continue
		}
		verdict, _, err := of.Verdict(ctx, info)
		if err != nil {
			return "", err
		}
		if measured := verdict.Snapshot.MeasuredTasks(); measured > 0 {
			return fmt.Sprintf("they arrive: %d of %s of job %s measured", measured, counted(len(verdict.Snapshot.Tasks), "task"), info.Name), nil
		}
		return unmeasured(verdict.Snapshot)
	}
	return "whether they arrive shows once a job runs", nil
}

// unmeasured describes why nothing of a running job is measured. Errors are those of a
// task that did not answer.
func unmeasured(snapshot *job.Snapshot) (string, error) {
	text := fmt.Sprintf("none have arrived for job %s yet", snapshot.Job.Name)
	var why job.Reason
	for _, task := range snapshot.Tasks {
		if task.Err != nil {
			return text, task.Err
		}
		for _, subtask := range task.Subtasks {
			why = cmp.Or(why, subtask.Why)
		}
	}
	switch why {
	case "", job.WarmingUp:
		return text + ", which is normal in the first 10 s after its start", nil
	default:
		return fmt.Sprintf("%s (the first subtask: %s)", text, why), nil
	}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
