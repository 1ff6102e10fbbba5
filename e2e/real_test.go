//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

// versionsAtOnce bounds the clusters that run at the same time: more would need the
// processor so much that a job that is well looked busy.
const versionsAtOnce = 3

// versions are those of FLINK_VERSIONS, separated by commas, or the newest, the
// last of 1.x, and the oldest.
func versions() []string {
	return strings.Split(cmp.Or(os.Getenv("FLINK_VERSIONS"), cluster.Newest+",1.20.5,1.13.6"), ",")
}

// source is where the shares of a version come from: before 1.16 Flink had no
// counters.
func source(version string) string {
	if slices.Contains([]string{"1.13", "1.14", "1.15"}, version[:strings.LastIndex(version, ".")]) {
		return "gauge5s"
	}
	return "counters"
}

// On each version of Flink the plugin is well, and each job gets the verdict that
// it was made for.
func TestRealFlink(t *testing.T) {
	if err := cluster.Available(); err != nil {
		t.Fatal(err)
	}
	found := report{verdicts: map[string]map[string]string{}}
	for some := range slices.Chunk(versions(), versionsAtOnce) {
		t.Run("versions", func(t *testing.T) {
			for _, version := range some {
				t.Run(version, func(t *testing.T) {
					t.Parallel() // a cluster mostly waits for its metrics
					testVersion(t, version, &found)
				})
			}
		})
	}
	if file := os.Getenv("FLINK_VERSIONS_REPORT"); file != "" && !t.Failed() {
		if err := found.write(file); err != nil {
			t.Error(err)
		}
	}
}

func testVersion(t *testing.T, version string, found *report) {
	flink := startFlink(t, version, nil, "all")
	ds := startPlugin(t, flink.URL())
	ds.source = source(version)
	t.Run("health", func(t *testing.T) { testHealth(t, ds, version) })
	t.Run("jobs", func(t *testing.T) {
		for name, check := range verdicts {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each waits for two fetches of its metrics
				found.add(version, name, ds.await(t, name, check))
			})
		}
	})
	t.Run("demo", func(t *testing.T) { testDemo(t, flink.URL()) })
}

func testHealth(t *testing.T, ds dataSource, version string) {
	health, err := ds.plugin.CheckHealth(t.Context(), ds.settings)
	if err != nil {
		t.Fatal(err)
	}
	if health.Status != backend.HealthStatusOk {
		t.Errorf("health is %s: %s", health.Status, health.Message)
	}
	for _, want := range []string{"Flink " + version, fmt.Sprintf("%d running jobs", len(verdicts)), "2 TaskManagers"} {
		if !strings.Contains(health.Message, want) {
			t.Errorf("%q lacks %q", health.Message, want)
		}
	}
}

// report collects the verdicts on each version's jobs for the documentation.
type report struct {
	mu       sync.Mutex
	verdicts map[string]map[string]string // by version and job
}

func (r *report) add(version, job string, v views) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.verdicts[version] == nil {
		r.verdicts[version] = map[string]string{}
	}
	found := v.bottlenecks[0]
	text := fmt.Sprint(found["kind"])
	if found["task"] != nil {
		text = fmt.Sprintf("%v: %v, %.2f", found["task"], found["kind"], found["severity"])
	}
	r.verdicts[version][job] = text
}

// write writes the verdicts as a page of the documentation.
func (r *report) write(file string) error {
	names := slices.Sorted(maps.Keys(verdicts))
	var page strings.Builder
	page.WriteString("# Flink versions\n\nThe verdicts on the same five jobs on real clusters, all from one run of `go tool mage matrix`: the task that is named, the kind and the severity. Every row passed the assertions of `e2e/verdicts_test.go` on all query types.\n\n")
	fmt.Fprintf(&page, "| Flink | shares from | %s |\n|---|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, version := range versions() {
		cells := []string{version, source(version)}
		for _, name := range names {
			cells = append(cells, r.verdicts[version][name])
		}
		fmt.Fprintf(&page, "| %s |\n", strings.Join(cells, " | "))
	}
	return os.WriteFile(file, []byte(page.String()), 0o644)
}
