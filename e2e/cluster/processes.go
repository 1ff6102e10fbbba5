package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
)

const processClass = "io.flinkscope.e2e.FlinkProcess"

// Processes is a Flink cluster whose JobManager and TaskManagers are processes of their
// own, so that one can be killed as the kernel or a machine's end does it: it says good-bye
// to nobody.
type Processes struct {
	dir, version string
	temporary    string // the folder of all that they write
	conf         map[string]string
	jobManager   *flinkProcess
	taskManagers []*flinkProcess
	url          string
}

// flinkProcess is one of them, which ends with its standard input.
type flinkProcess struct {
	*process.Process
	stdin io.Closer
}

// StartProcesses builds what [Start] does, and runs the jobs on so many TaskManagers of so
// many slots each. It returns when the REST API answers: the jobs may not run yet.
func StartProcesses(ctx context.Context, dir, version string, conf map[string]string, taskManagers, slots int, jobs ...string) (*Processes, error) {
	if err := build(ctx, dir, version); err != nil {
		return nil, err
	}
	temporary, err := os.MkdirTemp("", "flink-processes-")
	if err != nil {
		return nil, err
	}
	p := &Processes{dir: dir, version: version, temporary: temporary, conf: map[string]string{}}
	maps.Copy(p.conf, conf)
	p.conf["taskmanager.numberOfTaskSlots"], p.conf["jobmanager.rpc.port"] = fmt.Sprint(slots), "0"
	if err := p.startJobManager(ctx, jobs); err != nil {
		return nil, fmt.Errorf("starting a JobManager of Flink %s: %w", version, errors.Join(err, p.Close()))
	}
	for range taskManagers {
		if err := p.StartTaskManager(ctx); err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	return p, nil
}

// startJobManager starts it with the jobs, and keeps its address for the TaskManagers.
func (p *Processes) startJobManager(ctx context.Context, jobs []string) (err error) {
	arguments := []string{}
	for _, job := range jobs {
		arguments = append(arguments, "--job", job)
	}
	if p.jobManager, err = p.launch(ctx, "jobmanager", arguments); err != nil {
		return err
	}
	if p.url, err = AwaitURL(ctx, p.jobManager.Process, startTimeout); err != nil {
		return err
	}
	for _, match := range p.jobManager.Matches() {
		if match[1] == "FLINK_RPC" {
			p.conf["jobmanager.rpc.port"] = match[2]
		}
	}
	return nil
}

// URL is the base address of the REST API.
func (p *Processes) URL() string { return p.url }

// StartTaskManager starts one more. It offers its slots some time later.
func (p *Processes) StartTaskManager(ctx context.Context) error {
	started, err := p.launch(ctx, "taskmanager", nil)
	if err != nil {
		return fmt.Errorf("starting a TaskManager of Flink %s: %w", p.version, err)
	}
	p.taskManagers = append(p.taskManagers, started)
	return nil
}

// StopTaskManager has the oldest one stand still, with its connections open, as when its
// machine has lost the network. [Processes.KillTaskManager] ends it.
func (p *Processes) StopTaskManager() error {
	return p.taskManagers[0].Stop()
}

// KillTaskManager kills the oldest one, and returns when its process is gone.
func (p *Processes) KillTaskManager() error {
	oldest := p.taskManagers[0]
	defer oldest.stdin.Close() // which its end may have closed
	if err := oldest.Kill(); err != nil {
		return err
	}
	p.taskManagers = p.taskManagers[1:]
	return nil
}

// Close ends all processes, by force after ten seconds, and returns when they are gone. It
// may be called again.
func (p *Processes) Close() (failed error) {
	all := append(slices.Clone(p.taskManagers), p.jobManager)
	for _, each := range all {
		if each != nil {
			each.stdin.Close() // a second time it is closed already
		}
	}
	for _, each := range all {
		if each == nil {
			continue
		}
		if err := each.Wait(closeTimeout); err != nil && each.Err() == nil {
			failed = errors.Join(failed, fmt.Errorf("ending Flink: %w", err))
		}
	}
	return errors.Join(failed, os.RemoveAll(p.temporary))
}

// PIDs are the ids of all processes that have not been killed.
func (p *Processes) PIDs() (ids []int) {
	for _, each := range append(slices.Clone(p.taskManagers), p.jobManager) {
		ids = append(ids, each.PID())
	}
	return ids
}

func (p *Processes) launch(ctx context.Context, role string, more []string) (*flinkProcess, error) {
	arguments := append([]string{"@jvm.options", "-Djava.io.tmpdir=" + p.temporary, "-cp", classPath(p.version), processClass, role}, more...)
	for _, key := range slices.Sorted(maps.Keys(p.conf)) {
		arguments = append(arguments, "--conf", key+"="+p.conf[key])
	}
	started, stdin, err := startJVM(ctx, p.dir, arguments, process.EndWithParent) // one that stands still does not end with its standard input
	if err != nil {
		return nil, err
	}
	return &flinkProcess{started, stdin}, nil
}
