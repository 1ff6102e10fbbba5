package release

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folders are the fixture on a disk, before it is packed: nothing is
// executable yet.
func (f *fixture) folders(t *testing.T) (dist, source string) {
	t.Helper()
	dist, source = t.TempDir(), t.TempDir()
	for _, file := range f.files {
		save(t, filepath.Join(dist, strings.TrimPrefix(file.path, id)), file.content)
	}
	for name, file := range f.source {
		save(t, filepath.Join(source, name), string(file.Data))
	}
	return dist, source
}

func save(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPacked(t *testing.T) {
	f := valid()
	dist, _ := f.folders(t)
	save(t, filepath.Join(dist, ".DS_Store"), "x")
	save(t, filepath.Join(dist, ".cache", "a"), "x")
	var content bytes.Buffer
	if err := write(&content, dist, Platforms()); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(content.Bytes()), int64(content.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, file := range archive.File {
		got = append(got, file.Mode().String()+" "+file.Name)
	}
	for _, file := range f.files {
		want = append(want, file.mode.String()+" "+file.path)
	}
	if !slices.Equal(got, want) {
		t.Errorf("packed are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOneDistMakesOneArchive(t *testing.T) {
	var first, second bytes.Buffer
	for _, w := range []*bytes.Buffer{&first, &second} {
		dist, _ := valid().folders(t)
		if err := write(w, dist, Platforms()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two archives of one dist differ")
	}
}

func TestALinkIsReplacedByItsFile(t *testing.T) {
	dist, source := valid().folders(t)
	elsewhere := filepath.Join(t.TempDir(), "plugin.json")
	inside := filepath.Join(dist, "plugin.json")
	if err := os.Rename(inside, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, inside); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(dist, source, t.TempDir()); err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBePacked(t *testing.T) {
	for want, spoil := range map[string]func(dist string) error{
		"build it with go tool mage build": func(dist string) error { return os.Remove(filepath.Join(dist, "plugin.json")) },
		"img2 is not a file":               func(dist string) error { return os.Symlink("img", filepath.Join(dist, "img2")) },
		"no such file":                     func(dist string) error { return os.Symlink("nowhere", filepath.Join(dist, "a.js")) },
	} {
		dist, _ := valid().folders(t)
		if err := spoil(dist); err != nil {
			t.Fatal(err)
		}
		if err := write(&bytes.Buffer{}, dist, Platforms()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestMake(t *testing.T) {
	dist, source := valid().folders(t)
	folder := t.TempDir()
	path, err := Make(dist, source, folder)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(folder, "acme-pipes-datasource-1.2.3.zip"); path != want {
		t.Errorf("made %s, want %s", path, want)
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if err := check(&archive.Reader, os.DirFS(source), Platforms()); err != nil {
		t.Error(err)
	}
}

// The archive for one platform needs the backend of no other, and packs none.
func TestMakeForOnePlatform(t *testing.T) {
	f := valid()
	for _, platform := range []string{"darwin_amd64", "darwin_arm64", "linux_arm", "windows_amd64.exe"} {
		remove("gpx_pipes_"+platform)(t, f)
	}
	dist, source := f.folders(t)
	folder := t.TempDir()
	path, err := MakeFor(Platform{"linux", "amd64"}, dist, source, folder)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(folder, "acme-pipes-datasource-1.2.3.linux_amd64.zip"); path != want {
		t.Errorf("made %s, want %s", path, want)
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var backends []string
	for _, file := range archive.File {
		if strings.Contains(file.Name, "gpx_") {
			backends = append(backends, file.Name)
		}
	}
	if want := []string{"acme-pipes-datasource/gpx_pipes_linux_amd64"}; !slices.Equal(backends, want) {
		t.Errorf("packed are %q, want %q", backends, want)
	}
	if _, err := MakeFor(Platform{"linux", "arm"}, dist, source, folder); err == nil || !strings.Contains(err.Error(), "gpx_pipes_linux_arm is missing") {
		t.Errorf("got %v", err)
	}
	if _, err := Make(dist, source, folder); err == nil || strings.Count(err.Error(), "is missing") != 4 {
		t.Errorf("want four missing backends, got %v", err)
	}
}

func TestMakeLeavesNothingThatWouldBeRefused(t *testing.T) {
	f := valid()
	remove("LICENSE")(t, f)
	dist, source := f.folders(t)
	folder := t.TempDir()
	if _, err := Make(dist, source, folder); err == nil || !strings.Contains(err.Error(), "LICENSE is not") {
		t.Errorf("got %v", err)
	}
	if left, err := fs.Glob(os.DirFS(folder), "*"); err != nil || len(left) > 0 {
		t.Errorf("left are %v (%v)", left, err)
	}
}
