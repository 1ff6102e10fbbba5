package cluster

import (
	"bytes"
	"strings"
	"sync"
)

// keptLines is how many lines of what a process wrote an error quotes.
const keptLines = 12

// tail keeps the last lines that a process writes, and finds the one in which
// a cluster announces its address.
type tail struct {
	announcement chan string // gets one address, at most

	mu      sync.Mutex
	lines   []string
	partial []byte
}

func newTail() *tail {
	return &tail{announcement: make(chan string, 1)}
}

// Write takes output as it comes, lines cut anywhere.
func (t *tail) Write(output []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partial = append(t.partial, output...)
	for {
		line, rest, whole := bytes.Cut(t.partial, []byte("\n"))
		if !whole {
			return len(output), nil
		}
		t.add(strings.TrimRight(string(line), " \r"))
		t.partial = rest
	}
}

func (t *tail) add(line string) {
	if line == "" {
		return
	}
	if address, ok := strings.CutPrefix(line, announced); ok {
		select {
		case t.announcement <- address:
		default: // said before
		}
	}
	t.lines = append(t.lines, line)
	t.lines = t.lines[max(0, len(t.lines)-keptLines):]
}

// quote is the end of an error's sentence.
func (t *tail) quote() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if len(t.partial) > 0 {
		lines = append(lines[:len(lines):len(lines)], string(t.partial))
	}
	if len(lines) == 0 {
		return "; it wrote nothing"
	}
	return "; it wrote last:\n  " + strings.Join(lines, "\n  ")
}
