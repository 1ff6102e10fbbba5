package plugin_test

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	stdlog "log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/tlstest"
)

// marker is part of every secret in these tests, and of nothing else.
const marker = "m4rk3r"

// guardedFlink is a Flink with one job that has not begun to run, and a guard before
// it that may answer instead. It keeps the requests that pass.
type guardedFlink struct {
	guard func(w http.ResponseWriter, r *http.Request) (answered bool)

	mu     sync.Mutex
	passed []passedRequest
}

// passedRequest is a request that reached Flink.
type passedRequest struct {
	http.Header
	path string
}

func (f *guardedFlink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.guard != nil && f.guard(w, r) {
		return
	}
	f.mu.Lock()
	f.passed = append(f.passed, passedRequest{r.Header.Clone(), r.URL.Path})
	f.mu.Unlock()
	body := `[]`
	switch r.URL.Path {
	case "/overview":
		body = `{"flink-version":"2.3.0","taskmanagers":1,"jobs-running":1}`
	case "/jobs/overview":
		body = `{"jobs":[{"jid":"` + fuzzJob + `","name":"orders","state":"RUNNING"}]}`
	case "/jobs/" + fuzzJob:
		body = `{"jid":"` + fuzzJob + `","name":"orders","state":"RUNNING","vertices":[{"id":"` + fuzzTask + `","name":"sink","parallelism":1,"status":"CREATED"}],"plan":{"nodes":[{"id":"` + fuzzTask + `"}]}}`
	}
	_, _ = w.Write([]byte(body)) // the client may have gone
}

// received are the requests since the last call.
func (f *guardedFlink) received() (requests []passedRequest) {
	f.mu.Lock()
	defer f.mu.Unlock()
	requests, f.passed = f.passed, nil
	return requests
}

// logRecorder keeps what is logged.
type logRecorder struct {
	mu    sync.Mutex
	lines []string
}

func (l *logRecorder) write(text string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprint(text, " ", args))
}

func (l *logRecorder) Debug(text string, args ...any) { l.write(text, args...) }

func (l *logRecorder) Info(text string, args ...any) { l.write(text, args...) }

func (l *logRecorder) Warn(text string, args ...any) { l.write(text, args...) }

func (l *logRecorder) Error(text string, args ...any) { l.write(text, args...) }

func (l *logRecorder) With(args ...any) log.Logger { l.write("with", args...); return l }

func (l *logRecorder) Level() log.Level { return log.Debug }

func (l *logRecorder) FromContext(ctx context.Context) log.Logger {
	return l.With(log.ContextualAttributesFromContext(ctx)...)
}

func (l *logRecorder) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// recordLog has the plugin and the SDK log into a recorder until the test ends.
func recordLog(t *testing.T) *logRecorder {
	t.Helper()
	book, own, sdk := &logRecorder{}, log.DefaultLogger, backend.Logger
	log.DefaultLogger, backend.Logger = book, book
	t.Cleanup(func() { log.DefaultLogger, backend.Logger = own, sdk })
	return book
}

// checkNoSecret searches a text for the marker, for the data source's secrets, line
// by line as keys have many, and for what basic authentication makes of them.
func checkNoSecret(t *testing.T, settings backend.DataSourceInstanceSettings, what, text string) {
	t.Helper()
	secrets := []string{marker}
	for _, value := range settings.DecryptedSecureJSONData {
		secrets = append(secrets, strings.Split(value, "\n")...)
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(settings.BasicAuthUser+":"+value)))
	}
	for _, secret := range secrets {
		if secret != "" && !strings.HasPrefix(secret, "-----") && strings.Contains(text, secret) {
			t.Errorf("%s has the secret %q: %s", what, secret, text)
		}
	}
}

// enter sends a query and a health check, whose answers must agree, and checks that
// neither they nor the log have a secret.
func enter(t *testing.T, settings backend.DataSourceInstanceSettings) backend.DataResponse {
	t.Helper()
	book := recordLog(t)
	source := open(t, settings)
	response := send(t.Context(), t, source, `{"queryType": "jobs"}`)["A"]
	health, err := source.CheckHealth(t.Context(), &backend.CheckHealthRequest{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"the answer": string(whole), "the health": health.Message, "the log": book.text()} {
		checkNoSecret(t, settings, what, text)
	}
	if response.Error != nil && (health.Status != backend.HealthStatusError || health.Message != strings.Replace(response.Error.Error(), "/jobs/overview", "/overview", 1)) {
		t.Errorf("the health is %s: %s", health.Status, health.Message)
	}
	if response.Error == nil && (health.Status != backend.HealthStatusOk || len(response.Frames) != 1 || response.Frames[0].Rows() != 1) {
		t.Errorf("%d frames, the health is %s: %s", len(response.Frames), health.Status, health.Message)
	}
	return response
}

// checkOpens expects an answer.
func checkOpens(t *testing.T, settings backend.DataSourceInstanceSettings) {
	t.Helper()
	if response := enter(t, settings); response.Error != nil {
		t.Errorf("status %d: %v", response.Status, response.Error)
	}
}

// checkFails expects a sentence with its status.
func checkFails(t *testing.T, settings backend.DataSourceInstanceSettings, status backend.Status, want string) {
	t.Helper()
	response := enter(t, settings)
	if response.Error == nil || strings.Replace(response.Error.Error(), "/jobs/overview", "/overview", 1) != want || response.Status != status || response.ErrorSource != backend.ErrorSourceDownstream {
		t.Errorf("status %d, source %q: %v\nwant %d: %s", response.Status, response.ErrorSource, response.Error, status, want)
	}
}

// credentialSettings are a data source at the address, with secrets.
func credentialSettings(address string, jsonData map[string]any, secrets map[string]string) backend.DataSourceInstanceSettings {
	keys := map[string]any{"url": address}
	for name, value := range jsonData {
		keys[name] = value
	}
	settings := settingsWith(keys)
	settings.DecryptedSecureJSONData = secrets
	return settings
}

// withBasicLogin adds the login as Grafana does: outside of jsonData.
func withBasicLogin(settings backend.DataSourceInstanceSettings, user string) backend.DataSourceInstanceSettings {
	settings.BasicAuthEnabled, settings.BasicAuthUser = true, user
	return settings
}

// A server that lets in only requests with one header answers with the right
// credentials, and with the wrong ones there is one sentence.
func TestCredentials(t *testing.T) {
	const login, token, long = "Basic Z3JhZmFuYTptNHJrM3I=", "Bearer " + marker, "raw " + marker // grafana:m4rk3r
	named := func(name string) map[string]any { return map[string]any{"httpHeaderName1": name} }
	for name, c := range map[string]struct {
		header, want string // the header that the server checks, and what it expects there
		settings     func(address string) backend.DataSourceInstanceSettings
		refused      bool
	}{
		"basic login": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return withBasicLogin(credentialSettings(a, nil, map[string]string{"basicAuthPassword": marker}), "grafana")
		}, false},
		"another user": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return withBasicLogin(credentialSettings(a, nil, map[string]string{"basicAuthPassword": marker}), "flink")
		}, true},
		"another password": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return withBasicLogin(credentialSettings(a, nil, map[string]string{"basicAuthPassword": marker + "2"}), "grafana")
		}, true},
		"no password": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return withBasicLogin(credentialSettings(a, nil, nil), "grafana")
		}, true},
		"nothing": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings { return credentialSettings(a, nil, nil) }, true},
		"login is off": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, nil, map[string]string{"basicAuthPassword": marker})
		}, true},

		"token": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, nil, map[string]string{"bearerToken": marker})
		}, false},
		"token from a file": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, nil, map[string]string{"bearerToken": marker + "\n"})
		}, false},
		"another token": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, nil, map[string]string{"bearerToken": marker + "2"})
		}, true},
		"a token beats a login": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return withBasicLogin(credentialSettings(a, nil, map[string]string{"bearerToken": marker, "basicAuthPassword": marker}), "grafana")
		}, false},
		"a token beats a header": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, named("authorization"), map[string]string{"bearerToken": marker, "httpHeaderValue1": long})
		}, false},
		"a header beats a login": {"Authorization", long, func(a string) backend.DataSourceInstanceSettings {
			return withBasicLogin(credentialSettings(a, named("Authorization"), map[string]string{"httpHeaderValue1": long, "basicAuthPassword": marker}), "grafana")
		}, false},

		"header": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, named("x-api-key"), map[string]string{"httpHeaderValue1": long})
		}, false},
		"cookie as header": {"Cookie", long, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, named("Cookie"), map[string]string{"httpHeaderValue1": long})
		}, false},
		"another header": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, named("x-key"), map[string]string{"httpHeaderValue1": long})
		}, true},
		"no value": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, named("x-api-key"), nil)
		}, true},
		"the second header": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings {
			return credentialSettings(a, map[string]any{"httpHeaderName1": "X-Tenant", "httpHeaderName2": "X-Api-Key"}, map[string]string{"httpHeaderValue1": marker, "httpHeaderValue2": long})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			flink := &guardedFlink{guard: func(w http.ResponseWriter, r *http.Request) bool {
				if got := strings.Join(r.Header.Values(c.header), ", "); got != c.want {
					w.WriteHeader(http.StatusUnauthorized)
					return true
				}
				return false
			}}
			server := httptest.NewServer(flink)
			defer server.Close()
			if !c.refused {
				checkOpens(t, c.settings(server.URL))
				return
			}
			checkFails(t, c.settings(server.URL), backend.StatusUnauthorized, server.URL+"/overview was refused with 401 Unauthorized: check the authentication in the data source's settings.")
			if got := flink.received(); len(got) != 0 {
				t.Errorf("Flink got %v", got)
			}
		})
	}
}

// Credentials go to each cluster of a data source, as the config page says.
func TestCredentialsOfSeveralClusters(t *testing.T) {
	west, east := &guardedFlink{}, &guardedFlink{}
	westServer, eastServer := httptest.NewServer(west), httptest.NewServer(east)
	defer westServer.Close()
	defer eastServer.Close()
	settings := credentialSettings(westServer.URL, map[string]any{"clusters": []map[string]string{{"name": "east", "url": eastServer.URL}}}, map[string]string{"bearerToken": marker})
	firstFrame(t, send(t.Context(), t, open(t, settings), `{"queryType": "jobs"}`), "A")
	for name, flink := range map[string]*guardedFlink{"west": west, "east": east} {
		sent := flink.received()
		if len(sent) == 0 {
			t.Errorf("%s got no request", name)
		}
		for _, request := range sent {
			if got := request.Get("Authorization"); got != "Bearer "+marker {
				t.Errorf("%s got the authorization %q", name, got)
			}
		}
	}
}

// A proxy asks for another login in many ways, some of which quote what they were
// sent. None of it is quoted.
func TestLoginPages(t *testing.T) {
	const (
		refused = " was refused with %: check the authentication in the data source's settings."
		noFlink = " answered % with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."
	)
	const redirected = " redirects to %, which is not followed, as the credentials would go there too: if that is where Flink is, enter that address in the data source's settings; if it is a login page, check the authentication."
	echo := page + "<!-- " + marker + " -->"
	html := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("WWW-Authenticate", `Basic realm="`+marker+`"`)
			w.Header().Set("Set-Cookie", "session="+marker)
			respondWith(status, echo+r.Header.Get("Authorization"))(w, r)
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
		}, 502, strings.Replace(redirected, "%", "SELF", 1)},
		"302 to a server elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/?from="+marker, http.StatusFound)
		}, 502, strings.Replace(redirected, "%", "https://login.example", 1)},
		"200 HTML":  {html(200), 502, strings.Replace(noFlink, "%", "200 OK", 1)},
		"400 HTML":  {html(400), 502, strings.Replace(noFlink, "%", "400 Bad Request", 1)},
		"401 HTML":  {html(401), 401, strings.Replace(refused, "%", "401 Unauthorized", 1)},
		"403 HTML":  {html(403), 403, strings.Replace(refused, "%", "403 Forbidden", 1)},
		"407 HTML":  {html(407), 502, strings.Replace(noFlink, "%", "407 Proxy Authentication Required", 1)},
		"511 HTML":  {html(511), 502, strings.Replace(noFlink, "%", "511 Network Authentication Required", 1)},
		"401 empty": {respondWith(401, ""), 401, strings.Replace(refused, "%", "401 Unauthorized", 1)},
		"403 JSON":  {respondWith(403, `{"message":"`+marker+`"}`), 403, strings.Replace(refused, "%", "403 Forbidden", 1)},
		"200 JSON":  {respondWith(200, `{"message":"`+marker+`"}`), 502, strings.Replace(noFlink, "%", "200 OK", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.server)
			defer server.Close()
			settings := withBasicLogin(credentialSettings(server.URL, nil, map[string]string{"basicAuthPassword": marker}), "grafana")
			checkFails(t, settings, c.status, server.URL+"/overview"+strings.Replace(c.text, "SELF", server.URL, 1))
		})
	}
}

// A proxy may compress.
func TestCompressingProxy(t *testing.T) {
	flink := &guardedFlink{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if accepted := r.Header.Get("Accept-Encoding"); accepted != "gzip" {
			t.Errorf("accepts %q", accepted)
		}
		packed := gzip.NewWriter(w)
		defer func() { _ = packed.Close() }()
		w.Header().Set("Content-Encoding", "gzip")
		flink.ServeHTTP(gzipWriter{w, packed}, r)
	}))
	defer server.Close()
	checkOpens(t, credentialSettings(server.URL, nil, nil))
}

type gzipWriter struct {
	http.ResponseWriter
	packed *gzip.Writer
}

func (p gzipWriter) Write(body []byte) (int, error) { return p.packed.Write(body) }

// withAllCredentials is a data source with all kinds of credentials at once.
func withAllCredentials(address string, trusted *httptest.Server) backend.DataSourceInstanceSettings {
	return withBasicLogin(credentialSettings(address,
		map[string]any{"httpHeaderName1": "X-Api-Key", "httpHeaderName2": "Cookie", "tlsAuthWithCACert": true},
		map[string]string{
			"basicAuthPassword": marker, "httpHeaderValue1": marker, "httpHeaderValue2": "session=" + marker,
			"tlsCACert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate().Raw})),
		}), "grafana")
}

// A redirect is followed to the same path of the same server alone. Nothing is sent
// anywhere else, as the client would add the credentials; the error names where it
// leads, but nothing that may be secret.
func TestRedirects(t *testing.T) {
	elsewhere := &guardedFlink{}
	plain, secure := httptest.NewServer(elsewhere), httptest.NewUnstartedServer(elsewhere)
	defer plain.Close()
	secure.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	localhost := strings.Replace(plain.URL, "127.0.0.1", "localhost", 1)
	for name, c := range map[string]struct {
		tls    bool // the server that was configured
		to     string
		status int
		named  string
	}{
		"a path":                {false, "/flink", http.StatusFound, "SELF/flink"},
		"a path, 301":           {false, "/flink", http.StatusMovedPermanently, "SELF/flink"},
		"a path, 307":           {false, "/flink", http.StatusTemporaryRedirect, "SELF/flink"},
		"a path, 308":           {false, "/flink", http.StatusPermanentRedirect, "SELF/flink"},
		"a path, over TLS":      {true, "/flink", http.StatusFound, "SELF/flink"},
		"the whole address":     {false, "SELF/flink", http.StatusFound, "SELF/flink"},
		"to a job's cancelling": {false, "/jobs/x/yarn-cancel?", http.StatusFound, "SELF"},
		"TLS on another port":   {false, secure.URL, http.StatusMovedPermanently, secure.URL},

		"another host":                   {false, localhost, http.StatusFound, ""},
		"another host, 307":              {false, localhost, http.StatusTemporaryRedirect, ""},
		"another host without a scheme":  {false, strings.TrimPrefix(localhost, "http:"), http.StatusFound, ""},
		"to TLS on another host":         {false, strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), http.StatusFound, ""},
		"another port":                   {false, plain.URL, http.StatusFound, ""},
		"another port, over TLS":         {true, secure.URL, http.StatusFound, ""},
		"from TLS to plain HTTP":         {true, plain.URL, http.StatusFound, ""},
		"from TLS to plain HTTP there":   {true, "PLAIN/flink", http.StatusFound, ""},
		"from TLS to another plain host": {true, localhost, http.StatusFound, ""},
		"secrets in the address":         {false, "http://" + marker + ":" + marker + "@" + strings.TrimPrefix(localhost, "http://") + "/" + marker, http.StatusFound, ""},
		"for ever":                       {false, "/again", http.StatusFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var own *httptest.Server
			configured := &guardedFlink{guard: func(w http.ResponseWriter, r *http.Request) bool {
				if path, found := strings.CutPrefix(r.URL.Path, "/flink"); found {
					r.URL.Path = path
					return false
				}
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
			named := strings.NewReplacer("SELF", own.URL, "PLAIN", "http://"+strings.TrimPrefix(own.URL, "https://")).Replace(cmp.Or(c.named, c.to))
			if at := strings.LastIndex(named, "@"); at >= 0 {
				named = "http://" + strings.TrimSuffix(named[at+1:], "/"+marker)
			}
			if strings.HasPrefix(named, "//") {
				named = "http:" + named
			} else if strings.HasPrefix(named, "/") {
				named = own.URL + named
			}
			checkFails(t, withAllCredentials(own.URL, secure), backend.StatusBadGateway, own.URL+"/overview redirects to "+named+", which is not followed, as the credentials would go there too: if that is where Flink is, enter that address in the data source's settings; if it is a login page, check the authentication.")
			if sent := elsewhere.received(); len(sent) > 0 {
				t.Errorf("the other server got %d requests: %v", len(sent), sent)
			}
		})
	}
}

// belowAPrefix is a Flink below the path prefix /flink, and at the root.
func belowAPrefix() *guardedFlink {
	return &guardedFlink{guard: func(_ http.ResponseWriter, r *http.Request) bool {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/flink")
		return false
	}}
}

// However an address is written, Flink is found. Credentials and a query in it are
// neither sent nor shown.
func TestAddresses(t *testing.T) {
	flink := belowAPrefix()
	server := httptest.NewServer(flink)
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct{ address, base string }{
		{server.URL, ""},
		{server.URL + "/", ""},
		{" " + server.URL + "/flink ", "/flink"},
		{server.URL + "/flink///", "/flink"},
		{"HTTP://" + host, ""},
		{"http://grafana:" + marker + "@" + host, ""},
		{"http://" + marker + "@" + host + "/flink", "/flink"},
		{"http://" + marker + ":@" + host + "/flink/", "/flink"},
		{server.URL + "/flink/?token=" + marker + "#" + marker, "/flink"},
	} {
		t.Run(strings.ReplaceAll(c.address, "/", "|"), func(t *testing.T) {
			checkOpens(t, credentialSettings(c.address, nil, nil))
			for _, request := range flink.received() {
				if login := request.Get("Authorization"); login != "" {
					t.Errorf("Flink got the authorization %q", login)
				}
			}
			away := httptest.NewServer(nil)
			away.Close()
			address := strings.Replace(c.address, host, strings.TrimPrefix(away.URL, "http://"), 1)
			checkFails(t, credentialSettings(address, nil, nil), backend.StatusBadGateway,
				"Flink could not be reached at "+away.URL+c.base+"/overview (connection refused): check the address and port, and that Grafana's server can reach it.")
		})
	}
}

// An address that cannot be used is quoted without what may be a password in it.
func TestAddressesThatAreNone(t *testing.T) {
	for address, quoted := range map[string]string{
		"grafana:" + marker + "@flink:8081":           "flink:8081",
		"ftp://grafana:" + marker + "@flink":          "ftp://flink",
		"http://grafana:%zz" + marker + "@flink":      "http://flink",
		"http://grafana:" + marker + "/@flink":        "http://flink",
		"http://grafana:" + marker + "@":              "http://",
		"http://grafana:" + marker + "@fl ink":        "http://fl ink",
		"http://grafana:p@" + marker + "@[::1":        "http://[::1",
		"https://" + marker + "@flink:port/jobs":      "https://flink:port/jobs",
		"http://grafana:" + marker + "@user:@@:8081:": "http://:8081:",
	} {
		checkFails(t, credentialSettings(address, nil, nil), backend.StatusBadRequest,
			`"`+quoted+`" is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.`)
	}
}

func TestIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	server := httptest.NewUnstartedServer(belowAPrefix())
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Start()
	if !strings.HasPrefix(server.URL, "http://[::1]:") {
		t.Fatalf("the server is at %s", server.URL)
	}
	checkOpens(t, credentialSettings(server.URL, nil, nil))
	checkOpens(t, credentialSettings(server.URL+"/flink/", nil, nil))
	server.Close()
	checkFails(t, credentialSettings(server.URL, nil, nil), backend.StatusBadGateway,
		"Flink could not be reached at "+server.URL+"/overview (connection refused): check the address and port, and that Grafana's server can reach it.")
}

// What is wrong with TLS, as the sentence has it.
const (
	unsigned = "its TLS certificate is signed by an unknown authority, see tlsAuthWithCACert and tlsCACert"
	misnamed = "its TLS certificate is not for this host, see serverName, but for "
	unasked  = `it broke off TLS with "handshake failure", see tlsAuth, tlsClientCert and tlsClientKey`
)

func day(from time.Duration) string { return time.Now().Add(from).UTC().Format(time.DateOnly) }

// Each setting of TLS lets in what it is for, and without it one sentence says what
// is wrong.
func TestTLS(t *testing.T) {
	ours, theirs := tlstest.NewAuthority("ours"), tlstest.NewAuthority("theirs")
	good := tlstest.Serve(t, &guardedFlink{}, ours.Issue("flink", time.Hour, "127.0.0.1", "flink.example"), nil)
	named := tlstest.Serve(t, &guardedFlink{}, ours.Issue("flink", time.Hour, "flink.example"), nil)
	expired := tlstest.Serve(t, &guardedFlink{}, ours.Issue("flink", -time.Hour, "127.0.0.1"), nil)
	mutual := tlstest.Serve(t, &guardedFlink{}, ours.Issue("flink", time.Hour, "127.0.0.1"), ours)
	plain, selfSigned := httptest.NewServer(&guardedFlink{}), httptest.NewUnstartedServer(&guardedFlink{})
	defer plain.Close()
	selfSigned.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	selfSigned.StartTLS()
	defer selfSigned.Close()
	itself := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned.Certificate().Raw}))
	own := map[string]any{"tlsAuthWithCACert": true}
	ca := map[string]string{"tlsCACert": ours.Certificate}
	both := map[string]any{"tlsAuthWithCACert": true, "tlsAuth": true}
	client := func(of tlstest.Identity) map[string]string {
		return map[string]string{"tlsCACert": ours.Certificate, "tlsClientCert": of.Certificate, "tlsClientKey": of.Key}
	}
	known, unknown := client(ours.Issue("flink", time.Hour)), client(theirs.Issue("flink", time.Hour))
	keyless := maps.Clone(known)
	delete(keyless, "tlsClientKey")
	mixed := maps.Clone(known)
	mixed["tlsClientKey"] = unknown["tlsClientKey"]

	for name, c := range map[string]struct {
		address  string
		jsonData map[string]any
		secrets  map[string]string
		fault    string // "" where the way is open
	}{
		"own CA":                       {good, own, ca, ""},
		"several CAs":                  {good, own, map[string]string{"tlsCACert": theirs.Certificate + ours.Certificate}, ""},
		"no CA":                        {good, nil, nil, unsigned},
		"a CA that is not switched on": {good, nil, ca, unsigned},
		"another's CA":                 {good, own, map[string]string{"tlsCACert": theirs.Certificate}, unsigned},
		"self signed":                  {selfSigned.URL, nil, nil, unsigned},
		"self signed and known":        {selfSigned.URL, own, map[string]string{"tlsCACert": itself}, ""},
		"self signed, another's CA":    {selfSigned.URL, own, ca, unsigned},
		"skip verify":                  {good, map[string]any{"tlsSkipVerify": true}, nil, ""},
		"skip verify, another's CA":    {named, map[string]any{"tlsSkipVerify": true, "tlsAuthWithCACert": true}, map[string]string{"tlsCACert": theirs.Certificate}, ""},

		"another name":        {named, own, ca, misnamed + "flink.example"},
		"another address":     {tlstest.Serve(t, &guardedFlink{}, ours.Issue("flink", time.Hour, "192.0.2.1", "2001:db8::1"), nil), own, ca, misnamed + "192.0.2.1, 2001:db8::1"},
		"no name":             {tlstest.Serve(t, &guardedFlink{}, ours.Issue("flink", time.Hour), nil), own, ca, misnamed + "none at all"},
		"server name":         {named, map[string]any{"tlsAuthWithCACert": true, "serverName": "flink.example"}, ca, ""},
		"another server name": {good, map[string]any{"tlsAuthWithCACert": true, "serverName": "kafka.example"}, ca, misnamed + "flink.example, 127.0.0.1"},

		"expired": {expired, own, ca, "its TLS certificate is valid only from " + day(-24*time.Hour) + " to " + day(-time.Hour)},

		"client certificate":         {mutual, both, known, ""},
		"no client certificate":      {mutual, own, ca, unasked},
		"only the CA is switched on": {mutual, own, known, ""}, // the SDK sends the client's too
		"one without a key":          {mutual, both, keyless, unasked},
		"another's, for a client":    {mutual, both, unknown, unasked},
		"a certificate not required": {good, both, known, ""},

		"TLS to a plain server": {strings.Replace(plain.URL, "http", "https", 1), own, ca, "server gave HTTP response to HTTPS client"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := credentialSettings(c.address, c.jsonData, c.secrets)
			if c.fault == "" {
				checkOpens(t, settings)
				return
			}
			checkFails(t, settings, backend.StatusBadGateway, "Flink could not be reached at "+c.address+"/overview ("+c.fault+"): check the address and port, and that Grafana's server can reach it.")
		})
	}

	t.Run("plain HTTP to a TLS server", func(t *testing.T) {
		address := strings.Replace(good, "https", "http", 1)
		checkFails(t, credentialSettings(address, own, ca), backend.StatusBadGateway, address+"/overview answered 400 Bad Request with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.")
	})
	for what, secrets := range map[string]map[string]string{
		"failed to parse TLS CA PEM certificate":                {"tlsCACert": marker},
		"tls: failed to find any PEM data in certificate input": {"tlsClientCert": marker, "tlsClientKey": known["tlsClientKey"]},
		"tls: failed to find any PEM data in key input":         {"tlsClientCert": known["tlsClientCert"], "tlsClientKey": marker},
		"tls: private key does not match public key":            mixed,
	} {
		t.Run(what, func(t *testing.T) {
			checkFails(t, credentialSettings(good, both, secrets), backend.StatusBadRequest, "The data source's TLS or proxy settings cannot be used ("+what+").")
		})
	}
}
