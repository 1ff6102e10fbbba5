package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatIsMissing(t *testing.T) {
	for name, test := range map[string]struct {
		node, chromium, want string
	}{
		"nothing":              {"echo v24.1.0", "exit 0", ""},
		"no Node.js":           {"", "exit 0", "there is none"},
		"an old Node.js":       {"echo v18.19.0", "exit 0", "this is v18.19.0"},
		"something else":       {"echo hello", "exit 0", "this is hello"},
		"a Node.js that fails": {"exit 1", "exit 0", "there is none"},
		"no Chromium":          {"echo v20.20.2", "", "need Chromium"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			script(t, folder, "node", test.node)
			script(t, folder, "chromium", test.chromium)
			t.Setenv("PATH", folder)
			t.Setenv("CHROMIUM", filepath.Join(folder, "chromium"))
			err := Available()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// script is a program of that name that does this; none if it does nothing.
func script(t *testing.T, folder, name, does string) {
	t.Helper()
	if does == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+does+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
