package plugin_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

// as asks as that user, who is told by a token and a cookie.
func as(t *testing.T, asked source, user string) {
	t.Helper()
	request := &backend.QueryDataRequest{
		Headers: map[string]string{"Authorization": "Bearer " + user, "Cookie": "session=" + user, "http_X-Grafana-Id": user},
		Queries: []backend.DataQuery{{RefID: "A", JSON: json.RawMessage(`{"queryType": "jobs"}`), TimeRange: now()}},
	}
	response, err := asked.QueryData(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	answer(t, response.Responses, "A")
}

// identities is what an instance keeps of its users, and kept the map in it,
// of each user's looks.
func identities(asked source) (whole, kept reflect.Value) {
	whole = reflect.ValueOf(asked).Elem().FieldByName("identities")
	return whole, whole.Elem().FieldByName("kept")
}

// Of at most 256 users something is kept: who has not asked for longest makes
// room.
func TestUsersAreBounded(t *testing.T) {
	flink := &door{}
	server := httptest.NewServer(flink)
	defer server.Close()
	asked := open(t, forwarding(server.URL, 1))
	for n := range 300 {
		as(t, asked, fmt.Sprint("user", n))
		if n%100 == 0 {
			as(t, asked, "faithful")
		}
	}
	if _, kept := identities(asked); kept.Len() != 256 {
		t.Errorf("%d users are kept", kept.Len())
	}
	flink.let()
	for _, c := range []struct {
		user    string
		forgets bool
	}{{"faithful", false}, {"user299", false}, {"user46", false}, {"user44", true}, {"user0", true}} {
		as(t, asked, c.user)
		if requests := len(flink.let()); (requests > 0) != c.forgets {
			t.Errorf("%s caused %d requests", c.user, requests)
		}
	}
}

// What is kept of a user is a hash, with a key of the instance's own so that
// no list of hashed tokens helps, and the looks. The credentials are nowhere.
func TestCredentialsAreNotKept(t *testing.T) {
	server := httptest.NewServer(&door{})
	defer server.Close()
	seen := map[any]bool{}
	for range 2 {
		asked := open(t, forwarding(server.URL, 1))
		as(t, asked, marker)
		whole, kept := identities(asked)
		if kept.Type().Key() != reflect.TypeFor[[sha256.Size]byte]() || kept.Len() != 1 {
			t.Fatalf("users are kept in a %s of %d", kept.Type(), kept.Len())
		}
		seen[fmt.Sprint(kept.MapKeys()[0])] = true
		if found := search(whole, marker, map[uintptr]bool{}); found {
			t.Error("a credential is kept")
		}
		if found := search(whole, "orders", map[uintptr]bool{}); !found {
			t.Error("the search does not find what must be there")
		}
	}
	if len(seen) != 2 {
		t.Error("two instances make the same of a user: the hash has no key")
	}
}

// search looks for a text in all that a value leads to, but for the client,
// which all users share and which a connection's buffers belong to.
func search(v reflect.Value, text string, been map[uintptr]bool) bool {
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
		return search(v.Elem(), text, been)
	case reflect.Interface:
		return !v.IsNil() && search(v.Elem(), text, been)
	case reflect.Struct:
		for _, field := range v.Fields() {
			if search(field, text, been) {
				return true
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if search(entries.Key(), text, been) || search(entries.Value(), text, been) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			return strings.Contains(string(v.Bytes()), text)
		}
		for n := range v.Len() {
			if search(v.Index(n), text, been) {
				return true
			}
		}
	}
	return false
}
