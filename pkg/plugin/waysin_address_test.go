package plugin_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// below is a Flink behind the path prefix /flink, and at the root.
func below() *door {
	return &door{guard: func(_ http.ResponseWriter, r *http.Request) bool {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/flink")
		return false
	}}
}

// However an address is written, Flink is found. Credentials and a query in it
// are neither sent nor told.
func TestAddresses(t *testing.T) {
	flink := below()
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
			opens(t, key(c.address, nil, nil))
			for _, headers := range flink.let() {
				if login := headers.Get("Authorization"); login != "" {
					t.Errorf("asked with %q", login)
				}
			}
			away := httptest.NewServer(nil)
			away.Close()
			address := strings.Replace(c.address, host, strings.TrimPrefix(away.URL, "http://"), 1)
			fails(t, key(address, nil, nil), backend.StatusBadGateway,
				"Flink could not be reached at "+away.URL+c.base+"/overview (connection refused): check the address and port, and that Grafana's server can reach it.")
		})
	}
}

// An address that is none is told without what may be a password in it.
func TestAddressesThatAreNone(t *testing.T) {
	for address, told := range map[string]string{
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
		fails(t, key(address, nil, nil), backend.StatusBadRequest,
			`"`+told+`" is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.`)
	}
}

func TestIPv6(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	server := httptest.NewUnstartedServer(below())
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Start()
	if !strings.HasPrefix(server.URL, "http://[::1]:") {
		t.Fatalf("the server is at %s", server.URL)
	}
	opens(t, key(server.URL, nil, nil))
	opens(t, key(server.URL+"/flink/", nil, nil))
	server.Close()
	fails(t, key(server.URL, nil, nil), backend.StatusBadGateway,
		"Flink could not be reached at "+server.URL+"/overview (connection refused): check the address and port, and that Grafana's server can reach it.")
}
