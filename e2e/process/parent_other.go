//go:build !linux

package process

import "os/exec"

// EndWithParent does nothing where the kernel has no such feature: there the
// program ends with its context.
func EndWithParent(*exec.Cmd) {}
