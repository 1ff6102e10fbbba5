package release

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// contained is a plugin in an archive, and the sources it was built from.
type contained struct {
	fs.FS  // below the root folder
	root   string
	files  map[string]*zip.File // by their paths in FS
	plugin Plugin
	source fs.FS
	// platforms are those that it must have a backend for.
	platforms []Platform
}

// text is empty for a file that is missing: the demands on its content then
// name it.
func (c *contained) text(name string) string {
	content, _ := fs.ReadFile(c, name)
	return strings.TrimSpace(string(content))
}

var checks = []func(*contained) error{
	identity, version, description, links, dependency, logos, screenshots, drawings,
	includes, documents, backends, module, sourceMap, buildManifest, backendSources, standardBuild,
}

// check returns a sentence for everything that the catalogue would refuse the
// archive for, as far as the archive and the folder that dist was built from
// show it. If its layout or plugin.json is broken, the rest is not checked.
func check(archive *zip.Reader, source fs.FS, platforms []Platform) error {
	root, err := layout(archive.File)
	if err != nil {
		return err
	}
	inside, err := fs.Sub(archive, root)
	if err != nil {
		return err
	}
	c := &contained{FS: inside, root: root, files: below(root, archive.File), source: source, platforms: platforms}
	if c.plugin, err = Read(inside); err != nil {
		return err
	}
	var refused []error
	for _, check := range checks {
		refused = append(refused, check(c))
	}
	return errors.Join(refused...)
}

// demand is an error with that sentence unless ok.
func demand(ok bool, format string, arguments ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, arguments...)
}
