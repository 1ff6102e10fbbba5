package remote_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// authority signs certificates.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string
}

func newAuthority(t *testing.T, name string) *authority {
	made := &authority{t: t}
	template := template(name, time.Hour)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	made.certificate = template
	made.pem, made.key = made.sign(template)
	return made
}

func template(name string, valid time.Duration) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(valid),
	}
}

// sign signs with the authority's key, or, while it has none, with the
// certificate's own.
func (a *authority) sign(template *x509.Certificate) (certificate string, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return inPEM("CERTIFICATE", der), key
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// identity is a certificate and its key, in PEM.
type identity struct{ certificate, key string }

// issue makes a certificate for those hosts, names or IP addresses, which serves a
// server and a client alike.
func (a *authority) issue(valid time.Duration, hosts ...string) identity {
	a.t.Helper()
	template := template("flink", valid)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	signed, key := a.sign(template)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return identity{signed, inPEM("PRIVATE KEY", der)}
}

// serveTLS starts a server that has the certificate, and wants one of each client
// if clients signs those.
func serveTLS(t *testing.T, own identity, clients *authority) (url string) {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(own.certificate), []byte(own.key))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(&slow{})
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it has a line for every handshake that fails
	// In TLS 1.3 a client learns with its first answer that it was refused,
	// or, as the connection is reset at the same time, does not.
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12}
	if clients != nil {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AppendCertsFromPEM([]byte(clients.pem))
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// A failure of TLS is said in a few words that name the setting which is for it.
func TestTLSFailures(t *testing.T) {
	const (
		unsigned = "its TLS certificate is signed by an unknown authority, see tlsAuthWithCACert and tlsCACert"
		misnamed = "its TLS certificate is not for this host, see serverName, but for "
		refused  = `it broke off TLS with "handshake failure", see tlsAuth, tlsClientCert and tlsClientKey`
	)
	day := func(from time.Duration) string { return time.Now().Add(from).UTC().Format(time.DateOnly) }
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	good := serveTLS(t, ours.issue(time.Hour, "127.0.0.1", "flink.example"), nil)
	named := serveTLS(t, ours.issue(time.Hour, "flink.example"), nil)
	mutual := serveTLS(t, ours.issue(time.Hour, "127.0.0.1"), ours)
	known, unknown := ours.issue(time.Hour), theirs.issue(time.Hour)
	plain := httptest.NewServer(&slow{})
	defer plain.Close()
	for name, c := range map[string]struct {
		address string
		options httpclient.TLSOptions
		fault   string // "" where there is none
	}{
		"the CA is known":                       {good, httpclient.TLSOptions{CACertificate: ours.pem}, ""},
		"one of several CAs":                    {good, httpclient.TLSOptions{CACertificate: theirs.pem + ours.pem}, ""},
		"no CA":                                 {good, httpclient.TLSOptions{}, unsigned},
		"another CA":                            {good, httpclient.TLSOptions{CACertificate: theirs.pem}, unsigned},
		"not verified":                          {named, httpclient.TLSOptions{InsecureSkipVerify: true, CACertificate: theirs.pem}, ""},
		"another name":                          {named, httpclient.TLSOptions{CACertificate: ours.pem}, misnamed + "flink.example"},
		"another address":                       {serveTLS(t, ours.issue(time.Hour, "192.0.2.1", "2001:db8::1"), nil), httpclient.TLSOptions{CACertificate: ours.pem}, misnamed + "192.0.2.1, 2001:db8::1"},
		"no name":                               {serveTLS(t, ours.issue(time.Hour), nil), httpclient.TLSOptions{CACertificate: ours.pem}, misnamed + "none at all"},
		"a server name":                         {named, httpclient.TLSOptions{CACertificate: ours.pem, ServerName: "flink.example"}, ""},
		"another server name":                   {good, httpclient.TLSOptions{CACertificate: ours.pem, ServerName: "kafka.example"}, misnamed + "flink.example, 127.0.0.1"},
		"expired":                               {serveTLS(t, ours.issue(-time.Hour, "127.0.0.1"), nil), httpclient.TLSOptions{CACertificate: ours.pem}, "its TLS certificate is valid only from " + day(-24*time.Hour) + " to " + day(-time.Hour)},
		"a client's certificate":                {mutual, httpclient.TLSOptions{CACertificate: ours.pem, ClientCertificate: known.certificate, ClientKey: known.key}, ""},
		"no client's certificate":               {mutual, httpclient.TLSOptions{CACertificate: ours.pem}, refused},
		"another's for a client":                {mutual, httpclient.TLSOptions{CACertificate: ours.pem, ClientCertificate: unknown.certificate, ClientKey: unknown.key}, refused},
		"one that nothing asks for":             {good, httpclient.TLSOptions{CACertificate: ours.pem, ClientCertificate: known.certificate, ClientKey: known.key}, ""},
		"a server that has no TLS":              {strings.Replace(plain.URL, "http", "https", 1), httpclient.TLSOptions{CACertificate: ours.pem}, "server gave HTTP response to HTTPS client"},
		"a server whose certificate is its own": {selfSigned(t), httpclient.TLSOptions{CACertificate: ours.pem}, unsigned},
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
	ours := newAuthority(t, "ours")
	one, other := ours.issue(time.Hour), ours.issue(time.Hour)
	for want, options := range map[string]httpclient.TLSOptions{
		"failed to parse TLS CA PEM certificate":                {CACertificate: "secret"},
		"tls: failed to find any PEM data in certificate input": {ClientCertificate: "secret", ClientKey: one.key},
		"tls: failed to find any PEM data in key input":         {ClientCertificate: one.certificate, ClientKey: "secret"},
		"tls: private key does not match public key":            {ClientCertificate: one.certificate, ClientKey: other.key},
	} {
		client, err := remote.NewClient(remote.Config{Options: httpclient.Options{TLS: &options}, Timeout: time.Minute, Concurrency: 1})
		if client != nil || err == nil || err.Error() != want {
			t.Errorf("made %t, %v; want %s", client != nil, err, want)
		}
	}
}
