package provision

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"go.yaml.in/yaml/v3"
)

// The sample policy groups the alerts of these rules by what they are about, and its
// message has a link to the time of the alert.
func TestThePolicyGroupsByJob(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "notification-policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		ContactPoints []struct {
			Name      string
			Receivers []struct {
				UID, Type string
				Settings  map[string]string
			}
		} `yaml:"contactPoints"`
		Templates []struct{ Name, Template string }
		Policies  []struct {
			Receiver string
			Routes   []struct {
				Receiver       string
				ObjectMatchers [][]string    `yaml:"object_matchers"`
				GroupBy        []string      `yaml:"group_by"`
				GroupWait      time.Duration `yaml:"group_wait"`
			}
		}
	}
	if err := yaml.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	route := sample.Policies[0].Routes[0]
	if !slices.Equal(route.GroupBy, []string{"cluster", "job"}) || route.Receiver != sample.ContactPoints[0].Name || route.GroupWait < time.Minute {
		t.Errorf("the route is %+v", route)
	}
	groups, err := Read(filepath.Join(root, "provisioning", "alerting"))
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range groups {
		if !slices.Equal(route.ObjectMatchers[0], []string{"grafana_folder", "=", group.Folder}) {
			t.Errorf("the folder %s is not matched by %q", group.Folder, route.ObjectMatchers)
		}
	}

	// The functions of Alertmanager's templates that it uses, by their documentation.
	functions := template.FuncMap{
		"toUpper":      strings.ToUpper,
		"reReplaceAll": func(pattern, by, text string) string { return regexp.MustCompile(pattern).ReplaceAllString(text, by) },
	}
	message, err := template.New("").Funcs(functions).Parse(sample.Templates[0].Template)
	if err != nil {
		t.Fatal(err)
	}
	rule := provisioned(t)["flink-job-has-bottleneck"]
	annotations, err := rule.Annotated(labelsOf(rule), valuesOf(rule, 0.953))
	if err != nil {
		t.Fatal(err)
	}
	type alert struct {
		Status      string
		Annotations map[string]string
		StartsAt    time.Time
	}
	var written strings.Builder
	data := map[string]any{"Alerts": []alert{{"firing", annotations, time.UnixMilli(10_000_000)}}}
	if err := message.ExecuteTemplate(&written, "flink.message", data); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FIRING: " + annotations["summary"] + "\n", "&from=6400000&to=13600000\n", "What to do: " + annotations["runbook_url"] + "\n"} {
		if !strings.Contains(written.String(), want) {
			t.Errorf("the message lacks %q:\n%s", want, written.String())
		}
	}
	if used := sample.ContactPoints[0].Receivers[0].Settings["message"]; used != `{{ template "flink.message" . }}` {
		t.Errorf("the contact point sends %s", used)
	}
}

// Grafana replaces its policies by those of a file: what is provisioned has none.
func TestNoPolicyIsProvisioned(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "provisioning", "*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\npolicies:") || strings.Contains(string(text), "\ncontactPoints:") {
			t.Errorf("%s has notification policies or contact points", file)
		}
	}
}
