// Package process runs the programs that tests and the demo need: Flink,
// Prometheus, nginx. A program chooses its own port and prints it, so that no
// port can be taken between being found free and being used. A caller that waits
// for a program in vain gets the last lines that it has printed.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"
)

// Process is a program that has been started.
type Process struct {
	command *exec.Cmd
	output  *output
	ended   chan struct{} // closed after outcome is set
	outcome error
}

// waitDelay is how long a program's children may keep its output open after it
// has ended.
const waitDelay = 5 * time.Second

// Start starts the command and keeps the last lines that it prints. Lines that
// match are kept for Await; nil matches none.
//
// The program ends with the context of the command; see [EndWithParent] for the
// end of this one.
func Start(command *exec.Cmd, matching *regexp.Regexp) (*Process, error) {
	p := &Process{command: command, output: newOutput(matching), ended: make(chan struct{})}
	command.Stdout, command.Stderr = p.output, p.output
	if command.WaitDelay == 0 {
		command.WaitDelay = waitDelay
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.outcome = command.Wait()
		if command.ProcessState != nil && command.ProcessState.Success() {
			p.outcome = nil // not that its context had it end
		}
		close(p.ended)
	}()
	return p, nil
}

// PID is the id of the process.
func (p *Process) PID() int { return p.command.Process.Pid }

// Ended is closed when the process has ended and printed its last line.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err is why the process ended; nil after a success, and as long as it runs.
func (p *Process) Err() error {
	select {
	case <-p.ended:
		return p.outcome
	default:
		return nil
	}
}

// Matches are the submatches of all lines so far that match, in order.
func (p *Process) Matches() [][]string {
	matches, _ := p.output.matched()
	return matches
}

// Await returns the submatches of the first line that matches. what completes
// the sentence "it ended before ...".
func (p *Process) Await(ctx context.Context, timeout time.Duration, what string) (match []string, err error) {
	err = p.Until(ctx, timeout, what, func(context.Context) (bool, error) {
		if matches := p.Matches(); len(matches) > 0 {
			match = matches[0]
		}
		return match != nil, nil
	})
	return match, err
}

// pollInterval is how often Until calls at least.
const pollInterval = 50 * time.Millisecond

// Until calls done again and again, and at once when a line that matches is
// printed. When done is finished Until returns its error. It fails when the
// process ends first, or after the timeout, with the last error of done and the
// last lines that the process has printed. what completes the sentence "it ended
// before ...".
func (p *Process) Until(ctx context.Context, timeout time.Duration, what string, done func(context.Context) (finished bool, err error)) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	var why error
	for {
		ended := isClosed(p.ended)
		_, more := p.output.matched()
		finished, err := done(limited)
		if limited.Err() == nil || why == nil {
			why = err // not that there was no time left for the last try
		}
		switch {
		case finished:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case ended:
			return fmt.Errorf("it ended before %s (%v)%s", what, p.command.ProcessState, p.Printed())
		case limited.Err() != nil && why != nil:
			return fmt.Errorf("waited in vain for %s until %s (%w)%s", timeout, what, why, p.Printed())
		case limited.Err() != nil:
			return fmt.Errorf("waited in vain for %s until %s%s", timeout, what, p.Printed())
		}
		select {
		case <-tick.C:
		case <-more:
		case <-p.ended:
		case <-limited.Done():
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Printed ends an error's sentence with the last lines that the process has
// printed.
func (p *Process) Printed() string { return p.output.printed() }

// Terminate asks the process to end by SIGTERM and returns when it is gone: see
// [Process.Wait].
func (p *Process) Terminate(grace time.Duration) error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.Wait(grace)
}

// Stop has the process stand still, by SIGSTOP.
func (p *Process) Stop() error {
	if err := p.command.Process.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("stopping the process %d: %w", p.PID(), err)
	}
	return nil
}

// Kill ends the process by SIGKILL and returns when it is gone.
func (p *Process) Kill() error {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the process %d: %w", p.PID(), err)
	}
	<-p.ended
	return nil
}

// Wait returns when the process is gone. After the grace period it is killed.
// The error says that it could not be, or that it ended by itself with an error.
func (p *Process) Wait(grace time.Duration) error {
	select {
	case <-p.ended:
		return p.outcome
	case <-time.After(grace):
	}
	return p.Kill()
}
