//go:build e2e

package compose

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
)

// startTimeout is how long Maven, and then Flink, may take: the first build
// downloads Flink.
const startTimeout = 10 * time.Minute

// TestFlinkGetsHealthy runs the command of the service flink in a folder as in
// the container, with the service's own health check, and scrapes it as
// Prometheus does. Two things differ: it listens on the loopback address alone,
// and on ports that it chooses and prints itself.
func TestFlinkGetsHealthy(t *testing.T) {
	service := project(t).Services["flink"]
	here := strings.NewReplacer("0.0.0.0", "127.0.0.1", "port=8081", "port=0", "port=9249", "port=0",
		"sun.net.httpserver.DefaultHttpServerProvider", "io.flinkscope.e2e.LoopbackHttp")
	flink := start(t, folder(t, service), here.Replace(service.Command[2]), service.Command[:2]...)
	rest, err := cluster.AwaitURL(t.Context(), flink, startTimeout)
	if err != nil {
		t.Fatal(err)
	}
	reporters := cluster.Reporters(flink)
	if len(reporters) != 1 {
		t.Fatalf("there are reporters at %q, want one%s", reporters, flink.Printed())
	}
	test := service.HealthCheck.Test
	if test[0] != "CMD-SHELL" || !strings.Contains(test[1], "//127.0.0.1:8081/") {
		t.Fatalf("the health check is %v, not a line of shell about the port 8081", test)
	}
	address, err := url.Parse(rest)
	if err != nil {
		t.Fatal(err)
	}
	check := strings.ReplaceAll(test[1], "127.0.0.1:8081", address.Host)
	err = flink.Until(t.Context(), startTimeout, "it was healthy", func(ctx context.Context) (bool, error) {
		output, err := exec.CommandContext(ctx, "sh", "-c", check).CombinedOutput()
		if err != nil {
			return false, fmt.Errorf("%s: %w: %s", check, err, output)
		}
		err = scraped(ctx, "http://"+reporters[0])
		return err == nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// scraped returns an error unless Prometheus would find the time that subtasks
// were backpressured.
func scraped(ctx context.Context, reporter string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, reporter, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if !bytes.Contains(body, []byte("flink_taskmanager_job_task_accumulateBackPressuredTimeMs{")) {
		return fmt.Errorf("%s has no metrics of tasks", reporter)
	}
	return nil
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
func start(t *testing.T, dir, script string, shell ...string) *process.Process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, shell[0], append(shell[1:], script)...)
	command.Dir = dir
	command.WaitDelay = 10 * time.Second
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	if _, err := command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	started, err := process.Start(command, cluster.Announcements())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); <-started.Ended() })
	return started
}
