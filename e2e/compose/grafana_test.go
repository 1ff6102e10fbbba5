package compose

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/release"
)

func TestGrafanaLoadsThePlugin(t *testing.T) {
	plugin, err := release.Read(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	grafana := project(t).Services["grafana"]
	if allowed := grafana.Environment.ToMapping()["GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS"]; allowed != plugin.ID {
		t.Errorf("allowed without a signature is %q, not %s", allowed, plugin.ID)
	}
	if target := target(grafana, "dist"); target != path.Join("/var/lib/grafana/plugins", plugin.ID) {
		t.Errorf("dist is mounted at %q, not where Grafana looks for %s", target, plugin.ID)
	}
	if target := target(grafana, "provisioning"); target != "/etc/grafana/provisioning" {
		t.Errorf("provisioning is mounted at %q, where Grafana does not look", target)
	}
}

// What is provisioned names the services and folders of the file.
func TestProvisioningFits(t *testing.T) {
	grafana := project(t).Services["grafana"]
	for file, want := range map[string]string{
		"datasources/flink.yaml":     "url: http://flink:8081\n      prometheus: { url: \"http://prometheus:9090\" }\n",
		"dashboards/dashboards.yaml": "path: " + target(grafana, "dist") + "/dashboards\n",
	} {
		content, err := os.ReadFile(filepath.Join(root, "provisioning", file))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), want) {
			t.Errorf("provisioning/%s lacks %q", file, want)
		}
	}
}

// Prometheus scrapes the port of Flink's reporter.
func TestPrometheusScrapesFlink(t *testing.T) {
	all := project(t)
	config := all.Configs[all.Services["prometheus"].Configs[0].Source].Content
	if !strings.Contains(config, `targets: ["flink:9249"]`) {
		t.Errorf("it scrapes %s", config)
	}
	if command := all.Services["flink"].Command[2]; !strings.Contains(command, "metrics.reporter.prom.port=9249 ") {
		t.Errorf("Flink runs as %s", command)
	}
}

func target(service types.ServiceConfig, source string) string {
	for _, volume := range service.Volumes {
		if filepath.Base(volume.Source) == source {
			return volume.Target
		}
	}
	return ""
}
