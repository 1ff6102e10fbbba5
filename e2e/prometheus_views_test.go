//go:build e2e

package e2e

import (
	"maps"
	"regexp"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	scraping "github.com/flinkscope/flinkscope-flink-datasource/e2e/prometheus"
)

var mangling = regexp.MustCompile("[^a-zA-Z0-9:_]")

// The same views are answered from Prometheus as from looks: before the plugin
// was first asked, across that moment, and for jobs that Flink has forgotten;
// with label values as Flink's reporter mangles them by default, and as they
// are.
func TestPrometheusBehindTheViews(t *testing.T) {
	for _, missing := range []error{cluster.Available(), scraping.Available()} {
		if missing != nil {
			t.Fatal(missing)
		}
	}
	mangled, conf := reported(t, "mangled", "true")
	plain, more := reported(t, "plain", "false")
	maps.Copy(conf, more)
	_, port := free(t)
	maps.Copy(conf, map[string]string{"rest.port": port, "rest.bind-port": port}) // that of the Flink that follows it
	flink := startFlink(t, cluster.Newest, conf, "bottleneck", "two-sources", "slow-sink")
	ds := startPlugin(t, flink.URL())
	sources := map[string]*behind{
		"labels mangled": ds.behind(t, "mangled", flink.URL(), mangled, func(value string) string { return mangling.ReplaceAllString(value, "_") }),
		"labels plain":   ds.behind(t, "plain", flink.URL(), plain, func(value string) string { return value }),
	}
	each := func(what string, check func(t *testing.T, b *behind)) {
		for name, source := range sources {
			t.Run(what+", "+name, func(t *testing.T) { check(t, source) })
		}
	}
	for _, source := range sources {
		source.awaitScrapes(t, 3)
	}
	for _, source := range sources {
		source.begin(t)
	}
	for _, source := range sources {
		source.awaitPast(t)
	}
	each("join", testJoin)
	each("time travel", testTravel)
	cancelled(t, flink.URL(), idOf(t, sources["labels plain"], "two-sources"))
	for _, source := range sources {
		source.awaitEnd(t, "two-sources")
	}
	if err := flink.Close(); err != nil {
		t.Fatal(err)
	}
	startFlink(t, cluster.Newest, conf, "healthy")
	each("forgotten jobs", testForgotten)
}
