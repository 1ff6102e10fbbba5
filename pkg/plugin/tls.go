package plugin

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
)

// tlsExplained says of a failure of TLS what it is and which setting is for it.
func tlsExplained(_ httpclient.Options, next http.RoundTripper) http.RoundTripper {
	return httpclient.RoundTripperFunc(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if text := tlsFault(err); text != "" {
			return response, &explained{text, err}
		}
		return response, err
	})
}

// explained is an error in other words.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// tlsFault is a failure of TLS in words that fit into the sentence of
// [flink.Error]: short, and without a colon. It is empty for any other.
func tlsFault(err error) string {
	var unknown x509.UnknownAuthorityError
	var named x509.HostnameError
	var invalid x509.CertificateInvalidError
	var server *net.OpError
	switch {
	case errors.As(err, &unknown):
		return "its TLS certificate is signed by an unknown authority, see tlsAuthWithCACert and tlsCACert"
	case errors.As(err, &named):
		return "its TLS certificate is not for this host, see serverName, but for " + hosts(named.Certificate)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("its TLS certificate is valid only from %s to %s", invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &server) && server.Op == "remote error":
		return fmt.Sprintf("it broke off TLS with %q, see tlsAuth, tlsClientCert and tlsClientKey", strings.TrimPrefix(server.Err.Error(), "tls: "))
	default:
		return ""
	}
}

// hosts are those that a certificate is for.
func hosts(of *x509.Certificate) string {
	names := slices.Clone(of.DNSNames)
	for _, address := range of.IPAddresses {
		names = append(names, address.String())
	}
	return cmp.Or(strings.Join(names, ", "), "none at all")
}
