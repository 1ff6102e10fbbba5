package release

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
)

// Plugin is what plugin.json says: of Grafana's schema, the keys that a data
// source of this kind uses.
type Plugin struct {
	Schema       string       `json:"$schema"`
	ID           string       `json:"id"`
	Type         string       `json:"type"`
	Name         string       `json:"name"`
	Category     string       `json:"category"`
	State        string       `json:"state"`
	BuildMode    string       `json:"buildMode"`
	Executable   string       `json:"executable"`
	Backend      bool         `json:"backend"`
	Alerting     bool         `json:"alerting"`
	Annotations  bool         `json:"annotations"`
	Metrics      bool         `json:"metrics"`
	Logs         bool         `json:"logs"`
	Includes     []Include    `json:"includes"`
	Info         Info         `json:"info"`
	Dependencies Dependencies `json:"dependencies"`
}

// Info is what the catalogue shows of a plugin.
type Info struct {
	Description string   `json:"description"`
	Author      Author   `json:"author"`
	Keywords    []string `json:"keywords"`
	Logos       Logos    `json:"logos"`
	Links       []Link   `json:"links"`
	Screenshots []Image  `json:"screenshots"`
	Version     string   `json:"version"`
	Updated     string   `json:"updated"`
}

// Author is who made the plugin.
type Author struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	URL   string `json:"url"`
}

// Logos are the paths of the plugin's icons.
type Logos struct {
	Small string `json:"small"`
	Large string `json:"large"`
}

// Link is shown on the plugin's page.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Image is a picture with a caption.
type Image struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// Include is a dashboard that comes with the plugin.
type Include struct {
	Type string `json:"type"`
	Name string `json:"name"`
	Path string `json:"path"`
	UID  string `json:"uid"`
}

// Dependencies are the Grafana versions and the plugins that this one needs.
type Dependencies struct {
	GrafanaDependency string            `json:"grafanaDependency"`
	Plugins           []json.RawMessage `json:"plugins"`
}

// Read reads plugin.json. A key that it does not know is an error: the
// catalogue refuses those that are not in Grafana's schema.
func Read(folder fs.FS) (Plugin, error) {
	content, err := fs.ReadFile(folder, "plugin.json")
	if err != nil {
		return Plugin{}, fmt.Errorf("plugin.json is missing: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var plugin Plugin
	if err := decoder.Decode(&plugin); err != nil {
		return Plugin{}, fmt.Errorf("plugin.json cannot be read: %w", err)
	}
	return plugin, nil
}
