package flinktest

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"
)

// recordings are what real clusters answered about one job each at one
// moment, by version and state: a gzipped JSON line an answer. A folder of a
// cluster holds its own answers, in files whose names begin with "_". They
// fetched metrics every second.
//
//go:embed all:recordings
var recordings embed.FS

// Moment is what a real cluster answered at one moment: an HTTP handler that
// needs no network, so that it works in a bubble of testing/synctest.
type Moment struct {
	Version, Set string
	// JobID and Name are of the job that was recorded; empty for a cluster.
	JobID, Name string
	answers     map[string]reply
	// metrics holds each metric's answer, by path and id: Flink answers for
	// those that a request names, in any combination.
	metrics map[string]map[string]json.RawMessage
}

// reply is one recorded answer.
type reply struct {
	Path   string          `json:"path"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// Recordings lists every recording as "version/set".
func Recordings(t testing.TB) (names []string) {
	t.Helper()
	paths, err := fs.Glob(recordings, "recordings/*/*.jsonl.gz")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(path, "recordings/"), ".jsonl.gz"))
	}
	return names
}

// Recording reads a recording, such as that of 2.3.0 and "skew". What it does
// not hold of the cluster comes from the recording "_cluster" of its version,
// but for the list of jobs: it tells of the recorded job alone, in the state
// that its own answer says, as no list was recorded at the same moment.
func Recording(t testing.TB, version, set string) *Moment {
	t.Helper()
	m := &Moment{Version: version, Set: set, answers: map[string]reply{}, metrics: map[string]map[string]json.RawMessage{}}
	replies := read(t, version, set)
	if set == "_cluster" || strings.HasPrefix(set, "_cluster-mixed") {
		m.add(t, jobsOf(t, version, replies)...)
	} else {
		m.add(t, read(t, version, "_cluster")...)
		m.answers["/jobs/overview"] = reply{Status: http.StatusOK, Body: listOf(t, replies)}
	}
	m.add(t, replies...)
	if !strings.HasPrefix(set, "_") {
		m.JobID, m.Name, _ = identity(replies)
	}
	return m
}

func read(t testing.TB, version, set string) (replies []reply) {
	t.Helper()
	packed, err := recordings.ReadFile("recordings/" + version + "/" + set + ".jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line reply
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s/%s: %v", version, set, err)
		}
		replies = append(replies, line)
	}
	if err := cmp.Or(lines.Err(), unpacked.Close()); err != nil {
		t.Fatalf("%s/%s: %v", version, set, err)
	}
	return replies
}

// add puts answers in the place of earlier ones of the same path.
func (m *Moment) add(t testing.TB, replies ...reply) {
	t.Helper()
	for _, said := range replies {
		path, _, asked := strings.Cut(said.Path, "?get=")
		if !asked || said.Status != http.StatusOK || m.Set == "_errors" {
			m.answers[said.Path] = said
			continue
		}
		var metrics []json.RawMessage
		decode(t, said.Body, &metrics)
		if m.metrics[path] == nil {
			m.metrics[path] = map[string]json.RawMessage{}
		}
		for _, metric := range metrics {
			var named struct{ ID string }
			decode(t, metric, &named)
			m.metrics[path][named.ID] = metric
		}
	}
}

func decode(t testing.TB, body []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
}
