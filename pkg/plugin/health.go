package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// CheckHealth says of each cluster its version, what runs, how often metrics
// are fetched and whether they arrive, whether Prometheus answers, and what to do
// where something lacks.
func (i *Instance) CheckHealth(ctx context.Context, request *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	if i.err != nil {
		return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: sentence(i.err).Error()}, nil
	}
	var texts []string
	for _, c := range i.clustersFor(request.GetHTTPHeaders()) {
		text, err := c.health(ctx)
		if err != nil {
			return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: c.prefix(len(i.clusters)) + sentence(err).Error()}, nil
		}
		texts = append(texts, c.prefix(len(i.clusters))+text)
	}
	switch text, err := i.farHealth(ctx); {
	case err != nil:
		return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: strings.Join(texts, " ") + " The past before the built-in history is not told: " + sentence(err).Error()}, nil
	case text != "":
		texts = append(texts, text)
	}
	if i.rootURL {
		texts = append(texts, "Warning: the address stands in the data source's root url, so everyone who may query can send any request to Flink through Grafana's proxy, cancelling jobs included. Move it to jsonData.url.")
	}
	if i.identities != nil {
		texts = append(texts, "Grafana forwards who asks, so every user has looks of their own: more requests to Flink, and no sampling in the background.")
	}
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: strings.Join(texts, " ")}, nil
}

// prefix names the cluster where there are several.
func (c cluster) prefix(clusters int) string {
	if clusters == 1 {
		return ""
	}
	return c.name + ": "
}

// health is one cluster's health in a few sentences.
func (c cluster) health(ctx context.Context) (string, error) {
	facts, _, err := c.keeper.Cluster(ctx)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("Flink %s, %s, %s.", facts.Version, counted(facts.JobsRunning, "running job"), counted(facts.TaskManagers, "TaskManager"))
	if facts.Fetch == 0 {
		return text + " Metric fetching is turned off, so nothing can be measured: remove metrics.fetcher.update-interval: 0 from Flink's configuration.", nil
	}
	arriving, err := c.metrics(ctx)
	return fmt.Sprintf("%s Metrics are fetched every %s; %s.%s", text, facts.Fetch, arriving, lacking(facts)), err
}

// lacking says what of the configuration is off or unknown.
func lacking(facts look.Cluster) string {
	switch {
	case facts.ConfigErr != nil:
		return " Flink's configuration could not be read: a fetch every 10 s is its default."
	case !facts.FlameGraphs:
		return " Flame graphs are off: with rest.flamegraph.enabled: true in its configuration, Flink's UI shows where a busy task spends its time."
	default:
		return ""
	}
}

// metrics says whether metrics arrive, from a look at the first running job.
func (c cluster) metrics(ctx context.Context) (string, error) {
	jobs, _, err := c.keeper.Jobs(ctx)
	if err != nil {
		return "", err
	}
	for _, info := range jobs {
		if info.State != job.Running {
			continue
		}
		snapshot, _, err := c.keeper.Snapshot(ctx, info)
		if err != nil {
			return "", err
		}
		if measured := snapshot.MeasuredTasks(); measured > 0 {
			return fmt.Sprintf("they arrive: %d of %s of job %s measured", measured, counted(len(snapshot.Tasks), "task"), info.Name), nil
		}
		return fmt.Sprintf("none have arrived for job %s yet, which is normal in the first 10 s after its start", info.Name), nil
	}
	return "whether they arrive shows once a job runs", nil
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
