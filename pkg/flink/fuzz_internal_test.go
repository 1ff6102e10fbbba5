package flink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
)

// endpoint is an answer of Flink's: how it is read here, and by encoding/json.
type endpoint struct {
	// of reports whether the path of a recorded answer is its.
	of   func(parts []string) bool
	read func(d *decoder) any
	// truth is what encoding/json reads. comparable is false where the two differ on
	// purpose, or where there is no such truth.
	truth func(body []byte) (read any, comparable bool)
}

// endpoints are all answers that are read, but for that of a task: see [FuzzDecoder].
var endpoints = []endpoint{
	{endsWith("overview", 2), readOf(func(d *decoder, into *Overview) { d.overview.read(d, into) }), truthOf[Overview](nil)},
	{endsWith("config", 3), func(d *decoder) any { return list(d, &d.option) }, truthOf[[]Option](nil)},
	{endsWith("overview", 3), func(d *decoder) any {
		var read jobsAnswer
		d.jobs.read(d, &read)
		return read.jobs
	}, func(body []byte) (any, bool) {
		var answer struct {
			Jobs []JobSummary `json:"jobs"`
		}
		err := json.Unmarshal(body, &answer)
		return answer.Jobs, err == nil
	}},
	{func(parts []string) bool { return len(parts) == 3 && parts[1] == "jobs" && parts[2] != "overview" }, readOf(func(d *decoder, into *Job) { d.job.read(d, into) }), truthOf[Job](nil)},
	{endsWith("backpressure", 6), readOf(func(d *decoder, into *Backpressure) { d.backpressure.read(d, into) }), truthOf[Backpressure](nil)},
	{func(parts []string) bool {
		return parts[len(parts)-1] == "metrics" && !slices.Contains(parts, "subtasks")
	}, func(d *decoder) any { return list(d, &d.metric) }, truthOf[[]Metric](nil)},
	{func(parts []string) bool {
		return parts[len(parts)-1] == "metrics" && slices.Contains(parts, "subtasks")
	}, func(d *decoder) any { return list(d, &d.aggregate) }, truthOf[[]Aggregate](nil)},
	{endsWith("taskmanagers", 2), func(d *decoder) any {
		var read taskManagersAnswer
		d.taskManagers.read(d, &read)
		return read.managers
	}, func(body []byte) (any, bool) {
		var answer struct {
			TaskManagers []TaskManager `json:"taskmanagers"`
		}
		err := json.Unmarshal(body, &answer)
		return answer.TaskManagers, err == nil
	}},
	{endsWith("checkpoints", 4), readOf(func(d *decoder, into *Checkpoints) { d.checkpoints.read(d, into) }), truthOf(func(of Checkpoints) bool {
		// The tasks are an object, whose names are ids.
		all := append(slices.Clone(of.History), of.Latest.Completed, of.Latest.Failed, of.Latest.Savepoint)
		return len(of.History) <= MaxCheckpoints && !slices.ContainsFunc(all, func(each Checkpoint) bool { return each.Tasks != nil })
	})},
	{endsWith("", 6, "details"), readOf(func(d *decoder, into *Checkpoint) { d.checkpoint.read(d, into) }), truthOf(func(of Checkpoint) bool { return of.Tasks == nil })},
	{endsWith("", 8, "details"), readOf(func(d *decoder, into *SubtaskCheckpoints) { d.subtaskCheckpoints.read(d, into) }), truthOf[SubtaskCheckpoints](nil)},
	{endsWith("exceptions", 4), func(d *decoder) any {
		var read exceptionsAnswer
		d.exceptions.read(d, &read)
		return read.history.entries
	}, func(body []byte) (any, bool) {
		var answer struct {
			History struct {
				Entries []Exception `json:"entries"`
			} `json:"exceptionHistory"`
		}
		err := json.Unmarshal(body, &answer)
		return answer.History.Entries, err == nil && alikeExceptions(answer.History.Entries, MaxExceptions)
	}},
	{endsWith("flamegraph", 6), func(d *decoder) any {
		read := flameGraphAnswer{reader: callReader{names: map[string]string{}}}
		d.flameGraph.read(d, &read)
		return read.graph()
	}, nil},
	{endsWith("config", 5), func(d *decoder) any {
		var read checkpointConfig
		d.checkpointConfig.read(d, &read)
		return read.interval
	}, func(body []byte) (any, bool) {
		var answer struct {
			Interval int64 `json:"interval"`
		}
		err := json.Unmarshal(body, &answer)
		return answer.Interval, err == nil
	}},
}

// alikeExceptions reports whether both read these alike: labels are an object, and no
// more than so many are read.
func alikeExceptions(all []Exception, most int) bool {
	return len(all) <= most && !slices.ContainsFunc(all, func(each Exception) bool {
		return each.Labels != nil || !alikeExceptions(each.Concurrent, maxConcurrent)
	})
}

// endsWith matches a path of so many parts that ends so; those named are among them.
func endsWith(last string, length int, others ...string) func([]string) bool {
	return func(parts []string) bool {
		if len(parts) != length || last != "" && parts[length-1] != last {
			return false
		}
		for _, other := range others {
			if !slices.Contains(parts, other) {
				return false
			}
		}
		return true
	}
}

func readOf[T any](read func(d *decoder, into *T)) func(*decoder) any {
	return func(d *decoder) any {
		var into T
		read(d, &into)
		return into
	}
}

// truthOf is what encoding/json reads into the same struct; alike is nil where all of it
// is to be the same.
func truthOf[T any](alike func(T) bool) func([]byte) (any, bool) {
	return func(body []byte) (any, bool) {
		var into T
		err := json.Unmarshal(body, &into)
		return into, err == nil && (alike == nil || alike(into))
	}
}

// memberNames are those of all objects that are read.
var memberNames = func() map[string]bool {
	names := map[string]bool{}
	add := func(more map[string]bool) { maps.Copy(names, more) }
	for _, more := range []map[string]bool{
		namesOf(overviewFields), namesOf(optionFields), namesOf(jobsFields), namesOf(jobSummaryFields), namesOf(subtaskCountsFields),
		namesOf(jobFields), namesOf(stateTimesFields), namesOf(vertexFields), namesOf(stateCountsFields), namesOf(planFields), namesOf(planNodeFields), namesOf(planInputFields),
		namesOf(taskFields), namesOf(subtaskFields), namesOf(metricsFields), namesOf(statusDurationsFields), namesOf(backpressureFields), namesOf(ratioFields),
		namesOf(metricFields), namesOf(aggregateFields), namesOf(taskManagersFields), namesOf(taskManagerFields), namesOf(hardwareFields), namesOf(flameGraphFields),
		namesOf(checkpointsFields), namesOf(checkpointCountsFields), namesOf(latestCheckpointFields), namesOf(checkpointFields), namesOf(taskCheckpointFields),
		namesOf(subtaskCheckpointsFields), namesOf(subtaskCheckpointFields), namesOf(checkpointPartsFields), namesOf(alignmentPartFields), namesOf(checkpointConfigFields),
		namesOf(exceptionsFields), namesOf(exceptionHistoryFields), namesOf(exceptionFields),
	} {
		add(more)
	}
	return names
}()

func namesOf[T any](of fields[T]) map[string]bool {
	names := map[string]bool{}
	for name := range of {
		names[name] = true
	}
	return names
}

// folded is the same for names that encoding/json takes for one.
func folded(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// foldedNames are the member names, folded.
var foldedNames = func() map[string]bool {
	names := map[string]bool{}
	for name := range memberNames {
		names[folded(name)] = true
	}
	return names
}()

// differs reports whether the two may read an answer differently: a name is there twice in
// an object, or in another case than Flink writes it, a text is longer than is read, or it
// nests deeper than Flink's.
func differs(body []byte) bool {
	length := 0
	for quoted, at := false, 0; at < len(body); at++ {
		switch c := body[at]; {
		case c == '"':
			quoted, length = !quoted, 0
		case quoted && c == '\\':
			at++
			length += 2
		case quoted:
			length++
		}
		if length > maxWord {
			return true
		}
	}
	return deviates(body, func(text string, names map[string]bool) bool {
		if names == nil {
			return false
		}
		fold := folded(text)
		if names[fold] || foldedNames[fold] && !memberNames[text] {
			return true
		}
		names[fold] = true
		return false
	})
}

// FuzzEndpoints reads the answer of each endpoint: what encoding/json accepts is read
// alike, in whatever pieces it arrives; nothing that is no JSON is accepted, and no more
// is kept than is allowed. The seeds are answers of real Flinks.
func FuzzEndpoints(f *testing.F) {
	for _, version := range []string{"1.13.6", "1.17.2", "2.3.0"} {
		for n, body := range recordedEndpoints(f, version) {
			f.Add(byte(n), body)
		}
	}
	for _, graph := range flinktest.FlameGraphs(f) {
		if len(graph) < 8<<10 {
			f.Add(byte(flameGraphEndpoint), graph)
		}
	}
	nested := `{"exceptionHistory":{"entries":[` + strings.Repeat(`{"concurrentExceptions":[`, 4) + strings.Repeat(`]}`, 4) + `]}}`
	for n := range endpoints {
		for _, body := range []string{`{}`, `[]`, `null`, nested, `[{"id":"0.x","value":"NaN"},{"id":"b","value":1e400}]`, `{"jobs":[{"jid":"a","tasks":{"total":1}}]}`} {
			f.Add(byte(n), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, body []byte) {
		of := endpoints[int(which)%len(endpoints)]
		got, err := of.decode(t, bytes.NewReader(body))
		for name, pieces := range map[string]io.Reader{"byte by byte": iotest.OneByteReader(bytes.NewReader(body)), "halves": iotest.HalfReader(bytes.NewReader(body))} {
			if again, failed := of.decode(t, pieces); fmt.Sprint(failed) != fmt.Sprint(err) || err == nil && !equal(again, got) {
				t.Fatalf("%s: read %+v, %v; at once %+v, %v", name, again, failed, got, err)
			}
		}
		if of.truth == nil {
			return
		}
		if err == nil && !json.Valid(body) {
			t.Fatalf("what is no JSON is read as %+v", got)
		}
		if want, comparable := of.truth(body); comparable && !differs(body) && (err != nil || !equal(got, want)) {
			t.Fatalf("read %+v, %v; encoding/json %+v", got, err, want)
		}
	})
}

// flameGraphEndpoint is the place of the flame graph among the endpoints.
var flameGraphEndpoint = slices.IndexFunc(endpoints, func(each endpoint) bool { return each.truth == nil })

// decode reads an answer as the client does.
func (e endpoint) decode(t *testing.T, body io.Reader) (read any, err error) {
	d := newDecoder(body)
	defer d.release()
	read = e.read(d)
	err = d.finish()
	if d.kept > maxKept+maxStack {
		t.Fatalf("%d bytes are kept", d.kept)
	}
	var tooMuch *excess
	if err != nil && !errors.Is(err, errNoJSON) && !errors.Is(err, errBroken) && !errors.As(err, &tooMuch) {
		t.Fatalf("the error is %v", err)
	}
	return read, err
}

// recordedEndpoints are the shortest recorded answers of a version, by endpoint.
func recordedEndpoints(f *testing.F, version string) map[int][]byte {
	shortest := map[int][]byte{}
	for _, name := range flinktest.Recordings(f) {
		of, set, _ := strings.Cut(name, "/")
		if of != version {
			continue
		}
		for path, body := range flinktest.Recording(f, version, set).Bodies() {
			path, _, _ = strings.Cut(path, "?")
			n := slices.IndexFunc(endpoints, func(each endpoint) bool { return each.of(strings.Split(path, "/")) })
			if known := shortest[n]; n >= 0 && len(body) > 40 && (known == nil || len(body) < len(known)) {
				shortest[n] = body
			}
		}
	}
	return shortest
}
