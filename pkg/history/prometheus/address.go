package prometheus

import (
	"net/url"
	"strings"
)

// parse checks an address and leaves out what may be a name and password in it.
func parse(address string) (*url.URL, error) {
	address = strings.TrimSpace(address)
	if address == "" {
		return nil, &Error{Kind: NoAddress}
	}
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, &Error{Kind: BadAddress, Request: shortened(address[strings.LastIndex(address, "@")+1:])}
	}
	base.User, base.RawQuery, base.Fragment = nil, "", ""
	base.Path = strings.TrimRight(base.Path, "/")
	return base, nil
}
