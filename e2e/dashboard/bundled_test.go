package dashboard

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

var root = filepath.Join("..", "..")

// bundled are the dashboards that the plugin brings.
func bundled(t *testing.T) map[string]Dashboard {
	t.Helper()
	dashboards, err := Read(filepath.Join(root, "src", "dashboards"))
	if err != nil || len(dashboards) == 0 {
		t.Fatalf("%d dashboards, %v", len(dashboards), err)
	}
	return dashboards
}

func TestEveryDashboardIsIncluded(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "plugin.json"))
	if err != nil {
		t.Fatal(err)
	}
	var plugin struct {
		Includes []struct{ Type, Name, Path string }
	}
	if err := json.Unmarshal(source, &plugin); err != nil {
		t.Fatal(err)
	}
	included := map[string]string{}
	for _, include := range plugin.Includes {
		if include.Type == "dashboard" {
			included[include.Path] = include.Name
		}
	}
	for file, d := range bundled(t) {
		path := "dashboards/" + file
		if included[path] != d.Title {
			t.Errorf("%s is included as %q, want %q", path, included[path], d.Title)
		}
		delete(included, path)
	}
	if len(included) > 0 {
		t.Errorf("included are %v, which are not there", included)
	}
}

// Grafana 10.4 stores schema version 39. An id belongs to one Grafana, and
// a provisioned file needs no inputs.
func TestDashboardsSuitEveryGrafana(t *testing.T) {
	for file, d := range bundled(t) {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(d.Source, &keys); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"id", "__inputs", "__requires"} {
			if keys[key] != nil {
				t.Errorf("%s has a key %s", file, key)
			}
		}
		if d.SchemaVersion != 39 || d.UID == "" || d.Title == "" {
			t.Errorf("%s: schema version %d, uid %q, title %q", file, d.SchemaVersion, d.UID, d.Title)
		}
	}
}

func TestPanelsExplainThemselvesAndDoNotOverlap(t *testing.T) {
	for file, d := range bundled(t) {
		ids := map[int]bool{}
		for _, p := range d.Panels {
			if ids[p.ID] {
				t.Errorf("%s: two panels have the id %d", file, p.ID)
			}
			ids[p.ID] = true
			if p.Title == "" || p.Description == "" {
				t.Errorf("%s: panel %d has the title %q and the description %q", file, p.ID, p.Title, p.Description)
			}
			if at := p.GridPos; at.W < 1 || at.H < 1 || at.X < 0 || at.Y < 0 || at.X+at.W > 24 {
				t.Errorf("%s: panel %q lies at %+v", file, p.Title, at)
			}
		}
		for _, section := range d.Sections {
			for i, p := range section {
				for _, other := range section[:i] {
					if p.GridPos.Overlaps(other.GridPos) {
						t.Errorf("%s: %q overlaps %q", file, p.Title, other.Title)
					}
				}
			}
		}
	}
}

// A user of several data sources chooses one for all panels and variables.
func TestEverythingAsksTheChosenDataSource(t *testing.T) {
	chosen := Datasource{Type: host.PluginID, UID: "${datasource}"}
	for file, d := range bundled(t) {
		for _, p := range d.Panels {
			if p.Type == "alertlist" {
				continue // it lists Grafana's own alerts
			}
			if len(p.Targets) == 0 || p.Datasource != chosen {
				t.Errorf("%s: %q queries %+v for %d targets", file, p.Title, p.Datasource, len(p.Targets))
			}
			for _, target := range p.Targets {
				var parsed struct{ Datasource Datasource }
				if err := json.Unmarshal(target, &parsed); err != nil || parsed.Datasource != chosen {
					t.Errorf("%s: a target of %q queries %+v, %v", file, p.Title, parsed.Datasource, err)
				}
			}
		}
		for _, v := range d.Templating.List {
			if v.Type == "datasource" && string(v.Query) != `"`+host.PluginID+`"` || v.Type == "query" && v.Datasource != chosen {
				t.Errorf("%s: variable %s queries %+v for %s", file, v.Name, v.Datasource, v.Query)
			}
		}
	}
}

// A variable's values follow the jobs that come and go, and the variables
// before it, which are filled in first. All is not a value but Grafana's word.
func TestVariablesAreChained(t *testing.T) {
	for file, d := range bundled(t) {
		known := []string{}
		for _, v := range d.Templating.List {
			for _, name := range append(References(v.Query), References([]byte(v.Datasource.UID))...) {
				if !slices.Contains(known, name) {
					t.Errorf("%s: variable %s needs %s, which does not come before it", file, v.Name, name)
				}
			}
			known = append(known, v.Name)
			one := v.Name == "job" && d.UID == "flink-bottleneck" // a dashboard of one job
			if v.Type == "query" && (v.Multi == one || v.IncludeAll == one || v.AllValue != nil || v.Refresh != 2 || v.Sort != 0) {
				t.Errorf("%s: variable %s is %+v", file, v.Name, v)
			}
			if current, _ := v.Current.Value.([]any); v.Type == "query" && !one && !slices.Equal(current, []any{All}) {
				t.Errorf("%s: variable %s begins with %v", file, v.Name, v.Current.Value)
			}
		}
		for _, name := range References(d.Source) {
			if !slices.Contains(known, name) {
				t.Errorf("%s names %s, which is no variable", file, name)
			}
		}
	}
}
