package release

import (
	"errors"
	"net/url"
)

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
