package release

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// unwanted are names of files and folders that the catalogue refuses anywhere.
var unwanted = map[string]string{
	"node_modules":   "it belongs to the sources",
	"standalone.txt": "it is a debugger's, and the plugin does not start with it",
	"pid.txt":        "it is a debugger's, and the plugin does not start with it",
}

// layout finds the one folder that everything lies in.
func layout(files []*zip.File) (string, error) {
	var refused []error
	roots, seen := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name, "/")
		if !fs.ValidPath(name) || strings.Contains(name, `\`) {
			refused = append(refused, fmt.Errorf("%q is not a path inside the archive: pack dist again", file.Name))
			continue
		}
		root, inside, nested := strings.Cut(name, "/")
		roots[root] = true
		refused = append(refused,
			demand(nested || file.Mode().IsDir(), "%s lies outside the plugin's folder: move it there", name),
			demand(!seen[name], "%s is in the archive twice: pack dist again", name),
			entry(file, name), place(inside))
		seen[name] = true
	}
	names := slices.Sorted(maps.Keys(roots))
	refused = append(refused, demand(len(names) == 1, "the archive has the folders %q, and must have one, named by the plugin's id", names))
	if err := errors.Join(refused...); err != nil {
		return "", err
	}
	return names[0], nil
}

// entry is about what kind of file it is.
func entry(file *zip.File, name string) error {
	mode := file.Mode()
	return errors.Join(
		demand(mode.IsDir() || mode.IsRegular(), "%s is a link or a device (%v): pack the file that it leads to", name, mode),
		demand(mode.Perm()&0o444 == 0o444, "%s has the mode %v: everyone has to be able to read it", name, mode))
}

// place is about where a file is, by its path in the plugin's folder.
func place(name string) error {
	var refused []error
	for _, part := range strings.Split(name, "/") {
		why, bad := unwanted[part]
		refused = append(refused,
			demand(!bad, "remove %s: %s", name, why),
			demand(!strings.HasPrefix(part, "."), "remove %s: hidden files are no part of a plugin", name))
	}
	top, _, _ := strings.Cut(name, "/")
	return errors.Join(append(refused,
		demand(top != "dist", "%s: move what is in dist to the plugin's folder", name),
		demand(path.Ext(name) != ".zip", "remove %s: an archive has no place in an archive", name),
		demand(path.Base(name) != "plugin.json" || name == "plugin.json", "remove %s: a data source contains no other plugin", name))...)
}

func below(root string, files []*zip.File) map[string]*zip.File {
	found := map[string]*zip.File{}
	for _, file := range files {
		if name, inside := strings.CutPrefix(file.Name, root+"/"); inside {
			found[name] = file
		}
	}
	return found
}
