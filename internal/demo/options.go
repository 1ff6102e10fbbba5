package demo

import (
	"fmt"
	"io"
	"os"
)

// Options say which plugin to show, on which cluster, and how.
type Options struct {
	// Executable is the built backend.
	Executable string
	// Project is the Maven project of the real Flink, e2e/flink.
	Project string
	// URL is the REST API of a cluster that runs; empty to start one.
	URL string
	// Version of Flink to start; empty for a simulated cluster.
	Version string
	// Job is the one to look at, or to start. Empty means all jobs of the
	// cluster at URL, and the job bottleneck in one that is started.
	Job string
	// JSON prints one JSON object instead of text.
	JSON bool
	// Colour paints the text with 24-bit ANSI colours.
	Colour bool
	// Stdout gets the answers, Stderr the progress and the plugin's complaints.
	Stdout, Stderr io.Writer
}

// FromEnvironment reads FLINK_URL, FLINK_VERSION, FLINK_JOB, DEMO_FORMAT and
// NO_COLOR for a demo of the executable, in the repository's top directory.
func FromEnvironment(executable string) (Options, error) {
	o := Options{
		Executable: executable,
		Project:    "e2e/flink",
		URL:        os.Getenv("FLINK_URL"),
		Version:    os.Getenv("FLINK_VERSION"),
		Job:        os.Getenv("FLINK_JOB"),
		Colour:     os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && terminal(os.Stdout),
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
	}
	switch format := os.Getenv("DEMO_FORMAT"); format {
	case "", "text":
	case "json":
		o.JSON = true
	default:
		return o, fmt.Errorf("DEMO_FORMAT is %q: choose text or json", format)
	}
	return o, nil
}

func terminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
