package release

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
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
	drawing     = `<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>`
	mapOfModule = `{"version": 3,
  "sources": ["webpack://acme-pipes-datasource/./module.ts", "webpack://acme-pipes-datasource/webpack/bootstrap",
    "webpack://acme-pipes-datasource/external amd \"react\"", "webpack://acme-pipes-datasource/../node_modules/a/b.js"],
  "sourcesContent": ["export const plugin = 1;\n", "", "", ""]}`
)

func valid() *fixture {
	f := &fixture{source: fstest.MapFS{
		"package.json":        {Data: []byte(`{"version": "1.2.3"}`)},
		"src/module.ts":       {Data: []byte(moduleTS)},
		"pkg/main.go":         {Data: []byte(mainGo)},
		"node_modules/a/b.go": {Data: []byte("package b")},
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
		"go_plugin_build_manifest": fmt.Sprintf("%x:pkg/main.go\n", sha256.Sum256([]byte(mainGo))),
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

func (f *fixture) index(t *testing.T, path string) int {
	t.Helper()
	i := slices.IndexFunc(f.files, func(file file) bool { return file.path == id+"/"+path })
	if i < 0 {
		t.Fatalf("the fixture has no %s", path)
	}
	return i
}
