package provision

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/dashboard"
)

// labelsOf are those of an alert of the rule, which are names that need encoding.
func labelsOf(rule Rule) data.Labels {
	labels := data.Labels{"cluster": "eu & us"}
	for _, node := range rule.Data {
		switch node.Model["by"] {
		case "task":
			labels["task"] = "window #2"
			fallthrough
		case "job":
			labels["job"] = `orders "100 %" + more?`
		}
	}
	return labels
}

// valuesOf are values of all nodes of the rule.
func valuesOf(rule Rule, value float64) map[string]Value {
	values := map[string]Value{}
	for _, node := range rule.Data {
		values[node.RefID] = Value{labelsOf(rule), value}
	}
	return values
}

// The summaries are sentences with and without values, and have the figures.
func TestSummaries(t *testing.T) {
	const job = `Flink job orders "100 %" + more? (cluster eu & us)`
	for uid, want := range map[string][2]string{ // with values of 0.953, and without
		"flink-job-has-bottleneck": {job + " is held back by a bottleneck, severity 95.3%", job + " is held back by a bottleneck"},
		"flink-task-is-bottleneck": {
			"Task window #2 holds " + job + " back: it was the bottleneck 95.3% of the last 10 minutes, severity 95.3%", "Task window #2 holds " + job + " back",
		},
		"flink-task-is-skewed": {
			"Task window #2 of " + job + " gets its records unevenly, skew 95.3%: its busiest subtask is 95.3% busy", "Task window #2 of " + job + " gets its records unevenly",
		},
		"flink-job-not-running": {job + " does not run", job + " does not run"},
		"flink-job-restarts":    {job + " restarts again and again, 1 times within 15 minutes", job + " restarts again and again"},
		"flink-unreachable":     {"Flink of cluster eu & us does not answer", "Flink of cluster eu & us does not answer"},
		"flink-job-unknown":     {"Whether " + job + " is held back is not known", "Whether " + job + " is held back is not known"},
		"flink-checkpoints-fail": {
			"Checkpoints of " + job + " fail or are late: the last one is 953ms old, 1.0 times the interval; 1 failed within 15 minutes", "Checkpoints of " + job + " fail or are late",
		},
		"flink-lag-grows": {
			job + " falls behind though nothing in it is held back: 953m records are pending, up from 953m within 15 minutes",
			job + " falls behind though nothing in it is held back",
		},
	} {
		rule := provisioned(t)[uid]
		for name, values := range map[string]map[string]Value{"known": valuesOf(rule, 0.953), "null": valuesOf(rule, nan), "none": nil} {
			filled, err := rule.Annotated(labelsOf(rule), values)
			if err != nil {
				t.Fatal(err)
			}
			expected := want[1]
			if name == "known" {
				expected = want[0]
			}
			if filled["summary"] != expected {
				t.Errorf("%s, %s: %q, want %q", uid, name, filled["summary"], expected)
			}
		}
	}
}

// No text names another time than that of a query: how long an alert waits may change.
func TestTextsNameNoOtherTime(t *testing.T) {
	times := regexp.MustCompile(`(?i)\b(\d+|one|two|three|five|ten|fifteen) ?(s|m|min|h|seconds?|minutes?|hours?)\b`)
	found := 0
	for _, rule := range provisioned(t) {
		var ranges []string
		for _, node := range rule.Data {
			ranges = append(ranges, fmt.Sprintf("%d minutes", node.RelativeTimeRange.From/60))
		}
		for _, named := range times.FindAllString(rule.Annotations["summary"]+" "+rule.Annotations["description"], -1) {
			found++
			if !slices.Contains(ranges, named) {
				t.Errorf("%q names %q; its queries are of %q", rule.Title, named, ranges)
			}
		}
	}
	if found == 0 {
		t.Error("no text names a time")
	}
}

// The link of an alert leads to a dashboard that there is, with the values of its
// variables: the data source, and what the alert's labels name.
func TestLinksLeadToWhatTheAlertIsAbout(t *testing.T) {
	boards := map[string]dashboard.Dashboard{}
	for _, d := range dashboards(t) {
		boards["/base/d/"+d.UID] = d
	}
	for _, rule := range provisioned(t) {
		labels := labelsOf(rule)
		filled, err := rule.Annotated(labels, nil)
		if err != nil {
			t.Fatal(err)
		}
		link, err := url.Parse(filled["dashboard"])
		if err != nil || !strings.HasPrefix(filled["dashboard"], Grafana) {
			t.Fatalf("%q leads to %s, %v", rule.Title, filled["dashboard"], err)
		}
		board, there := boards[link.Path]
		if !there || board.UID != rule.DashboardUID {
			t.Errorf("%q leads to %s", rule.Title, link.Path)
		}
		got := link.Query()
		want := url.Values{"from": {"now-1h"}, "to": {"now"}, "var-datasource": {"flink"}}
		for name, value := range labels {
			want.Set("var-"+name, value)
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%q has the values %v, want %v", rule.Title, got, want)
		}
		for name := range got {
			if variable, is := strings.CutPrefix(name, "var-"); is && !slices.ContainsFunc(board.Templating.List, func(v dashboard.Variable) bool { return v.Name == variable }) {
				t.Errorf("%q sets %s, which is no variable of %s", rule.Title, variable, board.UID)
			}
		}
	}
}

// What an alert links to as its runbook is a section of the documentation: of a bottleneck
// that of its kind.
func TestRunbooksAreThere(t *testing.T) {
	const documentation = "https://github.com/flinkscope/flinkscope-flink-datasource/blob/main/docs/"
	for _, rule := range provisioned(t) {
		found := map[string]bool{}
		for _, value := range []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, nan} {
			filled, err := rule.Annotated(labelsOf(rule), valuesOf(rule, value))
			if err != nil {
				t.Fatal(err)
			}
			page, is := strings.CutPrefix(filled["runbook_url"], documentation)
			file, section, has := strings.Cut(page, "#")
			if !is || !has {
				t.Errorf("%q has the runbook %q", rule.Title, filled["runbook_url"])
				continue
			}
			text, err := os.ReadFile(filepath.Join(root, "docs", file))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(sections(string(text)), section) {
				t.Errorf("%q has the runbook %s, and %s the sections %q", rule.Title, page, file, sections(string(text)))
			}
			found[section] = true
		}
		want := []string{"alternating", "capacity", "how-it-is-made", "machine", "network", "skew", "source", "unmeasured"}
		if got := slices.Sorted(maps.Keys(found)); len(got) > 1 != slices.ContainsFunc(rule.Data, func(n Node) bool { return n.RefID == "K" }) || len(got) > 1 && !slices.Equal(got, want) {
			t.Errorf("%q has the runbooks %q", rule.Title, got)
		}
	}
}

// sections are the anchors of a page's headings as GitHub makes them.
func sections(page string) (anchors []string) {
	dropped := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for line := range strings.Lines(page) {
		if heading, is := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); is && strings.HasPrefix(line, "#") {
			anchors = append(anchors, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), ""), " ", "-"))
		}
	}
	return anchors
}
