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

// Demo shows what the plugin says of the cluster at FLINK_URL, or of a Flink
// of FLINK_VERSION that is started with FLINK_JOB; DEMO_FORMAT=json prints
// one JSON object.
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

// Check runs all that a change has to pass, on real Flinks too; with CI=true
// nothing is skipped.
func Check() error {
	missing := cluster.Available()
	if missing != nil && os.Getenv("CI") == "true" {
		return missing
	}
	steps := []step{{"formatting", formatting}, {"vet", vet}, {"staticcheck", staticcheck}, {"build", Build}, {"test", Test}}
	if missing == nil {
		steps = append(steps, step{"real Flink", realFlink})
	} else {
		fmt.Printf("Skipping the tests on a real Flink: %v.\n", missing)
	}
	return run(steps)
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
