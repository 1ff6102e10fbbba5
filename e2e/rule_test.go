//go:build e2e

package e2e

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/dataplane/sdata/numeric"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/provision"
)

// What becomes of a job's alert in an evaluation.
const (
	fires = "fires"
	well  = "well"
	keeps = "keeps its state"
)

// The rule fires for the jobs that are held back, and for no other; of one
// that is not measured it keeps the state.
func TestTheRuleFiresForWhatIsHeldBack(t *testing.T) {
	for name, want := range map[string]map[string]string{
		"healthy":   {"healthy": well},
		"held back": {"bottleneck": fires},
		"both":      {"healthy": well, "bottleneck": fires},
		"restart":   {"bottleneck": fires, "restarting": keeps},
		"no jobs":   {},
	} {
		t.Run(name, func(t *testing.T) {
			ds := simulated(t, slices.Sorted(maps.Keys(want))...)
			until(t, func() (map[string]string, bool) {
				got := ds.evaluate(t, bottleneckRule(t))
				for job, state := range got {
					if state != want[job] && state != keeps {
						t.Fatalf("%s: %s, want %s", job, state, want[job])
					}
				}
				return got, maps.Equal(got, want)
			})
		})
	}
}

func bottleneckRule(t *testing.T) provision.Rule {
	t.Helper()
	groups, err := provision.Read(filepath.Join("..", "provisioning", "alerting"))
	if err != nil || len(groups) != 1 || len(groups[0].Rules) != 1 {
		t.Fatalf("the rules are %+v, %v", groups, err)
	}
	return groups[0].Rules[0]
}

// evaluate does what Grafana does with a rule, and returns what becomes of each
// job.
func (ds dataSource) evaluate(t *testing.T, rule provision.Rule) map[string]string {
	t.Helper()
	threshold, node, err := rule.Threshold()
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, i := range ds.instances(t, node) {
		met, err := threshold.Met(i.value)
		if err != nil {
			t.Fatal(err)
		}
		states[i.labels["job"]] = well
		switch {
		case i.value == nil:
			states[i.labels["job"]] = keeps
		case met:
			states[i.labels["job"]] = fires
			i.checkAnnotations(t, rule)
		}
	}
	return states
}

// instance is a number as Grafana's expressions get it, of one alert; nil is null.
type instance struct {
	labels data.Labels
	value  *float64
}

// instances are the answers to a node of a rule, read as Grafana's expressions
// read them: they would refuse equal label sets.
func (ds dataSource) instances(t *testing.T, node provision.Node) (all []instance) {
	t.Helper()
	query, err := node.Query(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	response, err := ds.plugin.Evaluate(t.Context(), ds.settings, query)
	if err != nil {
		t.Fatal(err)
	}
	answer := response.Responses[node.RefID]
	if answer.Error != nil {
		t.Fatal(answer.Error)
	}
	reader, err := numeric.CollectionReaderFromFrames(answer.Frames)
	if err != nil {
		t.Fatal(err)
	}
	collection, err := reader.GetCollection(false)
	if err != nil || collection.Warning != nil {
		t.Fatal(err, collection.Warning)
	}
	seen := map[data.Fingerprint]bool{}
	for _, ref := range collection.Refs {
		value, empty, err := ref.NullableFloat64Value()
		if err != nil || empty || seen[ref.GetLabels().Fingerprint()] {
			t.Fatalf("%v: %v, empty %v, or there twice", ref.GetLabels(), err, empty)
		}
		seen[ref.GetLabels().Fingerprint()] = true
		all = append(all, instance{ref.GetLabels(), value})
	}
	return all
}

// checkAnnotations checks that the annotations of an alert name the job, and how
// bad it is.
func (i instance) checkAnnotations(t *testing.T, rule provision.Rule) {
	t.Helper()
	annotations, err := rule.Annotated(i.labels, map[string]provision.Value{"A": {Labels: i.labels, Value: *i.value}})
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{i.labels["job"], i.labels["cluster"]} {
		if word == "" || !strings.Contains(annotations["summary"], word) {
			t.Errorf("the summary lacks %q: %s", word, annotations["summary"])
		}
	}
	if !strings.Contains(annotations["description"], "Severity: ") || strings.Contains(annotations["description"], "<no value>") {
		t.Errorf("the description is %q", annotations["description"])
	}
}
