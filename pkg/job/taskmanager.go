package job

import (
	"math"
	"time"
)

// TaskManager is one of a cluster's TaskManagers, and how its process does. Numbers
// are NaN where they are not known.
type TaskManager struct {
	// ID is Flink's resource id.
	ID string
	// Host is the machine that it runs on; empty if it is not known.
	Host string
	// Slots and FreeSlots count its slots, and those that nothing runs in.
	Slots, FreeSlots float64
	// Cores are the processors that its JVM counts as its own, which a limit of the
	// container lowers.
	Cores float64
	// Heartbeat is when the JobManager last got a sign of it; zero if it is not known.
	Heartbeat time.Time
	Usage
}

// Usage is how much of its resources a TaskManager's process uses.
type Usage struct {
	// CPU is how busy its cores are with this process, 0 to 1, as a mean of about a minute.
	CPU Share
	// GC is the share of time that its threads stand still for garbage collection.
	GC Share
	// HeapUsed and HeapMax are bytes, NaN if they are not known.
	HeapUsed, HeapMax float64
	// Network is the share of its network buffers that are in use.
	Network Share
}

// UnknownUsage is that of a TaskManager of which nothing was read.
var UnknownUsage = Usage{CPU: Unknown, GC: Unknown, HeapUsed: math.NaN(), HeapMax: math.NaN(), Network: Unknown}

// UnknownTaskManager is one of which nothing but the id is known.
func UnknownTaskManager(id string) TaskManager {
	return TaskManager{ID: id, Slots: math.NaN(), FreeSlots: math.NaN(), Cores: math.NaN(), Usage: UnknownUsage}
}

// Heap is the share of the heap that is in use.
func (u Usage) Heap() Share {
	if !(u.HeapMax > 0) {
		return Unknown
	}
	return Share(u.HeapUsed / u.HeapMax)
}
