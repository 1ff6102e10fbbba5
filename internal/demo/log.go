package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// logFilter writes the warnings and errors of the plugin's log, shortened, and
// what is no log line at all, such as a panic.
type logFilter struct {
	to   io.Writer
	line []byte
}

// Write takes the log as it comes, lines cut anywhere.
func (c *logFilter) Write(log []byte) (int, error) {
	c.line = append(c.line, log...)
	for {
		line, rest, whole := bytes.Cut(c.line, []byte("\n"))
		if !whole {
			return len(log), nil
		}
		if err := c.pass(line); err != nil {
			return 0, err
		}
		c.line = rest
	}
}

func (c *logFilter) pass(line []byte) error {
	var entry struct {
		Level   string `json:"@level"`
		Message string `json:"@message"`
		Error   any    `json:"error"`
	}
	if json.Unmarshal(line, &entry) != nil {
		_, err := fmt.Fprintf(c.to, "%s\n", line)
		return err
	}
	if entry.Level != "warn" && entry.Level != "error" {
		return nil
	}
	text := "The plugin logs: " + entry.Message
	if entry.Error != nil {
		text += fmt.Sprintf(" (%v)", entry.Error)
	}
	_, err := fmt.Fprintln(c.to, text)
	return err
}
