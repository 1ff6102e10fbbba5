package release

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheCatalogueTakesAValidArchive(t *testing.T) {
	f := valid()
	if err := f.check(t); err != nil {
		t.Error(err)
	}
}

func TestTheCatalogueTakes(t *testing.T) {
	for name, change := range map[string]change{
		"folders with entries of their own": func(_ *testing.T, f *fixture) {
			f.files = append(f.files, file{id + "/", "", fs.ModeDir | 0o755}, file{id + "/img/", "", fs.ModeDir | 0o755})
		},
		"a drawing that refers to itself": edit("img/large.svg", "<path", `<use href="#pipe"/><path`),
		"an author's https address":       edit("plugin.json", `{"name": "Acme"}`, `{"name": "Acme", "url": "https://example.org"}`),
	} {
		f := valid()
		change(t, f)
		if err := f.check(t); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refusals are sentences, each with the only fault that it is about.
type refusals map[string]change

func (r refusals) test(t *testing.T) {
	t.Helper()
	for _, want := range slices.Sorted(maps.Keys(r)) {
		t.Run(want, func(t *testing.T) {
			f := valid()
			r[want](t, f)
			err := f.check(t)
			if err == nil {
				t.Fatal("the archive was not refused")
			}
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("want this alone, got\n%v", err)
			}
		})
	}
}

func TestAllFaultsAreReportedAtOnce(t *testing.T) {
	f := valid()
	for _, change := range []change{edit("plugin.json", `"Shows pipes."`, `""`), remove("module.js"), mode("gpx_pipes_linux_arm", 0o644)} {
		change(t, f)
	}
	err := f.check(t)
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("want three sentences, got %v", err)
	}
}

func TestAnEmptyArchiveIsRefused(t *testing.T) {
	err := (&fixture{}).check(t)
	if err == nil || !strings.Contains(err.Error(), "the archive has the folders []") {
		t.Errorf("got %v", err)
	}
}

func TestLayout(t *testing.T) {
	refusals{
		`"acme-pipes-datasource/../evil" is not a path inside`:          with("../evil"),
		`"/etc/evil" is not a path inside`:                              entryNamed("/etc/evil"),
		`is not a path inside the archive`:                              with(`img\pipe.svg`),
		`is in the archive twice`:                                       with("module.js"),
		`the archive has the folders ["acme-pipes-datasource" "other"]`: entryNamed("other/a"),
		`module.js is a link or a device`:                               mode("module.js", fs.ModeSymlink|0o777),
		`module.js has the mode -rw-------`:                             mode("module.js", 0o600),
		`remove node_modules/a.js: it belongs to the sources`:           with("node_modules/a.js"),
		`remove .git/config: hidden`:                                    with(".git/config"),
		`remove img/.DS_Store: hidden`:                                  with("img/.DS_Store"),
		`remove standalone.txt: it is a debugger's`:                     with("standalone.txt"),
		`remove old.zip: an archive`:                                    with("old.zip"),
		`dist/a.js: move what is in dist`:                               with("dist/a.js"),
		`remove panel/plugin.json: a data source contains no other`:     with("panel/plugin.json"),
	}.test(t)
}

func TestAFileOutsideOfTheFolderIsRefused(t *testing.T) {
	f := valid()
	entryNamed("README.md")(t, f)
	err := f.check(t)
	if err == nil || !strings.Contains(err.Error(), "README.md lies outside the plugin's folder") {
		t.Errorf("got %v", err)
	}
}

func TestFiles(t *testing.T) {
	refusals{
		`README.md is missing or is next to empty`:                      remove("README.md"),
		`README.md links to "docs/a.md"`:                                edit("README.md", "https://example.org", "docs/a.md"),
		`README.md links to "img/a.png"`:                                edit("README.md", "# Pipes", `<img src="img/a.png">`),
		`README.md contains a comment`:                                  edit("README.md", "# Pipes", "<!-- draft -->"),
		`README.md contains developers' jargon (yarn)`:                  edit("README.md", "# Pipes", "yarn install"),
		`CHANGELOG.md has no heading for version 1.2.3`:                 edit("CHANGELOG.md", "## 1.2.3", "## 1.2.30"),
		`LICENSE is not the text of the Apache License`:                 edit("LICENSE", "Apache License", "Pipes License"),
		`LICENSE is not the text`:                                       content("LICENSE", "Apache License"),
		`LICENSE has the placeholder [yyyy]`:                            edit("LICENSE", "Apache License", "Apache License [yyyy]"),
		`module.js is missing or empty`:                                 content("module.js", "\n"),
		`bytes gzipped, more than 60000`:                                content("module.js", noise(100_000)),
		`the backend gpx_pipes_linux_arm64 is missing`:                  remove("gpx_pipes_linux_arm64"),
		`gpx_pipes_darwin_arm64 has the mode -rw-r--r--`:                mode("gpx_pipes_darwin_arm64", 0o644),
		`gpx_pipes_linux_arm is for Linux EM_X86_64, not Linux EM_ARM`:  content("gpx_pipes_linux_arm", programs()["linux_amd64"]),
		`gpx_pipes_darwin_amd64 is for Windows 0x8664, not macOS Cpu`:   content("gpx_pipes_darwin_amd64", programs()["windows_amd64.exe"]),
		`gpx_pipes_windows_amd64.exe is for no machine, not Windows 0x`: content("gpx_pipes_windows_amd64.exe", "#!/bin/sh"),
		`img/large.svg is not safe: remove its element script`:          edit("img/large.svg", "<path", "<script/><path"),
		`img/large.svg is not safe: remove its element foreignObject`:   edit("img/large.svg", "<path", "<foreignObject/><path"),
		`img/large.svg is not safe: remove its element iframe`:          edit("img/large.svg", "<path", "<iframe/><path"),
		`img/large.svg is not safe: remove its attribute onload`:        edit("img/large.svg", "<path", `<path onload="a()"`),
		`img/large.svg is not safe: remove its link to https://a.b`:     edit("img/large.svg", "<path", `<a href="https://a.b"/><path`),
		`img/large.svg is no SVG`:                                       edit("img/large.svg", "</svg>", ""),
		`the dashboard dashboards/pipes.json cannot be read`:            content("dashboards/pipes.json", "{"),
		`the dashboard dashboards/pipes.json has no title`:              content("dashboards/pipes.json", "{}"),
	}.test(t)
}

func TestSources(t *testing.T) {
	refusals{
		`module.js.map is missing`:                          remove("module.js.map"),
		`module.js.map cannot be read`:                      content("module.js.map", "{"),
		`module.js.map has 0 names and 0 texts`:             content("module.js.map", "{}"),
		`module.js.map has 1 names and 0 texts`:             content("module.js.map", `{"sources": ["a"]}`),
		`module.js.map names ./src/module.ts, which`:        edit("module.js.map", "./module.ts", "./src/module.ts"),
		`module.js was not made of the src/module.ts`:       source("src/module.ts", "export const plugin = 2;\n"),
		`go_plugin_build_manifest is missing or empty`:      remove("go_plugin_build_manifest"),
		`the backends were not made of the pkg/main.go`:     source("pkg/main.go", "package other\n"),
		`the backends were made of pkg/main.go, which is`:   noSource("pkg/main.go"),
		`package.json has the version "1.2.4", plugin.json`: source("package.json", `{"version": "1.2.4"}`),
		`package.json is missing in the sources`:            noSource("package.json"),
		`package.json cannot be read`:                       source("package.json", "{"),
	}.test(t)
}

// goSource changes a Go file in the sources, and the manifest with it.
func goSource(name, text string) change {
	return func(t *testing.T, f *fixture) {
		f.source[name] = &fstest.MapFile{Data: []byte(text)}
		files := map[string]string{}
		for _, name := range []string{"pkg/main.go", "Magefile.go", name} {
			files[name] = string(f.source[name].Data)
		}
		content("go_plugin_build_manifest", manifestOf(files))(t, f)
	}
}

func TestWhatTheBackendUses(t *testing.T) {
	refusals{
		`pkg/a.go imports os/exec: a plugin may not use programs`:        goSource("pkg/a.go", "package main\n\nimport _ \"os/exec\"\n"),
		`pkg/a.go imports path/filepath: a plugin may not use files`:     goSource("pkg/a.go", "package main\n\nimport _ \"path/filepath\"\n"),
		`pkg/a/b.go uses os.ReadFile: a plugin may not use files`:        goSource("pkg/a/b.go", "package a\n\nimport \"os\"\n\nvar b, _ = os.ReadFile(\"b\")\n"),
		`pkg/a.go uses syscall.Getpid: of the system, a plugin may use `: goSource("pkg/a.go", "package main\n\nimport \"syscall\"\n\nvar a = syscall.Getpid()\n"),
		`pkg/a.go uses os.Getenv: a plugin may not use files or the en`:  goSource("pkg/a.go", "package main\n\nimport \"os\"\n\nvar a = os.Getenv(\"A\")\n"),
		`pkg/a.go uses fmt.Println: write to the logger`:                 goSource("pkg/a.go", "package main\n\nimport \"fmt\"\n\nfunc a() { fmt.Println() }\n"),
		`pkg/a.go cannot be read`:                                        goSource("pkg/a.go", "package\n"),
		`Magefile.go does not use the build package`:                     goSource("Magefile.go", "package main\n\nfunc BuildAll() {}\nfunc Coverage() {}\n"),
		`.config/webpack/webpack.config.ts is missing, or not the one`:   noSource(".config/webpack/webpack.config.ts"),
		`Magefile.go has no target buildAll`:                             goSource("Magefile.go", strings.Replace(magefile, "BuildAll", "Build", 1)),
		`Magefile.go has no target coverage`:                             goSource("Magefile.go", strings.Replace(magefile, "Coverage", "Cover", 1)),
	}.test(t)
	for name, text := range map[string]string{
		"pkg/a_test.go":   "package main\n\nimport \"os\"\n\nvar a, _ = os.ReadFile(\"a\")\n",
		"internal/a/a.go": "package a\n\nimport \"os\"\n\nvar a, _ = os.ReadFile(\"a\")\n",
		"pkg/a.go":        "package main\n\nimport \"os\"\n\nfunc a() { os.Exit(1) }\n",
	} {
		f := valid()
		goSource(name, text)(t, f)
		if err := f.check(t); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSomeNames(t *testing.T) {
	for want, names := range map[string][]string{
		"a":                  {"a"},
		"a, b, c":            {"a", "b", "c"},
		"a, b, c and 1 more": {"a", "b", "c", "d"},
	} {
		if got := some(names); got != want {
			t.Errorf("%v are %q, want %q", names, got, want)
		}
	}
}

// noise is text that hardly gets smaller.
func noise(bytes int) string {
	chance, text := rand.New(rand.NewPCG(1, 2)), make([]byte, bytes)
	for i := range text {
		text[i] = byte('!' + chance.IntN(90))
	}
	return string(text)
}
