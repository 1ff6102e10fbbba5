package provision

import (
	"os"
	"path/filepath"
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

func TestTheRuleOfBottlenecks(t *testing.T) {
	rule, there := provisioned(t)["flink-job-has-bottleneck"]
	if !there {
		t.Fatal("it is not there")
	}
	threshold, query, err := rule.Threshold()
	if err != nil {
		t.Fatal(err)
	}
	if rule.For != 5*time.Minute || threshold.Conditions[0].Evaluator.Params[0] != 0.5 || query.RelativeTimeRange != (Range{600, 0}) {
		t.Errorf("it fires after %s with %+v of %+v", rule.For, threshold, query.RelativeTimeRange)
	}
	if m := query.Model; m["queryType"] != "measure" || m["measure"] != "bottleneck" || m["by"] != "job" || m["schemaVersion"] != 1 {
		t.Errorf("it queries %v", m)
	}
}

// What is not known neither fires nor resolves; and Grafana's rule editor wants
// every node to have its refId, and every condition a query.
func TestRulesKeepTheirStateAndSuitTheEditor(t *testing.T) {
	for _, rule := range provisioned(t) {
		if rule.NoDataState != "KeepLast" || rule.ExecErrState != "KeepLast" {
			t.Errorf("%q: no data means %s, an error %s", rule.Title, rule.NoDataState, rule.ExecErrState)
		}
		threshold, query, err := rule.Threshold()
		if err != nil {
			t.Fatal(err)
		}
		for _, condition := range threshold.Conditions {
			if params := condition.Query.Params; len(params) != 1 || params[0] != query.RefID {
				t.Errorf("%q: query.params of a condition is %v, want %s", rule.Title, params, query.RefID)
			}
		}
		for _, node := range rule.Data {
			if source, _ := node.Model["datasource"].(map[string]any); node.Model["refId"] != node.RefID || source["uid"] != node.DatasourceUID {
				t.Errorf("%q: %s has the refId %v, of %v", rule.Title, node.RefID, node.Model["refId"], source)
			}
		}
	}
}

// The dashboard and the panel that a rule leads to are there.
func TestRulesLeadToAPanel(t *testing.T) {
	dashboards, err := dashboard.Read(filepath.Join(root, "src", "dashboards"))
	if err != nil {
		t.Fatal(err)
	}
	panels := map[string]string{}
	for _, d := range dashboards {
		for _, p := range d.Panels {
			panels[d.UID+" "+strconv.Itoa(p.ID)] = p.Type
		}
	}
	for _, rule := range provisioned(t) {
		inRule, annotated := rule.DashboardUID+" "+strconv.Itoa(rule.PanelID), rule.Annotations["__dashboardUid__"]+" "+rule.Annotations["__panelId__"]
		if panels[inRule] != "table" || annotated != inRule {
			t.Errorf("%q leads to %q and %q; the panels are %v", rule.Title, inRule, annotated, panels)
		}
	}
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

// The rule queries the data source that is provisioned beside it, and Grafana
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
		if _, query, err := rule.Threshold(); err != nil || query.DatasourceUID != sources.Datasources[0].UID {
			t.Errorf("%q queries %s, %v", rule.Title, query.DatasourceUID, err)
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
