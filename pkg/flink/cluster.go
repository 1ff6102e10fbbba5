package flink

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Overview is the answer of /overview.
type Overview struct {
	Version      string `json:"flink-version"`
	TaskManagers int    `json:"taskmanagers"`
	JobsRunning  int    `json:"jobs-running"`
}

// Overview asks for the version and what runs. It triggers no metric fetch.
func (c *Client) Overview(ctx context.Context) (overview Overview, err error) {
	if err = c.get(ctx, "/overview", &overview); err == nil && overview.Version == "" {
		err = &Error{Kind: NotFlink, Request: c.base + "/overview", Status: 200}
	}
	return overview, err
}

// Option is one entry of the JobManager's configuration.
type Option struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Config is the answer of /jobmanager/config.
type Config []Option

// Config asks for the JobManager's configuration.
func (c *Client) Config(ctx context.Context) (config Config, err error) {
	return config, c.get(ctx, "/jobmanager/config", &config)
}

// defaultFetch is Flink's default of metrics.fetcher.update-interval.
const defaultFetch = 10 * time.Second

// FetchInterval is how often the JobManager fetches metrics when asked for
// them (metrics.fetcher.update-interval); 0 if fetching is turned off.
func (c Config) FetchInterval() time.Duration {
	for _, option := range c {
		if option.Key == "metrics.fetcher.update-interval" {
			return interval(option.Value)
		}
	}
	return defaultFetch
}

// interval reads a duration as Flink writes it: milliseconds, or a number and
// a unit such as "10 s" or "PT10S".
func interval(text string) time.Duration {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	if millis, err := strconv.ParseInt(text, 10, 64); err == nil {
		return max(time.Duration(millis)*time.Millisecond, 0)
	}
	text = strings.TrimPrefix(text, "pt")
	for long, short := range map[string]string{"milliseconds": "ms", "seconds": "s", "second": "s", "sec": "s", "minutes": "m", "minute": "m", "min": "m"} {
		text, _ = strings.CutSuffix(text, long)
		if !strings.HasSuffix(text, short) && strings.TrimLeft(text, "0123456789.") == "" {
			text += short
		}
	}
	if parsed, err := time.ParseDuration(text); err == nil && parsed >= 0 {
		return parsed
	}
	return defaultFetch
}
