package provision

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/dashboard"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"go.yaml.in/yaml/v3"
)

var root = filepath.Join("..", "..")

// provisioned are the rules that are there, by uid.
func provisioned(t *testing.T) map[string]Rule {
	t.Helper()
	groups, err := Read(filepath.Join(root, "provisioning", "alerting"))
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]Rule{}
	for _, group := range groups {
		if group.Name == "" || group.Folder == "" || group.Interval != time.Minute {
			t.Errorf("group %q in folder %q is evaluated every %s", group.Name, group.Folder, group.Interval)
		}
		for _, rule := range group.Rules {
			if _, twice := rules[rule.UID]; twice || rule.UID == "" {
				t.Errorf("the uid %q of %q is not its own", rule.UID, rule.Title)
			}
			rules[rule.UID] = rule
		}
	}
	return rules
}

// What each rule asks for, by the issue of alerts: after how long it fires, what it does
// without a value and at an error, and which queries it has.
func TestRules(t *testing.T) {
	want := map[string]string{
		"flink-job-has-bottleneck": "5m0s warning KeepLast KeepLast: bottleneck/job kind/job",
		"flink-task-is-bottleneck": "5m0s info KeepLast KeepLast: bottleneck/job blame/task kind/task",
		"flink-task-is-skewed":     "10m0s info KeepLast KeepLast: skew/task busy/task",
		"flink-job-not-running":    "5m0s critical OK KeepLast: running/job",
		"flink-job-restarts":       "0s critical KeepLast KeepLast: restarts/job restarts/job",
		"flink-unreachable":        "5m0s critical KeepLast Error: up/cluster",
		"flink-job-unknown":        "15m0s info OK OK: bottleneck/job backpressured/job running/job",
		"flink-checkpoints-fail":   "5m0s warning KeepLast KeepLast: checkpoint_intervals/job checkpoint_age/job checkpoint_failures/job checkpoint_failures/job",
		"flink-lag-grows":          "10m0s warning KeepLast KeepLast: pending_records/job bottleneck/job",
	}
	for uid, rule := range provisioned(t) {
		got := fmt.Sprintf("%s %s %s %s:", rule.For, rule.Labels["severity"], rule.NoDataState, rule.ExecErrState)
		for _, node := range rule.Data {
			if node.DatasourceUID != Expressions {
				got += fmt.Sprintf(" %s/%s", node.Model["measure"], node.Model["by"])
			}
		}
		if got != want[uid] {
			t.Errorf("%s is %q, want %q", uid, got, want[uid])
		}
		if len(rule.Labels) != 1 {
			t.Errorf("%s has the labels %v, want the severity alone", uid, rule.Labels)
		}
		delete(want, uid)
	}
	if len(want) > 0 {
		t.Errorf("there are no rules %v", want)
	}
}

// Grafana's rule editor wants every node to have its refId, and every condition a query;
// and Grafana takes a recovery threshold as the condition alone.
func TestRulesSuitGrafana(t *testing.T) {
	for _, rule := range provisioned(t) {
		for _, node := range rule.Data {
			source, _ := node.Model["datasource"].(map[string]any)
			if node.Model["refId"] != node.RefID || source["uid"] != node.DatasourceUID {
				t.Errorf("%q: %s has the refId %v, of %v", rule.Title, node.RefID, node.Model["refId"], source)
			}
			if node.DatasourceUID != Expressions {
				if node.Model["schemaVersion"] != 1 {
					t.Errorf("%q: %s has no schemaVersion", rule.Title, node.RefID)
				}
				continue
			}
			of, err := node.expression()
			if err != nil {
				t.Fatal(err)
			}
			for _, condition := range of.Conditions {
				if params := condition.Query.Params; len(params) != 1 || params[0] != of.Expression {
					t.Errorf("%q: query.params of a condition is %v, want %s", rule.Title, params, of.Expression)
				}
				if condition.Unload != nil && node.RefID != rule.Condition {
					t.Errorf("%q: %s recovers, and is not the condition", rule.Title, node.RefID)
				}
			}
		}
	}
}

// The dashboard and the panel that a rule leads to are there.
func TestRulesLeadToAPanel(t *testing.T) {
	panels := map[string]bool{}
	for _, d := range dashboards(t) {
		for _, p := range d.Panels {
			panels[d.UID+" "+strconv.Itoa(p.ID)] = true
		}
	}
	for _, rule := range provisioned(t) {
		inRule, annotated := rule.DashboardUID+" "+strconv.Itoa(rule.PanelID), rule.Annotations["__dashboardUid__"]+" "+rule.Annotations["__panelId__"]
		if !panels[inRule] || annotated != inRule {
			t.Errorf("%q leads to %q and %q; the panels are %v", rule.Title, inRule, annotated, panels)
		}
	}
}

func dashboards(t *testing.T) map[string]dashboard.Dashboard {
	t.Helper()
	all, err := dashboard.Read(filepath.Join(root, "src", "dashboards"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Grafana reads labels as if they named variables of its environment.
func TestLabelsHoldNoDollar(t *testing.T) {
	for _, rule := range provisioned(t) {
		for name, value := range rule.Labels {
			if strings.Contains(value, "$") {
				t.Errorf("%q: %s is %s", rule.Title, name, value)
			}
		}
	}
}

// The rules query the data source that is provisioned beside it, and Grafana
// finds the dashboards where the plugin is installed.
func TestTheFilesFitTogether(t *testing.T) {
	var sources struct {
		Datasources []struct {
			UID, Type string
			JSONData  struct{ URL string } `yaml:"jsonData"`
		}
	}
	readYAML(t, "datasources/flink.yaml", &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != host.PluginID || sources.Datasources[0].JSONData.URL == "" {
		t.Fatalf("the data sources are %+v", sources)
	}
	for _, rule := range provisioned(t) {
		for _, node := range rule.Data {
			if uid := node.DatasourceUID; uid != Expressions && uid != sources.Datasources[0].UID {
				t.Errorf("%s of %q queries %s", node.RefID, rule.Title, uid)
			}
		}
		if !strings.Contains(rule.Annotations["dashboard"], "var-datasource="+sources.Datasources[0].UID+"&") {
			t.Errorf("%q leads to another data source: %s", rule.Title, rule.Annotations["dashboard"])
		}
	}
	var providers struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	readYAML(t, "dashboards/dashboards.yaml", &providers)
	if p := providers.Providers; len(p) != 1 || p[0].Type != "file" || p[0].Options.Path != "/var/lib/grafana/plugins/"+host.PluginID+"/dashboards" {
		t.Errorf("the dashboards come from %+v", p)
	}
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, "provisioning", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(source, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// The documentation has each rule: in its table after how long it fires and how severe it
// is, and a section.
func TestRulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "alerting.md"))
	if err != nil {
		t.Fatal(err)
	}
	anchors := sections(string(text))
	for _, rule := range provisioned(t) {
		anchor := strings.ReplaceAll(strings.ToLower(rule.Title), " ", "-")
		link := fmt.Sprintf("| [%s](#%s) | ", rule.Title, anchor)
		_, row, found := strings.Cut(string(text), link)
		row, _, _ = strings.Cut(row, "\n")
		if !found || !slices.Contains(anchors, anchor) {
			t.Errorf("%q has no row and section", rule.Title)
		}
		if after := fmt.Sprintf("for %.0f min", rule.For.Minutes()); rule.For > 0 != strings.Contains(row, "for ") || rule.For > 0 && !strings.Contains(row, after) {
			t.Errorf("%q fires after %s; its row is %s", rule.Title, rule.For, row)
		}
		if !strings.HasSuffix(row, "| "+rule.Labels["severity"]+" |") {
			t.Errorf("%q is %s; its row is %s", rule.Title, rule.Labels["severity"], row)
		}
	}
}
