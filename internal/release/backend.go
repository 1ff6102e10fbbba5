package release

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// backend is one of the programs that Grafana picks by its own machine.
type backend struct {
	suffix, machine string
}

var targets = []backend{
	{"linux_amd64", "Linux EM_X86_64"},
	{"linux_arm64", "Linux EM_AARCH64"},
	{"linux_arm", "Linux EM_ARM"},
	{"darwin_amd64", "macOS CpuAmd64"},
	{"darwin_arm64", "macOS CpuArm64"},
	{"windows_amd64.exe", "Windows 0x8664"},
}

func (p Plugin) isBackend(name string) bool {
	return p.Executable != "" && strings.HasPrefix(name, p.Executable+"_")
}

func backends(c *contained) error {
	refused := []error{
		demand(c.plugin.Backend, "plugin.json: backend is not true, though the plugin has one"),
		demand(c.plugin.Executable != "", "plugin.json: executable is empty: name the backend"),
	}
	for _, target := range targets {
		refused = append(refused, c.backend(target))
	}
	return errors.Join(refused...)
}

func (c *contained) backend(target backend) error {
	name := c.plugin.Executable + "_" + target.suffix
	content, err := fs.ReadFile(c, name)
	if err != nil {
		return fmt.Errorf("the backend %s is missing: build it with go tool mage build", name)
	}
	mode, found := c.files[name].Mode().Perm(), machine(content)
	return errors.Join(
		demand(mode == 0o755, "%s has the mode %v, not %v: Grafana cannot start it", name, mode, fs.FileMode(0o755)),
		demand(found == target.machine, "%s is for %s, not %s: build it again", name, found, target.machine))
}

// machine is what a program runs on, by its header.
func machine(program []byte) string {
	reader := bytes.NewReader(program)
	if file, err := elf.NewFile(reader); err == nil {
		return "Linux " + file.Machine.String()
	}
	if file, err := macho.NewFile(reader); err == nil {
		return "macOS " + file.Cpu.String()
	}
	if file, err := pe.NewFile(reader); err == nil {
		return fmt.Sprintf("Windows %#x", file.Machine)
	}
	return "no machine"
}
