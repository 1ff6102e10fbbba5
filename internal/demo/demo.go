// Package demo shows on a Flink cluster what the plugin makes of it: it starts
// the built backend as Grafana does, asks for every query type, and prints the
// answers in the terminal or as JSON.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// Run shows what the options ask for. The error names the query type that was
// not answered, or what is missing to ask at all.
func Run(ctx context.Context, o Options) (err error) {
	url, stop, err := o.flink(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	plugin, err := host.Start(ctx, o.Executable, &complaints{to: o.Stderr})
	if err != nil {
		return err
	}
	defer plugin.Close()
	settings, err := host.Settings(url)
	if err != nil {
		return err
	}
	s := session{Options: o, url: url, plugin: plugin, settings: settings}
	return s.run(ctx)
}

// session is a plugin that runs and the data source that it is asked about.
type session struct {
	Options
	url      string
	plugin   *host.Plugin
	settings backend.DataSourceInstanceSettings
	requests int // to Flink so far
}

func (s *session) run(ctx context.Context) error {
	if _, err := s.health(ctx); err != nil {
		return err
	}
	if err := s.awaitLooks(ctx); err != nil {
		return err
	}
	answer, err := s.ask(ctx, questions...)
	if err != nil {
		return err
	}
	if s.JSON {
		return writeJSON(s.Stdout, answer)
	}
	health, err := s.health(ctx) // again: now it can tell whether metrics arrive
	if err != nil {
		return err
	}
	text, err := report{address: s.url, health: health, answer: answer, requests: s.requests, paint: painter(s.Colour)}.text()
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.Stdout, text)
	return err
}

// health is what Save & test shows; one that is not OK is an error.
func (s *session) health(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	health, err := s.plugin.CheckHealth(ctx, s.settings)
	if err != nil {
		return "", err
	}
	if health.Status != backend.HealthStatusOk {
		return "", fmt.Errorf("the health check of %s says: %s", s.url, health.Message)
	}
	return health.Message, nil
}
