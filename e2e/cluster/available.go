package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// oldestJava is the Java that the jobs are compiled for.
const oldestJava = 11

var javaVersion = regexp.MustCompile(`version "(\d+)`)

// Available returns an error that names what this machine lacks to start a real
// Flink: Java 11 or later, or Maven.
func Available() error {
	output, err := exec.Command(java(), "-version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("a real Flink needs Java %d or later, and there is none: install a JDK, or set JAVA_HOME (%w)", oldestJava, err)
	}
	found := javaVersion.FindSubmatch(output)
	if found == nil {
		return fmt.Errorf("a real Flink needs Java %d or later, and `%s -version` prints no version", oldestJava, java())
	}
	if major, err := strconv.Atoi(string(found[1])); err != nil || major < oldestJava {
		return fmt.Errorf("a real Flink needs Java %d or later, and `%s` is older: install a newer JDK, or set JAVA_HOME", oldestJava, java())
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return fmt.Errorf("a real Flink needs Maven to be built, and there is none: install it (%w)", err)
	}
	return nil
}

// java is the one that Maven uses too.
func java() string {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return filepath.Join(home, "bin", "java")
	}
	return "java"
}
