package flinktest

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"embed"
	"encoding/json"
	"io/fs"
	"maps"
	"math"
	"net/http"
	"strings"
	"testing"
)

// recordings are the answers of real clusters about one job each at one moment,
// by version and state: a gzipped JSON line an answer. A cluster's own answers
// are in files whose names begin with "_". The clusters fetched metrics every
// second.
//
//go:embed all:recordings
var recordings embed.FS

// checkpoints are the answers about checkpoints and exceptions of the same moments.
//
//go:embed all:checkpoints
var checkpoints embed.FS

// Moment is what a real cluster answered at one moment: an HTTP handler that
// needs no network, so that it works in a bubble of testing/synctest.
type Moment struct {
	Version, Set string
	// JobID and Name are of the job that was recorded; empty for a cluster.
	JobID, Name string
	answers     map[string]reply
	// metrics holds each metric's answer, by path and id: a request may name
	// metrics in any combination.
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

// Recording reads a recording, such as that of 2.3.0 and "skew". What it lacks
// of the cluster comes from the recording "_cluster" of its version. The list of
// jobs is made of the recorded job alone, in the state of its own answer, as no
// list was recorded at the same moment.
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
	path := version + "/" + set + ".jsonl.gz"
	packed, err := recordings.ReadFile("recordings/" + path)
	if err != nil {
		t.Fatal(err)
	}
	replies = unpack(t, path, packed)
	if packed, err = checkpoints.ReadFile("checkpoints/" + path); err == nil {
		replies = append(replies, unpack(t, path, packed)...)
	}
	return replies
}

// unpack reads the answers of a packed file.
func unpack(t testing.TB, path string, packed []byte) (replies []reply) {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line reply
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		replies = append(replies, line)
	}
	if err := cmp.Or(lines.Err(), unpacked.Close()); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return replies
}

// add puts answers in the place of earlier ones of the same path.
func (m *Moment) add(t testing.TB, replies ...reply) {
	t.Helper()
	for _, added := range replies {
		path, _, selected := strings.Cut(added.Path, "?get=")
		if !selected || added.Status != http.StatusOK || m.Set == "_errors" {
			m.answers[added.Path] = added
			m.addProcess(added)
			continue
		}
		var metrics []json.RawMessage
		decode(t, added.Body, &metrics)
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

// addProcess adds the metrics that a TaskManager's details are made of: Flink has both
// from one place.
func (m *Moment) addProcess(details reply) {
	metrics, _ := open(details.Body)["metrics"].(object)
	if !strings.HasPrefix(details.Path, "/taskmanagers/") || metrics == nil {
		return
	}
	path := details.Path + "/metrics"
	if m.metrics[path] == nil {
		m.metrics[path] = map[string]json.RawMessage{}
	}
	put := func(id string, value any) {
		m.metrics[path][id] = encoded(object{"id": id, "value": text(value)})
	}
	for id, key := range map[string]string{
		"Memory.Heap.Used": "heapUsed", "Memory.Heap.Max": "heapMax",
	} {
		put("Status.JVM."+id, metrics[key])
	}
	for _, which := range []string{"Total", "Used", "Available"} {
		put("Status.Shuffle.Netty."+which+"MemorySegments", metrics["nettyShuffleMemorySegments"+which])
	}
	collectors, _ := metrics["garbageCollectors"].([]any)
	for _, each := range collectors {
		collector := each.(object)
		name := "Status.JVM.GarbageCollector." + strings.ReplaceAll(text(collector["name"]), " ", "_")
		put(name+".Time", collector["time"])
		put(name+".Count", collector["count"])
	}
}

// Bodies are the answers that were not failures, by path.
func (m *Moment) Bodies() map[string][]byte {
	bodies := map[string][]byte{}
	for path, each := range m.answers {
		if each.Status == http.StatusOK {
			bodies[path] = each.Body
		}
	}
	return bodies
}

// requestLine is how long a request line Flink reads.
const requestLine = 4096

// ServeHTTP answers as the cluster did, always the same.
func (m *Moment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.answer(r).write(w)
}

// answer is the recorded answer to a request. A path that was not recorded is
// not found.
func (m *Moment) answer(r *http.Request) reply {
	path := r.URL.Path
	if m.Set == "_errors" {
		path = r.URL.RequestURI()
	}
	switch recorded, found := m.answers[path]; {
	case r.Method != http.MethodGet:
		return failure("Not found: " + path)
	case len(r.Method+" "+r.URL.RequestURI()+" HTTP/1.1") > requestLine:
		return failure("Unable to load requested file /bad-request.")
	case found:
		return recorded
	case strings.HasSuffix(path, "/metrics"):
		return m.measured(path, strings.Split(r.URL.Query().Get("get"), ","))
	}
	return failure("Unable to load requested file " + path + ".")
}

// measured answers with the metrics named, and leaves out those that are not in
// the recording.
func (m *Moment) measured(path string, ids []string) reply {
	found := []json.RawMessage{}
	for _, id := range ids {
		if metric, known := m.metrics[path][id]; known {
			found = append(found, metric)
		}
	}
	body, _ := json.Marshal(found)
	return reply{Status: http.StatusOK, Body: body}
}

// Gauge is how a subtask spends its time by the recorded answer of
// /backpressure; zeros where that is not known in full.
func (m *Moment) Gauge(path, subtask string) (gauge struct{ Idle, Busy, Backpressured float64 }) {
	if _, found := m.answers[path]; !found {
		return gauge
	}
	subtasks, _ := open(m.answers[path].Body)["subtasks"].([]any)
	for _, each := range subtasks {
		ratios := each.(object)
		if text(ratios["subtask"]) != subtask {
			continue
		}
		gauge.Idle, gauge.Busy, gauge.Backpressured = number(ratios["idleRatio"]), math.NaN(), number(ratios["ratio"])
		if text(ratios["busyRatio"]) != "NaN" { // a legacy source's is
			gauge.Busy = number(ratios["busyRatio"])
		}
	}
	return gauge
}

// Metric is a recorded metric of a subtask of the task at the path.
func (m *Moment) Metric(path, subtask, name string) (value float64, known bool) {
	metric, known := m.metrics[path+"/metrics"][subtask+"."+name]
	if known {
		value = number(open(metric)["value"])
	}
	return value, known
}

// Advancing replays the moment as if it lasted, from the first request on.
// Nothing but what follows from the recording is added: Flink's clock, the
// durations of what runs, and to each running subtask's counters the time since,
// by its own gauges and rates of that moment. The three gauges are divided by
// their sum, as they add up to as much as 1.078 and no subtask spends more time
// than there is. A Flink before 1.16 has no counters, and a legacy source none of
// its busy time: those stay as they were recorded.
func (m *Moment) Advancing() http.Handler { return &advancing{Moment: m} }

// Configured is the moment on a cluster whose JobManager's configuration differs
// in one option.
func (m *Moment) Configured(key, value string) *Moment {
	const path = "/jobmanager/config"
	var options, changed []object
	_ = json.Unmarshal(m.answers[path].Body, &options)
	for _, option := range options {
		if option["key"] != key {
			changed = append(changed, option)
		}
	}
	changed = append(changed, object{"key": key, "value": value})
	varied := m.copied()
	varied.replace(path, changed)
	return varied
}

// Unfetched is the moment on a cluster that fetches no metrics: Flink then
// answers that backpressure is "deprecated", with no metric at all, and with
// zeros that are marked as not complete.
func (m *Moment) Unfetched() *Moment {
	varied := m.Configured("metrics.fetcher.update-interval", "0")
	clear(varied.metrics)
	for path, recorded := range varied.answers {
		switch {
		case strings.HasSuffix(path, "/backpressure"):
			varied.replace(path, object{"status": "deprecated"})
		case strings.HasPrefix(path, "/jobs/") && path != "/jobs/overview":
			answer := open(recorded.Body)
			clearMetrics(answer)
			varied.replace(path, answer)
		}
	}
	return varied
}

// clearMetrics sets all numbers in the metrics of an answer to zero.
func clearMetrics(answer object) {
	for _, list := range []string{"vertices", "subtasks"} {
		parts, _ := answer[list].([]any)
		for _, part := range parts {
			metrics := part.(object)["metrics"].(object)
			for name := range metrics {
				if strings.HasSuffix(name, "-complete") {
					metrics[name] = false
				} else {
					metrics[name] = 0
				}
			}
		}
	}
}

func (m *Moment) replace(path string, answer any) {
	body, _ := json.Marshal(answer)
	m.answers[path] = reply{Path: path, Status: m.answers[path].Status, Body: body}
}

func (m *Moment) copied() *Moment {
	varied := *m
	varied.answers, varied.metrics = maps.Clone(m.answers), maps.Clone(m.metrics)
	return &varied
}

func failure(text string) reply {
	body, _ := json.Marshal(map[string][]string{"errors": {text}})
	return reply{Status: http.StatusNotFound, Body: body}
}

func (r reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}
