package process

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// keptLines is how many of the last lines are kept.
const keptLines = 20

// colour is how programs switch the colour of a terminal.
var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// output keeps the last lines that a process prints, and all that match.
type output struct {
	matching *regexp.Regexp

	mu      sync.Mutex
	lines   []string
	partial []byte
	matches [][]string
	more    chan struct{} // closed and replaced with each match
}

func newOutput(matching *regexp.Regexp) *output {
	return &output{matching: matching, more: make(chan struct{})}
}

// Write takes the output as it comes, lines cut anywhere.
func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.partial = append(o.partial, text...)
	for {
		line, rest, whole := bytes.Cut(o.partial, []byte("\n"))
		if !whole {
			return len(text), nil
		}
		o.add(strings.TrimRight(colour.ReplaceAllString(string(line), ""), " \r"))
		o.partial = rest
	}
}

func (o *output) add(line string) {
	if line == "" {
		return
	}
	if o.matching != nil {
		if match := o.matching.FindStringSubmatch(line); match != nil {
			o.matches = append(o.matches, match)
			close(o.more)
			o.more = make(chan struct{})
		}
	}
	o.lines = append(o.lines, line)
	o.lines = o.lines[max(0, len(o.lines)-keptLines):]
}

// matched are the matches so far, and a channel that is closed with the next.
func (o *output) matched() (matches [][]string, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.matches[:len(o.matches):len(o.matches)], o.more
}

// printed is the end of an error's sentence.
func (o *output) printed() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := o.lines
	if len(o.partial) > 0 {
		lines = append(lines[:len(lines):len(lines)], string(o.partial))
	}
	if len(lines) == 0 {
		return "; it has printed nothing"
	}
	return "; it has printed last:\n  " + strings.Join(lines, "\n  ")
}
