//go:build e2e

package e2e

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	rule := provisioned(t)["flink-job-has-bottleneck"]
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
				got := map[string]string{}
				for _, result := range ds.evaluate(t, rule) {
					job := result.Labels["job"]
					got[job] = map[provision.State]string{provision.Alerting: fires, provision.Normal: well, provision.NoData: keeps}[result.State]
					if got[job] != want[job] && got[job] != keeps {
						t.Fatalf("%s: %s, want %s", job, got[job], want[job])
					}
				}
				return got, maps.Equal(got, want)
			})
		})
	}
}

// Every query of every rule is answered without an error, with no label set twice, and the
// texts of its alerts name what they are about.
func TestEveryRuleIsAnswered(t *testing.T) {
	ds := simulated(t, "all", "failing", "batch", "restarting", "canceled", "odd-names", "alternating")
	for uid, rule := range provisioned(t) {
		t.Run(uid, func(t *testing.T) {
			results := ds.evaluate(t, rule)
			if len(results) == 0 {
				t.Error("it is of nothing")
			}
			for _, result := range results {
				annotations, err := rule.Annotated(result.Labels, result.Values)
				if err != nil {
					t.Fatal(err)
				}
				for name, value := range result.Labels {
					if value == "" || !strings.Contains(annotations["summary"], value) {
						t.Errorf("the summary lacks the %s %q: %s", name, value, annotations["summary"])
					}
				}
				for name, text := range annotations {
					if strings.Contains(text, "<no value>") || strings.Contains(text, "NaN") {
						t.Errorf("%s is %q", name, text)
					}
				}
			}
		})
	}
}

// provisioned are the rules that the plugin brings, by uid.
func provisioned(t *testing.T) map[string]provision.Rule {
	t.Helper()
	groups, err := provision.Read(filepath.Join("..", "provisioning", "alerting"))
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]provision.Rule{}
	for _, group := range groups {
		for _, rule := range group.Rules {
			rules[rule.UID] = rule
		}
	}
	return rules
}

// evaluate does what Grafana does with a rule, and returns what becomes of each label set.
func (ds dataSource) evaluate(t *testing.T, rule provision.Rule) []provision.Result {
	t.Helper()
	queries, err := rule.Queries(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := ds.plugin.Evaluate(t.Context(), ds.settings, queries...)
	if err != nil {
		t.Fatal(err)
	}
	for refID, each := range answer.Responses { // annotations use some that the condition does not
		if each.Error != nil {
			t.Fatalf("%s of %s: %v", refID, rule.UID, each.Error)
		}
	}
	results, err := rule.Results(answer.Responses, nil)
	if err != nil {
		t.Fatal(err)
	}
	return results
}
