package release

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const id = "acme-pipes-datasource"

// file is an entry of an archive, by its whole path.
type file struct {
	path, content string
	mode          fs.FileMode
}

// fixture is an archive that the catalogue takes, and its sources, for a test
// to break.
type fixture struct {
	files  []file
	source fstest.MapFS
}

const pluginJSON = `{
  "id": "acme-pipes-datasource", "type": "datasource", "name": "Pipes",
  "backend": true, "alerting": true, "executable": "gpx_pipes",
  "info": {
    "description": "Shows pipes.", "author": {"name": "Acme"}, "keywords": ["pipes"],
    "logos": {"small": "img/small.svg", "large": "img/large.svg"},
    "links": [{"name": "repository", "url": "https://example.org/pipes"}],
    "screenshots": [{"name": "A pipe", "path": "img/pipe.png"}],
    "version": "1.2.3", "updated": "2026-01-31"
  },
  "includes": [{"type": "dashboard", "name": "Pipes", "path": "dashboards/pipes.json"}],
  "dependencies": {"grafanaDependency": ">=10.4.0"}
}`

const (
	png         = "\x89PNG\r\n\x1a\n"
	moduleTS    = "export const plugin = 1;\n"
	mainGo      = "package main\n"
	magefile    = "package main\n\nimport _ \"github.com/grafana/grafana-plugin-sdk-go/build\"\n\nfunc BuildAll() {}\nfunc Coverage() {}\n"
	drawing     = `<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>`
	mapOfModule = `{"version": 3,
  "sources": ["webpack://acme-pipes-datasource/./module.ts", "webpack://acme-pipes-datasource/webpack/bootstrap",
    "webpack://acme-pipes-datasource/external amd \"react\"", "webpack://acme-pipes-datasource/../node_modules/a/b.js"],
  "sourcesContent": ["export const plugin = 1;\n", "", "", ""]}`
)

// manifestOf lists Go files as the SDK's build does.
func manifestOf(files map[string]string) (lines string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		lines += fmt.Sprintf("%x:%s\n", sha256.Sum256([]byte(files[name])), name)
	}
	return lines
}

func valid() *fixture {
	f := &fixture{source: fstest.MapFS{
		"package.json":                      {Data: []byte(`{"version": "1.2.3"}`)},
		"src/module.ts":                     {Data: []byte(moduleTS)},
		"pkg/main.go":                       {Data: []byte(mainGo)},
		"Magefile.go":                       {Data: []byte(magefile)},
		".config/webpack/webpack.config.ts": {Data: []byte("// by @grafana/create-plugin\n")},
		"node_modules/a/b.go":               {Data: []byte("package b")},
	}}
	for path, content := range map[string]string{
		"plugin.json":              pluginJSON,
		"README.md":                "# Pipes\n" + strings.Repeat("A [pipe](https://example.org) is [round](#round). ", 9),
		"CHANGELOG.md":             "# Changelog\n\n## 1.2.3 (2026-01-31)\n\nA first pipe.\n",
		"LICENSE":                  "Apache License\n" + strings.Repeat("You may use pipes.\n", 500),
		"module.js":                "define([], () => 1);",
		"module.js.map":            mapOfModule,
		"img/small.svg":            drawing,
		"img/large.svg":            drawing,
		"img/pipe.png":             png,
		"dashboards/pipes.json":    `{"title": "Pipes"}`,
		"go_plugin_build_manifest": manifestOf(map[string]string{"pkg/main.go": mainGo, "Magefile.go": magefile}),
	} {
		f.files = append(f.files, file{id + "/" + path, content, 0o644})
	}
	for suffix, content := range programs() {
		f.files = append(f.files, file{id + "/gpx_pipes_" + suffix, content, 0o755})
	}
	slices.SortFunc(f.files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return f
}

func (f *fixture) zip(t *testing.T) *zip.Reader {
	t.Helper()
	var content bytes.Buffer
	w := zip.NewWriter(&content)
	for _, file := range f.files {
		header := &zip.FileHeader{Name: file.path}
		header.SetMode(file.mode)
		entry, err := w.CreateHeader(header)
		if err == nil && !strings.HasSuffix(file.path, "/") {
			_, err = entry.Write([]byte(file.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f *fixture) check(t *testing.T) error {
	t.Helper()
	return check(f.zip(t), f.source, Platforms())
}

func (f *fixture) index(t *testing.T, path string) int {
	t.Helper()
	i := slices.IndexFunc(f.files, func(file file) bool { return file.path == id+"/"+path })
	if i < 0 {
		t.Fatalf("the fixture has no %s", path)
	}
	return i
}

// change breaks a fixture. Paths are below the plugin's folder.
type change func(*testing.T, *fixture)

func edit(path, old, new string) change {
	return func(t *testing.T, f *fixture) {
		t.Helper()
		file := &f.files[f.index(t, path)]
		if !strings.Contains(file.content, old) {
			t.Fatalf("%s has no %s", path, old)
		}
		file.content = strings.Replace(file.content, old, new, 1)
	}
}

func content(path, content string) change {
	return func(t *testing.T, f *fixture) { f.files[f.index(t, path)].content = content }
}

func remove(path string) change {
	return func(t *testing.T, f *fixture) {
		i := f.index(t, path)
		f.files = append(f.files[:i], f.files[i+1:]...)
	}
}

func mode(path string, mode fs.FileMode) change {
	return func(t *testing.T, f *fixture) { f.files[f.index(t, path)].mode = mode }
}

func with(path string) change {
	return entryNamed(id + "/" + path)
}

// entryNamed adds one by its whole path.
func entryNamed(path string) change {
	return func(_ *testing.T, f *fixture) { f.files = append(f.files, file{path, "x", 0o644}) }
}

func rename(root string) change {
	return func(_ *testing.T, f *fixture) {
		for i := range f.files {
			f.files[i].path = strings.Replace(f.files[i].path, id, root, 1)
		}
	}
}

func source(path, content string) change {
	return func(_ *testing.T, f *fixture) { f.source[path].Data = []byte(content) }
}

func noSource(path string) change {
	return func(_ *testing.T, f *fixture) { delete(f.source, path) }
}

// programs are headers of programs, by the suffix of the backend.
func programs() map[string]string {
	ident := [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
	ident32 := ident
	ident32[elf.EI_CLASS] = byte(elf.ELFCLASS32)
	return map[string]string{
		"linux_amd64":       pack(elf.Header64{Ident: ident, Version: 1, Machine: uint16(elf.EM_X86_64)}),
		"linux_arm64":       pack(elf.Header64{Ident: ident, Version: 1, Machine: uint16(elf.EM_AARCH64)}),
		"linux_arm":         pack(elf.Header32{Ident: ident32, Version: 1, Machine: uint16(elf.EM_ARM)}),
		"darwin_amd64":      pack(macho.FileHeader{Magic: macho.Magic64, Cpu: macho.CpuAmd64}, uint32(0)),
		"darwin_arm64":      pack(macho.FileHeader{Magic: macho.Magic64, Cpu: macho.CpuArm64}, uint32(0)),
		"windows_amd64.exe": pack([2]byte{'M', 'Z'}, [58]byte{}, uint32(64), [4]byte{'P', 'E'}, pe.FileHeader{Machine: pe.IMAGE_FILE_MACHINE_AMD64}, [64]byte{}),
	}
}

func pack(parts ...any) string {
	var out bytes.Buffer
	for _, part := range parts {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			panic(err)
		}
	}
	return out.String()
}
