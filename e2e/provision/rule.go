// Package provision reads the alert rules that are provisioned, and does with
// them what Grafana does: it computes their expressions, follows the state of their alerts
// and fills in annotations.
package provision

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"go.yaml.in/yaml/v3"
)

// Expressions is the data source of what Grafana works out itself.
const Expressions = "__expr__"

// Group holds rules that are evaluated together.
type Group struct {
	Name     string        `yaml:"name"`
	Folder   string        `yaml:"folder"`
	Interval time.Duration `yaml:"interval"`
	Rules    []Rule        `yaml:"rules"`
}

// Rule is an alert rule in Grafana's provisioning format.
type Rule struct {
	UID       string        `yaml:"uid"`
	Title     string        `yaml:"title"`
	Condition string        `yaml:"condition"`
	For       time.Duration `yaml:"for"`
	// KeepFiringFor is how long an alert goes on after its condition is met no more.
	// Grafana has it from 12 on.
	KeepFiringFor time.Duration     `yaml:"keepFiringFor"`
	NoDataState   string            `yaml:"noDataState"`
	ExecErrState  string            `yaml:"execErrState"`
	DashboardUID  string            `yaml:"dashboardUid"`
	PanelID       int               `yaml:"panelId"`
	Labels        map[string]string `yaml:"labels"`
	Annotations   map[string]string `yaml:"annotations"`
	Data          []Node            `yaml:"data"`
}

// Node is a query or an expression of a rule.
type Node struct {
	RefID             string         `yaml:"refId"`
	QueryType         string         `yaml:"queryType"`
	DatasourceUID     string         `yaml:"datasourceUid"`
	RelativeTimeRange Range          `yaml:"relativeTimeRange"`
	Model             map[string]any `yaml:"model"`
}

// Range is a time range in seconds before the evaluation.
type Range struct{ From, To int }

// Read reads the groups of all files in a folder. A key that is not known here
// is an error: it is misspelt, or means something that nobody tests.
func Read(folder string) (groups []Group, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		opened, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer opened.Close()
		var read struct {
			APIVersion int     `yaml:"apiVersion"`
			Groups     []Group `yaml:"groups"`
		}
		decoder := yaml.NewDecoder(opened)
		decoder.KnownFields(true)
		if err := decoder.Decode(&read); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		groups = append(groups, read.Groups...)
	}
	return groups, nil
}

// Node is the one of that refId.
func (r Rule) Node(refID string) (Node, error) {
	at := slices.IndexFunc(r.Data, func(n Node) bool { return n.RefID == refID })
	if at < 0 {
		return Node{}, fmt.Errorf("rule %q has no %q", r.Title, refID)
	}
	return r.Data[at], nil
}

// Queries are the rule's queries of a data source at that time.
func (r Rule) Queries(at time.Time) (queries []backend.DataQuery, err error) {
	for _, node := range r.Data {
		if node.DatasourceUID == Expressions {
			continue
		}
		query, err := node.query(at)
		if err != nil {
			return nil, fmt.Errorf("%s of %q: %w", node.RefID, r.Title, err)
		}
		queries = append(queries, query)
	}
	return queries, nil
}

// What Grafana sets in a query that does not.
const (
	defaultMaxDataPoints = 43_200
	defaultInterval      = time.Second
)

func (n Node) query(at time.Time) (backend.DataQuery, error) {
	model, err := json.Marshal(n.Model)
	return backend.DataQuery{
		RefID: n.RefID, QueryType: n.QueryType, JSON: model, MaxDataPoints: defaultMaxDataPoints, Interval: defaultInterval,
		TimeRange: backend.TimeRange{
			From: at.Add(-time.Duration(n.RelativeTimeRange.From) * time.Second),
			To:   at.Add(-time.Duration(n.RelativeTimeRange.To) * time.Second),
		},
	}, err
}
