// Package proxy puts a real nginx in front of a Flink, with what people have
// there: TLS, passwords, client certificates, a path prefix, a login page.
package proxy

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

// startTimeout is how long nginx may take to listen.
const startTimeout = 10 * time.Second

// Available tells why there is no nginx, or nil.
func Available() error {
	if _, err := executable(); err != nil {
		return fmt.Errorf("no nginx, install nginx-light: %w", err)
	}
	return nil
}

// executable is nginx, which Debian keeps where only root's shell looks.
func executable() (string, error) {
	found, err := exec.LookPath("nginx")
	if err != nil {
		return exec.LookPath("/usr/sbin/nginx")
	}
	return found, err
}

// Proxy is an nginx that runs, a process of its own.
type Proxy struct {
	// Plain, PlainIPv6, TLS and MutualTLS are its addresses.
	Plain, PlainIPv6, TLS, MutualTLS string

	process *exec.Cmd
	output  bytes.Buffer
}

// Start runs nginx in front of the Flink, with everything it writes inside the
// directory, until Close or the end of ctx.
func Start(ctx context.Context, directory string, doors Doors) (*Proxy, error) {
	nginx, err := executable()
	if err != nil {
		return nil, err
	}
	ports, err := free("127.0.0.1:0", "[::1]:0", "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{Plain: "http://" + ports[0], PlainIPv6: "http://" + ports[1], TLS: "https://" + ports[2], MutualTLS: "https://" + ports[3]}
	if err := doors.write(directory, ports); err != nil {
		return nil, err
	}
	// Without -e it also opens the log that it was built with.
	p.process = exec.CommandContext(ctx, nginx, "-p", directory, "-c", filepath.Join(directory, "nginx.conf"), "-e", filepath.Join(directory, "error.log"))
	p.process.Cancel = func() error { return p.process.Process.Signal(syscall.SIGTERM) }
	endWithParent(p.process)
	p.process.WaitDelay = 5 * time.Second
	p.process.Stdout, p.process.Stderr = &p.output, &p.output
	if err := p.process.Start(); err != nil {
		return nil, err
	}
	for _, port := range ports {
		if err := answers(ctx, port); err != nil {
			_ = p.Close() // the log says more
			log, _ := os.ReadFile(filepath.Join(directory, "error.log"))
			return nil, fmt.Errorf("nginx does not listen on %s: %w: %s%s", port, err, p.output.String(), log)
		}
	}
	return p, nil
}

// PID is the id of its process, the only one: it has no workers.
func (p *Proxy) PID() int { return p.process.Process.Pid }

// Close ends the process and returns when it is gone.
func (p *Proxy) Close() error {
	if err := p.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := p.process.Wait(); err != nil {
		return fmt.Errorf("nginx ended with %w: %s", err, strings.TrimSpace(p.output.String()))
	}
	return nil
}

// free finds an address for each that ends in port 0, all different.
func free(addresses ...string) (found []string, err error) {
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		found = append(found, listener.Addr().String())
	}
	return found, nil
}

// answers waits until something listens.
func answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}
