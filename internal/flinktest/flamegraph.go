package flinktest

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"strings"
	"testing"
)

// flameGraphs are flame graphs of real clusters, by version: a gzipped JSON line each. They
// are of a source and of a slow window that sleeps with each record, four subtasks on
// two TaskManagers.
//
//go:embed flamegraphs
var flameGraphs embed.FS

// FlameGraphs are the answers of /jobs/:jid/vertices/:vid/flamegraph, by version, task
// and mode, such as "2.3.0 slow-window FULL", and "2.3.0 source waiting" for the first
// answer, before there are samples.
func FlameGraphs(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := fs.Glob(flameGraphs, "flamegraphs/*.jsonl.gz")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no flame graphs: %v", err)
	}
	answers := map[string][]byte{}
	for _, path := range paths {
		packed, err := flameGraphs.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		version := strings.TrimSuffix(strings.TrimPrefix(path, "flamegraphs/"), ".jsonl.gz")
		for line := range bytes.Lines(unpacked(t, packed)) {
			var recorded struct {
				Name string          `json:"name"`
				Body json.RawMessage `json:"body"`
			}
			if err := json.Unmarshal(line, &recorded); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			answers[version+" "+recorded.Name] = recorded.Body
		}
	}
	return answers
}

func unpacked(t testing.TB, packed []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
