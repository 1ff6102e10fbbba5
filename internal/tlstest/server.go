package tlstest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Serve starts a server that has the certificate until the test ends. It requires
// a certificate of each client if clients, which may be nil, signs those.
func Serve(t testing.TB, handler http.Handler, own Identity, clients *Authority) (url string) {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(own.Certificate), []byte(own.Key))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it has a line for every handshake that fails
	// In TLS 1.3 a client is refused with its first answer, which may be lost, as
	// the connection is reset at the same time.
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12}
	if clients != nil {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		server.TLS.ClientCAs.AppendCertsFromPEM([]byte(clients.Certificate))
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}
