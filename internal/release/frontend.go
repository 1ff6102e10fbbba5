package release

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// mostModule is how large module.js may be on its way to a browser, in bytes:
// it holds up every dashboard that uses the plugin.
const mostModule = 60_000

func module(c *contained) error {
	size := gzipped(c.text("module.js"))
	return errors.Join(
		demand(c.text("module.js") != "", "module.js is missing or empty: build it with go tool mage build"),
		demand(size <= mostModule, "module.js has %d bytes gzipped, more than %d: leave libraries to Grafana, or out", size, mostModule))
}

func gzipped(text string) int {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write([]byte(text)) // a buffer takes all
	_ = writer.Close()
	return packed.Len()
}

// sourceMap compares what module.js was made of with src. The catalogue takes
// the names in the map as paths below src.
func sourceMap(c *contained) error {
	content, err := fs.ReadFile(c, "module.js.map")
	if err != nil {
		return fmt.Errorf("module.js.map is missing: build module.js with a source map (%w)", err)
	}
	var found struct {
		Sources        []string
		SourcesContent []string
	}
	if err := json.Unmarshal(content, &found); err != nil {
		return fmt.Errorf("module.js.map cannot be read: %w", err)
	}
	if len(found.Sources) == 0 || len(found.Sources) != len(found.SourcesContent) {
		return fmt.Errorf("module.js.map has %d names and %d texts of sources: it must have all of both", len(found.Sources), len(found.SourcesContent))
	}
	var strange, changed []string
	for i, name := range found.Sources {
		if name = strings.TrimPrefix(name, "webpack://"+c.plugin.ID+"/"); ours(name) {
			text, err := fs.ReadFile(c.source, path.Join("src", name))
			if err != nil {
				strange = append(strange, name)
			} else if string(text) != found.SourcesContent[i] {
				changed = append(changed, path.Join("src", name))
			}
		}
	}
	return errors.Join(
		demand(len(strange) == 0, "module.js.map names %s, which is no path below src: build it with src as the context", some(strange)),
		demand(len(changed) == 0, "module.js was not made of the %s that there is now: build it again", some(changed)))
}

// ours reports whether a source is of this project, not webpack's own or a library's.
func ours(name string) bool {
	return !strings.HasPrefix(name, "webpack/") && !strings.HasPrefix(name, "external ") &&
		!strings.HasPrefix(name, "./node_modules/") && !strings.HasPrefix(name, "../node_modules/") &&
		path.Ext(name) != ".json" && path.Ext(name) != ".css" && path.Ext(name) != ".svg"
}

// some are the first of the names, and how many there are.
func some(names []string) string {
	const shown = 3
	text := strings.Join(names[:min(shown, len(names))], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
