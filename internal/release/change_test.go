package release

import (
	"io/fs"
	"strings"
	"testing"
)

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
