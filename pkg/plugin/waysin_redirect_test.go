package plugin_test

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// every is a data source with all kinds of credentials at once.
func every(address string, trusted *httptest.Server) backend.DataSourceInstanceSettings {
	return basic(key(address,
		map[string]any{"httpHeaderName1": "X-Api-Key", "httpHeaderName2": "Cookie", "tlsAuthWithCACert": true},
		map[string]string{
			"basicAuthPassword": marker, "httpHeaderValue1": marker, "httpHeaderValue2": "session=" + marker,
			"tlsCACert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate().Raw})),
		}), "grafana")
}

// A redirect is followed within the server that was configured, or from there
// to TLS. Nothing at all is sent to any other: the client would add the
// credentials.
func TestRedirects(t *testing.T) {
	elsewhere := &door{}
	plain, secure := httptest.NewServer(elsewhere), httptest.NewUnstartedServer(elsewhere)
	defer plain.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	localhost := strings.Replace(plain.URL, "127.0.0.1", "localhost", 1)
	for name, c := range map[string]struct {
		tls       bool // the server that was configured
		to        string
		status    int
		followed  bool
		elsewhere bool // the answer comes from the other server
	}{
		"a path":                 {false, "/flink", http.StatusFound, true, false},
		"a path, 301":            {false, "/flink", http.StatusMovedPermanently, true, false},
		"a path, 307":            {false, "/flink", http.StatusTemporaryRedirect, true, false},
		"a path, 308":            {false, "/flink", http.StatusPermanentRedirect, true, false},
		"a path, over TLS":       {true, "/flink", http.StatusFound, true, false},
		"the whole address":      {false, "SELF/flink", http.StatusFound, true, false},
		"from plain HTTP to TLS": {false, secure.URL, http.StatusMovedPermanently, true, true},

		"another host":                   {false, localhost, http.StatusFound, false, false},
		"another host, 307":              {false, localhost, http.StatusTemporaryRedirect, false, false},
		"another host without a scheme":  {false, strings.TrimPrefix(localhost, "http:"), http.StatusFound, false, false},
		"to TLS on another host":         {false, strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), http.StatusFound, false, false},
		"another port":                   {false, plain.URL, http.StatusFound, false, false},
		"another port, over TLS":         {true, secure.URL, http.StatusFound, false, false},
		"from TLS to plain HTTP":         {true, plain.URL, http.StatusFound, false, false},
		"from TLS to plain HTTP there":   {true, "PLAIN/flink", http.StatusFound, false, false},
		"from TLS to another plain host": {true, localhost, http.StatusFound, false, false},
		"secrets in the address":         {false, "http://" + marker + ":" + marker + "@" + strings.TrimPrefix(localhost, "http://") + "/" + marker, http.StatusFound, false, false},
		"for ever":                       {false, "/again", http.StatusFound, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var own *httptest.Server
			hops := 0
			configured := &door{guard: func(w http.ResponseWriter, r *http.Request) bool {
				if path, found := strings.CutPrefix(r.URL.Path, "/flink"); found {
					r.URL.Path = path
					return false
				}
				hops++
				w.Header().Set("Location", strings.NewReplacer("SELF", own.URL, "PLAIN", "http://"+r.Host).Replace(c.to)+r.URL.Path)
				w.WriteHeader(c.status)
				return true
			}}
			if own = httptest.NewUnstartedServer(configured); c.tls {
				own.StartTLS()
			} else {
				own.Start()
			}
			defer own.Close()
			if settings := every(own.URL, secure); c.followed {
				opens(t, settings)
			} else {
				fails(t, settings, backend.StatusBadGateway, fmt.Sprintf("%s/overview answered %d %s with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.", own.URL, c.status, http.StatusText(c.status)))
			}
			if saw := elsewhere.let(); (len(saw) > 0) != c.elsewhere {
				t.Errorf("the other server was asked %d times, with %v", len(saw), saw)
			}
			if hops > 20 {
				t.Errorf("redirected %d times", hops)
			}
		})
	}
}
