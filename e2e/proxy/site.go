package proxy

import (
	"context"
	"errors"
	"net/http/httptest"
	"time"
)

// Site is an nginx in front of a Flink, and all that opens it.
type Site struct {
	*Proxy
	Flink *Flink
	// Ours has signed the site's certificate and Client; Theirs, which the
	// site does not accept, Stranger.
	Ours, Theirs     *Authority
	Client, Stranger Identity

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
	own, err := site.sign()
	if err != nil {
		return nil, err
	}
	site.server = httptest.NewUnstartedServer(site.Flink)
	site.server.Config.ConnState = site.Flink.Connected
	site.server.Start()
	site.Proxy, err = Start(ctx, directory, Doors{
		Flink: site.server.Listener.Addr().String(), Away: nowhere, Own: own, Clients: site.Ours.Certificate,
		User: "grafana", Password: secret, Token: secret, Session: secret,
	})
	if err != nil {
		site.server.Close()
		return nil, err
	}
	return site, nil
}

// sign makes the authorities and the certificates.
func (s *Site) sign() (own Identity, err error) {
	var failed [5]error
	s.Ours, failed[0] = NewAuthority("ours")
	s.Theirs, failed[1] = NewAuthority("theirs")
	if err := errors.Join(failed[:]...); err != nil {
		return own, err
	}
	own, failed[2] = s.Ours.Issue("nginx", time.Hour, "127.0.0.1", "flink.example")
	s.Client, failed[3] = s.Ours.Issue("grafana", time.Hour)
	s.Stranger, failed[4] = s.Theirs.Issue("grafana", time.Hour)
	return own, errors.Join(failed[:]...)
}

// Close ends both.
func (s *Site) Close() error {
	err := s.Proxy.Close()
	s.server.Close()
	return err
}
