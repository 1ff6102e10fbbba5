//go:build e2e

package compose

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

const (
	startTimeout = 10 * time.Minute
	pollInterval = time.Second
)

// TestFlinkGetsHealthy runs the command of the service flink in a folder that
// looks as it does in the container, asks its own health check, and scrapes it as
// Prometheus does. Only the ports differ, and that it listens on the loopback
// address alone.
func TestFlinkGetsHealthy(t *testing.T) {
	service := project(t).Services["flink"]
	reporter := freePort(t)
	here := strings.NewReplacer("0.0.0.0", "127.0.0.1", "8081", freePort(t), "9249", reporter,
		"sun.net.httpserver.DefaultHttpServerProvider", "io.flinkscope.e2e.LoopbackHttp")
	ended := start(t, folder(t, service), here.Replace(service.Command[2]), service.Command[:2]...)
	test := service.HealthCheck.Test
	if test[0] != "CMD-SHELL" {
		t.Fatalf("the health check is %v, not a line of shell", test)
	}
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(pollInterval) {
		if exec.Command("sh", "-c", here.Replace(test[1])).Run() == nil && scraped("http://127.0.0.1:"+reporter) {
			return
		}
		select {
		case err := <-ended:
			t.Fatalf("Flink ended before it was healthy: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("Flink is not healthy after %s", startTimeout)
		}
	}
}

// scraped tells whether Prometheus would find the time that subtasks were busy.
func scraped(reporter string) bool {
	answer, err := http.Get(reporter)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return err == nil && bytes.Contains(body, []byte("flink_taskmanager_job_task_accumulateBackPressuredTimeMs{"))
}

// folder holds what the service mounts into its working folder.
func folder(t *testing.T, service types.ServiceConfig) string {
	t.Helper()
	dir := t.TempDir()
	for _, volume := range service.Volumes {
		inside, err := filepath.Rel(service.WorkingDir, volume.Target)
		if volume.Type != types.VolumeTypeBind || err != nil || !filepath.IsLocal(inside) {
			continue
		}
		if err := os.Symlink(volume.Source, filepath.Join(dir, inside)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// start runs shell's script with an open standard input, as stdin_open does,
// until the test ends.
func start(t *testing.T, dir, script string, shell ...string) <-chan error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	process := exec.CommandContext(ctx, shell[0], append(shell[1:], script)...)
	process.Dir = dir
	process.WaitDelay = 10 * time.Second
	process.Cancel = func() error { return process.Process.Signal(syscall.SIGTERM) }
	var output bytes.Buffer
	process.Stdout, process.Stderr = &output, &output
	if _, err := process.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		ended <- fmt.Errorf("%v, output:\n%s", process.Wait(), output.String())
	}()
	t.Cleanup(func() { cancel(); <-gone })
	return ended
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
