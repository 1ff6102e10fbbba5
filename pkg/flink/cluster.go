package flink

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// Overview is the answer of /overview.
type Overview struct {
	Version      string `json:"flink-version"`
	TaskManagers int    `json:"taskmanagers"`
	JobsRunning  int    `json:"jobs-running"`
}

var overviewFields = fields[Overview]{
	"flink-version": func(d *decoder, o *Overview) { o.Version = d.word() },
	"taskmanagers":  func(d *decoder, o *Overview) { o.TaskManagers = int(d.integer()) },
	"jobs-running":  func(d *decoder, o *Overview) { o.JobsRunning = int(d.integer()) },
}

// Overview requests the version and what runs. It triggers no metric fetch. A
// service of Flink's that has no overview, such as a history server or a SQL
// gateway, is an error of kind [remote.HistoryServer]: that takes two requests
// more, which are not made where a JobManager has answered before.
func (c *Client) Overview(ctx context.Context) (overview Overview, err error) {
	err = c.get(ctx, overviewPath, "/overview", func(d *decoder) { d.overview.read(d, &overview) })
	switch {
	case err == nil && overview.Version == "":
		err = c.wrongService("/overview")
	case err == nil:
		c.jobManager.Store(true)
	case remote.IsKind(err, remote.NotFound) && !c.jobManager.Load() && c.otherService(ctx):
		err = &remote.Error{Kind: remote.HistoryServer, Request: c.base, Status: http.StatusNotFound}
	}
	return overview, err
}

// historyServer is the answer of a history server's /config.
type historyServer struct{ version string }

var historyServerFields = fields[historyServer]{
	"flink-version": func(d *decoder, h *historyServer) { h.version = d.word() },
}

// sqlGateway is the answer of a SQL gateway's /v1/info.
type sqlGateway struct{ product string }

var sqlGatewayFields = fields[sqlGateway]{
	"productName": func(d *decoder, g *sqlGateway) { g.product = d.word() },
}

// otherService reports whether a service of Flink's answers that has no overview:
// each has a path of its own, which names the Flink.
func (c *Client) otherService(ctx context.Context) bool {
	var history historyServer
	if c.get(ctx, configPath, "/config", func(d *decoder) { d.history.read(d, &history) }) == nil && history.version != "" {
		return true
	}
	var gateway sqlGateway
	return c.get(ctx, infoPath, "/v1/info", func(d *decoder) { d.gateway.read(d, &gateway) }) == nil && strings.Contains(gateway.product, "Flink")
}

// Option is one entry of the JobManager's configuration.
type Option struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

var optionFields = fields[Option]{
	"key":   func(d *decoder, o *Option) { o.Key = d.word() },
	"value": func(d *decoder, o *Option) { o.Value = d.word() },
}

// Config is the answer of /jobmanager/config.
type Config []Option

// Config requests the JobManager's configuration.
func (c *Client) Config(ctx context.Context) (config Config, err error) {
	return config, c.get(ctx, jobManagerConfigPath, "/jobmanager/config", func(d *decoder) { config = list(d, &d.option) })
}

// defaultFetch is Flink's default of metrics.fetcher.update-interval.
const defaultFetch = 10 * time.Second

// FetchInterval is how often the JobManager fetches metrics when asked for
// them (metrics.fetcher.update-interval); 0 if fetching is turned off.
func (c Config) FetchInterval() time.Duration {
	if value, set := c.value("metrics.fetcher.update-interval"); set {
		return interval(value)
	}
	return defaultFetch
}

// FlameGraphs reports whether flame graphs are on (rest.flamegraph.enabled),
// which they are not unless configured.
func (c Config) FlameGraphs() bool {
	value, _ := c.value("rest.flamegraph.enabled")
	return strings.EqualFold(strings.TrimSpace(value), "true")
}

func (c Config) value(key string) (value string, set bool) {
	for _, option := range c {
		if option.Key == key {
			return option.Value, true
		}
	}
	return "", false
}

// units are Flink's names of the units of a duration, in lower case; a plural
// s may follow the longer ones.
var units = map[string]time.Duration{
	"":   time.Millisecond,
	"ns": time.Nanosecond, "nano": time.Nanosecond, "nanosecond": time.Nanosecond,
	"µs": time.Microsecond, "micro": time.Microsecond, "microsecond": time.Microsecond,
	"ms": time.Millisecond, "milli": time.Millisecond, "millisecond": time.Millisecond,
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hour": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour,
}

// interval reads a duration as Flink writes it: milliseconds, a number and a
// unit such as "10 s", or ISO 8601 such as "PT1M30S".
func interval(text string) time.Duration {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	if iso, found := strings.CutPrefix(text, "pt"); found {
		if parsed, err := time.ParseDuration(iso); err == nil && parsed >= 0 {
			return parsed
		}
		return defaultFetch
	}
	unit := strings.TrimLeft(text, "-0123456789")
	number, err := strconv.ParseInt(strings.TrimSuffix(text, unit), 10, 64)
	length, known := units[unit]
	if !known && len(unit) > 2 {
		length, known = units[strings.TrimSuffix(unit, "s")]
	}
	if err != nil || !known || number > int64(math.MaxInt64/length) {
		return defaultFetch
	}
	return max(time.Duration(number)*length, 0)
}
