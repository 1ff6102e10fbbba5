package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// nginx answers on every address that it has got, and is gone when closed.
func TestProxyRunsUntilItIsClosed(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	site, err := Open(t.Context(), t.TempDir(), "secret")
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(site.Ours.Certificate))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: authorities}}}
	for address, want := range map[string]int{
		site.Plain + "/flink/overview":     http.StatusOK,
		site.PlainIPv6 + "/flink/overview": http.StatusOK,
		site.Plain + "/away/overview":      http.StatusBadGateway,
		site.TLS + "/overview":             http.StatusOK,
		site.MutualTLS + "/overview":       http.StatusBadRequest, // no certificate
	} {
		answer, err := client.Get(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if _ = answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("%s: status %d, want %d", address, answer.StatusCode, want)
		}
	}
	if err := site.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(site.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", site.PID(), err)
	}
}

// What keeps nginx from starting is in what it has printed.
func TestStartFails(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	_, err := Start(t.Context(), t.TempDir(), Doors{Flink: nowhere, Away: nowhere})
	if err == nil || !strings.Contains(err.Error(), "it ended before it answered (exit status 1)") || !strings.Contains(err.Error(), "own.pem") {
		t.Errorf("got %v", err)
	}
}

// A port that another program has taken is noticed, whatever answers there.
func TestTakenPort(t *testing.T) {
	nginx, err := executable()
	if err != nil {
		t.Skip(err)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	ports, err := free("127.0.0.1:0", "[::1]:0", "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	site := &Site{}
	doors := Doors{Flink: nowhere, Away: nowhere, Own: site.sign(), Clients: site.Ours.Certificate}
	for taken := range ports {
		wanted := slices.Clone(ports)
		if wanted[taken] = other.Listener.Addr().String(); taken == 1 {
			continue // the server has no IPv6 address
		}
		if _, err := start(t.Context(), nginx, t.TempDir(), doors, wanted); !errors.Is(err, errTaken) {
			t.Errorf("got %v", err)
		}
	}
}
