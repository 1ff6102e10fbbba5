package plugin_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// recordedVersions are all that were recorded, with where their shares come
// from at first and once the counters have moved; those before 1.16 have none.
var recordedVersions = map[string]struct{ first, later string }{
	"1.13.6": {"gauge5s", "gauge5s"},
	"1.14.6": {"gauge5s", "gauge5s"},
	"1.15.4": {"gauge5s", "gauge5s"},
	"1.17.2": {"gauge60s", "counters"},
	"1.19.3": {"gauge60s", "counters"},
	"1.20.5": {"gauge60s", "counters"},
	"2.0.2":  {"gauge60s", "counters"},
	"2.3.0":  {"gauge60s", "counters"},
}

func TestEveryRecordedVersionIsKnown(t *testing.T) {
	for _, name := range flinktest.Recordings(t) {
		if version, _, _ := strings.Cut(name, "/"); recordedVersions[version].first == "" {
			t.Errorf("%s: nothing is expected of this version", name)
		}
	}
}

// Each version says where its shares come from, over which time, where its
// subtasks run, and how many records flow as far as it counts them.
func TestSourceAndHostsByVersion(t *testing.T) {
	for version, want := range recordedVersions {
		for _, set := range []string{"bottleneck-middle", "healthy", "legacy-source"} {
			t.Run(version+"/"+set, func(t *testing.T) {
				moment := flinktest.Recording(t, version, set)
				synctest.Test(t, func(t *testing.T) {
					r := over(t, moment, moment.Advancing())
					r.measuredBy(t, want.first)
					time.Sleep(11 * time.Second)
					r.measuredBy(t, want.later)
				})
			})
		}
	}
}

// measuredBy checks one answer of a job all of whose tasks run.
func (r recorded) measuredBy(t *testing.T, source string) {
	t.Helper()
	subtasks := r.every(t)[subtasksAt]
	custom := subtasks.Meta.Custom.(frame.Custom)
	if custom.Source == nil || string(*custom.Source) != source {
		t.Errorf("shares come from %v, want %s", custom.Source, source)
		return
	}
	window := custom.To.Sub(*custom.From)
	least, most := time.Minute, time.Minute
	switch {
	case source == "counters" && r.Set != "legacy-source": // its sources still have gauges alone
		least, most = 10*time.Second, 12*time.Second
	case source == "gauge5s":
		least, most = 5*time.Second, 5*time.Second
	}
	if window < least || window > most {
		t.Errorf("shares are measured over %s, want %s to %s", window, least, most)
	}
	hosts, managers := cells(t, subtasks, "host"), cells(t, subtasks, "taskmanager")
	for i, task := range cells(t, subtasks, "task") {
		if hosts[i] != "localhost" || !strings.HasPrefix(managers[i], "127.0.0.1:") {
			t.Errorf("%s runs on %s at %s", task, hosts[i], managers[i])
		}
	}
	if r.Set == "healthy" {
		r.flows(t, source == "counters")
	}
}

// flows compares records per second with the recorded rates; a Flink that
// counts no time has none.
func (r recorded) flows(t *testing.T, counted bool) {
	t.Helper()
	subtasks := r.every(t)[subtasksAt]
	ids := columns(t, subtasks, "job_id", "task_id", "subtask")
	for name, metric := range map[string]string{"records_in": "numRecordsInPerSecond", "records_out": "numRecordsOutPerSecond"} {
		for i, got := range cells(t, subtasks, name) {
			id := strings.Fields(ids[i])
			want, known := r.Metric("/jobs/"+id[0]+"/vertices/"+id[1], id[2], metric)
			switch rate, err := strconv.ParseFloat(got, 64); {
			case !known:
				t.Errorf("the rate of %s is not recorded", ids[i])
			case !counted && got != "null", counted && (err != nil || math.Abs(rate-want) > 0.2):
				t.Errorf("%s of %s is %s, was recorded as %f, counted: %t", name, ids[i], got, want, counted)
			}
		}
	}
}

// What says more of backpressure: soft and hard are told from 1.15 on, how
// full the buffers are by every version.
func TestDetailsByVersion(t *testing.T) {
	for version := range recordedVersions {
		t.Run(version, func(t *testing.T) {
			moment := flinktest.Recording(t, version, "bottleneck-middle")
			synctest.Test(t, func(t *testing.T) {
				subtasks := over(t, moment, moment).every(t)[subtasksAt]
				ids := columns(t, subtasks, "job_id", "task_id", "subtask")
				for column, c := range map[string]struct {
					metric string
					full   float64
					since  string
				}{
					"soft_backpressured": {"softBackPressuredTimeMsPerSecond", 1000, "1.15"},
					"hard_backpressured": {"hardBackPressuredTimeMsPerSecond", 1000, "1.15"},
					"in_pool_usage":      {"Shuffle.Netty.Input.Buffers.inPoolUsage", 1, "1.13"},
					"out_pool_usage":     {"Shuffle.Netty.Output.Buffers.outPoolUsage", 1, "1.13"},
				} {
					for i, got := range cells(t, subtasks, column) {
						id := strings.Fields(ids[i])
						recorded, known := moment.Metric("/jobs/"+id[0]+"/vertices/"+id[1], id[2], c.metric)
						want := "null"
						if known {
							want = strconv.FormatFloat(recorded/c.full, 'g', -1, 64)
						}
						if got != want || known != (version >= c.since) {
							t.Errorf("%s of %s is %s, was recorded as %s", column, ids[i], got, want)
						}
					}
				}
			})
		})
	}
}
