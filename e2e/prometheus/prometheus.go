// Package prometheus runs a real Prometheus, or a VictoriaMetrics, that scrapes the
// addresses given.
package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// System is a program that scrapes, and has Prometheus' API, by its name.
type System string

// The systems.
const (
	Prometheus      System = "Prometheus"
	VictoriaMetrics System = "VictoriaMetrics"
)

// Systems are all of them.
var Systems = []System{Prometheus, VictoriaMetrics}

// program is how a system is started.
type program struct {
	// name is that of Debian's package and of the executable.
	name string
	// file, data and address begin the arguments: its configuration, where it keeps data,
	// and where it is to listen.
	file, data, address string
	// listening is the line in which it prints the address that it has got.
	listening *regexp.Regexp
	// picks is whether it can be left to find a free port.
	picks bool
}

var programs = map[System]program{
	Prometheus: {
		"prometheus", "--config.file=", "--storage.tsdb.path=", "--web.listen-address=",
		regexp.MustCompile(`msg="Listening on".* address=(\S+)`), true,
	},
	VictoriaMetrics: {
		"victoria-metrics", "-promscrape.config=", "-storageDataPath=", "-httpListenAddr=",
		regexp.MustCompile(`starting http server at http://([^/]+)/|address already in use`), false,
	},
}

// Available returns an error that names what this machine lacks to start a real
// Prometheus and a real VictoriaMetrics.
func Available() error {
	var missing []error
	for _, system := range Systems {
		name := programs[system].name
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, fmt.Errorf("a real %s is needed, and there is none: install Debian's package %s (%w)", system, name, err))
		}
	}
	return errors.Join(missing...)
}

// Scraper is a system that runs, a process of its own.
type Scraper struct {
	// URL is the base address of its API.
	URL string

	system  System
	process *process.Process
}

// Start runs a real Prometheus: see [System.Start].
func Start(ctx context.Context, directory string, interval time.Duration, targets ...string) (*Scraper, error) {
	return Prometheus.Start(ctx, directory, interval, targets...)
}

// attempts is how often a port is looked for that no other program takes meanwhile.
const attempts = 10

// errTaken is that another program has taken the port.
var errTaken = errors.New("the port is taken")

// Start runs the program on a free port of the loopback address, with all its
// files inside the directory, and returns when it has scraped all targets,
// addresses of host and port, without an error. It runs until Close or the end
// of ctx. Errors quote the last lines that it has printed.
func (s System) Start(ctx context.Context, directory string, interval time.Duration, targets ...string) (p *Scraper, err error) {
	file := filepath.Join(directory, "prometheus.yml")
	if err := os.WriteFile(file, []byte(configuration(interval, targets)), 0o600); err != nil {
		return nil, err
	}
	for range attempts {
		if p, err = s.start(ctx, file, filepath.Join(directory, "data"), len(targets)); !errors.Is(err, errTaken) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", s, err)
	}
	return p, nil
}

func (s System) start(ctx context.Context, file, data string, targets int) (*Scraper, error) {
	of, address := programs[s], "127.0.0.1:0"
	if !of.picks {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		address = listener.Addr().String()
		if err := listener.Close(); err != nil {
			return nil, err
		}
	}
	command := exec.CommandContext(ctx, of.name, of.file+file, of.data+data, of.address+address)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = closeTimeout
	process.EndWithParent(command)
	started, err := process.Start(command, of.listening)
	if err != nil {
		return nil, err
	}
	p := &Scraper{system: s, process: started}
	if err := p.await(ctx, targets); err != nil {
		_ = p.Close() // it has printed more than that
		return nil, err
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
func (p *Scraper) await(ctx context.Context, targets int) error {
	address, err := p.process.Await(ctx, startTimeout, "it listened")
	if err != nil {
		return err
	}
	if address[1] == "" {
		return errTaken
	}
	p.URL = "http://" + address[1]
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, err := api.NewClient(api.Config{Address: p.URL, RoundTripper: transport})
	if err != nil {
		return err
	}
	return p.process.Until(ctx, startTimeout, fmt.Sprintf("%d targets were up", targets), func(ctx context.Context) (bool, error) {
		if matches := p.process.Matches(); matches[len(matches)-1][1] == "" {
			return true, errTaken // it prints where it will listen before it does
		}
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
func (p *Scraper) PID() int { return p.process.PID() }

// Close ends the process and returns when it is gone, if the end of its context
// has not ended it already. An error quotes the last lines that it has printed.
func (p *Scraper) Close() error {
	if err := p.process.Terminate(closeTimeout); err != nil {
		return fmt.Errorf("%s ended with %w%s", p.system, err, p.process.Printed())
	}
	return nil
}
