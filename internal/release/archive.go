package release

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// packed is the time of every file in an archive, so that one dist always
// makes the same archive.
var packed = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// write packs dist below one folder that is named by the plugin's id. Files
// whose names begin with a dot are left out, and so are backends of other
// platforms; links are replaced by their targets; only the backends are
// executable.
func write(w io.Writer, dist string, platforms []Platform) error {
	plugin, err := Read(os.DirFS(dist))
	if err != nil {
		return fmt.Errorf("%s: %w; build it with go tool mage build", dist, err)
	}
	names, err := contents(dist)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(w)
	for _, name := range names {
		ofPlatform := func(p Platform) bool { return p.backend(plugin.Executable) == name }
		if isBackend(plugin, name) && !slices.ContainsFunc(platforms, ofPlatform) {
			continue
		}
		if err := add(archive, dist, name, plugin); err != nil {
			return fmt.Errorf("packing %s: %w", name, err)
		}
	}
	return archive.Close()
}

// contents are the files in dist, in the order of their paths.
func contents(dist string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dist), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		info, err := os.Stat(filepath.Join(dist, name))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a file: copy what it leads to into %s", name, dist)
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

func add(archive *zip.Writer, dist, name string, plugin Plugin) error {
	file, err := os.Open(filepath.Join(dist, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer file.Close()
	header := &zip.FileHeader{Name: path.Join(plugin.ID, name), Method: zip.Deflate, Modified: packed}
	header.SetMode(0o644)
	if isBackend(plugin, name) {
		header.SetMode(0o755)
	}
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, file)
	return err
}
