// Package dashboard reads dashboards as Grafana stores them, as far as it
// matters to a data source: what their panels query, which fields of the answers
// they name, and how variables are filled in.
package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Dashboard is a dashboard in Grafana's classic JSON.
type Dashboard struct {
	UID           string `json:"uid"`
	Title         string `json:"title"`
	SchemaVersion int    `json:"schemaVersion"`
	// Panels are all of them, those of collapsed rows too, without the rows.
	Panels     []Panel `json:"-"`
	Templating struct {
		List []Variable `json:"list"`
	} `json:"templating"`

	// Sections are the panels that are seen together: those outside of rows first, then
	// those of each row.
	Sections [][]Panel `json:"-"`
	// Source is the file as it is.
	Source []byte `json:"-"`
}

// Panel is one of a dashboard's panels.
type Panel struct {
	ID              int               `json:"id"`
	Type            string            `json:"type"`
	Title           string            `json:"title"`
	Description     string            `json:"description"`
	GridPos         Area              `json:"gridPos"`
	Datasource      Datasource        `json:"datasource"`
	Targets         []json.RawMessage `json:"targets"`
	FieldConfig     FieldConfig       `json:"fieldConfig"`
	Options         Options           `json:"options"`
	Transformations []Transformation  `json:"transformations"`
	// Panels are those of a row that is collapsed.
	Panels []Panel `json:"panels"`
}

// row is the type of a panel that is a heading and has others below it.
const row = "row"

// Datasource is the reference of a panel, target or variable to its data source.
type Datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// Area is where a panel lies on the grid, 24 columns wide.
type Area struct{ X, Y, W, H int }

// Overlaps reports whether two areas share a cell.
func (a Area) Overlaps(b Area) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

// Read reads the dashboards of a folder, by the names of their files.
func Read(folder string) (map[string]Dashboard, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	dashboards := map[string]Dashboard{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		read := Dashboard{Source: source}
		var stored struct{ Panels []Panel }
		if err := errors.Join(json.Unmarshal(source, &read), json.Unmarshal(source, &stored)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		read.setPanels(stored.Panels)
		dashboards[filepath.Base(file)] = read
	}
	return dashboards, nil
}

// setPanels sets the panels, as they are stored.
func (d *Dashboard) setPanels(stored []Panel) {
	d.Sections = [][]Panel{nil}
	for _, panel := range stored {
		if panel.Type != row {
			d.Sections[0] = append(d.Sections[0], panel)
			continue
		}
		d.Sections = append(d.Sections, panel.Panels)
	}
	d.Panels = slices.Concat(d.Sections...)
}
