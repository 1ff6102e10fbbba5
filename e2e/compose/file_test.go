package compose

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
)

func TestUnknownKeysAreErrors(t *testing.T) {
	for name, content := range map[string]string{
		"key":     "services: {a: {image: b, volume: [c]}}",
		"volume":  "services: {a: {image: b, volumes: ['data:/d']}}",
		"service": "services: {a: {image: b, depends_on: [c]}}",
		"nothing": "",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "docker-compose.yaml")
			if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := load(t, file); err == nil {
				t.Error("it was loaded")
			}
		})
	}
}

func TestEveryImageIsPinned(t *testing.T) {
	pinned := regexp.MustCompile(`:v?\d+\.\d+\.\d+(-[a-z0-9-]+)?$`)
	for name, service := range project(t).Services {
		if !pinned.MatchString(service.Image) {
			t.Errorf("%s runs %s: name its version in full", name, service.Image)
		}
	}
}

func TestPortsAreOpenToThisMachineOnly(t *testing.T) {
	var published []string
	for name, service := range project(t).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s opens port %s on %q: bind it to 127.0.0.1", name, port.Published, port.HostIP)
			}
			published = append(published, name+" "+port.Published)
		}
	}
	if got := strings.Join(published, ", "); got != "grafana 3000" {
		t.Errorf("published are %s, want Grafana's alone", got)
	}
}

// Docker makes a folder, owned by root, of what is mounted and missing.
func TestWhatIsMountedExists(t *testing.T) {
	for name, mount := range mounts(project(t)) {
		if !mount.ReadOnly {
			t.Errorf("%s: %s is writable", name, mount.Source)
		}
		if filepath.Base(mount.Source) == "dist" {
			continue // the build makes it
		}
		if _, err := os.Stat(mount.Source); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGrafanaWaitsForFlink(t *testing.T) {
	services := project(t).Services
	if condition := services["grafana"].DependsOn["flink"].Condition; condition != "service_healthy" {
		t.Errorf("Grafana waits until Flink is %q", condition)
	}
	for name, service := range services {
		if service.HealthCheck == nil || len(service.HealthCheck.Test) == 0 {
			t.Errorf("%s has no health check", name)
		}
	}
}

func TestFlinkIsTheOneOfTheTests(t *testing.T) {
	flink := project(t).Services["flink"]
	if !flink.StdinOpen {
		t.Error("Flink ends at once: its standard input has to stay open")
	}
	command := strings.Join(flink.Command, "\n")
	for _, want := range []string{
		"-Dflink.version=" + cluster.Newest + " ",
		"target/" + cluster.Newest + "/classes:target/" + cluster.Newest + "/lib/*",
		"--job bottleneck ",
		"--conf rest.flamegraph.enabled=true ",
	} {
		if !strings.Contains(command, want) {
			t.Errorf("Flink's command lacks %q:\n%s", want, command)
		}
	}
}

// mounts are the folders and files of this repository in all services.
func mounts(project *types.Project) map[string]types.ServiceVolumeConfig {
	found := map[string]types.ServiceVolumeConfig{}
	for name, service := range project.Services {
		for i, volume := range service.Volumes {
			if volume.Type == types.VolumeTypeBind {
				found[fmt.Sprintf("%s, volume %d", name, i)] = volume
			}
		}
	}
	return found
}
