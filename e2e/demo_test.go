//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// testDemo runs the demo on a real cluster as a script would.
func testDemo(t *testing.T, url string) {
	namesSlowWindow(t, runDemo(t, append(os.Environ(), "FLINK_URL="+url, "FLINK_JOB=bottleneck")))
}

// The demo of a simulated cluster needs nothing but Go, and names its true
// bottleneck.
func TestDemoNeedsOnlyGo(t *testing.T) {
	withoutFlink := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "FLINK_")
	})
	namesSlowWindow(t, runDemo(t, append(withoutFlink, "JAVA_HOME=/nowhere")))
}

// oneMage is held while mage runs: it writes a file into the project while it
// compiles the targets and deletes it then, so that two at once take it from each
// other.
var oneMage sync.Mutex

// runDemo runs the demo and reads the frames that it prints as JSON.
func runDemo(t *testing.T, env []string) map[string]data.Frames {
	t.Helper()
	oneMage.Lock()
	defer oneMage.Unlock()
	demo := exec.CommandContext(t.Context(), "go", "tool", "mage", "demo")
	demo.Dir = ".."
	demo.Env = append(env, "DEMO_FORMAT=json")
	var output, progress bytes.Buffer
	demo.Stdout, demo.Stderr = &output, &progress
	if err := demo.Run(); err != nil {
		t.Fatalf("%v: %s", err, progress.String())
	}
	return onlyObject(t, &output)
}

// namesSlowWindow checks that every query type is answered, and that the verdict
// is about the slow task.
func namesSlowWindow(t *testing.T, frames map[string]data.Frames) {
	t.Helper()
	if got, want := strings.Join(slices.Sorted(maps.Keys(frames)), " "), "bottlenecks checkpoints exceptions flameGraph jobs measure nodeGraph subtasks tasks variable"; got != want {
		t.Fatalf("its keys are %s, want %s", got, want)
	}
	verdict := rows(frames["bottlenecks"][0])
	if len(verdict) != 1 || verdict[0]["task"] != "slow-window" {
		t.Fatalf("the verdict is %v", verdict)
	}
	if severity, known := verdict[0]["severity"].(float64); !known || severity <= 0.5 {
		t.Errorf("the severity is %v", verdict[0]["severity"])
	}
}

// onlyObject reads one JSON object, after which nothing may follow.
func onlyObject(t *testing.T, output io.Reader) (frames map[string]data.Frames) {
	t.Helper()
	decoder := json.NewDecoder(output)
	if err := decoder.Decode(&frames); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("something follows the object: %v", err)
	}
	return frames
}
