// Package cluster starts a real Flink with demo jobs for tests and the demo:
// it has Maven build e2e/flink for the version that is asked for, and runs it
// in a JVM that never outlives this process.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Newest is the newest version of Flink that the jobs are known to run on.
const Newest = "2.3.0"

const (
	mainClass = "io.flinkscope.e2e.FlinkCluster"
	announced = "FLINK_URL="

	startTimeout = 120 * time.Second
	closeTimeout = 10 * time.Second
)

// Cluster is a Flink cluster that runs, with all tasks of its jobs running.
type Cluster struct {
	url     string
	process *exec.Cmd
	stdin   io.Closer
	output  *tail
	ended   chan struct{} // closed after outcome is set
	outcome error
}

// Start builds what dir, the Maven project e2e/flink, has for the version,
// unless that is built already, and runs it with the jobs: their names, or
// "all". It returns when all their tasks run. The first build of a version
// downloads it and may take minutes.
//
// The cluster lives until Close, or until ctx or this program ends. Errors
// quote the last lines that Maven or Flink wrote.
func Start(ctx context.Context, dir, version string, jobs ...string) (*Cluster, error) {
	return StartConfigured(ctx, dir, version, nil, jobs...)
}

// StartConfigured is [Start] with settings of Flink's, by their keys.
func StartConfigured(ctx context.Context, dir, version string, conf map[string]string, jobs ...string) (*Cluster, error) {
	if err := build(ctx, dir, version); err != nil {
		return nil, err
	}
	c, err := launch(ctx, dir, version, conf, jobs)
	if err != nil {
		return nil, fmt.Errorf("starting Flink %s: %w", version, err)
	}
	if err := c.await(ctx); err != nil {
		return nil, fmt.Errorf("starting Flink %s: %w", version, errors.Join(err, c.Close()))
	}
	return c, nil
}

// URL is the base address of the REST API.
func (c *Cluster) URL() string {
	return c.url
}

// PID is the id of the JVM's process.
func (c *Cluster) PID() int {
	return c.process.Process.Pid
}

// Close ends the JVM, by force after ten seconds, and returns when it is gone.
// It may be called again. The error says that the JVM could not be ended.
func (c *Cluster) Close() error {
	c.stdin.Close() // a second time it is closed already
	select {
	case <-c.ended:
		return nil
	case <-time.After(closeTimeout):
	}
	if err := c.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending Flink's process %d: %w", c.PID(), err)
	}
	<-c.ended
	return nil
}

func launch(ctx context.Context, dir, version string, conf map[string]string, jobs []string) (*Cluster, error) {
	arguments := []string{"@jvm.options", "-cp", classPath(version), mainClass}
	for _, job := range jobs {
		arguments = append(arguments, "--job", job)
	}
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		arguments = append(arguments, "--conf", key+"="+conf[key])
	}
	process := exec.CommandContext(ctx, java(), arguments...)
	process.Dir = dir
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	process.Cancel = stdin.Close
	process.WaitDelay = closeTimeout
	c := &Cluster{process: process, stdin: stdin, output: newTail(), ended: make(chan struct{})}
	process.Stdout, process.Stderr = c.output, c.output
	if err := process.Start(); err != nil {
		return nil, err
	}
	go c.follow()
	return c, nil
}

func (c *Cluster) follow() {
	c.outcome = c.process.Wait()
	close(c.ended)
}

// await returns when the cluster has said its address.
func (c *Cluster) await(ctx context.Context) error {
	late := time.NewTimer(startTimeout)
	defer late.Stop()
	select {
	case c.url = <-c.output.announcement:
		return nil
	case <-c.ended:
		return fmt.Errorf("it ended before its jobs ran (%v)%s", c.outcome, c.output.quote())
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-late.C:
		return fmt.Errorf("its jobs do not run after %s%s", startTimeout, c.output.quote())
	}
}

func classPath(version string) string {
	target := filepath.Join("target", version)
	return filepath.Join(target, "classes") + string(os.PathListSeparator) + filepath.Join(target, "lib", "*")
}
