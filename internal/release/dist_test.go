//go:build e2e

package release

import (
	"os"
	"testing"
)

const project = "../.."

// TestTheCatalogueTakesThePlugin is about the plugin itself, as it was built.
func TestTheCatalogueTakesThePlugin(t *testing.T) {
	dist := project + "/dist"
	if _, err := os.Stat(dist + "/module.js"); err != nil {
		t.Fatalf("%v: build it with go tool mage build", err)
	}
	if _, err := Make(dist, project, t.TempDir()); err != nil {
		t.Error(err)
	}
}
