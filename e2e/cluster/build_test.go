package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMavenRunsOnlyForWhatChanged(t *testing.T) {
	dir := project(t, flink, maven)
	for _, step := range []struct {
		name, version string
		before        func()
		runs          int
	}{
		{"first", "2.3.0", func() {}, 1},
		{"again", "2.3.0", func() {}, 1},
		{"another version", "1.20.5", func() {}, 2},
		{"changed source", "2.3.0", func() { touch(t, filepath.Join(dir, "src", "Job.java")) }, 3},
		{"again after it", "2.3.0", func() { age(t, filepath.Join(dir, "src", "Job.java")) }, 3},
		{"changed pom", "2.3.0", func() { touch(t, filepath.Join(dir, "pom.xml")) }, 4},
	} {
		step.before()
		if err := build(t.Context(), dir, step.version); err != nil {
			t.Fatal(err)
		}
		if runs := mavenRuns(t); len(runs) != step.runs {
			t.Errorf("%s: Maven ran %d times, want %d", step.name, len(runs), step.runs)
		}
	}
}

func TestMavenGetsTheScalaSuffixUpTo114(t *testing.T) {
	dir := project(t, flink, maven)
	for version, want := range map[string]bool{"1.13.6": true, "1.14.6": true, "1.15.4": false, "2.3.0": false} {
		if err := build(t.Context(), dir, version); err != nil {
			t.Fatal(err)
		}
		runs := mavenRuns(t)
		if got := strings.Contains(runs[len(runs)-1], "-Dflink.suffix=_2.12"); got != want {
			t.Errorf("%s: %v, want %v", version, got, want)
		}
	}
}

func mavenRuns(t *testing.T) []string {
	t.Helper()
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(filepath.Dir(mvn), "mvn.log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(log)), "\n")
}

// touch makes a file newer than anything built so far.
func touch(t *testing.T, path string) {
	at(t, path, time.Now().Add(time.Hour))
}

func age(t *testing.T, path string) {
	at(t, path, time.Now().Add(-time.Hour))
}

func at(t *testing.T, path string, when time.Time) {
	t.Helper()
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}
