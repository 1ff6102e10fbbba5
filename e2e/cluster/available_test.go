package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAvailable(t *testing.T) {
	for name, test := range map[string]struct {
		java, want string
	}{
		"11":     {`echo 'openjdk version "11.0.25" 2024-10-15' >&2`, ""},
		"25":     {`echo 'Picked up JAVA_TOOL_OPTIONS: -Xmx1g'; echo 'openjdk version "25"'`, ""},
		"8":      {`echo 'java version "1.8.0_292"' >&2`, "is older"},
		"absent": {`exit 127`, "there is none"},
		"odd":    {`echo hello`, "prints no version"},
	} {
		t.Run(name, func(t *testing.T) {
			project(t, test.java, maven)
			err := Available()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAvailableNeedsMaven(t *testing.T) {
	project(t, `echo 'openjdk version "17"'`, maven)
	java, err := exec.LookPath("java")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Dir(java)
	t.Setenv("PATH", bin)
	if err := os.Remove(filepath.Join(bin, "mvn")); err != nil {
		t.Fatal(err)
	}
	if err := Available(); err == nil || !strings.Contains(err.Error(), "needs Maven") {
		t.Errorf("got %v, want it to name Maven", err)
	}
}
