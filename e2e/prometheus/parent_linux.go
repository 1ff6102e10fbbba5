package prometheus

import (
	"os/exec"
	"syscall"
)

// endWithParent has the kernel end Prometheus with us, even if we are killed.
func endWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
