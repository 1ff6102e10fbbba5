package release

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// buildManifest compares the Go files that the backends were made of with
// those that there are.
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
