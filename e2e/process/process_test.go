package process

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// shell runs a script until the end of the test.
func shell(t *testing.T, script string) *Process {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", "-c", script)
	EndWithParent(command)
	p, err := Start(command, regexp.MustCompile(`^PORT=(\d+)$`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Terminate(0); err != nil && p.Err() == nil {
			t.Error(err)
		}
	})
	return p
}

func TestAwaitReturnsWhatIsPrinted(t *testing.T) {
	p := shell(t, "echo starting; printf 'PO'; printf 'RT=42\\n\\033[0m\\033[1;31mPORT=43\\n'; exec sleep 60")
	match, err := p.Await(t.Context(), time.Minute, "it printed its port")
	if err != nil || match[1] != "42" {
		t.Errorf("got %q, %v", match, err)
	}
	err = p.Until(t.Context(), time.Minute, "it printed both", func(context.Context) (bool, error) { return len(p.Matches()) == 2, nil })
	if err != nil {
		t.Error(err)
	}
	if p.Err() != nil {
		t.Errorf("it has ended: %v", p.Err())
	}
	if err := p.Terminate(time.Minute); err == nil || err.Error() != "signal: terminated" {
		t.Errorf("got %v", err)
	}
	if err := syscall.Kill(p.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", p.PID(), err)
	}
}

// A caller that waits in vain gets what the process has printed.
func TestWaitingInVain(t *testing.T) {
	const port = "it printed its port"
	for name, c := range map[string]struct {
		script  string
		timeout time.Duration
		want    []string
	}{
		"it ends":        {"echo no such job >&2; exit 2", time.Minute, []string{"it ended before it printed its port (exit status 2)", "it has printed last:\n  no such job"}},
		"it is silent":   {"exit 0", time.Minute, []string{"it has printed nothing"}},
		"it takes long":  {"echo thinking; printf half; exec sleep 60", 200 * time.Millisecond, []string{"waited in vain for 200ms until it printed its port; it has printed last:\n  thinking"}},
		"it prints much": {"for i in 1 2 3 4 5 6 7 8 9; do echo a$i; echo b$i; echo c$i; done; exit 1", time.Minute, []string{"last:\n  b3\n", "c9"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := shell(t, c.script).Await(t.Context(), c.timeout, port)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

// A process that its context ends, and that exits with 0, has not failed.
func TestEndWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	command := exec.CommandContext(ctx, "sh", "-c", "trap 'exit 0' TERM; echo PORT=1; while :; do sleep 0.1; done")
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	p, err := Start(command, regexp.MustCompile("PORT=1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Await(t.Context(), time.Minute, "it printed its port"); err != nil {
		t.Error(err)
	}
	cancel()
	if err := p.Wait(time.Minute); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestUntilHasTheLastError(t *testing.T) {
	refused := errors.New("connection refused")
	err := shell(t, "exec sleep 60").Until(t.Context(), 10*time.Millisecond, "it answered", func(context.Context) (bool, error) { return false, refused })
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the test is over")
	cancel(why)
	err = shell(t, "exec sleep 60").Until(ctx, time.Minute, "it answered", func(context.Context) (bool, error) { return false, nil })
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestWaitKillsWhatDoesNotEnd(t *testing.T) {
	p := shell(t, "trap '' TERM; echo PORT=1; while :; do sleep 0.1; done")
	if _, err := p.Await(t.Context(), time.Minute, "it printed its port"); err != nil {
		t.Fatal(err)
	}
	if err := p.Terminate(10 * time.Millisecond); err != nil {
		t.Error(err)
	}
	if err := p.Err(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("it ended with %v", err)
	}
}
