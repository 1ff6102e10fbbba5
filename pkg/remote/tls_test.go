package remote_test

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/tlstest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// A failure of TLS is said in a few words that name the setting which is for it.
func TestTLSFailures(t *testing.T) {
	const (
		unsigned = "its TLS certificate is signed by an unknown authority, see tlsAuthWithCACert and tlsCACert"
		misnamed = "its TLS certificate is not for this host, see serverName, but for "
		refused  = `it broke off TLS with "handshake failure", see tlsAuth, tlsClientCert and tlsClientKey`
	)
	day := func(from time.Duration) string { return time.Now().Add(from).UTC().Format(time.DateOnly) }
	ours, theirs := tlstest.NewAuthority("ours"), tlstest.NewAuthority("theirs")
	good := tlstest.Serve(t, &slow{}, ours.Issue("flink", time.Hour, "127.0.0.1", "flink.example"), nil)
	named := tlstest.Serve(t, &slow{}, ours.Issue("flink", time.Hour, "flink.example"), nil)
	mutual := tlstest.Serve(t, &slow{}, ours.Issue("flink", time.Hour, "127.0.0.1"), ours)
	known, unknown := ours.Issue("flink", time.Hour), theirs.Issue("flink", time.Hour)
	plain := httptest.NewServer(&slow{})
	defer plain.Close()
	for name, c := range map[string]struct {
		address string
		options httpclient.TLSOptions
		fault   string // "" where there is none
	}{
		"the CA is known":                       {good, httpclient.TLSOptions{CACertificate: ours.Certificate}, ""},
		"one of several CAs":                    {good, httpclient.TLSOptions{CACertificate: theirs.Certificate + ours.Certificate}, ""},
		"no CA":                                 {good, httpclient.TLSOptions{}, unsigned},
		"another CA":                            {good, httpclient.TLSOptions{CACertificate: theirs.Certificate}, unsigned},
		"not verified":                          {named, httpclient.TLSOptions{InsecureSkipVerify: true, CACertificate: theirs.Certificate}, ""},
		"another name":                          {named, httpclient.TLSOptions{CACertificate: ours.Certificate}, misnamed + "flink.example"},
		"another address":                       {tlstest.Serve(t, &slow{}, ours.Issue("flink", time.Hour, "192.0.2.1", "2001:db8::1"), nil), httpclient.TLSOptions{CACertificate: ours.Certificate}, misnamed + "192.0.2.1, 2001:db8::1"},
		"no name":                               {tlstest.Serve(t, &slow{}, ours.Issue("flink", time.Hour), nil), httpclient.TLSOptions{CACertificate: ours.Certificate}, misnamed + "none at all"},
		"a server name":                         {named, httpclient.TLSOptions{CACertificate: ours.Certificate, ServerName: "flink.example"}, ""},
		"another server name":                   {good, httpclient.TLSOptions{CACertificate: ours.Certificate, ServerName: "kafka.example"}, misnamed + "flink.example, 127.0.0.1"},
		"expired":                               {tlstest.Serve(t, &slow{}, ours.Issue("flink", -time.Hour, "127.0.0.1"), nil), httpclient.TLSOptions{CACertificate: ours.Certificate}, "its TLS certificate is valid only from " + day(-24*time.Hour) + " to " + day(-time.Hour)},
		"a client's certificate":                {mutual, httpclient.TLSOptions{CACertificate: ours.Certificate, ClientCertificate: known.Certificate, ClientKey: known.Key}, ""},
		"no client's certificate":               {mutual, httpclient.TLSOptions{CACertificate: ours.Certificate}, refused},
		"another's for a client":                {mutual, httpclient.TLSOptions{CACertificate: ours.Certificate, ClientCertificate: unknown.Certificate, ClientKey: unknown.Key}, refused},
		"one that nothing asks for":             {good, httpclient.TLSOptions{CACertificate: ours.Certificate, ClientCertificate: known.Certificate, ClientKey: known.Key}, ""},
		"a server that has no TLS":              {strings.Replace(plain.URL, "http", "https", 1), httpclient.TLSOptions{CACertificate: ours.Certificate}, "server gave HTTP response to HTTPS client"},
		"a server whose certificate is its own": {selfSigned(t), httpclient.TLSOptions{CACertificate: ours.Certificate}, unsigned},
	} {
		t.Run(name, func(t *testing.T) {
			client := clientOf(t, remote.Config{Options: httpclient.Options{TLS: &c.options}, Timeout: time.Minute, Concurrency: 1})
			_, err := get(t.Context(), client, c.address)
			if c.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("it is answered")
			}
			if failed := remote.Unanswered(remote.Flink, c.address, err); failed.Kind != remote.Unreachable || failed.Detail != c.fault {
				t.Errorf("kind %d, %q, want %q", failed.Kind, failed.Detail, c.fault)
			}
		})
	}
}

// selfSigned is a server whose certificate no authority has signed.
func selfSigned(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(&slow{})
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// TLS settings that cannot be used are an error when the client is made.
func TestUnusableTLSSettings(t *testing.T) {
	ours := tlstest.NewAuthority("ours")
	one, other := ours.Issue("flink", time.Hour), ours.Issue("flink", time.Hour)
	for want, options := range map[string]httpclient.TLSOptions{
		"failed to parse TLS CA PEM certificate":                {CACertificate: "secret"},
		"tls: failed to find any PEM data in certificate input": {ClientCertificate: "secret", ClientKey: one.Key},
		"tls: failed to find any PEM data in key input":         {ClientCertificate: one.Certificate, ClientKey: "secret"},
		"tls: private key does not match public key":            {ClientCertificate: one.Certificate, ClientKey: other.Key},
	} {
		client, err := remote.NewClient(remote.Config{Options: httpclient.Options{TLS: &options}, Timeout: time.Minute, Concurrency: 1})
		if client != nil || err == nil || err.Error() != want {
			t.Errorf("made %t, %v; want %s", client != nil, err, want)
		}
	}
}
