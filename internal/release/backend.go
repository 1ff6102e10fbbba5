package release

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Platform is an operating system and an architecture, by Go's names.
type Platform struct{ OS, Arch string }

func (p Platform) String() string { return p.OS + "_" + p.Arch }

// backend is the name in dist of the backend for the platform.
func (p Platform) backend(executable string) string {
	name := executable + "_" + p.String()
	if p.OS == "windows" {
		name += ".exe"
	}
	return name
}

// machines are the platforms that Grafana runs on, and how the header of a
// program names each.
var machines = map[Platform]string{
	{"linux", "amd64"}:   "Linux EM_X86_64",
	{"linux", "arm64"}:   "Linux EM_AARCH64",
	{"linux", "arm"}:     "Linux EM_ARM",
	{"darwin", "amd64"}:  "macOS CpuAmd64",
	{"darwin", "arm64"}:  "macOS CpuArm64",
	{"windows", "amd64"}: "Windows 0x8664",
}

// Platforms are those that Grafana runs on: the catalogue demands a backend for
// each.
func Platforms() []Platform {
	return slices.SortedFunc(maps.Keys(machines), func(a, b Platform) int { return strings.Compare(a.String(), b.String()) })
}

// isBackend reports whether a file in dist is a backend, of any platform.
func isBackend(plugin Plugin, name string) bool {
	return plugin.Executable != "" && strings.HasPrefix(name, plugin.Executable+"_")
}

func backends(c *contained) error {
	refused := []error{
		demand(c.plugin.Backend, "plugin.json: backend is not true, though the plugin has one"),
		demand(c.plugin.Executable != "", "plugin.json: executable is empty: name the backend"),
	}
	for _, platform := range c.platforms {
		refused = append(refused, backend(c, platform))
	}
	return errors.Join(refused...)
}

func backend(c *contained, platform Platform) error {
	name := platform.backend(c.plugin.Executable)
	content, err := fs.ReadFile(c, name)
	if err != nil {
		return fmt.Errorf("the backend %s is missing: build it with go tool mage build", name)
	}
	mode, found, want := c.files[name].Mode().Perm(), machine(content), machines[platform]
	return errors.Join(
		demand(mode == 0o755, "%s has the mode %v, not %v: Grafana cannot start it", name, mode, fs.FileMode(0o755)),
		demand(found == want, "%s is for %s, not %s: build it again", name, found, want))
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

// buildManifest compares the Go files that the backends were built from with
// the present ones.
func buildManifest(c *contained) error {
	listed := map[string]string{}
	for _, line := range strings.Fields(c.text("go_plugin_build_manifest")) {
		sum, name, _ := strings.Cut(line, ":")
		listed[name] = sum
	}
	if len(listed) == 0 {
		return errors.New("go_plugin_build_manifest is missing or empty: build the backends with go tool mage build")
	}
	present, err := goFiles(c.source)
	if err != nil {
		return err
	}
	var changed, gone []string
	for _, name := range slices.Sorted(maps.Keys(present)) {
		if listed[name] != present[name] {
			changed = append(changed, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if present[name] == "" {
			gone = append(gone, name)
		}
	}
	return errors.Join(
		demand(len(changed) == 0, "the backends were not made of the %s that there is now: build them again", some(changed)),
		demand(len(gone) == 0, "the backends were made of %s, which is not in the sources: remove it and build them again", some(gone)))
}

// goFiles are the sums of all Go files, libraries of the frontend left out.
func goFiles(source fs.FS) (map[string]string, error) {
	sums := map[string]string{}
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git"):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		content, err := fs.ReadFile(source, name)
		sum := sha256.Sum256(content)
		sums[name] = hex.EncodeToString(sum[:])
		return err
	})
	return sums, err
}
