package remote

import (
	"net/url"
	"regexp"
	"strings"
)

// Address checks the base URL of a system's API, which may end in a path
// prefix, and returns it without credentials in it, query, fragment and
// trailing slash. Errors are [Error] of kind NoAddress or BadAddress.
func Address(system System, text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, &Error{System: system, Kind: NoAddress}
	}
	address, err := url.Parse(text)
	// An @ after the host is what remains of a password with an unescaped / ? or #.
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") || strings.Contains(address.Path+address.RawQuery+address.Fragment, "@") {
		return nil, &Error{System: system, Kind: BadAddress, Request: Shortened(WithoutCredentials(text))}
	}
	address.User, address.RawQuery, address.ForceQuery, address.Fragment = nil, "", false, ""
	address.Path, address.RawPath = strings.TrimRight(address.Path, "/"), strings.TrimRight(address.RawPath, "/")
	return address, nil
}

// aScheme is how one begins, and nothing else.
var aScheme = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*$`)

// WithoutCredentials leaves out what may be a name, a password or a token, of a text
// that may be no address at all: all before the last @, but for the scheme, and the query.
func WithoutCredentials(text string) string {
	rest, scheme := text, ""
	for _, at := range []string{"@", "%40"} {
		if last := strings.LastIndex(rest, at); last >= 0 {
			rest = rest[last+len(at):]
		}
	}
	if before, _, found := strings.Cut(text, "://"); found && len(rest) < len(text) && aScheme.MatchString(before) {
		scheme = before + "://"
	}
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + rest
}
