package plugin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// key is a data source at the address, with secrets and a basic login.
func key(address string, jsonData map[string]any, secrets map[string]string) backend.DataSourceInstanceSettings {
	keys := map[string]any{"url": address}
	for name, value := range jsonData {
		keys[name] = value
	}
	settings := with(keys)
	settings.DecryptedSecureJSONData = secrets
	return settings
}

// basic adds the basic login as Grafana does: outside of jsonData.
func basic(settings backend.DataSourceInstanceSettings, user string) backend.DataSourceInstanceSettings {
	settings.BasicAuthEnabled, settings.BasicAuthUser = true, user
	return settings
}

// A server that lets in only who shows one header answers with the right
// credentials, and the wrong ones are one sentence.
func TestCredentials(t *testing.T) {
	const login, token, long = "Basic Z3JhZmFuYTptNHJrM3I=", "Bearer " + marker, "raw " + marker // grafana:m4rk3r
	named := func(name string) map[string]any { return map[string]any{"httpHeaderName1": name} }
	for name, c := range map[string]struct {
		header, want string // the header that the server looks at, and what it wants there
		settings     func(address string) backend.DataSourceInstanceSettings
		refused      bool
	}{
		"basic login": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return basic(key(a, nil, map[string]string{"basicAuthPassword": marker}), "grafana")
		}, false},
		"another user": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return basic(key(a, nil, map[string]string{"basicAuthPassword": marker}), "flink")
		}, true},
		"another password": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return basic(key(a, nil, map[string]string{"basicAuthPassword": marker + "2"}), "grafana")
		}, true},
		"no password": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings { return basic(key(a, nil, nil), "grafana") }, true},
		"nothing":     {"Authorization", login, func(a string) backend.DataSourceInstanceSettings { return key(a, nil, nil) }, true},
		"login is off": {"Authorization", login, func(a string) backend.DataSourceInstanceSettings {
			return key(a, nil, map[string]string{"basicAuthPassword": marker})
		}, true},

		"token": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return key(a, nil, map[string]string{"bearerToken": marker})
		}, false},
		"token from a file": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return key(a, nil, map[string]string{"bearerToken": marker + "\n"})
		}, false},
		"another token": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return key(a, nil, map[string]string{"bearerToken": marker + "2"})
		}, true},
		"a token beats a login": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return basic(key(a, nil, map[string]string{"bearerToken": marker, "basicAuthPassword": marker}), "grafana")
		}, false},
		"a token beats a header": {"Authorization", token, func(a string) backend.DataSourceInstanceSettings {
			return key(a, named("authorization"), map[string]string{"bearerToken": marker, "httpHeaderValue1": long})
		}, false},
		"a header beats a login": {"Authorization", long, func(a string) backend.DataSourceInstanceSettings {
			return basic(key(a, named("Authorization"), map[string]string{"httpHeaderValue1": long, "basicAuthPassword": marker}), "grafana")
		}, false},

		"header": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings {
			return key(a, named("x-api-key"), map[string]string{"httpHeaderValue1": long})
		}, false},
		"cookie as header": {"Cookie", long, func(a string) backend.DataSourceInstanceSettings {
			return key(a, named("Cookie"), map[string]string{"httpHeaderValue1": long})
		}, false},
		"another header": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings {
			return key(a, named("x-key"), map[string]string{"httpHeaderValue1": long})
		}, true},
		"no value": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings { return key(a, named("x-api-key"), nil) }, true},
		"the second header": {"X-Api-Key", long, func(a string) backend.DataSourceInstanceSettings {
			return key(a, map[string]any{"httpHeaderName1": "X-Tenant", "httpHeaderName2": "X-Api-Key"}, map[string]string{"httpHeaderValue1": marker, "httpHeaderValue2": long})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			flink := &door{guard: func(w http.ResponseWriter, r *http.Request) bool {
				if got := strings.Join(r.Header.Values(c.header), ", "); got != c.want {
					w.WriteHeader(http.StatusUnauthorized)
					return true
				}
				return false
			}}
			server := httptest.NewServer(flink)
			defer server.Close()
			if !c.refused {
				opens(t, c.settings(server.URL))
				return
			}
			fails(t, c.settings(server.URL), backend.StatusUnauthorized, server.URL+"/overview was refused with 401 Unauthorized: check the authentication in the data source's settings.")
			if got := flink.let(); len(got) != 0 {
				t.Errorf("let in with %v", got)
			}
		})
	}
}

// Credentials go to each cluster of a data source, as the config page says.
func TestCredentialsOfSeveralClusters(t *testing.T) {
	west, east := &door{}, &door{}
	westServer, eastServer := httptest.NewServer(west), httptest.NewServer(east)
	defer westServer.Close()
	defer eastServer.Close()
	settings := key(westServer.URL, map[string]any{"clusters": []map[string]string{{"name": "east", "url": eastServer.URL}}}, map[string]string{"bearerToken": marker})
	answer(t, queried(t.Context(), t, open(t, settings), `{"queryType": "jobs"}`), "A")
	for name, flink := range map[string]*door{"west": west, "east": east} {
		saw := flink.let()
		if len(saw) == 0 {
			t.Errorf("%s was not asked", name)
		}
		for _, headers := range saw {
			if got := headers.Get("Authorization"); got != "Bearer "+marker {
				t.Errorf("%s was asked with %q", name, got)
			}
		}
	}
}
