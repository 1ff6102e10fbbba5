package cluster

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
)

const buildTimeout = 10 * time.Minute

var versionFormat = regexp.MustCompile(`^(\d+)\.(\d+)\.\d+(-[A-Za-z0-9.]+)?$`)

// building is held by the one that builds: Maven's repository is not made for
// several at the same time.
var building sync.Mutex

// build leaves classes and jars of the version in dir/target.
func build(ctx context.Context, dir, version string) error {
	building.Lock()
	defer building.Unlock()
	numbers := versionFormat.FindStringSubmatch(version)
	if numbers == nil {
		return fmt.Errorf("%q is no version of Flink: give one such as %s", version, Newest)
	}
	// The stamp gets the time from before Maven reads the sources, so that a
	// change while it runs is not missed.
	begin := time.Now()
	stamp := filepath.Join(dir, "target", version, ".built")
	changed, err := newerThan(stamp, dir)
	if err != nil {
		return fmt.Errorf("reading the sources of the jobs: %w", err)
	}
	if !changed {
		return nil
	}
	if err := runMaven(ctx, dir, version, scalaSuffix(numbers[1], numbers[2])); err != nil {
		return err
	}
	if err := os.WriteFile(stamp, nil, 0o644); err != nil {
		return err
	}
	return os.Chtimes(stamp, begin, begin)
}

func runMaven(ctx context.Context, dir, version, suffix string) error {
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	arguments := []string{"-q", "-B", "-Dstyle.color=never", "-f", filepath.Join(dir, "pom.xml"), "-Dflink.version=" + version}
	if suffix != "" {
		arguments = append(arguments, "-Dflink.suffix="+suffix)
	}
	maven := exec.CommandContext(ctx, "mvn", append(arguments, "package")...)
	maven.WaitDelay = closeTimeout
	started, err := process.Start(maven, nil)
	if err != nil {
		return fmt.Errorf("building the jobs for Flink %s with mvn: %w", version, err)
	}
	<-started.Ended()
	if err = started.Err(); ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("building the jobs for Flink %s with mvn: %w%s", version, err, started.Printed())
	}
	return nil
}

// scalaSuffix is what the names of Flink's artifacts end in up to 1.14.
func scalaSuffix(major, minor string) string {
	number, err := strconv.Atoi(minor)
	if major == "1" && err == nil && number <= 14 {
		return "_2.12"
	}
	return ""
}

// newerThan reports whether the pom or a source in dir changed after the stamp,
// or there is no stamp.
func newerThan(stamp, dir string) (bool, error) {
	built, err := os.Stat(stamp)
	if os.IsNotExist(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	changed := false
	check := func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		changed = changed || err == nil && info.ModTime().After(built.ModTime())
		return err
	}
	if err := filepath.WalkDir(filepath.Join(dir, "pom.xml"), check); err != nil {
		return false, err
	}
	return changed, filepath.WalkDir(filepath.Join(dir, "src"), check)
}
