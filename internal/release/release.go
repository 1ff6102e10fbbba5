// Package release makes the archive that Grafana's catalogue takes from a
// finished dist folder, and checks beforehand what the catalogue would refuse.
//
// The archive is unsigned: it has no MANIFEST.txt, which Grafana's sign-plugin
// writes into dist once the plugin is in the catalogue. If dist has one, it is
// packed like any other file. Source maps are part of the archive, because the
// catalogue compares them with the sources.
package release

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Make packs dist into folder/ID-VERSION.zip, with the backends of all platforms
// that Grafana runs on, and returns that path. No file is written if the
// catalogue would refuse the archive. Source is the folder that dist was built
// from.
func Make(dist, source, folder string) (string, error) {
	return makeArchive(dist, source, folder, ".zip", Platforms())
}

// MakeFor is [Make] with the backend of one platform alone, in
// folder/ID-VERSION.OS_ARCH.zip. Backends of others in dist are left out.
func MakeFor(platform Platform, dist, source, folder string) (string, error) {
	if machines[platform] == "" {
		return "", fmt.Errorf("no Grafana runs on %s, only on %v", platform, Platforms())
	}
	return makeArchive(dist, source, folder, "."+platform.String()+".zip", []Platform{platform})
}

func makeArchive(dist, source, folder, ending string, platforms []Platform) (string, error) {
	var content bytes.Buffer
	if err := write(&content, dist, platforms); err != nil {
		return "", err
	}
	archive, err := zip.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()))
	if err != nil {
		return "", err
	}
	if err := check(archive, os.DirFS(source), platforms); err != nil {
		return "", fmt.Errorf("the catalogue would refuse what is in %s:\n%w", dist, err)
	}
	plugin, err := Read(os.DirFS(dist))
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, plugin.ID+"-"+plugin.Info.Version+ending)
	return path, os.WriteFile(path, content.Bytes(), 0o644)
}
