package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// ready are the ready-made jobs.
var ready = map[string]func() *Job{
	"bottleneck": bottleneckJob, "healthy": healthyJob, "skew": skewJob, "slow-sink": slowSinkJob, "two-sources": twoSourcesJob,
	"moved": movedJob, "varying": varyingJob, "slow-machine": slowMachineJob, "slow-source": slowSourceJob, "uncounted": uncountedJob,
	"just-submitted": justSubmittedJob, "no-slots": noSlotsJob, "restarting": restartingJob, "restarted": restartedJob, "failing": failingJob,
	"failed": failedJob, "canceled": canceledJob, "finished": finishedJob, "batch": batchJob, "partly-finished": partlyFinishedJob,
	"rescaled": rescaledJob, "speculative": speculativeJob, "legacy-source": legacySourceJob, "legacy-idle": legacyIdleJob,
	"duplicate-names": duplicateNamesJob, "unconnected": unconnectedJob, "odd-names": oddNamesJob, "chained": chainedJob,
	"wide": wideJob, "large": largeJob, "alternating": alternatingJob, "alternating-fast": alternatingFastJob,
}

// groups are names for several jobs at once.
var groups = map[string]func() []*Job{
	"all": func() []*Job {
		return []*Job{bottleneckJob(), healthyJob(), skewJob(), slowSinkJob(), twoSourcesJob(), movedJob()}
	},
	"hundred": hundred,
}

// hundred are 100 jobs of four tasks, every tenth of which is held back.
func hundred() (jobs []*Job) {
	for i := range 100 {
		job := healthyJob()
		if i%10 == 0 {
			job = bottleneckJob()
		}
		jobs = append(jobs, New(fmt.Sprintf("job-%03d", i), job.Tasks...))
	}
	return jobs
}

// Names lists the ready-made jobs.
func Names() []string {
	return slices.Sorted(maps.Keys(ready))
}

// Groups lists the names of several ready-made jobs at once.
func Groups() []string {
	return slices.Sorted(maps.Keys(groups))
}

// Ready is a cluster of that version of Flink, with Flink's default fetch
// interval, that runs the ready-made jobs or groups of jobs of those names as
// of now. The error lists the names that there are.
func Ready(version string, names ...string) (*Cluster, error) {
	cluster := &Cluster{Version: version, Fetch: 10 * time.Second}
	for _, name := range names {
		switch {
		case ready[name] != nil:
			cluster.Jobs = append(cluster.Jobs, ready[name]())
		case groups[name] != nil:
			cluster.Jobs = append(cluster.Jobs, groups[name]()...)
		default:
			return nil, fmt.Errorf("there is no simulated job %q: there are %s", name, strings.Join(append(Names(), Groups()...), ", "))
		}
	}
	return cluster, nil
}
