package query

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/collector"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// maxUsages is of how many TaskManagers one query requests the usage: each costs a
// request.
const maxUsages = 100

// answerTaskManagers answers with the table of TaskManagers: those that the clusters
// list, or, where the query chose jobs or tasks, those on which subtasks of these run.
// Of the past it is known what ran on them; how their processes did, Prometheus has.
func answerTaskManagers(ctx context.Context, e *Engine, req Request) (data.Frames, error) {
	clusters, err := e.choose(req)
	if err != nil {
		return nil, err
	}
	inTime, cancel := req.inTime(ctx)
	defer cancel()
	isLive, requests := live(ctx, clusters, req)
	answer := e.at
	if isLive {
		answer = e.now
	}
	result, failed := answer(ctx, req, clusters)
	result.Requests += requests
	var own *Error
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(failed, &own), failed != nil && !isLive:
		return nil, failed
	}
	of := managers{req: req, result: &result.Result, loads: loadsOf(result.Result), unknown: failed != nil}
	if isLive {
		err = of.list(inTime, clusters)
	} else {
		of.fromLoads(clusters)
	}
	if err != nil {
		return nil, cmp.Or(failed, err)
	}
	of.narrow()
	of.sort()
	if isLive {
		of.addUsages(inTime, clusters)
	} else {
		of.addPastUsages(inTime, clusters)
	}
	if len(result.TaskManagers) == 0 && isLive {
		result.Add(of.none())
	}
	return frame.TaskManagers(result.Result), ctx.Err()
}

// managers are the rows of one answer.
type managers struct {
	req    Request
	result *frame.Result
	// loads are those of the subtasks of the jobs chosen, by cluster.
	loads map[string]diagnosis.TaskManagerLoads
	// unknown is set where no job answered.
	unknown bool
}

func loadsOf(result frame.Result) map[string]diagnosis.TaskManagerLoads {
	loads := map[string]diagnosis.TaskManagerLoads{}
	for _, shown := range result.Jobs {
		if loads[shown.Cluster] == nil {
			loads[shown.Cluster] = diagnosis.TaskManagerLoads{}
		}
		loads[shown.Cluster].Add(shown.Snapshot, shown.Tasks)
	}
	return loads
}

// narrowed reports whether the query chose some of the jobs or tasks.
func (m *managers) narrowed() bool {
	return m.req.Jobs.some() || m.req.Tasks.some() || len(m.req.Types) > 0
}

// list adds a row for each TaskManager that a cluster lists. One that does not list
// them has those that its jobs run on, and a notice; it fails if none lists any.
func (m *managers) list(ctx context.Context, clusters []*Cluster) error {
	results := eachCluster(clusters, func(r *clusterResult) {
		r.taskManagers, r.requests, r.err = r.cluster.Collector.TaskManagers(ctx)
	})
	for _, each := range results {
		name := each.cluster.Name
		m.result.Requests += each.requests
		if each.err != nil {
			m.result.Add(warning("Cluster %s does not list its TaskManagers: %s", name, Sentence(each.err)))
			m.addUnlisted(each.cluster, nil)
			continue
		}
		seen := make(map[string]bool, len(each.taskManagers))
		for _, manager := range each.taskManagers {
			load, runs := m.loads[name][manager.ID]
			if seen[manager.ID] || m.narrowed() && !runs {
				continue
			}
			seen[manager.ID] = true
			m.add(each.cluster, manager, load)
		}
		m.addUnlisted(each.cluster, seen) // those that have left since
	}
	if len(m.result.TaskManagers) > 0 {
		return nil
	}
	return allFailed(results)
}

// fromLoads adds a row for each TaskManager that subtasks ran on.
func (m *managers) fromLoads(clusters []*Cluster) {
	for _, cluster := range clusters {
		m.addUnlisted(cluster, nil)
	}
}

// addUnlisted adds those that subtasks run on and that have no row yet.
func (m *managers) addUnlisted(cluster *Cluster, seen map[string]bool) {
	for id, load := range m.loads[cluster.Name] {
		if !seen[id] {
			m.add(cluster, job.UnknownTaskManager(id), load)
		}
	}
}

func (m *managers) add(cluster *Cluster, manager job.TaskManager, load *diagnosis.TaskManagerLoad) {
	row := frame.TaskManager{Cluster: cluster.Name, Pages: cluster.pages(), TaskManager: manager, Load: diagnosis.NoLoad, Uncounted: m.unknown}
	if load != nil {
		row.Load = *load
		row.Host = cmp.Or(load.Host, row.Host)
	}
	m.result.TaskManagers = append(m.result.TaskManagers, row)
}

// narrow leaves those on the hosts that the query chose.
func (m *managers) narrow() {
	m.result.TaskManagers = slices.DeleteFunc(m.result.TaskManagers, func(row frame.TaskManager) bool {
		return !m.req.Hosts.Choose(row.Host, "")
	})
}

// sort puts the worst first.
func (m *managers) sort() {
	slices.SortFunc(m.result.TaskManagers, func(a, b frame.TaskManager) int {
		return cmp.Or(a.Load.Compare(b.Load), strings.Compare(a.Cluster, b.Cluster), strings.Compare(a.ID, b.ID))
	})
}

// addUsages adds how much of their resources the first of the rows use.
func (m *managers) addUsages(ctx context.Context, clusters []*Cluster) {
	rows := m.first()
	requests, notices := make([]int, len(clusters)), make([][]data.Notice, len(clusters))
	collector.Parallel(len(clusters), parallelism, func(n int) {
		ids, at := idsIn(rows, clusters[n])
		if len(ids) == 0 {
			return
		}
		usages, asked, err := clusters[n].Collector.Usages(ctx, ids, 0)
		requests[n] = asked
		if err != nil {
			notices[n] = []data.Notice{warning("CPU, memory and garbage collection of the TaskManagers of cluster %s are not known: %s", clusters[n].Name, Sentence(err))}
			return
		}
		var silent []string
		for k, usage := range usages {
			rows[at[k]].Usage = usage.Usage
			if usage.Err != nil {
				silent, err = append(silent, shortened(ids[k])), cmp.Or(err, usage.Err)
			}
		}
		if len(silent) > 0 {
			notices[n] = []data.Notice{warning("CPU, memory and garbage collection of %d of %d TaskManagers of cluster %s are not known (%s): %s.", len(silent), len(ids), clusters[n].Name, listed(silent), strings.TrimSuffix(Sentence(err).Error(), "."))}
		}
	})
	for n := range clusters {
		m.result.Requests += requests[n]
		m.result.Add(notices[n]...)
	}
}

// first are the rows that get a usage, with a notice if that is not all.
func (m *managers) first() []frame.TaskManager {
	rows := m.result.TaskManagers
	if len(rows) > maxUsages {
		m.result.Add(info("Of the %d TaskManagers CPU, memory and garbage collection are shown of the %d with the highest load: choose clusters, jobs or tasks in the query.", len(rows), maxUsages))
		rows = rows[:maxUsages]
	}
	return rows
}

// idsIn are the TaskManagers of a cluster among the rows, and their places there.
func idsIn(rows []frame.TaskManager, cluster *Cluster) (ids []string, at []int) {
	for i := range rows {
		if rows[i].Cluster == cluster.Name {
			ids, at = append(ids, rows[i].ID), append(at, i)
		}
	}
	return ids, at
}

// addPastUsages adds what Prometheus has of the time that is shown.
func (m *managers) addPastUsages(ctx context.Context, clusters []*Cluster) {
	if len(m.result.TaskManagers) == 0 {
		return
	}
	if !slices.ContainsFunc(clusters, func(c *Cluster) bool { return c.Prometheus != nil }) {
		m.result.Add(info("Slots, memory, CPU and garbage collection of TaskManagers are known at present only: of the past Prometheus alone would have all but slots."))
		return
	}
	rows := m.first()
	for _, cluster := range clusters {
		ids, at := idsIn(rows, cluster)
		if cluster.Prometheus == nil {
			continue
		}
		usages, warnings, err := cluster.Prometheus.Usages(ctx, m.req.moment(), ids)
		for _, text := range warnings {
			m.result.Add(warning("%s", text))
		}
		if err != nil {
			m.result.Add(warning("CPU, memory and garbage collection of the TaskManagers of cluster %s are not known: %s", cluster.Name, Sentence(err)))
			continue
		}
		for k, id := range ids {
			if usage, known := usages[id]; known {
				rows[at[k]].Usage = usage
			}
		}
	}
}

// none is why there is no row.
func (m *managers) none() data.Notice {
	if m.req.Hosts.some() {
		return info("No TaskManager of those chosen is on the hosts chosen.")
	}
	if m.narrowed() {
		return info("No subtask of the jobs and tasks chosen runs on a TaskManager.")
	}
	return info("The cluster has no TaskManagers: until some come, or are started, no job can run.")
}
