package plugin_test

import (
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// A proxy that wants another login says so in many ways, some of which echo
// what they were sent. None of it is quoted.
func TestLoginPages(t *testing.T) {
	const (
		refused = " was refused with %: check the authentication in the data source's settings."
		noFlink = " answered % with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."
	)
	echo := page + "<!-- " + marker + " -->"
	html := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("WWW-Authenticate", `Basic realm="`+marker+`"`)
			w.Header().Set("Set-Cookie", "session="+marker)
			says(status, echo+r.Header.Get("Authorization"))(w, r)
		}
	}
	for name, c := range map[string]struct {
		server http.HandlerFunc
		status backend.Status
		text   string
	}{
		"302 to a page": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				html(200)(w, r)
				return
			}
			http.Redirect(w, r, "/login?from="+marker, http.StatusFound)
		}, 502, strings.Replace(noFlink, "%", "200 OK", 1)},
		"302 to a page that refuses": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				html(401)(w, r)
				return
			}
			http.Redirect(w, r, "/login?from="+marker, http.StatusFound)
		}, 401, strings.Replace(refused, "%", "401 Unauthorized", 1)},
		"302 to a server elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/?from="+marker, http.StatusFound)
		}, 502, strings.Replace(noFlink, "%", "302 Found", 1)},
		"200 HTML":  {html(200), 502, strings.Replace(noFlink, "%", "200 OK", 1)},
		"400 HTML":  {html(400), 502, strings.Replace(noFlink, "%", "400 Bad Request", 1)},
		"401 HTML":  {html(401), 401, strings.Replace(refused, "%", "401 Unauthorized", 1)},
		"403 HTML":  {html(403), 403, strings.Replace(refused, "%", "403 Forbidden", 1)},
		"407 HTML":  {html(407), 502, strings.Replace(noFlink, "%", "407 Proxy Authentication Required", 1)},
		"511 HTML":  {html(511), 502, strings.Replace(noFlink, "%", "511 Network Authentication Required", 1)},
		"401 empty": {says(401, ""), 401, strings.Replace(refused, "%", "401 Unauthorized", 1)},
		"403 JSON":  {says(403, `{"message":"`+marker+`"}`), 403, strings.Replace(refused, "%", "403 Forbidden", 1)},
		"200 JSON":  {says(200, `{"message":"`+marker+`"}`), 502, strings.Replace(noFlink, "%", "200 OK", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.server)
			defer server.Close()
			settings := basic(key(server.URL, nil, map[string]string{"basicAuthPassword": marker}), "grafana")
			fails(t, settings, c.status, server.URL+"/overview"+c.text)
		})
	}
}

// A proxy that compresses is understood.
func TestCompressingProxy(t *testing.T) {
	flink := &door{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if accepted := r.Header.Get("Accept-Encoding"); accepted != "gzip" {
			t.Errorf("accepts %q", accepted)
		}
		packed := gzip.NewWriter(w)
		defer func() { _ = packed.Close() }()
		w.Header().Set("Content-Encoding", "gzip")
		flink.ServeHTTP(packer{w, packed}, r)
	}))
	defer server.Close()
	opens(t, key(server.URL, nil, nil))
}

type packer struct {
	http.ResponseWriter
	packed *gzip.Writer
}

func (p packer) Write(body []byte) (int, error) { return p.packed.Write(body) }
