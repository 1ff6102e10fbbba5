package remote

import (
	"net/url"
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
	// An @ in the path is what remains of a password with an unescaped slash.
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") || strings.Contains(address.Path, "@") {
		return nil, &Error{System: system, Kind: BadAddress, Request: Shortened(WithoutCredentials(text))}
	}
	address.User, address.RawQuery, address.ForceQuery, address.Fragment = nil, "", false, ""
	address.Path, address.RawPath = strings.TrimRight(address.Path, "/"), strings.TrimRight(address.RawPath, "/")
	return address, nil
}

// WithoutCredentials leaves out what may be a name and password, of a text
// that may be no address at all.
func WithoutCredentials(text string) string {
	at := strings.LastIndex(text, "@")
	if at < 0 {
		return text
	}
	scheme, _, found := strings.Cut(text[:at], "://")
	if !found {
		return text[at+1:]
	}
	return scheme + "://" + text[at+1:]
}
