package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// CheckHealth reports of each cluster its version, what runs, how often metrics
// are fetched and whether they arrive for all jobs, whether Prometheus answers, what
// to do where something is missing, and the next step. Its message is all that Grafana
// shows of a success; of a failure it shows the details, too.
func (i *Instance) CheckHealth(ctx context.Context, request *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	if i.err != nil {
		return unhealthy(query.Sentence(i.err).Error(), nil), nil
	}
	defer i.ending.begin()()
	ctx, cancel := query.Early(ctx, i.ending.context())
	defer cancel()
	clusters := i.viewFor(requester{request.PluginContext.User, request.PluginContext.Namespace, request.GetHTTPHeaders()}).clusters
	found := make([]clusterHealth, len(clusters))
	collector.Parallel(len(clusters), len(clusters), func(n int) {
		found[n] = healthOf(ctx, clusters[n].Name, clusters[n].Collector)
	})
	text, details := sumOf(found)
	texts := []string{text}
	if n := slices.IndexFunc(found, func(each clusterHealth) bool { return each.err != nil }); n >= 0 {
		text = query.Sentence(found[n].err).Error()
		if len(found) > 1 {
			text = found[n].name + ": " + text
		}
		return unhealthy(text, details), nil
	}
	if i.prometheus != nil {
		err := i.prometheus.Check(ctx)
		switch {
		case remote.IsKind(err, remote.NoMetrics): // they may come
			texts = append(texts, query.Sentence(err).Error())
		case err != nil:
			return unhealthy(strings.Join(texts, " ")+" The past before the built-in history cannot be shown: "+query.Sentence(err).Error(), details), nil
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
	texts = append(texts, nextStep(found))
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk, Message: strings.Join(texts, " "), JSONDetails: details}, nil
}

func unhealthy(text string, details []byte) *backend.CheckHealthResult {
	return &backend.CheckHealthResult{Status: backend.HealthStatusError, Message: text, JSONDetails: details}
}

// maxHealthJobs is how many running jobs of a cluster are polled to see whether their
// metrics arrive.
const maxHealthJobs = 10

// clusterHealth is what is found of one cluster.
type clusterHealth struct {
	name string
	// running and taskManagers are how many there are; measured of these tasks have
	// metrics that arrive.
	running, taskManagers, tasks, measured int
	// fetches is unset where metric fetching is turned off.
	fetches bool
	// text says this in a few sentences, advice what of the configuration to change.
	text, advice string
	err          error
}

// sumOf is the sum of all clusters, and the details that Grafana unfolds, in which
// each stands on a line of its own. One alone is its own sum.
func sumOf(found []clusterHealth) (text string, details []byte) {
	if len(found) == 1 {
		return strings.TrimSpace(found[0].text + " " + found[0].advice), nil
	}
	var sum clusterHealth
	var lines, unmeasured []string
	for _, each := range found {
		sum.running += each.running
		sum.taskManagers += each.taskManagers
		sum.tasks += each.tasks
		sum.measured += each.measured
		line := strings.TrimSpace(each.text + " " + each.advice)
		if each.err != nil {
			line = query.Sentence(each.err).Error()
		} else if !each.fetches {
			unmeasured = append(unmeasured, " "+each.name+": "+each.advice)
		}
		lines = append(lines, each.name+": "+line)
	}
	text = fmt.Sprintf("%s, %s, %s: %d of %s measured.", counted(len(found), "cluster"), counted(sum.running, "running job"), counted(sum.taskManagers, "TaskManager"), sum.measured, counted(sum.tasks, "task"))
	details, _ = json.Marshal(map[string]string{"verboseMessage": strings.Join(lines, "\n")}) // texts alone cannot fail
	return text + strings.Join(unmeasured, ""), details
}

// nextStep is what to do after a test that went well.
func nextStep(found []clusterHealth) string {
	running, measured, fetches := 0, 0, false
	for _, each := range found {
		running, measured, fetches = running+each.running, measured+each.measured, fetches || each.fetches
	}
	switch {
	case !fetches:
		return "Next: change that, restart Flink's JobManager, and test again."
	case running == 0:
		return "Next: start a job, and test again."
	case measured == 0:
		return "Next: test again in 20 seconds."
	default:
		return "Next: import the dashboards under the tab Dashboards of this page, or open Explore, which begins with the bottlenecks."
	}
}

// healthOf is the health of one cluster.
func healthOf(ctx context.Context, name string, of *collector.Collector) clusterHealth {
	found := clusterHealth{name: name}
	cluster, _, err := of.Cluster(ctx)
	if err != nil {
		found.err = err
		return found
	}
	found.running, found.taskManagers, found.fetches = cluster.JobsRunning, cluster.TaskManagers, cluster.Fetch != 0
	text := fmt.Sprintf("Flink %s, %s, %s.", cluster.Version, counted(cluster.JobsRunning, "running job"), counted(cluster.TaskManagers, "TaskManager"))
	if !found.fetches {
		found.text = text
		found.advice = "Metric fetching is turned off, so nothing can be measured: remove metrics.fetcher.update-interval: 0 from Flink's configuration."
		return found
	}
	arriving, err := found.readMetrics(ctx, of)
	if err != nil {
		found.err = err
		return found
	}
	found.text, found.advice = fmt.Sprintf("%s Metrics are fetched every %s; %s.", text, cluster.Fetch, arriving), configurationHealth(cluster)
	return found
}

// configurationHealth describes what of the configuration is off or unknown.
func configurationHealth(cluster collector.Cluster) string {
	switch {
	case cluster.ConfigErr != nil:
		return "Flink's configuration could not be read: a fetch every 10 s is its default."
	case !cluster.FlameGraphs:
		return "Flame graphs are off: with rest.flamegraph.enabled: true in its configuration, Flink's UI shows where a busy task spends its time."
	default:
		return ""
	}
}

// readMetrics polls the running jobs, and describes whether their metrics arrive. It
// fails if they arrive for none, and one did not answer.
func (h *clusterHealth) readMetrics(ctx context.Context, of *collector.Collector) (string, error) {
	jobs, _, err := of.Jobs(ctx)
	if err != nil {
		return "", err
	}
	running := slices.DeleteFunc(slices.Clone(jobs), func(info job.Info) bool { return info.State != job.Running })
	if len(running) == 0 {
		return "whether they arrive shows once a job runs", nil
	}
	polled := running[:min(len(running), maxHealthJobs)]
	verdicts, errs := make([]*diagnosis.Verdict, len(polled)), make([]error, len(polled))
	collector.Parallel(len(polled), of.Concurrency(), func(n int) {
		verdicts[n], _, errs[n] = of.Verdict(ctx, polled[n])
	})
	var silent []string
	var failed error
	for n, verdict := range verdicts {
		if errs[n] != nil {
			silent, failed = append(silent, fmt.Sprintf("job %s did not answer: %s", polled[n].Name, strings.TrimSuffix(query.Sentence(errs[n]).Error(), "."))), cmp.Or(failed, errs[n])
			continue
		}
		measured := verdict.Snapshot.MeasuredTasks()
		h.measured, h.tasks = h.measured+measured, h.tasks+len(verdict.Snapshot.Tasks)
		if measured == 0 {
			text, err := unmeasured(verdict.Snapshot)
			silent, failed = append(silent, text), cmp.Or(failed, err)
		}
	}
	if h.measured == 0 {
		return describedJobs(silent), failed
	}
	what := "job " + polled[0].Name
	if len(polled) > 1 {
		what = counted(len(polled), "job")
	}
	if len(polled) < len(running) {
		what = "the first " + what
	}
	text := fmt.Sprintf("they arrive: %d of %s of %s measured", h.measured, counted(h.tasks, "task"), what)
	if len(silent) > 0 {
		text += "; " + describedJobs(silent)
	}
	return text, nil
}

// describedJobs is what is the matter with the first of the jobs, and how many more
// there are.
func describedJobs(silent []string) string {
	switch more := len(silent) - 1; more {
	case 0:
		return silent[0]
	case 1:
		return silent[0] + ", and 1 other job is not measured"
	default:
		return fmt.Sprintf("%s, and %d other jobs are not measured", silent[0], more)
	}
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
