package flink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// decoder reads Flink's JSON from a stream: of the 600 to 700 bytes that Flink
// sends of each subtask a sixth is needed, and a cluster sends megabytes at each poll. What
// encoding/json accepts it reads alike, but for names in another case, which Flink
// does not write. The first error ends it: whatever is read after that is zero.
//
// Flink writes the members of an object in the same order each time. A decoder
// therefore compares what follows with what followed last time, and only if that
// differs reads a name and searches for it; likewise with texts that repeat, such
// as hosts. Decoders are reused, so that what they compare with need not be filled again for each
// answer.
type decoder struct {
	body io.Reader
	// buf[pos:end] has been received and not read yet.
	buf      []byte
	pos, end int
	depth    int
	// kept is how many bytes the lists and texts of the answer take that have been read.
	kept int
	// large is set for an answer that is one of [largeAnswers], and gone ends with its
	// caller.
	large bool
	gone  <-chan struct{}
	// inputs counts those of the tasks of a plan.
	inputs int
	err    error
	// last is the text that the member being read had last time, and texts are those
	// that members had before.
	last  *string
	texts map[string]string

	overview         object[Overview]
	history          object[historyServer]
	gateway          object[sqlGateway]
	option           object[Option]
	jobs             object[jobsAnswer]
	jobSummary       object[JobSummary]
	summaryTasks     object[SubtaskCounts]
	job              object[Job]
	stateTimes       object[StateTimes]
	vertex           object[Vertex]
	vertexTasks      object[StateCounts]
	plan             object[Plan]
	node             object[PlanNode]
	input            object[PlanInput]
	task             object[Task]
	subtask          object[Subtask]
	metrics          object[Metrics]
	durations        object[StatusDurations]
	backpressure     object[Backpressure]
	ratio            object[Ratio]
	metric           object[Metric]
	aggregate        object[Aggregate]
	taskManagers     object[taskManagersAnswer]
	taskManagerEntry object[TaskManager]
	hardware         object[Hardware]
	flameGraph       object[flameGraphAnswer]

	checkpoints        object[Checkpoints]
	checkpointCounts   object[CheckpointCounts]
	latestCheckpoint   object[LatestCheckpoint]
	checkpoint         object[Checkpoint]
	taskCheckpoint     object[TaskCheckpoint]
	subtaskCheckpoints object[SubtaskCheckpoints]
	subtaskCheckpoint  object[SubtaskCheckpoint]
	checkpointParts    object[checkpointParts]
	alignmentPart      object[alignmentPart]
	checkpointConfig   object[checkpointConfig]

	exceptions          object[exceptionsAnswer]
	exceptionHistory    object[exceptionHistory]
	exception           object[Exception]
	concurrentException object[Exception]
}

var decoders = sync.Pool{New: func() any {
	return &decoder{
		buf: make([]byte, 32<<10), texts: map[string]string{},
		overview: objectOf(overviewFields), history: objectOf(historyServerFields), gateway: objectOf(sqlGatewayFields), option: objectOf(optionFields),
		jobs: objectOf(jobsFields), jobSummary: objectOf(jobSummaryFields), summaryTasks: objectOf(subtaskCountsFields),
		job: objectOf(jobFields), stateTimes: objectOf(stateTimesFields), vertex: objectOf(vertexFields), vertexTasks: objectOf(stateCountsFields),
		plan: objectOf(planFields), node: objectOf(planNodeFields), input: objectOf(planInputFields),
		task: objectOf(taskFields), subtask: objectOf(subtaskFields), metrics: objectOf(metricsFields), durations: objectOf(statusDurationsFields),
		backpressure: objectOf(backpressureFields), ratio: objectOf(ratioFields),
		metric: objectOf(metricFields), aggregate: objectOf(aggregateFields), taskManagers: objectOf(taskManagersFields), taskManagerEntry: objectOf(taskManagerFields), hardware: objectOf(hardwareFields),
		flameGraph:  objectOf(flameGraphFields),
		checkpoints: objectOf(checkpointsFields), checkpointCounts: objectOf(checkpointCountsFields), latestCheckpoint: objectOf(latestCheckpointFields),
		checkpoint: objectOf(checkpointFields), taskCheckpoint: objectOf(taskCheckpointFields),
		subtaskCheckpoints: objectOf(subtaskCheckpointsFields), subtaskCheckpoint: objectOf(subtaskCheckpointFields),
		checkpointParts: objectOf(checkpointPartsFields), alignmentPart: objectOf(alignmentPartFields), checkpointConfig: objectOf(checkpointConfigFields),
		exceptions: objectOf(exceptionsFields), exceptionHistory: objectOf(exceptionHistoryFields),
		exception: objectOf(exceptionFields), concurrentException: objectOf(exceptionFields),
	}
}}

// newDecoder reads from the body. It is given back by release.
func newDecoder(body io.Reader) *decoder {
	d := decoders.Get().(*decoder)
	d.body, d.pos, d.end, d.depth, d.kept, d.err = body, 0, 0, 0, 0, nil
	return d
}

func (d *decoder) release() {
	d.body, d.last, d.gone = nil, nil, nil
	if d.large {
		<-largeAnswers
		d.large = false
	}
	if len(d.buf) <= maxKeptBuffer {
		decoders.Put(d)
	}
}

const (
	// maxKeptBuffer is the largest buffer that is kept for the next answer.
	maxKeptBuffer = 64 << 10
	// maxElements bounds a list, such as of the jobs that a cluster has had.
	maxElements = 131_072
	// maxKept bounds what is kept of an answer: that of a task of 32,768 subtasks, the
	// most that Flink allows, takes some 6 MiB.
	maxKept = 16 << 20
	// maxText is how many bytes of a text are read, as they are written: names of jobs
	// and tasks are their authors', and are in many rows of many answers. Flink's own of
	// SQL have 1,500 at times.
	maxText = 2 << 10
	// maxNumber is the longest number.
	maxNumber = 1000
	// maxDepth is how deep values may nest: Flink's do not reach 10.
	maxDepth = 100
	// maxMembers is how many members of an object are compared with those of the
	// last one.
	maxMembers = 64
	// maxWord is how many bytes of a text are read that its author has not made up: ids,
	// states, hosts. They are kept to be compared with the next ones.
	maxWord = 256
	// maxTexts is how many texts are kept, such as the names of hosts.
	maxTexts = 4096
)

// The ways in which an answer is not Flink's JSON, or too much.
var (
	errNoJSON = errors.New("it is not the JSON that was expected")
	errBroken = errors.New("it breaks off")
)

// excess is the error of an answer that is too much: the limit that it exceeds.
type excess struct{ limit string }

func (e *excess) Error() string { return "it is larger than " + e.limit }

// tooMany ends the answer because of a list that is too long.
func (d *decoder) tooMany(most int, of string) {
	if d.err == nil {
		d.err = &excess{fmt.Sprintf("%s %s", thousands(most), of)}
	}
}

// thousands is a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// keep counts what is kept of an answer, and ends it when that is too much.
func (d *decoder) keep(bytes int) {
	switch d.kept += bytes; {
	case d.err != nil:
	case d.kept > maxKept:
		d.err = &excess{fmt.Sprintf("%d MiB when it is read", maxKept>>20)}
	case d.kept > largeAnswer && !d.large:
		select {
		case largeAnswers <- struct{}{}:
			d.large = true
		case <-d.gone:
			d.err = context.Canceled
		}
	}
}

// largeAnswer is how much is kept of an answer of which not many are read at once.
const largeAnswer = 2 << 20

// largeAnswers has room for those that are read at once in this process.
var largeAnswers = make(chan struct{}, 3)

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errNoJSON
	}
}

// receive reads more of the body, keeping buf[pos:end]. It reports false where
// there is no more.
func (d *decoder) receive() bool {
	if d.err != nil {
		return false
	}
	if d.pos > 0 {
		copy(d.buf, d.buf[d.pos:d.end])
		d.pos, d.end = 0, d.end-d.pos
	}
	if d.end == len(d.buf) {
		d.buf = append(d.buf, make([]byte, len(d.buf))...)
	}
	for {
		n, err := d.body.Read(d.buf[d.end:])
		d.end += n
		switch {
		case n > 0:
			return true // an error comes again with the next
		case err == io.EOF:
			d.err = errBroken
			return false
		case err != nil:
			d.err = err
			return false
		}
	}
}

// prefix is how the answer begins: so many bytes, or all if it has less.
func (d *decoder) prefix(length int) []byte {
	for d.end < length && d.receive() {
	}
	if errors.Is(d.err, errBroken) {
		d.err = nil // the next read finds it again
	}
	return d.buf[:min(d.end, length)]
}

// finish returns the error, or one if anything follows the value. It reads the body
// to its end, without which its connection is not used again.
func (d *decoder) finish() error {
	if d.err != nil {
		return d.err
	}
	if d.next() != 0 {
		d.fail()
	}
	if errors.Is(d.err, errBroken) {
		return nil
	}
	return d.err
}

// next is the byte with which the next token begins, which stays unread; 0 after
// an error.
func (d *decoder) next() byte {
	if d.pos < d.end && d.buf[d.pos] > ' ' {
		return d.buf[d.pos]
	}
	return d.afterSpace()
}

// afterSpace is [decoder.next] where space or the buffer's end comes before it.
func (d *decoder) afterSpace() byte {
	for {
		for ; d.pos < d.end; d.pos++ {
			switch c := d.buf[d.pos]; c {
			case ' ', '\n', '\t', '\r':
			case 0:
				d.fail()
				return 0
			default:
				return c
			}
		}
		if !d.receive() {
			return 0
		}
	}
}

// begin enters an object or array and reports whether it has anything in it. null
// is an empty one.
func (d *decoder) begin(open, end byte) bool {
	switch d.next() {
	case 'n':
		d.literal("null")
		return false
	case open:
		d.pos++
	default:
		d.fail()
		return false
	}
	if d.next() == end {
		d.pos++
		return false
	}
	if d.depth++; d.depth > maxDepth {
		d.fail()
	}
	return d.err == nil
}

// again reports whether another member or element follows; else it leaves the
// object or array.
func (d *decoder) again(end byte) bool {
	switch d.next() {
	case ',':
		d.pos++
		return d.err == nil
	case end:
		d.pos++
		d.depth--
	default:
		d.fail()
	}
	return false
}

// raw is a text without its quotes, with escapes as they are written. It is valid
// until the next read. Of one that is longer than most it is the beginning, without what
// would be cut in the middle, and whole is false: however long a text is, no more of it is
// in memory.
func (d *decoder) raw(most int) (text []byte, plain, whole bool) {
	if d.next() != '"' {
		d.fail()
		return nil, true, true
	}
	plain = true
	for length := 1; ; {
		for d.pos+length < d.end && length <= most {
			switch c := d.buf[d.pos+length]; {
			case c == '"':
				text = d.buf[d.pos+1 : d.pos+length]
				d.pos += length + 1
				return text, plain, true
			case c == '\\':
				plain = false
				length++ // whatever is escaped does not end the text
			case c < ' ':
				d.fail()
				return nil, true, true
			case c >= utf8.RuneSelf:
				plain = false
			}
			length++
		}
		switch {
		case length > most && d.pos+length < d.end:
			text = d.buf[d.pos+1 : d.pos+length]
			if len(text) <= most && d.buf[d.pos+length] == '"' {
				d.pos += length + 1
				return text, plain, true
			}
			text = text[:min(len(text), most)]
			text = slices.Clone(text[:uncut(text)])
			d.pos += 1 + len(text) // what was cut in the middle is checked with the rest
			d.skipRest()
			return text, plain, false
		case !d.receive():
			return nil, true, true
		}
	}
}

// text is a name, or anything else that somebody made up.
func (d *decoder) text() string { return d.upTo(maxText) }

// word is an id, or anything else that is short.
func (d *decoder) word() string { return d.upTo(maxWord) }

// upTo is a string, cut where it is longer than that, and then ends with "…"; null is an
// empty one.
func (d *decoder) upTo(most int) string {
	text, whole := d.beginning(most)
	return d.made(text, whole)
}

// made is a text that was read, and kept.
func (d *decoder) made(text string, whole bool) string {
	if !whole && d.err == nil {
		text += "…"
	}
	d.keep(len(text))
	return text
}

// cut is a string, cut where it is longer than that; null is an empty one.
func (d *decoder) cut(most int) string {
	text, _ := d.beginning(most)
	d.keep(len(text))
	return text
}

// beginning is so much of a string, as it is written, without what would be cut in the
// middle; whole is false if it is longer. null is an empty one.
func (d *decoder) beginning(most int) (text string, whole bool) {
	if d.next() == 'n' {
		d.literal("null")
		return "", true
	}
	raw, plain, whole := d.raw(most)
	return d.textOf(raw, plain, whole), whole
}

// textOf is the text that is written so; the end of what is not whole may be the first
// half of a surrogate pair, which is left out.
func (d *decoder) textOf(raw []byte, plain, whole bool) string {
	switch {
	case plain:
		return string(raw)
	case whole:
		return d.unescaped(raw)
	default:
		return strings.TrimRight(d.unescaped(raw), "\uFFFD")
	}
}

// uncut is how much of a text as it is written has no escape or rune that is cut.
func uncut(raw []byte) (length int) {
	for length < len(raw) {
		size := 1
		switch rest := raw[length:]; {
		case rest[0] != '\\':
			if !utf8.FullRune(rest) {
				return length
			}
			_, size = utf8.DecodeRune(rest)
		case len(rest) > 1 && rest[1] == 'u':
			size = len(`\u0000`)
		default:
			size = 2
		}
		if length+size > len(raw) {
			return length
		}
		length += size
	}
	return length
}

// unescaped is the text that is written with escapes, or not in ASCII.
func (d *decoder) unescaped(raw []byte) (text string) {
	quoted := append(append([]byte{'"'}, raw...), '"')
	if json.Unmarshal(quoted, &text) != nil {
		d.fail()
	}
	return text
}

// repeated is a text that has probably been read before: most likely the last time,
// else some time ago, as of a host.
func (d *decoder) repeated() string {
	if d.next() != '"' {
		return d.word()
	}
	if end := d.pos + 1 + len(*d.last); end < d.end && d.buf[end] == '"' && string(d.buf[d.pos+1:end]) == *d.last {
		d.pos = end + 1
		return *d.last
	}
	raw, plain, whole := d.raw(maxWord)
	if !plain || !whole {
		return d.made(d.textOf(raw, plain, whole), whole)
	}
	text, known := d.texts[string(raw)]
	if !known {
		text = d.made(string(raw), true)
		if len(d.texts) >= maxTexts {
			clear(d.texts)
		}
		d.texts[text] = text
	}
	*d.last = text
	return text
}

// repeatable reports whether a name is written in JSON as it is, and short enough
// to be kept.
func repeatable(text string) bool {
	return len(text) <= maxWord && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf })
}

// inNumber are the bytes of which numbers consist.
var inNumber = func() (in [256]bool) {
	for _, c := range []byte("+-.0123456789Ee") {
		in[c] = true
	}
	return in
}()

// digits are those that follow from there on, up to 18, and where they end; what
// has not been received does not count.
func (d *decoder) digits(from int) (value int64, end int) {
	for end = from; end < d.end && end-from < 18; end++ {
		digit := d.buf[end] - '0'
		if digit > 9 {
			break
		}
		value = value*10 + int64(digit)
	}
	return value, end
}

// ends reports whether a number whose whole part is the digits from first to last
// ends at that place. A zero is followed by no other digit.
func (d *decoder) ends(first, last, at int) bool {
	return last > first && at < d.end && !inNumber[d.buf[at]] && (d.buf[first] != '0' || last == first+1)
}

// whole reads a number that is nothing but a sign and digits; ok is false if it is
// anything else, which stays unread.
func (d *decoder) whole() (value int64, ok bool) {
	sign := int64(1)
	if d.next() == '-' {
		sign = -1
	}
	first := d.pos + int((1-sign)/2)
	value, last := d.digits(first)
	if !d.ends(first, last, last) || sign < 0 && value == 0 { // -0 is a float's
		return 0, false
	}
	d.pos = last
	return sign * value, true
}

// decimal reads a number such as 410.0 or 0.25 likewise. With 15 digits or fewer
// its parts are exact as floats, and so is the quotient's rounding.
func (d *decoder) decimal() (value float64, ok bool) {
	whole, point := d.digits(d.pos)
	if point == d.pos || point >= d.end || d.buf[point] != '.' {
		return 0, false
	}
	fraction, end := d.digits(point + 1)
	if places := end - point - 1; places > 0 && end-d.pos <= 16 && d.ends(d.pos, point, end) {
		d.pos = end
		scale := math.Pow10(places)
		return (float64(whole)*scale + float64(fraction)) / scale, true
	}
	return 0, false
}

// number is a number as it is written.
func (d *decoder) number() string {
	d.next()
	for length := 0; ; {
		for d.pos+length < d.end && inNumber[d.buf[d.pos+length]] {
			length++
		}
		if length > maxNumber {
			d.fail()
			return ""
		}
		if d.pos+length < d.end || !d.receive() {
			text := string(d.buf[d.pos : d.pos+length])
			if d.pos += length; !json.Valid([]byte(text)) {
				d.fail()
			}
			return text
		}
	}
}

// integer is a number without a fraction; null is 0.
func (d *decoder) integer() int64 {
	if value, ok := d.whole(); ok {
		return value
	}
	if d.next() == 'n' {
		d.literal("null")
		return 0
	}
	value, err := strconv.ParseInt(d.number(), 10, 64)
	if err != nil {
		d.fail()
	}
	return value
}

// float is a number as [Number.UnmarshalJSON] reads it.
func (d *decoder) float() Number {
	if value, ok := d.whole(); ok {
		return Number(value)
	}
	if value, ok := d.decimal(); ok {
		return Number(value)
	}
	switch d.next() {
	case '"':
		raw, plain, _ := d.raw(maxWord)
		if !plain {
			d.unescaped(raw) // it is no number, but has to be JSON
		}
		return parseNumber(string(raw))
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return parseNumber(d.number())
	}
	d.skip()
	return unknown
}

// optional is a number as [Optional.UnmarshalJSON] reads it.
func (d *decoder) optional() (number Optional) {
	if d.next() == 'n' {
		d.literal("null")
		return number
	}
	return Optional{d.float(), true}
}

// boolean is true or false; null is false.
func (d *decoder) boolean() bool {
	switch d.next() {
	case 't':
		d.literal("true")
		return true
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		d.fail()
	}
	return false
}

func (d *decoder) literal(text string) {
	for d.end-d.pos < len(text) {
		if !d.receive() {
			return
		}
	}
	if string(d.buf[d.pos:d.pos+len(text)]) != text {
		d.fail()
		return
	}
	d.pos += len(text)
}

// skip reads a value that is not needed.
func (d *decoder) skip() {
	switch d.next() {
	case '"':
		d.skipText()
	case '{':
		for more := d.begin('{', '}'); more; more = d.again('}') {
			d.name()
			d.skip()
		}
	case '[':
		for more := d.begin('[', ']'); more; more = d.again(']') {
			d.skip()
		}
	case 't', 'f', 'n':
		if d.next() == 'n' {
			d.literal("null")
		} else {
			d.boolean()
		}
	default:
		if _, ok := d.whole(); !ok {
			d.number()
		}
	}
}

// skipText reads a text that is not needed, of any length, without keeping it.
func (d *decoder) skipText() {
	d.pos++
	d.skipRest()
}

// skipRest is the same for what is left of one.
func (d *decoder) skipRest() {
	const escape, digits = -1, 4
	escaped := 0 // escape after a backslash, or how many digits of \u follow
	for {
		for at, c := range d.buf[d.pos:d.end] {
			switch {
			case escaped == escape && c == 'u':
				escaped = digits
			case escaped == escape && strings.IndexByte(`"\/bfnrt`, c) >= 0:
				escaped = 0
			case escaped > 0 && isHexadecimal(c):
				escaped--
			case escaped != 0:
				d.fail()
				return
			case c == '\\':
				escaped = escape
			case c == '"':
				d.pos += at + 1
				return
			case c < ' ':
				d.fail()
				return
			}
		}
		if d.pos = d.end; !d.receive() {
			return
		}
	}
}

func isHexadecimal(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// name is that of a member, whose colon is read.
func (d *decoder) name() string {
	if d.next() != '"' {
		d.fail()
		return ""
	}
	name := d.text()
	if d.next() != ':' {
		d.fail()
		return ""
	}
	d.pos++
	return name
}

// fields are how the members of an object that are needed are read into a T.
type fields[T any] map[string]func(d *decoder, into *T)

// object reads objects with these fields.
type object[T any] struct {
	fields fields[T]
	// members are those of the last object, in its order.
	members []member[T]
}

// member is one of an object's.
type member[T any] struct {
	// start is how it begins: its name in quotes, and a colon.
	start string
	read  func(d *decoder, into *T) // nil if it is not needed
	last  string
}

func objectOf[T any](fields fields[T]) object[T] { return object[T]{fields: fields} }

// read reads one object.
func (o *object[T]) read(d *decoder, into *T) {
	n := 0
	for more := d.begin('{', '}'); more; more = d.again('}') {
		member := o.member(d, n)
		n++
		if member.read == nil {
			d.skip()
			continue
		}
		d.last = &member.last
		member.read(d, into)
	}
}

// member reads the name of an object's member of that number.
func (o *object[T]) member(d *decoder, n int) *member[T] {
	if n < len(o.members) {
		expected := &o.members[n]
		d.next()
		if end := d.pos + len(expected.start); end < d.end && string(d.buf[d.pos:end]) == expected.start {
			d.pos = end
			return expected
		}
	}
	name := d.name()
	found := member[T]{read: o.fields[name], start: `"` + name + `":`}
	switch {
	case n > min(len(o.members), maxMembers) || !repeatable(name):
		return &found
	case n < len(o.members):
		o.members[n] = found
	default:
		o.members = append(o.members, found)
	}
	return &o.members[n]
}

// list reads an array of objects; null is nil.
func list[T any](d *decoder, of *object[T]) []T {
	return listInto(d, of, []T{}, maxElements, "elements")
}

// listInto is the same, in the array of the buffer as far as that suffices. An answer
// with more than so many of them is none of Flink's.
func listInto[T any](d *decoder, of *object[T], buffer []T, most int, named string) []T {
	if d.next() == 'n' {
		d.literal("null")
		return nil
	}
	all, size := buffer[:0], int(reflect.TypeFor[T]().Size())
	for more := d.begin('[', ']'); more; more = d.again(']') {
		if len(all) == most {
			d.tooMany(most, named)
			break
		}
		var zero T
		all = append(all, zero)
		d.keep(size)
		of.read(d, &all[len(all)-1])
	}
	return all
}

// first is the first so many of an array of objects; the others are skipped.
func first[T any](d *decoder, of *object[T], most int) []T {
	all := []T{}
	for more := d.begin('[', ']'); more; more = d.again(']') {
		if len(all) == most {
			d.skip()
			continue
		}
		var zero T
		all = append(all, zero)
		d.keep(int(reflect.TypeFor[T]().Size()))
		of.read(d, &all[len(all)-1])
	}
	return all
}
