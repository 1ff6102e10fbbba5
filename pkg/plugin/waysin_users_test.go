package plugin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// forwarding is a data source that forwards who asks, and whose looks stay
// good for as long as a test lasts. The plugin tells data sources apart by id.
func forwarding(address string, id int) backend.DataSourceInstanceSettings {
	settings := key(address, map[string]any{"oauthPassThru": true, "keepCookies": []string{"session"}, "maxAge": "1h"}, nil)
	settings.ID = int64(id)
	return settings
}

// onlyAlice refuses all but her, and tries to have the client remember her.
func onlyAlice(header string) *door {
	return &door{guard: func(w http.ResponseWriter, r *http.Request) bool {
		time.Sleep(time.Millisecond) // so that those who ask at once meet
		w.Header().Set("Set-Cookie", "session="+r.Header.Get(header))
		if r.Header.Get(header) == "alice "+marker {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	}}
}

// The proxy in front of Flink lets Alice in and Bob not: whichever header
// tells them apart, whatever they ask for, all at once and in turn, through
// one data source. Bob never gets what Alice was shown, and his refusal is
// not hers. Alice's later questions cost nothing.
func TestUsersAreKeptApart(t *testing.T) {
	book := keepLog(t)
	asked := serve(t)
	for n, header := range []string{"Authorization", "X-ID-Token", "Cookie", "X-Grafana-Id", "X-Grafana-User"} {
		t.Run(header, func(t *testing.T) {
			flink := onlyAlice(header)
			server := httptest.NewServer(flink)
			defer server.Close()
			settings := forwarding(server.URL, n+1)
			alice := visitor{asked, settings, map[string]string{header: "alice " + marker}}
			bob := visitor{asked, settings, map[string]string{header: "bob " + marker}}
			refusal := "403 " + server.URL + "/overview was refused with 403 Forbidden: check the authentication in the data source's settings."
			meet := func(way int) {
				// What a resource asks for first is the list of jobs.
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
			flink.let()
			for i := range 9 {
				meet(i % len(visits))
			}
			if again := flink.let(); len(again) != 0 {
				t.Errorf("asked %d times more for what Alice has", len(again))
			}
		})
	}
	noSecretIn(t, backend.DataSourceInstanceSettings{}, "the log", book.text())
	if !strings.Contains(book.text(), "was refused with 403 Forbidden") {
		t.Error("the log was not kept")
	}
}

// all are the headers that tell who asks.
func all(who string) map[string]string {
	return map[string]string{
		"Authorization": who + marker, "X-ID-Token": who + marker, "Cookie": "session=" + who + marker,
		"X-Grafana-Id": who + marker, "X-Grafana-User": who + marker,
	}
}

// Unless forwarding is switched on, Flink learns nothing of who asks, and all
// share one look.
func TestNothingIsForwardedUnasked(t *testing.T) {
	flink := &door{}
	server := httptest.NewServer(flink)
	defer server.Close()
	asked := serve(t)
	settings := key(server.URL, map[string]any{"oauthPassThru": false, "keepCookies": []string{}, "maxAge": "1h"}, nil)
	requests := 0
	for _, who := range []string{"alice", "bob"} {
		for _, visit := range visits {
			if end := visit(visitor{asked, settings, all(who)}, t); end != "in" {
				t.Error(end)
			}
		}
		saw := flink.let()
		requests += len(saw)
		for _, headers := range saw {
			for name := range all(who) {
				if got := headers.Get(name); got != "" {
					t.Errorf("%s is %q", name, got)
				}
			}
		}
		if who == "alice" && requests == 0 || who == "bob" && len(saw) != 0 {
			t.Errorf("%s caused %d requests", who, len(saw))
		}
	}
}

// What is configured wins over what is forwarded, and what is forwarded does
// not go where a redirect points.
func TestForwardedBesideConfigured(t *testing.T) {
	elsewhere := &door{}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	flink := &door{}
	server := httptest.NewServer(flink)
	defer server.Close()
	redirecting := httptest.NewServer(http.RedirectHandler(strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound))
	defer redirecting.Close()
	asked := serve(t)
	settings := forwarding(server.URL, 1)
	settings.DecryptedSecureJSONData = map[string]string{"bearerToken": marker}
	if end := (visitor{asked, settings, all("alice")}).query(t); end != "in" {
		t.Error(end)
	}
	for _, headers := range flink.let() {
		if headers.Get("Authorization") != "Bearer "+marker || headers.Get("X-ID-Token") != "alice"+marker || headers.Get("Cookie") != "session=alice"+marker {
			t.Errorf("asked with %v", headers)
		}
	}
	for _, visit := range visits {
		end := visit(visitor{asked, forwarding(redirecting.URL, 2), all("alice")}, t)
		if !strings.Contains(end, " answered 302 Found with something that is not Flink's JSON") || strings.Contains(end, marker) {
			t.Error(end)
		}
	}
	if saw := elsewhere.let(); len(saw) != 0 {
		t.Errorf("the other server was asked with %v", saw)
	}
}

// A browser's resource call has headers of its exchange with Grafana, which
// are not Flink's: the plugin could not read what they ask for.
func TestBrowsersOwnHeaders(t *testing.T) {
	flink := &door{}
	server := httptest.NewServer(flink)
	defer server.Close()
	browsers := map[string]string{
		"Authorization": "alice", "Accept-Encoding": "gzip, deflate, br, zstd", "If-None-Match": `"1"`,
		"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT", "Range": "bytes=0-9",
	}
	if end := (visitor{serve(t), forwarding(server.URL, 1), browsers}).resource(t); end != "in" {
		t.Error(end)
	}
	for _, headers := range flink.let() {
		if headers.Get("Authorization") != "alice" || headers.Get("Accept-Encoding") != "gzip" || headers.Get("If-None-Match")+headers.Get("If-Modified-Since")+headers.Get("Range") != "" {
			t.Errorf("asked with %v", headers)
		}
	}
}
