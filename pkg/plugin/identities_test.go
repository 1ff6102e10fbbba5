package plugin_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/datasourcetest"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// user is who asks Grafana, as a data source gets to know it.
type user struct {
	login     string // "" for none, as of an alert rule
	namespace string // of the organisation
	headers   map[string]string
}

// withToken is a user by the headers that identify one.
func withToken(name string) user {
	return user{headers: map[string]string{"Authorization": "Bearer " + name, "Cookie": "session=" + name, "http_X-Grafana-Id": name}}
}

// send sends a query for the jobs as that user.
func (u user) send(ctx context.Context, t *testing.T, source dataSource) {
	t.Helper()
	request := &backend.QueryDataRequest{
		PluginContext: backend.PluginContext{Namespace: u.namespace}, Headers: u.headers,
		Queries: []backend.DataQuery{{RefID: "A", JSON: json.RawMessage(`{"queryType": "jobs"}`), TimeRange: lastHour()}},
	}
	if u.login != "" {
		request.PluginContext.User = &backend.User{Login: u.login}
	}
	response, err := source.QueryData(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	firstFrame(t, response.Responses, "A")
}

// polls sends the query, and counts the tasks that were polled for it.
func (u user) polls(t *testing.T, l lab) (polls int) {
	t.Helper()
	l.Requests()
	u.send(l.ctx, t, l)
	for _, path := range l.Requests() {
		polls += strings.Count(path, "/vertices/")
	}
	return polls
}

// keptIdentities are what an instance keeps of its users, and the map in it by which
// each user's samples are found.
func keptIdentities(source dataSource) (whole, kept reflect.Value) {
	whole = reflect.ValueOf(source).Elem().FieldByName("identities")
	return whole, whole.Elem().FieldByName("kept")
}

// Tokens rotate: what Grafana forwards for one of its logins is one identity,
// whatever the token, unless cookies are forwarded, too, which may be of a login to
// something else. Another organisation's user of that login is another.
func TestLoginsAreIdentities(t *testing.T) {
	token := func(login, namespace, token string) user {
		return user{login, namespace, map[string]string{"Authorization": "Bearer " + token, "X-Id-Token": token}}
	}
	tokens, cookies := map[string]any{"oauthPassThru": true}, map[string]any{"oauthPassThru": true, "keepCookies": []string{"session"}}
	for name, c := range map[string]struct {
		keys          map[string]any
		first, second user
		same          bool
	}{
		"a rotated token":                   {tokens, token("alice", "org-1", "a"), token("alice", "org-1", "b"), true},
		"another login":                     {tokens, token("alice", "org-1", "a"), token("bob", "org-1", "b"), false},
		"another login, the same token":     {tokens, token("alice", "org-1", "a"), token("bob", "org-1", "a"), false},
		"another organisation":              {tokens, token("alice", "org-1", "a"), token("alice", "org-2", "a"), false},
		"no token any more":                 {tokens, token("alice", "org-1", "a"), user{"alice", "org-1", nil}, false},
		"no login, the same token":          {tokens, token("", "org-1", "a"), token("", "org-1", "a"), true},
		"no login, a rotated token":         {tokens, token("", "org-1", "a"), token("", "org-1", "b"), false},
		"cookies, a rotated token":          {cookies, token("alice", "org-1", "a"), token("alice", "org-1", "b"), false},
		"cookies, the same token":           {cookies, token("alice", "org-1", "a"), token("alice", "org-1", "a"), true},
		"cookies, the login of another one": {cookies, token("alice", "org-1", "a"), token("bob", "org-1", "a"), true}, // only credentials count
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLabWith(t, c.keys, smallJobs("orders")...)
				c.first.send(l.ctx, t, l)
				if polls := c.second.polls(t, l); (polls == 0) != c.same {
					t.Errorf("the second query took %d polls", polls)
				}
				if _, kept := keptIdentities(l.dataSource); kept.Len() == 1 != c.same {
					t.Errorf("%d identities are kept", kept.Len())
				}
			})
		})
	}
}

// What is kept of a user is dropped five minutes after the user's last query, also if
// nobody sends any more.
func TestIdentitiesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLabWith(t, map[string]any{"keepCookies": []string{"session"}, "maxAge": "1h"}, smallJobs("orders")...)
		alice, bob := withToken("alice"), withToken("bob")
		alice.send(l.ctx, t, l)
		bob.send(l.ctx, t, l)
		for range 3 {
			time.Sleep(4 * time.Minute)
			if polls := alice.polls(t, l); polls != 0 {
				t.Errorf("alice's query of every four minutes took %d polls", polls)
			}
		}
		if polls := bob.polls(t, l); polls == 0 {
			t.Error("bob's second query after 12 minutes took no poll")
		}
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if _, kept := keptIdentities(l.dataSource); kept.Len() != 0 {
			t.Errorf("%d identities are kept ten minutes after the last query", kept.Len())
		}
	})
}

// The samples of 256 identities are kept at most, of those who sent a query last.
func TestIdentitiesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLabWith(t, map[string]any{"keepCookies": []string{"session"}, "maxAge": "1h"}, smallJobs("orders")...)
		for n := range 300 {
			withToken(fmt.Sprint("user", n)).send(l.ctx, t, l)
			if n%100 == 0 {
				withToken("frequent").send(l.ctx, t, l)
			}
			time.Sleep(time.Millisecond) // so that one was last before another
		}
		if _, kept := keptIdentities(l.dataSource); kept.Len() != 256 {
			t.Errorf("%d users are kept", kept.Len())
		}
		for _, c := range []struct {
			name    string
			dropped bool
		}{{"frequent", false}, {"user299", false}, {"user46", false}, {"user44", true}, {"user0", true}} {
			if polls := withToken(c.name).polls(t, l); (polls > 0) != c.dropped {
				t.Errorf("%s caused %d polls", c.name, polls)
			}
		}
	})
}

// So are those of some thousand subtasks, of many users or few.
func TestIdentitiesAreBoundedInBytes(t *testing.T) {
	const subtasks, fit = 3000, 7 // 64 MiB at about 9.6 MB each, with what panels show
	synctest.Test(t, func(t *testing.T) {
		wide := sim.HeldBack("wide", 3, subtasks/3, 1)
		wide.State = "RESTARTING" // so that a poll is one request
		l := newLabWith(t, map[string]any{"keepCookies": []string{"session"}}, wide)
		for n := range fit + 6 {
			withToken(fmt.Sprint("user", n)).send(l.ctx, t, l)
			time.Sleep(time.Second)
		}
		if _, kept := keptIdentities(l.dataSource); kept.Len() > fit+1 || kept.Len() < fit/2 {
			t.Errorf("%d users of %d subtasks each are kept", kept.Len(), subtasks)
		}
	})
}

// What is kept of a user is a hash, with a key of the instance's own so that no list
// of hashed tokens helps. The credentials are nowhere.
func TestCredentialsAreNotKept(t *testing.T) {
	server := httptest.NewServer(&guardedFlink{})
	defer server.Close()
	keys := map[string]bool{}
	for range 2 {
		source := open(t, forwardingSettings(server.URL, 1))
		withToken(marker).send(t.Context(), t, source)
		whole, kept := keptIdentities(source)
		if kept.Type().Key() != reflect.TypeFor[[sha256.Size]byte]() || kept.Len() != 1 {
			t.Fatalf("users are kept in a %s of %d", kept.Type(), kept.Len())
		}
		keys[fmt.Sprint(kept.MapKeys()[0])] = true
		if found := reaches(whole, marker, map[uintptr]bool{}); found {
			t.Error("a credential is kept")
		}
		if found := reaches(whole, "orders", map[uintptr]bool{}); !found {
			t.Error("the search does not find what must be there")
		}
	}
	if len(keys) != 2 {
		t.Error("two instances have the same key for a user: the hash has none of its own")
	}
}

// reaches reports whether a text is in what a value refers to, but for the client,
// which all users share and which has the buffers of connections.
func reaches(v reflect.Value, text string, been map[uintptr]bool) bool {
	if v.IsValid() && v.Type() == reflect.TypeFor[*flink.Client]() {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		return strings.Contains(v.String(), text)
	case reflect.Pointer:
		if v.IsNil() || been[v.Pointer()] {
			return false
		}
		been[v.Pointer()] = true
		return reaches(v.Elem(), text, been)
	case reflect.Interface:
		return !v.IsNil() && reaches(v.Elem(), text, been)
	case reflect.Struct:
		for _, field := range v.Fields() {
			if reaches(field, text, been) {
				return true
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if reaches(entries.Key(), text, been) || reaches(entries.Value(), text, been) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			return strings.Contains(string(v.Bytes()), text)
		}
		for n := range v.Len() {
			if reaches(v.Index(n), text, been) {
				return true
			}
		}
	}
	return false
}

// forwardingSettings forward who asks, and have samples that stay good for as long as
// a test lasts. The SDK caches instances by id.
func forwardingSettings(address string, id int) backend.DataSourceInstanceSettings {
	settings := credentialSettings(address, map[string]any{"oauthPassThru": true, "keepCookies": []string{"session"}, "maxAge": "1h"}, nil)
	settings.ID = int64(id)
	return settings
}

// onlyAlice lets no one else in, and tries to set a cookie.
func onlyAlice(header string) *guardedFlink {
	return &guardedFlink{guard: func(w http.ResponseWriter, r *http.Request) bool {
		runtime.Gosched() // so that requests at once overlap
		w.Header().Set("Set-Cookie", "session="+r.Header.Get(header))
		if r.Header.Get(header) == "alice "+marker {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}}
}

// The proxy in front of Flink lets Alice in and not Bob, by whichever header
// identifies them. Whatever they ask for, at once and one after the other, through one
// data source, Bob never gets Alice's answer, nor she his refusal. Alice's later
// queries cost nothing.
func TestUsersAreKeptApart(t *testing.T) {
	recorder := recordLog(t)
	served := serve(t)
	for n, header := range []string{"Authorization", "X-ID-Token", "Cookie", "X-Grafana-Id", "X-Grafana-User"} {
		t.Run(header, func(t *testing.T) {
			flink := onlyAlice(header)
			server := httptest.NewServer(flink)
			defer server.Close()
			settings := forwardingSettings(server.URL, n+1)
			alice := visitor{served, settings, map[string]string{header: "alice " + marker}}
			bob := visitor{served, settings, map[string]string{header: "bob " + marker}}
			refusal := "403 " + server.URL + "/overview was refused with 403 Forbidden: check the authentication in the data source's settings."
			meet := func(way int) {
				// The first request of a query and a resource is for the list of jobs.
				if got := strings.Replace(visits[way](bob, t), "/jobs/overview", "/overview", 1); got != refusal {
					t.Errorf("visit %d of Bob's: %s", way, got)
				}
				if got := visits[way](alice, t); got != "in" {
					t.Errorf("visit %d of Alice's: %s", way, got)
				}
			}
			var group sync.WaitGroup
			for i := range 30 {
				group.Go(func() { meet(i % len(visits)) })
			}
			group.Wait()
			flink.received()
			for i := range 9 {
				meet(i % len(visits))
			}
			if again := flink.received(); len(again) != 0 {
				t.Errorf("%d requests more for what Alice has", len(again))
			}
		})
	}
	checkNoSecret(t, backend.DataSourceInstanceSettings{}, "the log", recorder.text())
	if !strings.Contains(recorder.text(), "was refused with 403 Forbidden") {
		t.Error("nothing was logged")
	}
}

// allHeaders are the headers that identify a user.
func allHeaders(who string) map[string]string {
	return map[string]string{
		"Authorization": who + marker, "X-ID-Token": who + marker, "Cookie": "session=" + who + marker,
		"X-Grafana-Id": who + marker, "X-Grafana-User": who + marker,
	}
}

// Unless forwarding is on, Flink gets nothing of who asks, and all share one poll.
func TestNothingIsForwardedByDefault(t *testing.T) {
	flink := &guardedFlink{}
	server := httptest.NewServer(flink)
	defer server.Close()
	served := serve(t)
	settings := credentialSettings(server.URL, map[string]any{"oauthPassThru": false, "keepCookies": []string{}, "maxAge": "1h"}, nil)
	requests := 0
	for _, who := range []string{"alice", "bob"} {
		for _, visit := range visits {
			if end := visit(visitor{served, settings, allHeaders(who)}, t); end != "in" {
				t.Error(end)
			}
		}
		sent := flink.received()
		requests += len(sent)
		for _, request := range sent {
			for name := range allHeaders(who) {
				if got := request.Get(name); got != "" {
					t.Errorf("%s is %q", name, got)
				}
			}
		}
		if who == "alice" && requests == 0 || who == "bob" && len(sent) != 0 {
			t.Errorf("%s caused %d requests", who, len(sent))
		}
	}
}

// A configured credential wins over a forwarded one, and what is forwarded does not
// go where a redirect leads.
func TestForwardedBesideConfigured(t *testing.T) {
	elsewhere := &guardedFlink{}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	flink := &guardedFlink{}
	server := httptest.NewServer(flink)
	defer server.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound))
	defer redirecting.Close()
	served := serve(t)
	settings := forwardingSettings(server.URL, 1)
	settings.JSONData = []byte(strings.Replace(string(settings.JSONData), "{", `{"httpHeaderName1": "X-Scope-OrgID", `, 1))
	settings.DecryptedSecureJSONData = map[string]string{"bearerToken": marker, "httpHeaderValue1": "team-a"}
	headers := allHeaders("alice")
	headers["X-Scope-OrgID"] = "other"
	for _, visit := range visits {
		if end := visit(visitor{served, settings, headers}, t); end != "in" {
			t.Error(end)
		}
		for _, request := range flink.received() {
			if request.Get("Authorization") != "Bearer "+marker || request.Get("X-ID-Token") != "alice"+marker || request.Get("Cookie") != "session=alice"+marker || strings.Join(request.Values("X-Scope-OrgID"), ", ") != "team-a" {
				t.Errorf("Flink got %v", request)
			}
		}
	}
	for _, visit := range visits {
		end := visit(visitor{served, forwardingSettings(redirecting.URL, 2), allHeaders("alice")}, t)
		if !strings.Contains(end, " redirects to http://localhost:") || strings.Contains(end, marker) {
			t.Error(end)
		}
	}
	if sent := elsewhere.received(); len(sent) != 0 {
		t.Errorf("the other server got %v", sent)
	}
}

// A browser's resource call has headers of its exchange with Grafana, and others that
// a proxy or Flink may act on: none reaches Flink, but for those that
// identify the user.
func TestHeadersOfABrowser(t *testing.T) {
	flink := &guardedFlink{}
	server := httptest.NewServer(flink)
	defer server.Close()
	forwarded := allHeaders("alice")
	own := map[string]string{"Accept": "*", "Accept-Encoding": "gzip", "User-Agent": "*"}
	headers := map[string]string{
		"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "PATCH", "X-Original-URL": "/jobs/" + fuzzJob + "/yarn-cancel", "X-Rewrite-URL": "/jobs/" + fuzzJob + "/yarn-cancel",
		"Upgrade": "websocket", "Accept-Encoding": "gzip, deflate, br, zstd", "If-None-Match": `"1"`, "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT",
		"Range": "bytes=0-9", "Expect": "100-continue", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-User": "root", "Origin": "http://grafana", "X-Grafana-Org-Id": "1",
		"X-Scope-OrgID": "other", "Traceparent": "00-" + strings.Repeat("1", 32) + "-" + strings.Repeat("2", 16) + "-01", "Tracestate": "a=1", "Baggage": "a=1", "Uber-Trace-Id": "1:2:0:1", "B3": "0",
		"Content-Type": "text/plain", "X-Anything-Else": "1",
	}
	maps.Copy(headers, forwarded)
	served := serve(t)
	for way, visit := range visits {
		if end := visit(visitor{served, forwardingSettings(server.URL, way+1), headers}, t); end != "in" {
			t.Error(end)
		}
		sent := flink.received()
		if len(sent) == 0 {
			t.Errorf("visit %d: Flink got no request", way)
		}
		for _, request := range sent {
			for name, values := range request.Header {
				want, allowed := own[name]
				for key, value := range forwarded {
					if http.CanonicalHeaderKey(key) == name {
						want, allowed = value, true
					}
				}
				if got := strings.Join(values, ", "); !allowed || want != "*" && got != want {
					t.Errorf("visit %d: Flink got %s: %s", way, name, got)
				}
			}
			for name := range forwarded {
				if request.Get(name) == "" {
					t.Errorf("visit %d: Flink got no %s", way, name)
				}
			}
		}
	}
}

// Users who differ by a header that is not forwarded share their samples, as a proxy
// cannot distinguish them; those who differ by one that is forwarded do not.
func TestForwardedHeadersAreTheIdentity(t *testing.T) {
	flink := &guardedFlink{}
	server := httptest.NewServer(flink)
	defer server.Close()
	served, id := serve(t), 0
	for header, share := range map[string]bool{
		"Authorization": false, "X-ID-Token": false, "Cookie": false, "X-Grafana-Id": false, "X-Grafana-User": false,
		"X-Forwarded-User": true, "X-Tenant": true, "User-Agent": true, "X-HTTP-Method-Override": true, "X-Original-URL": true, "If-None-Match": true, "X-Grafana-Org-Id": true,
		"X-Scope-OrgID": true, "Traceparent": true, "Baggage": true, "Accept": true,
	} {
		t.Run(header, func(t *testing.T) {
			for way, visit := range visits {
				id++
				settings := forwardingSettings(server.URL, id)
				for _, who := range []string{"alice", "bob"} {
					if end := visit(visitor{served, settings, map[string]string{header: who}}, t); end != "in" {
						t.Error(end)
					}
					if sent := flink.received(); len(sent) == 0 != (who == "bob" && share) {
						t.Errorf("visit %d: %d requests for %s", way, len(sent), who)
					}
				}
			}
		})
	}
}

// visitor sends requests over gRPC, where the SDK forwards headers, as Grafana does
// for a user.
type visitor struct {
	served   datasourcetest.TestPlugin
	settings backend.DataSourceInstanceSettings
	headers  map[string]string
}

func (v visitor) context() backend.PluginContext {
	return backend.PluginContext{PluginID: v.settings.Type, DataSourceInstanceSettings: &v.settings}
}

func (v visitor) query(t *testing.T) string {
	response, err := v.served.Client.QueryData(t.Context(), &backend.QueryDataRequest{
		PluginContext: v.context(), Headers: v.prefixed(),
		Queries: []backend.DataQuery{{RefID: "A", JSON: json.RawMessage(`{"queryType": "jobs"}`), TimeRange: lastHour()}},
	})
	if err != nil {
		return err.Error()
	}
	if failed := response.Responses["A"]; failed.Error != nil {
		return fmt.Sprintf("%d %s", failed.Status, failed.Error)
	}
	return "in"
}

func (v visitor) resource(t *testing.T) string {
	end, headers := "no answer", map[string][]string{}
	for name, value := range v.headers {
		headers[name] = []string{value}
	}
	err := v.served.Client.CallResource(t.Context(), &backend.CallResourceRequest{
		PluginContext: v.context(), Path: "tasks", URL: "tasks", Method: http.MethodGet, Headers: headers,
	}, backend.CallResourceResponseSenderFunc(func(response *backend.CallResourceResponse) error {
		if end = "in"; response.Status != http.StatusOK || !strings.Contains(string(response.Body), `"sink"`) {
			var listed struct{ Error string }
			_ = json.Unmarshal(response.Body, &listed) // else the end has no sentence
			end = fmt.Sprintf("%d %s", response.Status, listed.Error)
		}
		return nil
	}))
	if err != nil {
		return err.Error()
	}
	return end
}

func (v visitor) health(t *testing.T) string {
	health, err := v.served.Client.DiagnosticsClient.CheckHealth(t.Context(), &pluginv2.CheckHealthRequest{
		PluginContext: backend.ToProto().PluginContext(v.context()), Headers: v.prefixed(),
	})
	if err != nil {
		return err.Error()
	}
	if health.Status != pluginv2.CheckHealthResponse_OK {
		return "403 " + health.Message // health has no status of its own
	}
	return "in"
}

// visits are the ways to ask. Each returns "in", or the status and the sentence that
// refuses.
var visits = []func(visitor, *testing.T) string{visitor.query, visitor.resource, visitor.health}

// prefixed are the headers of queries and health checks: Grafana passes tokens and
// cookies by their own names, the others with a prefix.
func (v visitor) prefixed() map[string]string {
	prefixed := map[string]string{}
	for name, value := range v.headers {
		switch name {
		case "Authorization", "X-ID-Token", "Cookie":
			prefixed[name] = value
		default:
			prefixed["http_"+name] = value
		}
	}
	return prefixed
}
