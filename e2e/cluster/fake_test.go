package cluster

import (
	"os"
	"path/filepath"
	"testing"
)

// project is a Maven project with one source, and stand-ins for java and mvn
// that come first in PATH. What the latter do is a few lines of shell.
func project(t *testing.T, java, mvn string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "pom.xml"), "<project/>", 0o644)
	write(t, filepath.Join(dir, "src", "Job.java"), "class Job {}", 0o644)
	bin := t.TempDir()
	write(t, filepath.Join(bin, "java"), "#!/bin/sh\n"+java+"\n", 0o755)
	write(t, filepath.Join(bin, "mvn"), "#!/bin/sh\n"+mvn+"\n", 0o755)
	t.Setenv("JAVA_HOME", "")
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return dir
}

// maven logs its arguments, and makes the directory that it builds into.
const maven = `
echo "$@" >> $(dirname "$0")/mvn.log
for argument; do
  case $argument in
    -f) ;;
    *pom.xml) dir=$(dirname "$argument") ;;
    -Dflink.version=*) mkdir -p "$dir/target/${argument#*=}" ;;
  esac
done`

// flink announces an address and runs until its standard input ends.
const flink = `
echo "starting $@"
echo FLINK_URL=http://127.0.0.1:8081
cat > /dev/null`

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}
