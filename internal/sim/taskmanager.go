package sim

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The resources of each TaskManager.
const (
	cores    = 8
	slots    = 36
	heapMax  = 1 << 30
	segments = 5120
	// healthyGC is the share of time in garbage collection of a TaskManager that is
	// well, and heapLeft the part of the heap that one always has in use.
	healthyGC = 0.02
	heapLeft  = 0.3
)

// taskManager is the id of the TaskManager on a machine, and its port.
func taskManager(machine int) (id, port string) {
	return fmt.Sprintf("tm-%d", machine+1), fmt.Sprint(6121 + machine)
}

// machines are those that the jobs run on, at least one. Where jobs differ in what a
// machine is, it is the one that collects most garbage.
func (c *Cluster) machines() (machines []Machine) {
	for _, job := range append([]*Job{{}}, c.Jobs...) {
		for machine := range max(len(job.Machines), 1) {
			at, _ := job.machine(machine)
			switch {
			case machine == len(machines):
				machines = append(machines, at)
			case at.GC > machines[machine].GC:
				machines[machine] = at
			}
		}
	}
	return machines
}

// taskManagers is the list of TaskManagers. It makes the JobManager fetch no metrics.
func (c *Cluster) taskManagers(now time.Time, version release) any {
	type listed struct {
		ID        string         `json:"id"`
		Path      string         `json:"path"`
		DataPort  int            `json:"dataPort"`
		JMX       int            `json:"jmxPort"`
		Heartbeat int64          `json:"timeSinceLastHeartbeat"`
		Slots     int            `json:"slotsNumber"`
		Free      int            `json:"freeSlots"`
		Hardware  map[string]int `json:"hardware"`
	}
	system := "pekko"
	if !version.from(1, 18) {
		system = "akka"
	}
	managers := []listed{}
	for i, machine := range c.machines() {
		id, _ := taskManager(i)
		managers = append(managers, listed{
			ID: id, Path: fmt.Sprintf("%s.tcp://flink@%s:40471/user/rpc/taskmanager_0", system, machine.Host), DataPort: 6121 + i, JMX: -1,
			Heartbeat: now.Add(-time.Second).UnixMilli(), Slots: slots, Hardware: map[string]int{"cpuCores": cores},
		})
	}
	return map[string]any{"taskmanagers": managers}
}

// belowTaskManagers is the answer for a path below /taskmanagers/. Metrics of one that
// is not there are none, as Flink answers.
func (c *Cluster) belowTaskManagers(below string, r *http.Request, now time.Time, version release) (int, any) {
	id, found := strings.CutSuffix(below, "/metrics")
	if !found {
		return notThere(r.URL.Path)
	}
	shown, _ := c.fetches.triggered(now, c.Fetch, c.Seed)
	for machine, at := range c.machines() {
		if own, _ := taskManager(machine); own == id && !shown.IsZero() {
			return http.StatusOK, c.processMetrics(machine, at, r.URL.Query(), shown, version)
		}
	}
	return http.StatusOK, []metric{}
}

// processMetrics are those of a TaskManager's process, by the JobManager's copy of that
// time.
func (c *Cluster) processMetrics(machine int, at Machine, query url.Values, shown time.Time, version release) []metric {
	gc := healthyGC
	if at.GC > 0 {
		gc = at.GC
	}
	busy, running := c.busyOn(machine, shown)
	const started = 900_000_000 // seconds since 1970
	ran := float64(shown.UnixMilli() - started*1000)
	stopped := math.Round(gc * ran)
	whole := func(value float64) string { return strconv.FormatInt(int64(value), 10) }
	values := map[string]string{
		"Status.JVM.CPU.Time":                                  whole(min(busy+gc, cores) * ran * 1e6),
		"Status.JVM.Memory.Heap.Used":                          whole(heapMax * (heapLeft + (1-heapLeft)*gc)),
		"Status.JVM.Memory.Heap.Max":                           whole(heapMax),
		"Status.Shuffle.Netty.TotalMemorySegments":             whole(segments),
		"Status.Shuffle.Netty.UsedMemorySegments":              whole(min(10*running, segments)),
		"Status.Shuffle.Netty.AvailableMemorySegments":         whole(max(segments-10*running, 0)),
		"Status.JVM.GarbageCollector.G1_Young_Generation.Time": whole(stopped),
		"Status.JVM.GarbageCollector.G1_Old_Generation.Time":   "0",
	}
	if version.from(1, 19) {
		values["Status.JVM.GarbageCollector.All.Time"] = whole(stopped)
		values["Status.JVM.GarbageCollector.All.TimeMsPerSecond"] = decimal(1000 * gc).String()
	}
	found := []metric{}
	for _, name := range names(query) {
		if value, known := values[name]; known {
			found = append(found, metric{name, value})
		}
	}
	return found
}

// busyOn adds up how busy the subtasks are on a machine, and counts them.
func (c *Cluster) busyOn(machine int, at time.Time) (busy, running float64) {
	for _, job := range c.Jobs {
		phase, _, _ := job.lifetime().at(at.Sub(job.Start))
		for t, task := range phase.tasks {
			if job.stateOf(t, phase) != "RUNNING" {
				continue
			}
			for s := range task.subtasks() {
				if _, on := job.machine(s); on == machine {
					busy, running = busy+phase.loads[t][s].Busy, running+1
				}
			}
		}
	}
	return busy, running
}
