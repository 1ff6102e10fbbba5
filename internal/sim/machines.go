package sim

import (
	"fmt"
	"time"
)

// taskManager is what Flink calls the TaskManager on a machine, and where it
// listens.
func taskManager(machine int) (id, port string) {
	return fmt.Sprintf("tm-%d", machine+1), fmt.Sprint(6121 + machine)
}

// machines are those that the jobs run on, at least one.
func (c *Cluster) machines() (machines []Machine) {
	for _, job := range append([]*Job{{}}, c.Jobs...) {
		for machine := len(machines); machine < max(len(job.Machines), 1); machine++ {
			at, _ := job.machine(machine)
			machines = append(machines, at)
		}
	}
	return machines
}

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
			Heartbeat: now.Add(-time.Second).UnixMilli(), Slots: 36, Hardware: map[string]int{"cpuCores": 2},
		})
	}
	return map[string]any{"taskmanagers": managers}
}
