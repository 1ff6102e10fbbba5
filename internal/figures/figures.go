// Package figures keeps what tests of costs have measured, and writes the page about
// it: docs/performance.md. A run of tests is several processes, which add to one
// file.
package figures

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// fileKey is the environment's variable that names the file; without it, figures are
// logged and not kept.
const fileKey = "FIGURES"

// row is one line of a table.
type row struct {
	Table string
	Cells []string
}

// Add logs a line of a table and keeps it.
func Add(t testing.TB, table string, cells ...string) {
	t.Helper()
	t.Log(table + ": " + strings.Join(cells, " | "))
	path := os.Getenv(fileKey)
	if path == "" {
		return
	}
	line, err := json.Marshal(row{table, cells})
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// Environment is what tests need to keep their figures in the file.
func Environment(file string) map[string]string { return map[string]string{fileKey: file} }

// Table is one of the page's: the heading by which tests add to it, an explanation,
// and the names of its columns.
type Table struct {
	Heading, Text string
	Columns       []string
}

// Write writes the page from the file, with what the run did not meet. A table without
// figures is left out; figures without a table are an error.
func Write(page, file, introduction string, tables []Table, failed error) error {
	rows, err := read(file)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if !slices.ContainsFunc(tables, func(t Table) bool { return t.Heading == r.Table }) {
			return fmt.Errorf("there are figures of %q, which is no table of %s", r.Table, page)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "# Performance\n\n%s\n\nMeasured on %s: %s, %d cores, %s, %s.\n", introduction, time.Now().UTC().Format(time.DateOnly), processor(), runtime.NumCPU(), memory(), runtime.Version())
	if failed != nil {
		text.WriteString("\n**Not every bar was met in this run**: those that were not are marked.\n")
	}
	for _, table := range tables {
		own := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Table != table.Heading })
		if len(own) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n## %s\n\n%s\n\n| %s |\n|%s\n", table.Heading, table.Text, strings.Join(table.Columns, " | "), strings.Repeat("---|", len(table.Columns)))
		for _, r := range own {
			fmt.Fprintf(&text, "| %s |\n", strings.Join(r.Cells, " | "))
		}
	}
	return os.WriteFile(page, []byte(text.String()), 0o644)
}

func read(path string) (rows []row, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// processor is the model of this machine's, as Linux has it.
func processor() string { return found("/proc/cpuinfo", "model name", runtime.GOARCH) }

// memory is how much this machine has.
func memory() string {
	var kib int
	if _, err := fmt.Sscanf(found("/proc/meminfo", "MemTotal", ""), "%d kB", &kib); err != nil {
		return "memory unknown"
	}
	return fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
}

// found is the value of the first line of that name in a file of Linux'.
func found(path, name, otherwise string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return otherwise
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}
