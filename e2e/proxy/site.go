package proxy

import (
	"context"
	"net/http/httptest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/tlstest"
)

// Site is an nginx in front of a Flink, and all that opens it.
type Site struct {
	*Proxy
	Flink *Flink
	// Ours has signed the site's certificate and Client; Theirs, which the
	// site does not accept, Stranger.
	Ours, Theirs     *tlstest.Authority
	Client, Stranger tlstest.Identity

	server *httptest.Server
	secret string
}

// nowhere is an address where nothing listens: no program gets the port 1 unless
// it is configured to.
const nowhere = "127.0.0.1:1"

// Open starts both, with everything they write inside the directory. The user
// is grafana, and every password, token and session the secret.
func Open(ctx context.Context, directory, secret string) (*Site, error) {
	site := &Site{Flink: &Flink{}, secret: secret}
	site.server = httptest.NewUnstartedServer(site.Flink)
	site.server.Config.ConnState = site.Flink.Connected
	site.server.Start()
	var err error
	site.Proxy, err = Start(ctx, directory, Doors{
		Flink: site.server.Listener.Addr().String(), Away: nowhere, Own: site.sign(), Clients: site.Ours.Certificate,
		User: "grafana", Password: secret, Token: secret, Session: secret,
	})
	if err != nil {
		site.server.Close()
		return nil, err
	}
	return site, nil
}

// sign makes the authorities and the certificates.
func (s *Site) sign() (own tlstest.Identity) {
	s.Ours, s.Theirs = tlstest.NewAuthority("ours"), tlstest.NewAuthority("theirs")
	s.Client, s.Stranger = s.Ours.Issue("grafana", time.Hour), s.Theirs.Issue("grafana", time.Hour)
	return s.Ours.Issue("nginx", time.Hour, "127.0.0.1", "flink.example")
}

// Close ends both.
func (s *Site) Close() error {
	err := s.Proxy.Close()
	s.server.Close()
	return err
}
