package prometheus

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// status is the prefix of the metrics of a TaskManager's process.
const status = "flink_taskmanager_Status_"

// usageMetrics are what is read of a TaskManager's process: means over [detailWindow], as
// the processor's load is that of a moment. Before Flink 1.19 no metric has the garbage
// collection as a whole.
var usageMetrics = []struct {
	expression string
	set        func(*job.Usage, float64)
}{
	{status + "JVM_CPU_Load", func(u *job.Usage, value float64) { u.CPU = share(value) }},
	{status + "JVM_GarbageCollector_All_TimeMsPerSecond", func(u *job.Usage, value float64) { u.GC = share(value / 1000) }},
	{status + "JVM_Memory_Heap_Used", func(u *job.Usage, value float64) { u.HeapUsed = value }},
	{status + "JVM_Memory_Heap_Max", func(u *job.Usage, value float64) { u.HeapMax = value }},
	{status + "Shuffle_Netty_UsedMemorySegments", func(u *job.Usage, value float64) { u.Network = job.Share(value) }},
	{status + "Shuffle_Netty_TotalMemorySegments", func(u *job.Usage, value float64) { u.Network = share(float64(u.Network) / value) }},
}

// Usages are how much of their resources TaskManagers used, by their id: means over two
// minutes before a time. Those that nobody scraped are not there.
func (r *Reader) Usages(ctx context.Context, at time.Time, ids []string) (map[string]job.Usage, history.Warnings, error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	s, named, patterns := &session{Reader: r}, map[string]string{}, make([]string, 0, 2*len(ids))
	for _, id := range ids {
		for _, label := range []string{id, mangling.ReplaceAllString(id, "_")} {
			named[label] = id
			patterns = append(patterns, regexp.QuoteMeta(label))
		}
	}
	matcher := fmt.Sprintf("%s=~%q", taskManagerLabel, strings.Join(patterns, "|"))
	usages := map[string]job.Usage{}
	for _, metric := range usageMetrics {
		picked := over("avg_over_time", metric.expression, matcher, detailWindow)
		matrix, err := s.overTime(ctx, "max by ("+taskManagerLabel+") ("+picked+")", moment(at, minStep))
		if err != nil {
			return nil, s.warnings, err
		}
		for _, series := range matrix {
			id := named[string(series.Metric[taskManagerLabel])]
			if id == "" || len(series.Values) == 0 || !(series.Values[0].Value >= 0) { // −1 is not known to Java
				continue
			}
			usage, known := usages[id]
			if !known {
				usage = job.UnknownUsage
			}
			metric.set(&usage, float64(series.Values[0].Value))
			usages[id] = usage
		}
	}
	return usages, s.warnings, nil
}
