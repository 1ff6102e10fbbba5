package plugin_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/proxy"
)

// authority and issued are for the tests of TLS.
func authority(t *testing.T, name string) *proxy.Authority {
	t.Helper()
	made, err := proxy.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func issued(t *testing.T, by *proxy.Authority, valid time.Duration, hosts ...string) proxy.Identity {
	t.Helper()
	made, err := by.Issue("flink", valid, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// behindTLS is a Flink whose server has the certificate. It wants one of a
// client too where clients signs those.
func behindTLS(t *testing.T, own proxy.Identity, clients *proxy.Authority) string {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(own.Certificate), []byte(own.Key))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(&door{})
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of every handshake that fails
	// In TLS 1.3 a client learns with its first answer that it was refused,
	// or, as the connection is reset at the same time, does not.
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12}
	if clients != nil {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AppendCertsFromPEM([]byte(clients.Certificate))
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// What is wrong with TLS, in the sentence that it is told in.
const (
	unsigned = "its TLS certificate is signed by an unknown authority, see tlsAuthWithCACert and tlsCACert"
	misnamed = "its TLS certificate is not for this host, see serverName, but for "
	unasked  = `it broke off TLS with "handshake failure", see tlsAuth, tlsClientCert and tlsClientKey`
)

func day(from time.Duration) string { return time.Now().Add(from).UTC().Format(time.DateOnly) }

// Each setting of TLS opens the door it is for, and without it one sentence
// says what the matter is.
func TestTLS(t *testing.T) {
	ours, theirs := authority(t, "ours"), authority(t, "theirs")
	good := behindTLS(t, issued(t, ours, time.Hour, "127.0.0.1", "flink.example"), nil)
	named := behindTLS(t, issued(t, ours, time.Hour, "flink.example"), nil)
	expired := behindTLS(t, issued(t, ours, -time.Hour, "127.0.0.1"), nil)
	mutual := behindTLS(t, issued(t, ours, time.Hour, "127.0.0.1"), ours)
	plain, selfSigned := httptest.NewServer(&door{}), httptest.NewUnstartedServer(&door{})
	defer plain.Close()
	selfSigned.Config.ErrorLog = log.New(io.Discard, "", 0)
	selfSigned.StartTLS()
	defer selfSigned.Close()
	itself := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: selfSigned.Certificate().Raw}))
	own := map[string]any{"tlsAuthWithCACert": true}
	ca := map[string]string{"tlsCACert": ours.Certificate}
	both := map[string]any{"tlsAuthWithCACert": true, "tlsAuth": true}
	client := func(of proxy.Identity) map[string]string {
		return map[string]string{"tlsCACert": ours.Certificate, "tlsClientCert": of.Certificate, "tlsClientKey": of.Key}
	}
	known, unknown := client(issued(t, ours, time.Hour)), client(issued(t, theirs, time.Hour))
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
		"another address":     {behindTLS(t, issued(t, ours, time.Hour, "192.0.2.1", "2001:db8::1"), nil), own, ca, misnamed + "192.0.2.1, 2001:db8::1"},
		"no name":             {behindTLS(t, issued(t, ours, time.Hour), nil), own, ca, misnamed + "none at all"},
		"server name":         {named, map[string]any{"tlsAuthWithCACert": true, "serverName": "flink.example"}, ca, ""},
		"another server name": {good, map[string]any{"tlsAuthWithCACert": true, "serverName": "kafka.example"}, ca, misnamed + "flink.example, 127.0.0.1"},

		"expired": {expired, own, ca, "its TLS certificate is valid only from " + day(-24*time.Hour) + " to " + day(-time.Hour)},

		"client certificate":         {mutual, both, known, ""},
		"no client certificate":      {mutual, own, ca, unasked},
		"only the CA is switched on": {mutual, own, known, ""}, // the SDK sends the client's too
		"one without a key":          {mutual, both, keyless, unasked},
		"another's, for a client":    {mutual, both, unknown, unasked},
		"a certificate not asked of": {good, both, known, ""},

		"TLS asked of plain HTTP": {strings.Replace(plain.URL, "http", "https", 1), own, ca, "server gave HTTP response to HTTPS client"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := key(c.address, c.jsonData, c.secrets)
			if c.fault == "" {
				opens(t, settings)
				return
			}
			fails(t, settings, backend.StatusBadGateway, "Flink could not be reached at "+c.address+"/overview ("+c.fault+"): check the address and port, and that Grafana's server can reach it.")
		})
	}

	t.Run("plain HTTP asked of TLS", func(t *testing.T) {
		address := strings.Replace(good, "https", "http", 1)
		fails(t, key(address, own, ca), backend.StatusBadGateway, address+"/overview answered 400 Bad Request with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication.")
	})
	for what, secrets := range map[string]map[string]string{
		"failed to parse TLS CA PEM certificate":                {"tlsCACert": marker},
		"tls: failed to find any PEM data in certificate input": {"tlsClientCert": marker, "tlsClientKey": known["tlsClientKey"]},
		"tls: failed to find any PEM data in key input":         {"tlsClientCert": known["tlsClientCert"], "tlsClientKey": marker},
		"tls: private key does not match public key":            mixed,
	} {
		t.Run(what, func(t *testing.T) {
			fails(t, key(good, both, secrets), backend.StatusBadRequest, "The data source's TLS or proxy settings cannot be used ("+what+").")
		})
	}
}
