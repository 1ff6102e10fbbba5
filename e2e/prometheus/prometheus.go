// Package prometheus runs a real Prometheus that scrapes the addresses given.
package prometheus

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
)

const (
	// startTimeout is how long it may take until all targets are up.
	startTimeout = time.Minute
	closeTimeout = 10 * time.Second
)

// listening is the line in which Prometheus prints the address that it has got.
var listening = regexp.MustCompile(`msg="Listening on".* address=(\S+)`)

// Available returns an error that names what this machine lacks to start a real
// Prometheus.
func Available() error {
	if _, err := exec.LookPath("prometheus"); err != nil {
		return fmt.Errorf("a real Prometheus is needed, and there is none: install Debian's package prometheus (%w)", err)
	}
	return nil
}

// Prometheus is one that runs, a process of its own.
type Prometheus struct {
	// URL is the base address of its API.
	URL string

	process *process.Process
}

// Start runs Prometheus on a free port of the loopback address, with all its
// files inside the directory, and returns when it has scraped all targets,
// addresses of host and port, without an error. It runs until Close or the end
// of ctx. Errors quote the last lines that it has printed.
func Start(ctx context.Context, directory string, interval time.Duration, targets ...string) (*Prometheus, error) {
	file := filepath.Join(directory, "prometheus.yml")
	if err := os.WriteFile(file, []byte(configuration(interval, targets)), 0o600); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "prometheus", "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(directory, "data"), "--web.listen-address=127.0.0.1:0")
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = closeTimeout
	process.EndWithParent(command)
	started, err := process.Start(command, listening)
	if err != nil {
		return nil, err
	}
	p := &Prometheus{process: started}
	if err := p.await(ctx, len(targets)); err != nil {
		_ = p.Close() // it has printed more than that
		return nil, fmt.Errorf("starting Prometheus: %w", err)
	}
	return p, nil
}

// configuration scrapes the targets.
func configuration(interval time.Duration, targets []string) string {
	quoted := make([]string, len(targets))
	for i, target := range targets {
		quoted[i] = fmt.Sprintf("%q", target)
	}
	return fmt.Sprintf("global: {scrape_interval: %s}\nscrape_configs:\n- job_name: flink\n  static_configs: [{targets: [%s]}]\n",
		interval, strings.Join(quoted, ", "))
}

// await returns when Prometheus listens and that many targets are up.
func (p *Prometheus) await(ctx context.Context, targets int) error {
	address, err := p.process.Await(ctx, startTimeout, "it listened")
	if err != nil {
		return err
	}
	p.URL = "http://" + address[1]
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, err := api.NewClient(api.Config{Address: p.URL, RoundTripper: transport})
	if err != nil {
		return err
	}
	return p.process.Until(ctx, startTimeout, fmt.Sprintf("%d targets were up", targets), func(ctx context.Context) (bool, error) {
		up, err := up(ctx, v1.NewAPI(client))
		return up == targets, err
	})
}

// up counts the targets that were scraped. The error is why others were not.
func up(ctx context.Context, client v1.API) (up int, why error) {
	found, err := client.Targets(ctx)
	if err != nil {
		return 0, err
	}
	for _, target := range found.Active {
		if target.Health == v1.HealthGood {
			up++
		} else if target.LastError != "" {
			why = fmt.Errorf("%s: %s", target.ScrapeURL, target.LastError)
		}
	}
	return up, why
}

// PID is the id of its process.
func (p *Prometheus) PID() int { return p.process.PID() }

// Close ends the process and returns when it is gone, if the end of its context
// has not ended it already. An error quotes the last lines that it has printed.
func (p *Prometheus) Close() error {
	if err := p.process.Terminate(closeTimeout); err != nil {
		return fmt.Errorf("Prometheus ended with %w%s", err, p.process.Printed())
	}
	return nil
}
