package process

import (
	"os/exec"
	"syscall"
)

// EndWithParent has the kernel end the program with this one, even if this one
// is killed.
func EndWithParent(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
