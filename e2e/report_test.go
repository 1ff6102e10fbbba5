//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
)

// seen is what the plugin said of each version's jobs.
var seen = &sightings{verdicts: map[string]map[string]string{}}

type sightings struct {
	mu       sync.Mutex
	versions []string
	verdicts map[string]map[string]string // by version and job
}

func (s *sightings) add(version, job string, v views) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.verdicts[version] == nil {
		s.versions, s.verdicts[version] = append(s.versions, version), map[string]string{}
	}
	found := v.bottlenecks[0]
	text := fmt.Sprint(found["kind"])
	if found["task"] != nil {
		text = fmt.Sprintf("%v: %v, %.2f", found["task"], found["kind"], found["severity"])
	}
	s.verdicts[version][job] = text
}

// report writes what was seen as a page of the documentation.
func report(file string) error {
	names := make([]string, 0, len(verdicts))
	for name := range verdicts {
		names = append(names, name)
	}
	slices.Sort(names)
	var page strings.Builder
	page.WriteString("# Flink versions\n\nWhat the plugin says of the same five jobs on real clusters, all from one run of `go tool mage matrix`: the task that is named, the kind and the severity. Every row passed the assertions of `e2e/verdicts_test.go` on all query types.\n\n")
	fmt.Fprintf(&page, "| Flink | shares from | %s |\n|---|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, version := range seen.versions {
		cells := []string{version, source(version)}
		for _, name := range names {
			cells = append(cells, seen.verdicts[version][name])
		}
		fmt.Fprintf(&page, "| %s |\n", strings.Join(cells, " | "))
	}
	return os.WriteFile(file, []byte(page.String()), 0o644)
}
