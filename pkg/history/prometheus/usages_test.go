package prometheus_test

import (
	"math"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// The figures of a TaskManager are found whether or not the reporter has mangled its id;
// those that are not scraped, or not known to Java, are not known.
func TestUsages(t *testing.T) {
	server := promtest.New(t)
	for name, values := range map[string]map[string]float64{
		"JVM_CPU_Load": {"tm-1.a:6122-b": 0.25, "tm_2_a:6122_b": -1, "other": 0.9},
		"JVM_GarbageCollector_All_TimeMsPerSecond": {"tm-1.a:6122-b": 400},
		"JVM_Memory_Heap_Used":                     {"tm-1.a:6122-b": 2e9, "tm_2_a:6122_b": 1e9},
		"JVM_Memory_Heap_Max":                      {"tm-1.a:6122-b": 4e9},
		"Shuffle_Netty_UsedMemorySegments":         {"tm-1.a:6122-b": 30},
		"Shuffle_Netty_TotalMemorySegments":        {"tm-1.a:6122-b": 40, "tm_2_a:6122_b": 40},
	} {
		for id, value := range values {
			server.Add(map[string]string{"__name__": "flink_taskmanager_Status_" + name, "tm_id": id},
				promtest.Every(15*time.Second, noon.Add(-10*time.Minute), noon.Add(time.Minute), func(time.Duration) float64 { return value })...)
		}
	}
	got, warnings, err := readerOf(t, server).Usages(t.Context(), noon, []string{"tm-1.a:6122-b", "tm-2.a:6122-b", "tm-3"})
	if err != nil || len(warnings) > 0 || len(got) != 2 {
		t.Fatalf("got %+v, %q, %v", got, warnings, err)
	}
	if want := (job.Usage{CPU: 0.25, GC: 0.4, HeapUsed: 2e9, HeapMax: 4e9, Network: 0.75}); got["tm-1.a:6122-b"] != want {
		t.Errorf("the first is %+v, want %+v", got["tm-1.a:6122-b"], want)
	}
	if second := got["tm-2.a:6122-b"]; second.CPU.Known() || second.GC.Known() || second.HeapUsed != 1e9 || !math.IsNaN(second.HeapMax) || second.Network.Known() {
		t.Errorf("the second is %+v", second)
	}
}
