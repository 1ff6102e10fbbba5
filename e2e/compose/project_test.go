// Package compose tests docker-compose.yaml without a Docker engine: by the
// reference implementation of the compose specification, and by running the
// command of its Flink.
package compose

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const root = "../.."

// load reads the file as `docker compose up` does when nothing is set in the
// environment. Keys that are not in the specification are errors.
func load(t *testing.T, file string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(context.Background())
}

func project(t *testing.T) *types.Project {
	t.Helper()
	loaded, err := load(t, filepath.Join(root, "docker-compose.yaml"))
	if err != nil {
		t.Fatalf("docker-compose.yaml: %v", err)
	}
	return loaded
}
