package release

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

// extensions are those that a picture of a type may have.
var extensions = map[string][]string{
	"image/svg+xml": {".svg"},
	"image/png":     {".png"},
	"image/jpeg":    {".jpg", ".jpeg"},
	"image/gif":     {".gif"},
}

func logos(c *contained) error {
	return errors.Join(
		image(c, "small logo", c.plugin.Info.Logos.Small),
		image(c, "large logo", c.plugin.Info.Logos.Large))
}

func screenshots(c *contained) error {
	var refused []error
	for _, screenshot := range c.plugin.Info.Screenshots {
		refused = append(refused,
			demand(screenshot.Name != "", "plugin.json: the screenshot %s has no name", screenshot.Path),
			image(c, "screenshot", screenshot.Path))
	}
	return errors.Join(refused...)
}

// drawings are all SVG files, whether plugin.json names them or not: Grafana
// shows them as they are, with the scripts in them.
func drawings(c *contained) error {
	var refused []error
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if path.Ext(name) == ".svg" {
			refused = append(refused, safeDrawing(c, name))
		}
	}
	return errors.Join(refused...)
}

func image(c *contained, kind, name string) error {
	if !fs.ValidPath(name) {
		return fmt.Errorf("plugin.json: the %s's path %q is not of the form img/name.svg", kind, name)
	}
	content, err := fs.ReadFile(c, name)
	if err != nil {
		return fmt.Errorf("plugin.json: the %s %s is not in the archive: %w", kind, name, err)
	}
	found := http.DetectContentType(content)
	if strings.HasPrefix(found, "text/") && bytes.Contains(content, []byte("<svg")) {
		found = "image/svg+xml"
	}
	return demand(slices.Contains(extensions[found], path.Ext(name)), "plugin.json: the %s %s contains %s: give it the ending of an SVG, PNG, JPEG or GIF picture that it is", kind, name, found)
}

func safeDrawing(c *contained, name string) error {
	file, err := c.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := xml.NewDecoder(file)
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s is no SVG: %w", name, err)
		}
		if element, ok := token.(xml.StartElement); ok {
			if err := harmless(element); err != nil {
				return fmt.Errorf("%s is not safe: %w", name, err)
			}
		}
	}
}

func harmless(element xml.StartElement) error {
	kind := strings.ToLower(element.Name.Local)
	refused := []error{demand(kind != "script" && kind != "foreignobject" && kind != "iframe", "remove its element %s", element.Name.Local)}
	for _, attribute := range element.Attr {
		name := strings.ToLower(attribute.Name.Local)
		refused = append(refused,
			demand(!strings.HasPrefix(name, "on"), "remove its attribute %s", attribute.Name.Local),
			demand(name != "href" || strings.HasPrefix(attribute.Value, "#"), "remove its link to %s", attribute.Value))
	}
	return errors.Join(refused...)
}
