// Package cluster starts a real Flink with demo jobs for tests and the demo:
// it has Maven build e2e/flink for a version of Flink, and runs it in a JVM that
// never outlives this process.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
)

// Newest is the newest version of Flink that the jobs are known to run on.
const Newest = "2.3.0"

const (
	mainClass = "io.flinkscope.e2e.FlinkCluster"

	// startTimeout is many times what a start takes, 20 s: it ends the wait for a Flink that
	// hangs, not for one on a slow machine. One that ends is noticed at once.
	startTimeout = 10 * time.Minute
	closeTimeout = 10 * time.Second
)

// announced are the addresses that Flink prints: of its Prometheus reporters, of a
// JobManager for its TaskManagers, and, when all tasks of its jobs run, of its REST API; and
// commands that it has carried out.
var announced = regexp.MustCompile(`^(FLINK_URL|FLINK_RPC|FLINK_REPORTER|FLINK_DONE)=(.*)$`)

// Cluster is a Flink cluster that runs, with all tasks of its jobs running.
type Cluster struct {
	url     string
	stdin   io.WriteCloser
	process *process.Process
}

// Start builds what dir, the Maven project e2e/flink, has for the version,
// unless that is built already, and runs it with the jobs: their names, "hard", or
// "all". It returns when all their tasks run. The first build of a version
// downloads it and may take minutes.
//
// The cluster lives until Close, or until ctx or this program ends. Errors
// quote the last lines that Maven or Flink has printed.
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
	if c.url, err = AwaitURL(ctx, c.process, startTimeout); err != nil {
		return nil, fmt.Errorf("starting Flink %s: %w", version, errors.Join(err, c.Close()))
	}
	return c, nil
}

// Announcements match the lines that [AwaitURL] and [Reporters] read.
func Announcements() *regexp.Regexp { return announced }

// AwaitURL returns the address of the REST API when all tasks of the jobs of a
// [FlinkCluster] process run.
func AwaitURL(ctx context.Context, flink *process.Process, timeout time.Duration) (url string, err error) {
	err = flink.Until(ctx, timeout, "its jobs ran", func(context.Context) (bool, error) {
		for _, match := range flink.Matches() {
			if match[1] == "FLINK_URL" {
				url = match[2]
			}
		}
		return url != "", nil
	})
	return url, err
}

// Reporters are the addresses, host and port, of a process' Prometheus reporters.
func Reporters(flink *process.Process) (addresses []string) {
	for _, match := range flink.Matches() {
		if match[1] == "FLINK_REPORTER" {
			addresses = append(addresses, match[2])
		}
	}
	return addresses
}

// URL is the base address of the REST API.
func (c *Cluster) URL() string {
	return c.url
}

// Reporter is the address, host and port, of the Prometheus reporter that was
// configured with that range of ports; empty if there is none.
func (c *Cluster) Reporter(first, last int) string {
	for _, address := range Reporters(c.process) {
		if _, text, err := net.SplitHostPort(address); err == nil {
			if port, err := strconv.Atoi(text); err == nil && port >= first && port <= last {
				return address
			}
		}
	}
	return ""
}

// PID is the id of the JVM's process.
func (c *Cluster) PID() int {
	return c.process.PID()
}

// TerminateTaskManager has the oldest TaskManager end, as if its machine had gone, and
// returns when it has; what runs on it fails.
func (c *Cluster) TerminateTaskManager(ctx context.Context) error {
	return c.command(ctx, "terminate TaskManager")
}

// StartTaskManager starts another one, with as many slots.
func (c *Cluster) StartTaskManager(ctx context.Context) error {
	return c.command(ctx, "start TaskManager")
}

// command sends a command and returns when it has been done.
func (c *Cluster) command(ctx context.Context, line string) error {
	done := func() (count int) {
		for _, match := range c.process.Matches() {
			if match[1] == "FLINK_DONE" && match[2] == line {
				count++
			}
		}
		return count
	}
	before := done()
	if _, err := io.WriteString(c.stdin, line+"\n"); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return c.process.Until(ctx, startTimeout, line, func(context.Context) (bool, error) { return done() > before, nil })
}

// Close ends the JVM, by force after ten seconds, and returns when it is gone.
// It may be called again. It fails if the JVM could not be ended.
func (c *Cluster) Close() error {
	c.stdin.Close() // a second time it is closed already
	if err := c.process.Wait(closeTimeout); err != nil && c.process.Err() == nil {
		return fmt.Errorf("ending Flink: %w", err)
	}
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
	started, stdin, err := startJVM(ctx, dir, arguments)
	if err != nil {
		return nil, err
	}
	return &Cluster{stdin: stdin, process: started}, nil
}

// startJVM runs Java in that folder, until its standard input or the context ends.
func startJVM(ctx context.Context, dir string, arguments []string, options ...func(*exec.Cmd)) (*process.Process, io.WriteCloser, error) {
	command := exec.CommandContext(ctx, java(), arguments...)
	command.Dir = dir
	for _, apply := range options {
		apply(command)
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	command.Cancel = stdin.Close
	command.WaitDelay = closeTimeout
	started, err := process.Start(command, announced)
	return started, stdin, err
}

func classPath(version string) string {
	target := filepath.Join("target", version)
	return filepath.Join(target, "classes") + string(os.PathListSeparator) + filepath.Join(target, "lib", "*")
}
