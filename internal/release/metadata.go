package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	idFormat      = regexp.MustCompile(`^[0-9a-z]+-[0-9a-z]+-datasource$`)
	versionFormat = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)

	// One version, as >=10.4.0, or a part of it, as 10.x.
	bound = `(<=|>=|<|>|=|~|\^)?\d+(\.(\d+|x|\*)){0,2}(-[0-9A-Za-z.-]+)?`
	pair  = bound + `( ` + bound + `)?`

	rangeFormat = regexp.MustCompile(`^` + pair + `( \|\| ` + pair + `)*$`)
	narrow      = regexp.MustCompile(`^\d+\.\d+\.(\d+|x)$`)
)

func identity(c *contained) error {
	plugin := c.plugin
	return errors.Join(
		demand(idFormat.MatchString(plugin.ID), "plugin.json: the id %q is not of the form organisation-name-datasource", plugin.ID),
		demand(c.root == plugin.ID, "the archive's folder is %s, and must be named by the plugin's id, %s", c.root, plugin.ID),
		demand(plugin.Type == "datasource", "plugin.json: the type is %q, not datasource", plugin.Type),
		demand(plugin.Name != "" && plugin.Name != plugin.ID, "plugin.json: the name is %q: give it one for people to read", plugin.Name))
}

// version also is the one of package.json, which is only in the sources.
func version(c *contained) error {
	info := c.plugin.Info
	_, dateErr := time.Parse(time.DateOnly, info.Updated)
	return errors.Join(
		demand(versionFormat.MatchString(info.Version), "plugin.json: info.version %q is no version such as 1.0.0", info.Version),
		demand(dateErr == nil, "plugin.json: info.updated %q is no date such as 2026-01-31", info.Updated),
		samePackage(c.source, info.Version))
}

func samePackage(source fs.FS, version string) error {
	content, err := fs.ReadFile(source, "package.json")
	if err != nil {
		return fmt.Errorf("package.json is missing in the sources: %w", err)
	}
	var found struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(content, &found); err != nil {
		return fmt.Errorf("package.json cannot be read: %w", err)
	}
	return demand(found.Version == version, "package.json has the version %q, plugin.json %q: make them equal", found.Version, version)
}

func description(c *contained) error {
	info := c.plugin.Info
	return errors.Join(
		demand(info.Description != "", "plugin.json: info.description is empty: say what the plugin is for"),
		demand(info.Author.Name != "", "plugin.json: info.author.name is empty: say who made the plugin"),
		demand(strings.Join(info.Keywords, "") != "", "plugin.json: info.keywords is empty: name what people search for"))
}

func dependency(c *contained) error {
	wanted := c.plugin.Dependencies.GrafanaDependency
	return errors.Join(
		demand(rangeFormat.MatchString(wanted), "plugin.json: grafanaDependency %q is no range such as >=10.4.0", wanted),
		demand(!narrow.MatchString(wanted), "plugin.json: grafanaDependency %q admits one release of Grafana only: give a range such as >=10.4.0", wanted))
}

func links(c *contained) error {
	info := c.plugin.Info
	refused := []error{
		demand(len(info.Links) > 0, "plugin.json: info.links is empty: link the repository at least"),
		demand(info.Author.URL == "" || onTheWeb(info.Author.URL), "plugin.json: info.author.url %q is no https address", info.Author.URL),
	}
	for _, link := range info.Links {
		refused = append(refused,
			demand(link.Name != "", "plugin.json: the link to %s has no name", link.URL),
			demand(onTheWeb(link.URL), "plugin.json: the link %s leads to %q, which is no https address", link.Name, link.URL))
	}
	return errors.Join(refused...)
}

func onTheWeb(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && parsed.Scheme == "https" && parsed.Host != ""
}

func includes(c *contained) error {
	var refused []error
	for _, include := range c.plugin.Includes {
		refused = append(refused,
			demand(include.Type == "dashboard", "plugin.json: %q is included as a %q: a data source brings dashboards only", include.Name, include.Type),
			demand(include.Name != "", "plugin.json: the dashboard %s has no name", include.Path),
			dashboard(c, include.Path))
	}
	return errors.Join(refused...)
}

func dashboard(c *contained, name string) error {
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
