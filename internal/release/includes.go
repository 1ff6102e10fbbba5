package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

func includes(c *contained) error {
	var refused []error
	for _, include := range c.plugin.Includes {
		refused = append(refused,
			demand(include.Type == "dashboard", "plugin.json: %q is included as a %q: a data source brings dashboards only", include.Name, include.Type),
			demand(include.Name != "", "plugin.json: the dashboard %s has no name", include.Path),
			c.dashboard(include.Path))
	}
	return errors.Join(refused...)
}

func (c *contained) dashboard(name string) error {
	content, err := fs.ReadFile(c, name)
	if err != nil {
		return fmt.Errorf("plugin.json: the dashboard %q is not in the archive: %w", name, err)
	}
	var dashboard struct {
		Title string `json:"title"`
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		return fmt.Errorf("the dashboard %s cannot be read: %w", name, err)
	}
	return demand(dashboard.Title != "", "the dashboard %s has no title", name)
}
