package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// complaints passes on what the plugin's log says that went wrong, in short,
// and what is no log line at all, such as a panic.
type complaints struct {
	to   io.Writer
	line []byte
}

// Write takes the log as it comes, lines cut anywhere.
func (c *complaints) Write(log []byte) (int, error) {
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

func (c *complaints) pass(line []byte) error {
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
