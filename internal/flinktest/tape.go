// Package flinktest replays real Flink clusters' answers for tests.
package flinktest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
)

// tapes are answers about real jobs on default settings, requested every 3 s for
// about 200 s: a gzipped JSON line an answer.
//
//go:embed tapes
var tapes embed.FS

// Tape is what a real cluster answered about one job over some minutes.
type Tape struct {
	Version string
	JobID   string
	// Length is from the first answer to the last.
	Length  time.Duration
	answers map[string][]answer
}

// answer is one recorded answer and when it came, from the tape's start.
type answer struct {
	at   time.Duration
	code int
	body []byte
}

// Open reads a tape: a version and a name such as "moved". It fails the test
// if there is none.
func Open(t testing.TB, version, name string) *Tape {
	t.Helper()
	packed, err := tapes.ReadFile("tapes/" + version + "/" + name + ".jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	tape := &Tape{Version: version, answers: map[string][]answer{}}
	if err := tape.read(unpacked); err != nil {
		t.Fatal(err)
	}
	return tape
}

func (t *Tape) read(lines io.Reader) error {
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 16<<20)
	var start int64
	for scanner.Scan() {
		var line struct {
			T      int64           `json:"t"`
			Path   string          `json:"path"`
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			return err
		}
		if start == 0 {
			start, t.JobID = line.T, strings.TrimPrefix(line.Path, "/jobs/")
		}
		t.Length = time.Duration(line.T-start) * time.Millisecond
		t.answers[line.Path] = append(t.answers[line.Path], answer{t.Length, line.Status, line.Body})
	}
	return scanner.Err()
}

// At is the cluster's last answer for a path, that long after the tape's start.
func (t *Tape) At(path string, after time.Duration) (code int, body []byte) {
	answers := t.answers[path]
	next := slices.IndexFunc(answers, func(a answer) bool { return a.at > after })
	switch {
	case len(answers) == 0:
		return http.StatusNotFound, []byte(`{"errors":["Unable to load requested file."]}`)
	case next < 0:
		next = len(answers)
	case next == 0:
		next = 1
	}
	return answers[next-1].code, answers[next-1].body
}

// Client replays the tape from now on as an HTTP client would get it, without
// a network: it works in a bubble of testing/synctest. requested is called with
// the path of each request; it may be nil.
func (t *Tape) Client(requested func(path string)) *http.Client {
	return &http.Client{Transport: inmemory.Transport{Handler: &replay{tape: t, start: time.Now(), requested: requested}}}
}

type replay struct {
	tape      *Tape
	start     time.Time
	requested func(string)
}

// ServeHTTP answers at once with the cluster's answer of this time.
func (r *replay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	path := request.URL.Path
	if r.requested != nil {
		r.requested(path)
	}
	code, body := r.tape.cluster(path)
	if code == 0 {
		code, body = r.tape.At(path, time.Since(r.start))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // into memory
}

// cluster answers for what the tapes do not hold: they were recorded on
// default settings.
func (t *Tape) cluster(path string) (int, []byte) {
	switch path {
	case "/overview":
		return http.StatusOK, fmt.Appendf(nil, `{"taskmanagers":2,"jobs-running":1,"flink-version":%q}`, t.Version)
	case "/jobmanager/config":
		return http.StatusOK, []byte(`[]`)
	case "/jobs/overview":
		_, body := t.At("/jobs/"+t.JobID, 0)
		return http.StatusOK, fmt.Appendf(nil, `{"jobs":[%s]}`, body)
	}
	return 0, nil
}
