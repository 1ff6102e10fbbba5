package flink

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// TaskManager is one of /taskmanagers.
type TaskManager struct {
	ID string `json:"id"`
	// Path is the address of its actor system, akka or pekko.
	Path string `json:"path"`
	// Heartbeat is when its last heartbeat came, in milliseconds since 1970 by
	// Flink's clock: despite its name in the answer no duration.
	Heartbeat int64    `json:"timeSinceLastHeartbeat"`
	Slots     Optional `json:"slotsNumber"`
	FreeSlots Optional `json:"freeSlots"`
	Hardware  Hardware `json:"hardware"`
}

var taskManagerFields = fields[TaskManager]{
	"id":                     func(d *decoder, m *TaskManager) { m.ID = d.word() },
	"path":                   func(d *decoder, m *TaskManager) { m.Path = d.word() },
	"timeSinceLastHeartbeat": func(d *decoder, m *TaskManager) { m.Heartbeat = d.integer() },
	"slotsNumber":            func(d *decoder, m *TaskManager) { m.Slots = d.optional() },
	"freeSlots":              func(d *decoder, m *TaskManager) { m.FreeSlots = d.optional() },
	"hardware":               func(d *decoder, m *TaskManager) { d.hardware.read(d, &m.Hardware) },
}

// Hardware is what a TaskManager's JVM found when it started; of that what is needed.
type Hardware struct {
	Cores Optional `json:"cpuCores"`
}

var hardwareFields = fields[Hardware]{
	"cpuCores": func(d *decoder, h *Hardware) { h.Cores = d.optional() },
}

// taskManagersAnswer is the answer of /taskmanagers.
type taskManagersAnswer struct{ managers []TaskManager }

var taskManagersFields = fields[taskManagersAnswer]{
	"taskmanagers": func(d *decoder, a *taskManagersAnswer) { a.managers = list(d, &d.taskManagerEntry) },
}

// TaskManagers lists the cluster's TaskManagers. It triggers no metric fetch.
func (c *Client) TaskManagers(ctx context.Context) ([]TaskManager, error) {
	var answer taskManagersAnswer
	if err := c.get(ctx, taskManagersPath, "/taskmanagers", func(d *decoder) { d.taskManagers.read(d, &answer) }); err != nil {
		return nil, err
	}
	if answer.managers == nil {
		return nil, c.wrongService("/taskmanagers")
	}
	return answer.managers, nil
}

// Host is the machine in the address of the TaskManager's actor system; empty where
// that has none, as in a JVM with the JobManager.
func (m TaskManager) Host() string {
	_, after, found := strings.Cut(m.Path, "@")
	if !found {
		return ""
	}
	address, err := url.Parse("//" + after)
	if err != nil {
		return ""
	}
	return address.Hostname()
}

// Pauses are the garbage collectors whose time threads stand still, by their names in
// metrics. Those that work beside the job's threads (ZGC's and Shenandoah's cycles)
// are not among them: all of their time is none that a job loses.
var pauses = []string{
	"Copy", "MarkSweepCompact", // serial
	"PS_Scavenge", "PS_MarkSweep", // parallel
	"G1_Young_Generation", "G1_Old_Generation", "G1_Concurrent_GC",
	"ParNew", "ConcurrentMarkSweep",
	"ZGC_Pauses", "ZGC_Minor_Pauses", "ZGC_Major_Pauses", "Shenandoah_Pauses",
	"scavenge", "global", "partial_gc", "global_garbage_collect", // OpenJ9
}

// beside are those that work beside the job's threads.
var beside = []string{"ZGC", "ZGC_Cycles", "ZGC_Minor_Cycles", "ZGC_Major_Cycles", "Shenandoah_Cycles"}

// The metrics of a TaskManager's process.
const (
	cpuTime          = "Status.JVM.CPU.Time"
	heapUsed         = "Status.JVM.Memory.Heap.Used"
	heapMax          = "Status.JVM.Memory.Heap.Max"
	segmentsTotal    = "Status.Shuffle.Netty.TotalMemorySegments"
	segmentsUsed     = "Status.Shuffle.Netty.UsedMemorySegments"
	segmentsFree     = "Status.Shuffle.Netty.AvailableMemorySegments"
	collector        = "Status.JVM.GarbageCollector."
	collectorTime    = ".Time"
	collectorRate    = ".TimeMsPerSecond"
	allCollectorRate = collector + "All" + collectorRate
)

// taskManagerMetrics is the query of all of them.
var taskManagerMetrics = func() string {
	names := []string{cpuTime, heapUsed, heapMax, segmentsTotal, segmentsUsed, segmentsFree, allCollectorRate}
	for _, name := range pauses {
		names = append(names, collector+name+collectorTime)
	}
	for _, name := range beside {
		names = append(names, collector+name+collectorRate)
	}
	return strings.Join(names, ",")
}()

// TaskManagerMetrics are metrics of a TaskManager's process; what Flink does not
// report, or reports as none, is not known.
type TaskManagerMetrics struct {
	// CPUTime is for how many nanoseconds of its cores' time the process has run since it
	// started. Flink's Status.JVM.CPU.Load is not read: the JVM measures that from one
	// reading to the next, so one that another has just read is chance.
	CPUTime Number
	// HeapUsed and HeapMax are bytes.
	HeapUsed, HeapMax Number
	// Segments are how many network buffers there are, and SegmentsUsed how many of
	// them are in use.
	Segments, SegmentsUsed Number
	// GCTime is for how many milliseconds the process has stood still for garbage
	// collection since it started; GCRate for how many a second, in the last minute,
	// which Flink has from 1.19 on.
	GCTime, GCRate Number
}

// TaskManagerMetrics requests them. Reported is false where Flink has none of the
// TaskManager: it has left, or has come since the last metric fetch. It triggers one.
// The id must be one that Flink listed: errors are [remote.Error], of kind
// [remote.BadTaskManagerID] for one that no path can hold.
func (c *Client) TaskManagerMetrics(ctx context.Context, id string) (found TaskManagerMetrics, reported bool, err error) {
	found = TaskManagerMetrics{unknown, unknown, unknown, unknown, unknown, unknown, unknown}
	path, err := c.taskManagerPath(id)
	if err != nil {
		return found, false, err
	}
	var metrics []Metric
	if err := c.get(ctx, managerMetricsPath, path+"/metrics?get="+taskManagerMetrics, func(d *decoder) { metrics = list(d, &d.metric) }); err != nil {
		return found, false, err
	}
	values := make(map[string]Number, len(metrics))
	for _, metric := range metrics {
		if metric.Value >= 0 { // the JVM's and Flink's none is −1
			values[metric.ID] = metric.Value
		}
	}
	value := func(name string) Number {
		if of, known := values[name]; known {
			return of
		}
		return unknown
	}
	found = TaskManagerMetrics{
		CPUTime: value(cpuTime), HeapUsed: value(heapUsed), HeapMax: value(heapMax),
		Segments: value(segmentsTotal), SegmentsUsed: value(segmentsUsed),
		GCTime: sum(values, pauses, collectorTime), GCRate: value(allCollectorRate),
	}
	if !found.SegmentsUsed.Known() {
		found.SegmentsUsed = found.Segments - value(segmentsFree)
	}
	if concurrent := sum(values, beside, collectorRate); concurrent.Known() {
		found.GCRate -= concurrent
	}
	return found, len(metrics) > 0, nil
}

// sum adds up what there is of the collectors' metrics; unknown if there is none.
func sum(values map[string]Number, collectors []string, metric string) Number {
	total := unknown
	for _, name := range collectors {
		value, known := values[collector+name+metric]
		switch {
		case !known:
		case total.Known():
			total += value
		default:
			total = value
		}
	}
	return total
}

// resourceID is what Flink's ids of TaskManagers look like: host, port and a part that
// is random, or the name of a container or a pod.
var resourceID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,255}$`)

// taskManagerPath builds the path of a TaskManager. An id that could lead elsewhere is
// refused.
func (c *Client) taskManagerPath(id string) (string, error) {
	if !resourceID.MatchString(id) || slices.Contains([]string{".", ".."}, id) || strings.Contains(id, "..") {
		return "", &remote.Error{Kind: remote.BadTaskManagerID, Request: c.base + "/taskmanagers", Detail: remote.Shortened(id)}
	}
	return "/taskmanagers/" + url.PathEscape(id), nil
}
