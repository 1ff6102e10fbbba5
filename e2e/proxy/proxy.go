// Package proxy puts a real nginx in front of a Flink, with what people have
// there: TLS, passwords, client certificates, a path prefix, a login page.
package proxy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/process"
)

const (
	// startTimeout is how long nginx may take to answer.
	startTimeout = time.Minute
	closeTimeout = 5 * time.Second
)

// Available returns an error that names what this machine lacks to start nginx.
func Available() error {
	if _, err := executable(); err != nil {
		return fmt.Errorf("no nginx, install nginx-light: %w", err)
	}
	return nil
}

// executable is nginx, which Debian keeps in a folder of root's PATH alone.
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

	process *process.Process
}

// attempts is how many sets of ports are tried.
const attempts = 5

// errTaken is that another program has taken a port that was free just before.
var errTaken = errors.New("a port is taken")

// Start runs nginx in front of the Flink, with all its files inside the
// directory, until Close or the end of ctx. nginx cannot choose ports itself:
// where one has been taken since it was found free, it gets others. Errors quote
// the last lines that it has printed.
func Start(ctx context.Context, directory string, doors Doors) (p *Proxy, err error) {
	nginx, err := executable()
	if err != nil {
		return nil, err
	}
	for range attempts {
		ports, errFree := free("127.0.0.1:0", "[::1]:0", "127.0.0.1:0", "127.0.0.1:0")
		if errFree != nil {
			return nil, errFree
		}
		if p, err = start(ctx, nginx, directory, doors, ports); !errors.Is(err, errTaken) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("starting nginx: %w", err)
	}
	return p, nil
}

func start(ctx context.Context, nginx, directory string, doors Doors, ports []string) (*Proxy, error) {
	ready := rand.Text()
	if err := doors.write(directory, ports, ready); err != nil {
		return nil, err
	}
	// Without -e it also opens the log that it was built with.
	command := exec.CommandContext(ctx, nginx, "-p", directory, "-c", filepath.Join(directory, "nginx.conf"), "-e", "stderr")
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	process.EndWithParent(command)
	started, err := process.Start(command, regexp.MustCompile("Address already in use"))
	if err != nil {
		return nil, err
	}
	p := &Proxy{Plain: "http://" + ports[0], PlainIPv6: "http://" + ports[1], TLS: "https://" + ports[2], MutualTLS: "https://" + ports[3], process: started}
	if err := p.await(ctx, ready); err != nil {
		_ = p.Close() // it has printed more than that
		return nil, err
	}
	return p, nil
}

// await returns when nginx answers, which has bound all its ports by then.
func (p *Proxy) await(ctx context.Context, ready string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return p.process.Until(ctx, startTimeout, "it answered", func(ctx context.Context) (bool, error) {
		if len(p.process.Matches()) > 0 {
			return true, errTaken
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Plain+"/"+ready, nil)
		if err != nil {
			return false, err
		}
		answer, err := client.Do(request)
		if err != nil {
			return false, err
		}
		// Any other answer is that of another program, which has taken the port.
		return answer.StatusCode == http.StatusNoContent, answer.Body.Close()
	})
}

// PID is the id of its process, the only one: it has no workers.
func (p *Proxy) PID() int { return p.process.PID() }

// Close ends the process and returns when it is gone.
func (p *Proxy) Close() error {
	if err := p.process.Terminate(closeTimeout); err != nil {
		return fmt.Errorf("nginx ended with %w%s", err, p.process.Printed())
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
