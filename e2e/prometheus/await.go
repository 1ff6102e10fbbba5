package prometheus

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// await returns when that many targets are up.
func (p *Prometheus) await(ctx context.Context, targets int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, err := api.NewClient(api.Config{Address: p.URL, RoundTripper: transport})
	if err != nil {
		return err
	}
	for {
		up, why := up(ctx, v1.NewAPI(client))
		if up == targets {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d targets are up after %s (%s)", up, targets, startTimeout, why)
		}
	}
}

// up counts the targets that were scraped, and tells why others were not.
func up(ctx context.Context, asked v1.API) (up int, why string) {
	found, err := asked.Targets(ctx)
	if err != nil {
		return 0, err.Error()
	}
	for _, target := range found.Active {
		if target.Health == v1.HealthGood {
			up++
		} else {
			why = target.LastError
		}
	}
	return up, why
}
