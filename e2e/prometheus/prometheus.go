// Package prometheus runs a real Prometheus that scrapes the addresses given.
package prometheus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout is how long it may take until all targets are up.
	startTimeout = 30 * time.Second
	closeTimeout = 10 * time.Second
)

// Available tells in a sentence why there is no Prometheus, or nil.
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

	process *exec.Cmd
	output  bytes.Buffer
}

// Start runs Prometheus on the loopback address, with everything it writes
// inside the directory, and returns when it has scraped all targets, addresses
// of host and port, without an error. It runs until Close or the end of ctx.
func Start(ctx context.Context, directory string, interval time.Duration, targets ...string) (*Prometheus, error) {
	address, err := Free()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(directory, "prometheus.yml")
	if err := os.WriteFile(file, []byte(configuration(interval, targets)), 0o600); err != nil {
		return nil, err
	}
	p := &Prometheus{URL: "http://" + address}
	p.process = exec.CommandContext(ctx, "prometheus", "--config.file="+file,
		"--storage.tsdb.path="+filepath.Join(directory, "data"), "--web.listen-address="+address, "--log.level=warn")
	p.process.Cancel = func() error { return p.process.Process.Signal(syscall.SIGTERM) }
	p.process.WaitDelay = closeTimeout
	p.process.Stdout, p.process.Stderr = &p.output, &p.output
	endWithParent(p.process)
	if err := p.process.Start(); err != nil {
		return nil, err
	}
	if err := p.await(ctx, len(targets)); err != nil {
		return nil, fmt.Errorf("%w: %w", err, p.Close())
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

// PID is the id of its process.
func (p *Prometheus) PID() int { return p.process.Process.Pid }

// Close ends the process and returns when it is gone, if the end of its context
// has not ended it already. An error quotes what it wrote.
func (p *Prometheus) Close() error {
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := p.process.Wait(); err != nil && !p.process.ProcessState.Success() {
		return fmt.Errorf("Prometheus ended with %w: %s", err, strings.TrimSpace(p.output.String()))
	}
	return nil
}

// Free finds a loopback address that nothing listens on.
func Free() (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
