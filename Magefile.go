//go:build mage

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/build"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/demo"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

func init() {
	err := build.SetBeforeBuildCallback(func(config build.Config) (build.Config, error) {
		config.PluginJSONPath = "."
		return config, nil
	})
	if err != nil {
		panic(err)
	}
}

// Build makes the backend for this machine: dist/gpx_flink_<os>_<arch>.
func Build() error {
	return build.Build{}.Custom(runtime.GOOS, runtime.GOARCH)
}

// BuildAll makes the backend for all machines that Grafana runs on.
func BuildAll() {
	build.BuildAll()
}

// Demo shows what the plugin says of the cluster at FLINK_URL, of a Flink of
// FLINK_VERSION that is started with FLINK_JOB, or else of a simulated one;
// DEMO_FORMAT=json prints one JSON object.
func Demo(ctx context.Context) error {
	mg.Deps(Build)
	options, err := demo.FromEnvironment(host.Executable("dist"))
	if err != nil {
		return err
	}
	return demo.Run(ctx, options)
}

// Test runs the unit tests.
func Test() error {
	return sh.RunV("go", "test", "-race", "./pkg/...", "./e2e/...")
}

// Bench measures what the bars are about, and the cost of every view.
func Bench() error {
	if err := speed(); err != nil {
		return err
	}
	return sh.RunV("go", "test", "-run", "^$", "-bench", ".", "-benchmem", "./pkg/...")
}

// speed asserts times as ratios within one run, without the race detector.
func speed() error {
	return sh.RunV("go", "test", "-count=1", "-v", "-run", "TestARoundIsAsFastAsItsRequests", "./pkg/look")
}

// Check runs all that a change has to pass, on real Flinks too; with CI=true
// nothing is skipped.
func Check() error {
	missing := cluster.Available()
	if missing != nil && os.Getenv("CI") == "true" {
		return missing
	}
	steps := []step{{"formatting", formatting}, {"vet", vet}, {"staticcheck", staticcheck}, {"build", Build}, {"test", Test}, {"speed", speed}}
	if missing == nil {
		steps = append(steps, step{"real Flink", realFlink})
	} else {
		fmt.Printf("Skipping the tests on a real Flink: %v.\n", missing)
	}
	return run(steps)
}

// matrixVersions are the last patch releases of every minor version.
const matrixVersions = "1.13.6,1.14.6,1.15.4,1.16.3,1.17.2,1.18.1,1.19.3,1.20.5,2.0.2,2.1.3,2.2.1,2.3.0"

// Matrix runs the tests on real Flinks of every minor version and writes
// docs/flink-versions.md.
func Matrix() error {
	mg.Deps(Build)
	environment := map[string]string{"FLINK_VERSIONS": matrixVersions, "FLINK_VERSIONS_REPORT": "../docs/flink-versions.md"}
	if err := os.MkdirAll("docs", 0o755); err != nil {
		return err
	}
	return sh.RunWithV(environment, "go", "test", "-tags", "e2e", "-count=1", "-v", "-timeout", "40m", "-run", "TestRealFlink", "./e2e")
}

// step is a part of the check.
type step struct {
	name string
	do   func() error
}

// run does the steps in order, up to the first that fails. After the last it
// prints nothing, so that the output ends with the verdict of the tests.
func run(steps []step) error {
	for i, step := range steps {
		fmt.Printf("== %s\n", step.name)
		begin := time.Now()
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if i < len(steps)-1 {
			fmt.Printf("   %s\n", time.Since(begin).Round(time.Millisecond))
		}
	}
	return nil
}

// formatting looks at what git tracks, and at new files that it would.
func formatting() error {
	files, err := sh.Output("git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.go")
	if err != nil {
		return err
	}
	wrong, err := sh.Output("gofmt", append([]string{"-l"}, strings.Fields(files)...)...)
	if err != nil {
		return err
	}
	if wrong != "" {
		return errors.New("run gofmt -w on " + strings.Join(strings.Fields(wrong), " "))
	}
	return nil
}

func vet() error {
	return errors.Join(
		sh.RunV("go", "vet", "./..."),
		sh.RunV("go", "vet", "-tags", "mage,e2e", "./..."))
}

func staticcheck() error {
	return errors.Join(
		sh.RunV("go", "tool", "staticcheck", "./..."),
		sh.RunV("go", "tool", "staticcheck", "-tags", "mage,e2e", "./..."))
}

// realFlink needs the built backend.
func realFlink() error {
	return sh.RunV("go", "test", "-tags", "e2e", "-count=1", "-v", "-timeout", "20m", "./e2e/...")
}
