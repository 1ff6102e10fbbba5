//go:build mage

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/build"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
	"github.com/magefile/mage/target"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/browser"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/cluster"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
	"github.com/flinkscope/flinkscope-flink-datasource/e2e/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/accuracy"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/demo"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/release"
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

// Backend makes the backend for this machine: dist/gpx_flink_<os>_<arch>.
func Backend() error {
	return build.Build{}.Custom(runtime.GOOS, runtime.GOARCH)
}

// Frontend makes module.js and all that lies beside it in dist, after npm ci
// where the packages are not those of package-lock.json.
func Frontend() error {
	mg.Deps(packages)
	return npm("run", "build")
}

// Build makes the whole dist: module.js, the backends for all machines that
// Grafana runs on, logo, dashboards and documents.
func Build() {
	mg.SerialDeps(Frontend, BuildAll)
}

// BuildAll makes the backends for all machines that Grafana runs on. The catalogue
// builds with it.
func BuildAll() { build.BuildAll() }

// Coverage writes how much of the backend its unit tests run into the folder coverage.
func Coverage() error { return build.Coverage() }

// Package makes the zip that Grafana takes, with the backends for all machines,
// and checks whether its catalogue would refuse it.
func Package() error {
	mg.Deps(Build)
	path, err := release.Make("dist", ".", ".")
	if err == nil {
		fmt.Println(path)
	}
	return err
}

// Demo prints what the plugin answers about the cluster at FLINK_URL, a Flink of
// FLINK_VERSION that is started with FLINK_JOB, or else a simulated one;
// DEMO_FORMAT=json prints one JSON object.
func Demo(ctx context.Context) error {
	mg.Deps(Backend)
	options, err := demo.FromEnvironment(host.Executable("dist"))
	if err != nil {
		return err
	}
	return demo.Run(ctx, options)
}

// Test runs the unit tests of the backend.
func Test() error { return run(unitTests()) }

// unitTests are those of all packages, side by side. Those of pkg/plugin take as long as
// all others together, and are two halves, by their names.
func unitTests() []step {
	const half = "^Test[A-M]"
	return []step{
		{name: "test", do: tested},
		{name: "test pkg/plugin", do: raced("-run", half, "./pkg/plugin"), beside: true},
		{name: "test the rest of pkg/plugin", do: raced("-skip", half, "./pkg/plugin"), beside: true},
		{name: "test without the race detector", do: unraced, beside: true},
	}
}

// tested runs the tests of all packages but pkg/plugin.
func tested(out io.Writer) error {
	listed, err := sh.Output("go", "list", "./pkg/...")
	if err != nil {
		return err
	}
	packages := slices.DeleteFunc(strings.Fields(listed), func(path string) bool { return strings.HasSuffix(path, "/pkg/plugin") })
	if err := raced(packages...)(out); err != nil {
		return err
	}
	return command(out, "go", "test", "./internal/...", "./e2e/...") // no part of the plugin, and tests that compute for long
}

// raced runs tests under the race detector.
func raced(which ...string) func(io.Writer) error {
	return func(out io.Writer) error { return command(out, "go", append([]string{"test", "-race"}, which...)...) }
}

// command runs a command with its output there.
func command(out io.Writer, name string, arguments ...string) error {
	_, err := sh.Exec(nil, out, out, name, arguments...)
	return err
}

// Bench measures times, as ratios within one run, and asserts them: what a query
// costs beside what it cannot do without, every view, and how fast the editor is. It
// writes docs/performance.md. A machine that is slow or busy may fail it.
func Bench() error {
	mg.Deps(Backend)
	folder, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "figures")
	measure := func(packages string, arguments ...string) error {
		all := append([]string{"test", "-tags", "bench", "-count=1", "-v", "-p", "1", "-timeout", "30m"}, arguments...)
		return sh.RunWithV(figures.Environment(file), "go", append(all, packages)...)
	}
	failed := errors.Join(measure("./e2e/performance"), measure("./pkg/...", "-run", "Ratio"))
	return errors.Join(failed, figures.Write("docs/performance.md", file, performance, performanceTables, failed),
		sh.RunV("go", "test", "-tags", "bench", "-run", "^$", "-bench", ".", "-benchmem", "./pkg/...", "./internal/..."),
		run([]step{{name: "browser", do: timedBrowser, missing: browser.Available()}}))
}

// Soak puts the built plugin under the load of SOAK_VIEWERS viewers (200) with ten
// panels each and 50 alert rules for SOAK_MINUTES (10), and then sends 200 queries of all
// types at once for SOAK_ATTACK_SECONDS (60). It prints how long queries took, the
// requests to Flink, memory, and what was busy: docs/reliability.md keeps the figures.
func Soak() error {
	mg.Deps(Backend)
	return sh.RunV("go", "test", "-tags", "bench", "-count=1", "-v", "-timeout", "2h", "./e2e/soak")
}

// performance opens the page on it.
const performance = "What a query costs, compared with the cost of its requests or of encoding its answer alone, in one run of `go tool mage bench`, which writes this page. " +
	"Both are measured alternately in one run; the tables have the shortest of several times, because other work on the machine can only make them longer. A figure beside its bar with ✗ did not meet it. " +
	"Prepared answers are those of a Flink with one job, a chain of tasks, served by a process of their own from bytes that were made beforehand. " +
	"`go tool mage check` asserts what does not depend on the machine: allocations and bytes a subtask, and requests."

// performanceTables are the tables of the page.
var performanceTables = []figures.Table{
	{
		Heading: "A cold query", Text: "A query `bottlenecks` that polls, against a bare client that sends the same requests, 8 at once, and discards the answers. CPU is that of the client's process; in the row of a real Flink it includes the proxy that counts the requests.",
		Columns: []string{"tasks × subtasks", "requests", "bare", "CPU", "query", "CPU", "ratio of the times", "bar"},
	},
	{
		Heading: "Bytes to samples", Text: "From the bytes of the answer about a task to the samples of its subtasks, against `encoding/json` into the same structs.",
		Columns: []string{"subtasks", "answer", "`encoding/json`", "the plugin", "times as fast (≥ 6 from 1,000 on)"},
	},
	{
		Heading: "A verdict", Text: "The verdict on a snapshot, against decoding the answers that it is made from. It is made once a snapshot.",
		Columns: []string{"tasks × subtasks", "decoding", "verdict", "ratio (≤ 0.1)"},
	},
	{
		Heading: "A warm query", Text: "A query for what was polled before, through the built plugin over gRPC, until its answer has arrived; against encoding the finished frame to Arrow alone, and against a plugin on the same SDK that does nothing but return the finished frame: what that takes beside the encoding is gRPC and the SDK. Bars: 1.7 × the encoding for `subtasks` and `measure` by subtask at 10,000; 1 ms for `tasks`, `bottlenecks` and `nodeGraph` of 100 tasks of up to 100 subtasks.",
		Columns: []string{"subtasks", "query", "encoding", "plugin with the finished frame", "this plugin", "of the encoding", "of that plugin"},
	},
	{
		Heading: "A generic JSON data source", Text: "A dashboard of ten panels on a job of 100 × 100, refreshed once: by a data source that decodes the answer about each task and selects columns with jq, for the subtasks of all tasks in each panel; and by ten different panels of this plugin.",
		Columns: []string{"", "requests", "CPU", "time"},
	},
	{
		Heading: "Requests of a dashboard", Text: "Requests to Flink in a minute of a dashboard of ten panels on a job of ten tasks, refreshed every 5 s, at a moment of each viewer's own. An answer is shared for 2 s.",
		Columns: []string{"viewers", "queries", "requests to Flink"},
	},
	{
		Heading: "Growth", Text: "A query that polls a job of ten tasks, what is kept of the job, its snapshot included, and the part of a core that sampling it every 10 s takes.",
		Columns: []string{"subtasks", "time", "CPU", "of the bare requests (≤ 3 at 100,000)", "kept", "of a core (≤ 5 % at 100,000)"},
	},
	{
		Heading: "An hour of sampling", Text: "360 polls, as the sampler makes them in an hour, one after another, and what the history and the job then hold.",
		Columns: []string{"tasks × subtasks", "CPU", "of a core", "kept"},
	},
	{
		Heading: "The process", Text: "The built plugin, started as Grafana starts it.",
		Columns: []string{"", "measured", "bar"},
	},
}

// Accuracy judges the verdict on random jobs against what truly holds them back:
// ACCURACY_JOBS of them (10,000), which follow from ACCURACY_SEED (a hash of the
// commit). It writes docs/accuracy.md, and fails if a bar is not met.
func Accuracy(ctx context.Context) error {
	commit, err := sh.Output("git", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	report, err := judged(ctx, os.Stdout, cmp.Or(os.Getenv("ACCURACY_SEED"), fmt.Sprint(accuracy.SeedOf(commit))), cmp.Or(os.Getenv("ACCURACY_JOBS"), "10000"))
	if err != nil {
		return err
	}
	return errors.Join(report.Missed(), report.Write("docs/accuracy.md"))
}

// judged prints how often the verdict was right.
func judged(ctx context.Context, out io.Writer, seed, jobs string) (*accuracy.Report, error) {
	from, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("ACCURACY_SEED: %w", err)
	}
	count, err := strconv.Atoi(jobs)
	if err != nil {
		return nil, fmt.Errorf("ACCURACY_JOBS: %w", err)
	}
	report, err := accuracy.Run(ctx, from, accuracy.Full(count))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%s\n%s\n%s\n", report, report.Misses(), report.Took.Round(time.Second))
	return report, nil
}

// accurate judges a thousand jobs, the same ones each time.
func accurate(out io.Writer) error {
	report, err := judged(context.Background(), out, "1", "1000")
	if err != nil {
		return err
	}
	return report.Missed()
}

// Scaling judges recommended parallelisms and predictions on random jobs that are run
// again with them: SCALING_JOBS of them (1,000), which follow from SCALING_SEED (a hash
// of the commit). It writes docs/scaling.md, and fails if a bar is not met.
func Scaling(ctx context.Context) error {
	commit, err := sh.Output("git", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	report, err := judgedScaling(ctx, os.Stdout, cmp.Or(os.Getenv("SCALING_SEED"), fmt.Sprint(accuracy.SeedOf(commit))), cmp.Or(os.Getenv("SCALING_JOBS"), "1000"))
	if err != nil {
		return err
	}
	return errors.Join(report.Missed(accuracy.ScalingBar), report.Write("docs/scaling.md"))
}

// judgedScaling prints how often recommendations and predictions were right.
func judgedScaling(ctx context.Context, out io.Writer, seed, jobs string) (*accuracy.ScalingReport, error) {
	from, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("SCALING_SEED: %w", err)
	}
	count, err := strconv.Atoi(jobs)
	if err != nil {
		return nil, fmt.Errorf("SCALING_JOBS: %w", err)
	}
	report, err := accuracy.RunScaling(ctx, from, count)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%s\n%s\n%s\n", report, report.Misses(), report.Took.Round(time.Second))
	return report, nil
}

// scaled judges 230 jobs, the same ones each time.
func scaled(out io.Writer) error {
	report, err := judgedScaling(context.Background(), out, "1", "230")
	if err != nil {
		return err
	}
	return report.Missed(accuracy.ScalingFloor)
}

// timed is the tag of the browser tests that measure times.
const timed = "@bench"

// timedBrowser measures how fast the editor is.
func timedBrowser(out io.Writer) error {
	mg.Deps(Frontend, Backend)
	return command(out, "npm", "run", "e2e", "--", "--grep", timed, "--workers", "1")
}

// unraced runs the tests that are not for the race detector: how much memory is held, in
// bytes of the heap, and those that call raced.Skip. One package at a time, as memory is
// measured.
func unraced(out io.Writer) error {
	calls, err := sh.Output("git", "grep", "--untracked", "-h", "-p", `raced\.Skip(t)`, "--", "pkg")
	if err != nil {
		return err
	}
	names := "Memory"
	for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllStringSubmatch(calls, -1) {
		names += "|^" + found[1] + "$"
	}
	return command(out, "go", "test", "-count=1", "-v", "-p", "1", "-run", names, "./pkg/...")
}

// fuzzTests are all fuzz tests, by package, with how often the check runs each: about as
// often as a core does in ten seconds, beside what they begin with.
var fuzzTests = []struct {
	folder, name string
	runs         int
}{
	{"pkg/flink", "FuzzDecoder", 20_000},
	{"pkg/flink", "FuzzEndpoints", 4000},
	{"pkg/query", "FuzzParse", 10_000},
	{"pkg/history/prometheus", "FuzzPrometheusAnswers", 3000},
	{"pkg/diagnosis", "FuzzDiagnose", 10_000},
	{"pkg/diagnosis", "FuzzTaskManagerLoads", 20_000},
	{"pkg/plugin", "FuzzSettings", 1000},
	{"pkg/plugin", "FuzzAnswers", 300},
	{"pkg/plugin", "FuzzNothingTypedReachesFlink", 1000},
}

// Fuzz runs each fuzz test for FUZZ_TIME (5m), one after another, on one core. What it
// finds it writes to the folder testdata of its package, where each test reads it from
// then on.
func Fuzz() error {
	for _, each := range fuzzTests {
		if err := fuzz(os.Stdout, each.folder, each.name, cmp.Or(os.Getenv("FUZZ_TIME"), "5m"), ""); err != nil {
			return err
		}
	}
	return nil
}

// fuzzed runs each a number of times, which is the same on any machine: what earlier runs
// have kept in Go's cache beside testdata is not begun with.
func fuzzed(out io.Writer) error {
	found, err := sh.Output("git", "grep", "-h", "-o", "^func Fuzz[A-Za-z]*", "--", "*_test.go")
	if err != nil {
		return err
	}
	if names := strings.Split(found, "\n"); len(names) != len(fuzzTests) {
		return fmt.Errorf("fuzzTests in Magefile.go has %d fuzz tests, and there are %d: %s", len(fuzzTests), len(names), strings.Join(names, ", "))
	}
	cache, err := os.MkdirTemp("", "fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	for _, each := range fuzzTests {
		if err := fuzz(out, each.folder, each.name, fmt.Sprintf("%dx", each.runs), cache); err != nil {
			return err
		}
	}
	return nil
}

// fuzz runs one fuzz test, and keeps inputs of interest in that folder, by default in Go's
// cache. It makes them shorter a few times only: by default that takes up to a minute for
// each.
func fuzz(out io.Writer, folder, name, time, cache string) error {
	arguments := []string{"test", "./" + folder, "-run", "^$", "-fuzz", "^" + name + "$", "-fuzztime", time, "-fuzzminimizetime", "20x", "-parallel", "1"}
	if cache != "" {
		arguments = append(arguments, "-args", "-test.fuzzcachedir="+filepath.Join(cache, name))
	}
	return command(out, "go", arguments...)
}

// Aliases let check be a target beside its namespace.
var Aliases = map[string]any{"check": Check.All}

// Check is what a change has to pass.
type Check mg.Namespace

// All (as check, too) runs all that a change has to pass, in a browser and on
// real Flinks too. It names what it skips where something is missing; with
// CI=true nothing is skipped. It asserts counts and bytes, no times: those are
// for bench.
func (Check) All() error { return run(steps()) }

// Full does the same, and what takes longer: the frontend in the oldest
// Grafana that plugin.json promises, a bottleneck that moves and jobs that are
// easily mistaken on real Flinks, and a real Prometheus beside one.
func (Check) Full() error {
	return run(append(steps(),
		step{name: "browser, Grafana 10.4", do: oldBrowser, missing: browser.Available()},
		step{name: "the past of a real Flink", do: tagged("-run", slow, "./e2e"), missing: errors.Join(cluster.Available(), prometheus.Available())}))
}

// slow are the tests that sample a real Flink for minutes, or several Flinks each.
const slow = "Alternating|Checkpoints|Faults|HardCases|HotMethod|Lags|Prometheus|Recommended|TaskManagers"

// steps are those of the check; the tests on a real Flink come last, so that
// the output ends with their outcome.
func steps() []step {
	node, page, flink := browser.Node(), browser.Available(), cluster.Available()
	front := []step{
		{name: "formatting", do: formatting},
		{name: "vet", do: vet},
		{name: "staticcheck", do: staticcheck},
		{name: "types", do: script("typecheck"), missing: node},
		{name: "lint", do: script("lint"), missing: node},
		{name: "unit tests of the frontend", do: script("test:ci"), missing: node},
		{name: "build", do: builds(node)},
	}
	return append(append(front, unitTests()...), []step{
		{name: "fuzzing", do: fuzzed, beside: true},
		{name: "accuracy", do: accurate},
		{name: "scaling", do: scaled},
		{name: "archive", do: archive, missing: node},
		{name: "browser", do: script("e2e", "--grep-invert", timed), missing: page},
		{name: "real Flink", do: tagged("-skip", slow, "./e2e", "./e2e/compose"), missing: flink, beside: true}, // which waits for most of its time
	}...)
}

// matrixVersions are the last patch releases of every minor version.
const matrixVersions = "1.13.6,1.14.6,1.15.4,1.16.3,1.17.2,1.18.1,1.19.3,1.20.5,2.0.2,2.1.3,2.2.1,2.3.0"

// Pictures takes the pictures of docs/pictures, with the built plugin before a simulated
// cluster: each dashboard, the job graph, a bottleneck that moves, a flame graph, Explore,
// Save & test, the editors and what a rule evaluates, in both themes. Those named real are
// of a real Flink with a slow task. The catalogue's, in src/img, are the same files.
func Pictures(ctx context.Context) error {
	mg.Deps(Frontend, Backend)
	flink, err := cluster.Start(ctx, filepath.Join("e2e", "flink"), cluster.Newest, "bottleneck")
	if err != nil {
		return err
	}
	defer flink.Close()
	return sh.RunWithV(map[string]string{"PICTURES": "docs/pictures", "PICTURES_FLINK": flink.URL()}, "npm", "run", "e2e", "--", "pictures.spec.ts", "realflink.spec.ts", "screenshots.spec.ts")
}

// Matrix runs the tests on real Flinks of every minor version and writes
// docs/flink-versions.md.
func Matrix() error {
	mg.Deps(Backend)
	environment := map[string]string{"FLINK_VERSIONS": matrixVersions, "FLINK_VERSIONS_REPORT": "../docs/flink-versions.md"}
	if err := os.MkdirAll("docs", 0o755); err != nil {
		return err
	}
	return sh.RunWithV(environment, "go", "test", "-tags", "e2e", "-count=1", "-v", "-timeout", "40m", "-run", "TestRealFlink", "./e2e")
}

// Timeline samples a bottleneck that moves on a real Flink for minutes and writes
// docs/timeline.md.
func Timeline() error {
	mg.Deps(Backend)
	environment := map[string]string{"TIMELINE_REPORT": "../docs/timeline.md", "FLINK_VERSIONS": cluster.Newest}
	return sh.RunWithV(environment, "go", "test", "-tags", "e2e", "-count=1", "-v", "-timeout", "20m", "-run", "Alternating", "./e2e")
}

// step is a part of the check, which writes its output where it is given.
type step struct {
	name string
	do   func(out io.Writer) error
	// missing is what it needs and this machine lacks.
	missing error
	// beside is set where it runs beside the step before it.
	beside bool
}

// run does the steps in order, up to the first that fails; those that are beside another
// run with it, and their output follows that of the other. After the last it prints
// nothing, so that the output ends with the outcome of the tests: with the end of what a
// step wrote that failed, where others follow it.
func run(steps []step) error {
	for len(steps) > 0 {
		side := 1
		for side < len(steps) && steps[side].beside {
			side++
		}
		outcomes := make([]func() (string, error), side)
		for i, step := range steps[:side] {
			outcomes[i] = start(step, i == 0)
		}
		var failed error
		for i, outcome := range outcomes {
			begin := time.Now()
			fmt.Printf("== %s\n", steps[i].name)
			written, err := outcome()
			if err != nil {
				err = fmt.Errorf("%s: %w", steps[i].name, err)
				if i < side-1 {
					err = fmt.Errorf("%w\n%s", err, written)
				}
				failed = errors.Join(failed, err)
			}
			if i < len(steps)-1 {
				fmt.Printf("   %s\n", time.Since(begin).Round(time.Millisecond))
			}
		}
		if failed != nil {
			return failed
		}
		steps = steps[side:]
	}
	return nil
}

// start begins a step, and returns what waits for its end, and prints what it wrote,
// unless that was printed at once. It returns the end of that.
func start(step step, atOnce bool) (wait func() (string, error)) {
	switch {
	case step.missing != nil && os.Getenv("CI") == "true":
		return func() (string, error) { return "", step.missing }
	case step.missing != nil:
		return func() (string, error) {
			fmt.Printf("   skipped, as %v.\n", step.missing)
			return "", nil
		}
	case atOnce:
		return func() (string, error) {
			var written bytes.Buffer
			err := step.do(io.MultiWriter(os.Stdout, &written))
			return end(written.String()), err
		}
	}
	var written bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- step.do(&written) }()
	return func() (string, error) {
		err := <-ended
		fmt.Print(written.String())
		return end(written.String()), err
	}
}

// end is the last lines of what a step wrote, or some from its first failed test on.
func end(written string) string {
	lines := strings.Split(strings.TrimSpace(written), "\n")
	first := max(0, len(lines)-150)
	if failed := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "--- FAIL") }); failed >= 0 {
		first = min(first, max(0, failed-50))
	}
	return strings.Join(lines[first:min(len(lines), first+150)], "\n")
}

// builds is dist with the backend for this machine, or where there is no Node.js
// that backend alone.
func builds(noNode error) func(io.Writer) error {
	return func(io.Writer) error {
		if noNode == nil {
			mg.Deps(Frontend)
		}
		mg.Deps(Backend)
		return nil
	}
}

// archive checks whether Grafana's catalogue would refuse dist, by an archive for
// this machine alone that is not kept.
func archive(io.Writer) error {
	folder, err := os.MkdirTemp("", "archive-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	_, err = release.MakeFor(release.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}, "dist", ".", folder)
	return err
}

// oldBrowser opens the built frontend among the packages of Grafana 10.4.
func oldBrowser(out io.Writer) error {
	err := command(out, "npm", "ci", "--prefix", "e2e/browser/grafana-10", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund")
	if err != nil {
		return err
	}
	_, err = sh.Exec(map[string]string{"GRAFANA_UI": "10.4"}, out, out, "npm", "run", "e2e", "--", "--grep-invert", timed)
	return err
}

// packages installs what package-lock.json names, unless it is there.
func packages() error {
	newer, err := target.Path("node_modules/.package-lock.json", "package-lock.json")
	if err != nil || !newer {
		return err
	}
	return npm("ci", "--no-audit", "--no-fund")
}

// script runs one of package.json's, with arguments.
func script(name string, arguments ...string) func(io.Writer) error {
	return func(out io.Writer) error {
		mg.Deps(packages)
		return command(out, "npm", append([]string{"run", name, "--"}, arguments...)...)
	}
}

func npm(arguments ...string) error { return sh.RunV("npm", arguments...) }

// tagged runs the tests that need the built plugin.
func tagged(which ...string) func(io.Writer) error {
	arguments := append([]string{"test", "-tags", "e2e", "-count=1", "-v", "-parallel", "4", "-timeout", "60m"}, which...) // those side by side mostly wait
	return func(out io.Writer) error { return command(out, "go", arguments...) }
}

// formatting checks what git tracks, and new files that it would.
func formatting(io.Writer) error {
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

// tags are those of all files of this repository but the plain ones: what is
// built with all of them is built once.
const tags = "mage,e2e,bench"

func vet(out io.Writer) error { return command(out, "go", "vet", "-tags", tags, "./...") }

func staticcheck(out io.Writer) error {
	return command(out, "go", "tool", "staticcheck", "-tags", tags, "./...")
}
