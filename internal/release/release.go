// Package release makes the archive that Grafana's catalogue takes from a
// finished dist folder, and says beforehand what the catalogue would refuse.
//
// The archive is unsigned: it has no MANIFEST.txt, which Grafana's sign-plugin
// writes into dist once the plugin is known to the catalogue. If dist has one,
// it is packed like any other file. Source maps are part of the archive,
// because the catalogue compares them with the sources.
package release

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Make packs dist into folder/ID-VERSION.zip and returns that path. Nothing is
// left there if the catalogue would refuse it. Source is the folder that dist
// was built from.
func Make(dist, source, folder string) (string, error) {
	var content bytes.Buffer
	if err := Write(&content, dist); err != nil {
		return "", err
	}
	archive, err := zip.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()))
	if err != nil {
		return "", err
	}
	if err := Check(archive, os.DirFS(source)); err != nil {
		return "", fmt.Errorf("the catalogue would refuse what is in %s:\n%w", dist, err)
	}
	plugin, err := Read(os.DirFS(dist))
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, plugin.ID+"-"+plugin.Info.Version+".zip")
	return path, os.WriteFile(path, content.Bytes(), 0o644)
}
