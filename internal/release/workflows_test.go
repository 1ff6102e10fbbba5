package release

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// repository is where the files of the project's own workflows are.
const repository = "../.."

func filesBelow(t *testing.T, pattern string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(repository, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(names), err)
	}
	files := map[string]string{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	return files
}

// Actions are named by their commit, with the version that it is, and images by their
// version: what runs does not change unless the file does.
func TestWorkflowsArePinned(t *testing.T) {
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	image := regexp.MustCompile(`grafana/[\w-]+(:v\d+\.\d+\.\d+)?`)
	for name, text := range filesBelow(t, ".github/workflows/*.yml") {
		for _, line := range strings.Split(text, "\n") {
			if _, action, found := strings.Cut(line, "uses: "); found && !pinned.MatchString(action) {
				t.Errorf("%s uses %s: name its commit, and its version in a comment", name, action)
			}
			if found := image.FindStringSubmatch(line); found != nil && found[1] == "" {
				t.Errorf("%s runs %s: name its version", name, found[0])
			}
			if _, system, found := strings.Cut(line, "runs-on: "); found && strings.Contains(system, "latest") {
				t.Errorf("%s runs on %s: name its version", name, system)
			}
		}
	}
}

// What workflows and documents call of the Magefile is there.
func TestMageTargetsExist(t *testing.T) {
	magefile, err := os.ReadFile(filepath.Join(repository, "Magefile.go"))
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`go tool mage ([a-zA-Z]+)`)
	files := filesBelow(t, ".github/workflows/*.yml")
	for _, pattern := range []string{"*.md", "docs/*.md", "docker-compose.yaml", ".ci/run"} {
		for name, text := range filesBelow(t, pattern) {
			files[name] = text
		}
	}
	for name, text := range files {
		for _, found := range call.FindAllStringSubmatch(text, -1) {
			target := strings.ToUpper(found[1][:1]) + found[1][1:]
			if !regexp.MustCompile(`(?m)^(func|type) ` + target + `\b`).Match(magefile) {
				t.Errorf("%s calls the target %s, which the Magefile lacks", name, found[1])
			}
		}
	}
}

// Workflows may do no more than they name, and issue forms can be read.
func TestWorkflowsAndForms(t *testing.T) {
	for name, text := range filesBelow(t, ".github/*/*.yml") {
		var found struct {
			Name, Description string
			Permissions       map[string]string
			Body              []struct{ Type, ID string }
		}
		if err := yaml.Unmarshal([]byte(text), &found); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		workflow := strings.Contains(name, "workflows")
		if workflow && (len(found.Permissions) != 1 || found.Permissions["contents"] != "read") {
			t.Errorf("%s has the permissions %v, want to read contents alone; a job may have more", name, found.Permissions)
		}
		if form := !workflow && filepath.Base(name) != "config.yml"; form && (found.Name == "" || found.Description == "" || len(found.Body) == 0) {
			t.Errorf("%s is no issue form: %+v", name, found)
		}
	}
}
