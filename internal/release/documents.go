package release

import (
	"errors"
	"regexp"
	"strings"
)

const (
	shortestReadme  = 200   // less is of no use
	shortestLicense = 9_000 // the Apache License has 11,000
)

var (
	// Links and pictures, in Markdown or HTML.
	target = regexp.MustCompile(`\]\(\s*([^)\s]*)|(?:src|href)="([^"]*)"`)
	abroad = regexp.MustCompile(`^(https?://|mailto:|#)`)

	// What the template of a license leaves to fill in.
	placeholder = regexp.MustCompile(`[\[{](yyyy|name of copyright owner)[\]}]`)

	// What is about making the plugin, not about using it.
	jargon = regexp.MustCompile(`yarn|nodejs`)
)

func documents(c *contained) error {
	license := c.text("LICENSE")
	log := c.text("CHANGELOG.md")
	heading := regexp.MustCompile(`(?m)^#+ .*\b` + regexp.QuoteMeta(c.plugin.Info.Version) + `\b`)
	return errors.Join(
		readme(c.text("README.md")),
		demand(heading.MatchString(log), "CHANGELOG.md has no heading for version %s", c.plugin.Info.Version),
		demand(len(license) >= shortestLicense && strings.Contains(license, "Apache License"), "LICENSE is not the text of the Apache License"),
		demand(!placeholder.MatchString(license), "LICENSE has the placeholder %s: write the year and who has the copyright", placeholder.FindString(license)))
}

func readme(text string) error {
	refused := []error{
		demand(len(text) >= shortestReadme, "README.md is missing or is next to empty: the catalogue shows it"),
		demand(!strings.Contains(text, "<!--"), "README.md contains a comment: remove it"),
		demand(!jargon.MatchString(text), "README.md contains developers' jargon (%s): move it elsewhere", jargon.FindString(text)),
	}
	for _, found := range target.FindAllStringSubmatch(text, -1) {
		address := found[1] + found[2]
		refused = append(refused, demand(abroad.MatchString(address), "README.md links to %q, which leads nowhere in the catalogue: write the whole https address", address))
	}
	return errors.Join(refused...)
}
