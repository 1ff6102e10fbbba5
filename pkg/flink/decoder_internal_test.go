package flink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/flinktest"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
)

// decodeTask reads an answer as the client does.
func decodeTask(body io.Reader) (task Task, err error) {
	d := newDecoder(body)
	defer d.release()
	d.task.read(d, &task)
	return task, d.finish()
}

// answerOf is an answer about a task of so many subtasks, as Flink 2.3 writes it.
func answerOf(subtasks int) []byte {
	var body bytes.Buffer
	body.WriteString(`{"id":"0a448493b4782967b150582570326227","name":"enrich","parallelism":200,"maxParallelism":200,"now":1795451646212,"subtasks":[`)
	for n := range subtasks {
		if n > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"subtask":%d,"status":"RUNNING","attempt":0,"endpoint":"worker-%d:41835","start-time":1795451572899,"end-time":-1,"duration":73313,`+
			`"metrics":{"read-bytes":1541,"read-bytes-complete":true,"write-bytes":0,"write-bytes-complete":true,"read-records":%d,"read-records-complete":true,"write-records":29,"write-records-complete":true,`+
			`"accumulated-backpressured-time":%d,"accumulated-idle-time":%d,"accumulated-busy-time":%d.0},`+
			`"taskmanager-id":"10.0.0.%d:43163-a0b600","status-duration":{"DEPLOYING":714,"CREATED":159,"SCHEDULED":1117,"INITIALIZING":1102,"RUNNING":71497},"start_time":1795451572899}`,
			n, n/8, 29+n, 7*n, 64525-n, 410+n, n/8)
	}
	body.WriteString(`]}`)
	return body.Bytes()
}

// What encoding/json accepts is read alike, in whatever pieces it arrives, by a
// decoder that has read anything else before.
func FuzzDecoder(f *testing.F) {
	for _, text := range []string{
		string(answerOf(2)), `{}`, `null`, ` { "subtasks" : [ { "subtask" : 3 } , null ] } `,
		`{"subtasks":[{"metrics":{"accumulated-busy-time":"NaN","accumulated-idle-time":null,"read-records":-5}}]}`,
		`{"subtasks":[{"status":"caf\u00e9 \"x\"","host":"ü","endpoint":"\ud83d\ude00","duration":-1}],"other":[[[{"a":1e-7}]],true,false,null,"\\"]}`,
		`{"subtasks":[{"metrics":{"accumulated-busy-time":0.25,"accumulated-idle-time":1e3,"accumulated-backpressured-time":1234567890123456789.5}}]}`,
		`{"now":01}`, `{"now":1.5}`, `{"now":-}`, `{"now":9223372036854775808}`, `{"id":"` + "\x00" + `"}`, `{"id":"a` + "\xff" + `"}`, `{"now":1}x`, `{"now":1,}`, `[`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var want Task
		refused := json.Unmarshal(body, &want)
		if ambiguous(body) {
			return
		}
		for name, pieces := range map[string]io.Reader{"at once": bytes.NewReader(body), "byte by byte": iotest.OneByteReader(bytes.NewReader(body)), "halves": iotest.HalfReader(bytes.NewReader(body))} {
			got, err := decodeTask(pieces)
			if refused == nil && (err != nil || !equal(got, want)) {
				t.Fatalf("%s: read %+v, %v; encoding/json %+v", name, got, err, want)
			}
		}
	})
}

// Every recorded answer, of eight versions of Flink, is read as encoding/json reads it.
func TestRecordingsAreReadAsByEncodingJSON(t *testing.T) {
	raced.Skip(t)
	read := 0
	for _, name := range flinktest.Recordings(t) {
		version, set, _ := strings.Cut(name, "/")
		for path, body := range flinktest.Recording(t, version, set).Bodies() {
			var got, want any
			var refused error
			d := newDecoder(bytes.NewReader(body))
			switch parts := strings.Split(path, "/"); {
			case path == "/overview":
				got, want, refused = alike(d, &d.overview, body)
			case len(parts) == 3 && parts[1] == "jobs" && parts[2] != "overview":
				got, want, refused = alike(d, &d.job, body)
			case len(parts) == 5 && parts[3] == "vertices":
				got, want, refused = alike(d, &d.task, body)
			case len(parts) == 6 && parts[5] == "backpressure":
				got, want, refused = alike(d, &d.backpressure, body)
			default:
				continue
			}
			if err := d.finish(); err != nil || refused != nil || !equal(got, want) {
				t.Errorf("%s%s: read %+v, %v; encoding/json %+v, %v", name, path, got, err, want, refused)
			}
			d.release()
			read++
		}
	}
	if read < 500 {
		t.Errorf("%d answers were compared", read)
	}
}

// alike reads an answer both ways.
func alike[T any](d *decoder, of *object[T], body []byte) (got, want T, refused error) {
	of.read(d, &got)
	refused = json.Unmarshal(body, &want)
	return got, want, refused
}

// equal treats two NaN as equal.
func equal(a, b any) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

// ambiguous reports whether an object has a name twice, or in another case than
// Flink writes it, or nests deeper than Flink's do: there encoding/json differs on
// purpose.
func ambiguous(body []byte) bool {
	return deviates(body, func(text string, names map[string]bool) bool {
		lower := strings.ToLower(text)
		switch {
		case len(text) > maxText/12: // as it may be written
			return true
		case names == nil:
			return false
		case names[lower] || lower != text && text != "RUNNING" || strings.ToUpper(text) == text && text != "RUNNING":
			return true
		}
		names[lower] = true
		return false
	})
}

// deviates reports whether an answer nests deeper than Flink's do, or has a text that
// does. Of a member's name, names are those noted of its object; they are nil of a value.
func deviates(body []byte, does func(text string, names map[string]bool) bool) bool {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var names []map[string]bool // of each object that is open; nil for an array
	expectsName := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				names, expectsName = append(names, map[string]bool{}), true
				continue
			case '[':
				names = append(names, nil)
			default:
				names = names[:len(names)-1]
			}
			if len(names) >= maxDepth {
				return true
			}
		case string:
			var of map[string]bool
			if expectsName {
				of = names[len(names)-1]
			}
			if does(token, of) {
				return true
			}
			if expectsName {
				expectsName = false
				continue
			}
		}
		expectsName = len(names) > 0 && names[len(names)-1] != nil
	}
}

// An answer that breaks off anywhere is an error, and so is one with anything
// behind it.
func TestAnswerThatBreaksOff(t *testing.T) {
	body := answerOf(3)
	for length := range len(body) {
		if _, err := decodeTask(bytes.NewReader(body[:length])); !errors.Is(err, errBroken) {
			t.Fatalf("after %d bytes: %v", length, err)
		}
	}
	for _, after := range []string{"x", "{}", "]", ","} {
		if _, err := decodeTask(strings.NewReader(string(body) + after)); !errors.Is(err, errNoJSON) {
			t.Errorf("%q follows: %v", after, err)
		}
	}
	if _, err := decodeTask(strings.NewReader(string(body) + " \r\n\t")); err != nil {
		t.Errorf("space follows: %v", err)
	}
}

// A failed connection is the error, whatever has been read until then.
func TestConnectionThatFails(t *testing.T) {
	lost := errors.New("lost")
	for length := range 200 {
		_, err := decodeTask(io.MultiReader(bytes.NewReader(answerOf(3)[:length]), iotest.ErrReader(lost)))
		if !errors.Is(err, lost) {
			t.Fatalf("after %d bytes: %v", length, err)
		}
	}
}

// What is no JSON is refused.
func TestNoJSON(t *testing.T) {
	for _, text := range []string{
		`[]`, `{"now":"soon"}`, `{"now":1.5}`, `{"now":01}`, `{"now":true}`, `{"now":{}}`, `{"id":1}`, `{"subtasks":{}}`, `{"subtasks":[1]}`, `{"subtasks":[{"metrics":[]}]}`,
		`{"other":01}`, `{"other":1.}`, `{"other":.5}`, `{"other":+1}`, `{"other":--1}`, `{"other":nul}`, `{"other":tru}`, `{"other":"` + "\n" + `"}`, `{"id":"\x"}`,
		`{"subtasks":[{"metrics":{"accumulated-busy-time":"\x"}}]}`, `{"id":"` + strings.Repeat("a", 2*maxText) + `\x"}`,
		`{now:1}`, `{"now" 1}`, `{"now":1 "id":""}`, `{,}`, `{"now":1,,}`, strings.Repeat(`{"other":`, 200) + `1` + strings.Repeat(`}`, 200), strings.Repeat(`[`, 1<<20),
	} {
		if task, err := decodeTask(strings.NewReader(text)); !errors.Is(err, errNoJSON) {
			t.Errorf("%.60s is read as %+v, %v", text, task, err)
		}
	}
}

// A text that is not needed may be of any length and takes no memory.
func TestLongTextIsSkipped(t *testing.T) {
	body := io.MultiReader(strings.NewReader(`{"other":"`), io.LimitReader(repeating('x'), 32<<20), strings.NewReader(`","now":7}`))
	d := newDecoder(body)
	defer d.release()
	var task Task
	d.task.read(d, &task)
	if err := d.finish(); err != nil || task.Now != 7 || len(d.buf) > maxKeptBuffer {
		t.Errorf("read %+v, %v, with a buffer of %d bytes", task, err, len(d.buf))
	}
}

type repeating byte

func (r repeating) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = byte(r)
	}
	return len(into), nil
}

// An answer takes at most 0.1 allocations a subtask, beside those of its texts: its
// list grows, and where the buffer ends a name is read anew.
func TestAllocationsOfAnAnswer(t *testing.T) {
	body, reader := answerOf(1000), bytes.NewReader(nil)
	allocations := testing.AllocsPerRun(20, func() {
		reader.Reset(body)
		if task, err := decodeTask(reader); err != nil || len(task.Subtasks) != 1000 {
			t.Fatal(err)
		}
	})
	const texts = 2 * 125 // a host and a TaskManager for each 8 subtasks
	if allocations > texts+0.1*1000 {
		t.Errorf("%.0f allocations", allocations)
	}
}

// The order of an object's members may change at any time.
func TestMembersInAnyOrder(t *testing.T) {
	for _, text := range []string{
		`{"subtasks":[{"subtask":1,"status":"RUNNING","attempt":2},{"attempt":2,"subtask":1,"status":"RUNNING"},{"status":"RUNNING","x":0,"attempt":2,"subtask":1}]}`,
		`{"subtasks":[{"subtask":1,"status":"RUNNING","attempt":2,"host":""},{"subtask":1,"status":"RUNNING","attempt":2},{"\u0073ubtask":1,"status":"\u0052UNNING","attempt":2}]}`,
	} {
		task, err := decodeTask(strings.NewReader(text))
		want := Subtask{Subtask: 1, Status: "RUNNING", Attempt: 2}
		if err != nil || !reflect.DeepEqual(task.Subtasks, []Subtask{want, want, want}) {
			t.Errorf("%s is read as %+v, %v", text, task, err)
		}
	}
}

// BenchmarkDecoder compares with encoding/json, into the same structs.
func BenchmarkDecoder(b *testing.B) {
	body := answerOf(200)
	b.Run("ours", func(b *testing.B) {
		reader := bytes.NewReader(nil)
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			reader.Reset(body)
			if _, err := decodeTask(reader); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var task Task
			if err := json.Unmarshal(body, &task); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The beginning of a text is what encoding/json reads of it, up to what would be cut,
// wherever the answer arrives in parts.
func TestBeginning(t *testing.T) {
	for _, text := range []string{"", "abc", "a\nb", "€uro", `a "quote" and a \`, "\u2028 and 😀 and <b>", strings.Repeat("€\n", 40)} {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for most := range 100 {
			for _, body := range []io.Reader{bytes.NewReader(quoted), iotest.OneByteReader(bytes.NewReader(quoted))} {
				d := newDecoder(body)
				got := d.cut(most)
				err := d.finish()
				d.release()
				if err != nil || !strings.HasPrefix(text, got) || len(got) > most {
					t.Fatalf("the first %d bytes of %q are %q, %v", most, text, got, err)
				}
				if most > len(quoted) && got != text {
					t.Fatalf("%q is read as %q", text, got)
				}
			}
		}
	}
	for _, broken := range []string{`"`, `"ab`, `"a\`, "\"a\nb\"", `7`, `{}`, ``} {
		d := newDecoder(strings.NewReader(broken))
		if got := d.cut(10); got != "" || d.finish() == nil {
			t.Errorf("%q is read as %q", broken, got)
		}
		d.release()
	}
}

// A text is refused if it is no JSON, however much of it is read, and wherever the answer
// arrives in parts.
func TestTextsThatAreNoJSON(t *testing.T) {
	const most = 8
	readers := map[string]func(*decoder){
		"all of it": func(d *decoder) { d.text() }, "the beginning": func(d *decoder) { d.cut(most) }, "what is longer": func(d *decoder) { d.upTo(most) },
		"as a number": func(d *decoder) { d.float() }, "as one that repeats": func(d *decoder) { d.last = new(string); d.repeated() }, "nothing": func(d *decoder) { d.skip() },
	}
	for _, piece := range []string{`\n`, `\u20ac`, `\ud83d\ude00`, `\ud83d`, "€", "😀", "\xe2\x82", `\x`, `\u20a`, `\u20ag`, `\`, "\n", "\x00", `\"`, `"`} {
		for before := range 2 * most {
			for _, after := range []int{0, 1, 2 * most} {
				body := []byte(`"` + strings.Repeat("7", before) + piece + strings.Repeat("a", after) + `"`)
				for name, read := range readers {
					for _, parts := range []io.Reader{bytes.NewReader(body), iotest.OneByteReader(bytes.NewReader(body))} {
						d := newDecoder(parts)
						read(d)
						err := d.finish()
						d.release()
						if (err == nil) != json.Valid(body) {
							t.Fatalf("%s is read, %s: %v", body, name, err)
						}
					}
				}
			}
		}
	}
}

// Of a text that is too long the beginning is read, wherever the answer arrives in parts,
// and whatever it is cut in the middle of; no more of it is in memory.
func TestLongTextIsCut(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"as long as is read": {strings.Repeat("x", maxText), strings.Repeat("x", maxText)},
		"longer":             {strings.Repeat("x", 1<<20), strings.Repeat("x", maxText) + "…"},
		"in a letter":        {strings.Repeat("€", 1<<10), strings.Repeat("€", maxText/3) + "…"},
		"in an escape":       {strings.Repeat("x", maxText-1) + "\n" + strings.Repeat("x", 9), strings.Repeat("x", maxText-1) + "…"},
		"after an escape":    {strings.Repeat("x", maxText-2) + "\n" + strings.Repeat("x", 9), strings.Repeat("x", maxText-2) + "\n…"},
	} {
		quoted, err := json.Marshal(map[string]any{"name": c.text, "state": "RUNNING"})
		if err != nil {
			t.Fatal(err)
		}
		for way, body := range map[string]io.Reader{"at once": bytes.NewReader(quoted), "byte by byte": iotest.OneByteReader(bytes.NewReader(quoted))} {
			d := newDecoder(body)
			var job Job
			d.job.read(d, &job)
			if err := d.finish(); err != nil || job.Name != c.want || job.State != "RUNNING" || len(d.buf) > maxKeptBuffer {
				t.Errorf("%s, %s: %v, %d bytes that end in %q, want %d; the buffer has %d", name, way, err, len(job.Name), job.Name[max(0, len(job.Name)-9):], len(c.want), len(d.buf))
			}
			d.release()
		}
	}
}

// However an answer is made, little is kept of it, and its error says what was too much.
func TestAnswerThatIsTooMuch(t *testing.T) {
	for name, c := range map[string]struct {
		before, again, after string
		read                 func(d *decoder)
		want                 string
	}{
		"jobs":     {`{"jobs":[{}`, `,{}`, `]}`, func(d *decoder) { d.jobs.read(d, &jobsAnswer{}) }, "131,072 elements"},
		"tasks":    {`{"vertices":[{}`, `,{}`, `]}`, func(d *decoder) { d.job.read(d, &Job{}) }, "10,000 tasks"},
		"nodes":    {`{"plan":{"nodes":[{}`, `,{}`, `]}}`, func(d *decoder) { d.job.read(d, &Job{}) }, "10,000 tasks"},
		"subtasks": {`{"subtasks":[{}`, `,{}`, `]}`, func(d *decoder) { d.task.read(d, &Task{}) }, "32,768 subtasks"},
		"gauges":   {`{"subtasks":[{}`, `,{}`, `]}`, func(d *decoder) { d.backpressure.read(d, &Backpressure{}) }, "32,768 subtasks"},
		"texts":    {`{"jobs":[{}`, `,{"name":"` + strings.Repeat("x", 1000) + `"}`, `]}`, func(d *decoder) { d.jobs.read(d, &jobsAnswer{}) }, "16 MiB when it is read"},
	} {
		d := newDecoder(io.MultiReader(strings.NewReader(c.before), &looped{text: c.again, left: 64 << 20}, strings.NewReader(c.after)))
		c.read(d)
		var tooMuch *excess
		if err := d.finish(); !errors.As(err, &tooMuch) || tooMuch.limit != c.want || d.kept > maxKept+maxText {
			t.Errorf("%s: %v, with %d bytes kept, want %q", name, err, d.kept, c.want)
		}
		d.release()
	}
	if len(largeAnswers) != 0 {
		t.Errorf("%d answers are still counted as large", len(largeAnswers))
	}
}

// looped is a text over and over.
type looped struct {
	text     string
	at, left int
}

func (l *looped) Read(into []byte) (n int, err error) {
	if l.left <= 0 {
		return 0, io.EOF
	}
	for n < len(into) {
		copied := copy(into[n:], l.text[l.at:])
		n, l.at = n+copied, (l.at+copied)%len(l.text)
	}
	l.left -= n
	if l.left <= 0 && l.at > 0 { // the last one is whole
		n -= l.at % len(l.text)
	}
	return n, nil
}

// Of a plan with too many connections some are read, and it is marked.
func TestPlanOfTooManyInputs(t *testing.T) {
	node := `{"id":"a","inputs":[` + strings.Repeat(`{"id":"b"},`, 5000) + `{"id":"b"}]}`
	for count, cut := range map[int]bool{3: false, 4: true} {
		d := newDecoder(strings.NewReader(`{"state":"RUNNING","plan":{"nodes":[` + strings.Repeat(node+",", count-1) + node + `]}}`))
		var job Job
		d.job.read(d, &job)
		read := 0
		for _, node := range job.Plan.Nodes {
			read += len(node.Inputs)
		}
		if err := d.finish(); err != nil || job.Plan.Cut != cut || read != min(count*5001, MaxInputs) {
			t.Errorf("%d nodes: %v, %d inputs, cut %t", count, err, read, job.Plan.Cut)
		}
		d.release()
	}
}
