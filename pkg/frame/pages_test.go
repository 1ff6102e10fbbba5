package frame_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// The routes are those of Flink's web UI, which changed with 1.16. They are behind a
// hash, and no id of a job, task or TaskManager gets out of its place.
func TestPages(t *testing.T) {
	old, split := frame.Pages{Base: "http://flink:8081"}, frame.Pages{Base: "https://proxy/flink", Split: true}
	runs, ended := job.Info{ID: "ab", State: job.Running}, job.Info{ID: "ab", State: job.Failed}
	for want, got := range map[string]string{
		"http://flink:8081/#/job/ab":                                          old.Job(runs),
		"http://flink:8081/#/job/ab/overview/cd":                              old.Task(ended, "cd"),
		"https://proxy/flink/#/job/running/ab":                                split.Job(runs),
		"https://proxy/flink/#/job/completed/ab":                              split.Job(ended),
		"https://proxy/flink/#/job/running/ab/overview/cd":                    split.Task(runs, "cd"),
		"https://proxy/flink/#/job/completed/ab/exceptions":                   split.JobTab(ended, "exceptions"),
		"http://flink:8081/#/task-manager/10.0.0.1:6122-aa":                   old.TaskManager("10.0.0.1:6122-aa"),
		"http://flink:8081/#/task-manager/a%2Fb%3Fc%23d%25e%20%22f%22%3Cg%3E": old.TaskManager(`a/b?c#d%e "f"<g>`),
		"http://flink:8081/#/task-manager/%24%7Bhome%7D":                      old.TaskManager("${home}"),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for name, got := range map[string]string{
		"no address": frame.Pages{}.Job(runs), "no job": split.Job(job.Info{}), "no task": split.Task(runs, ""), "no TaskManager": split.TaskManager(""),
		"a TaskManager without an address": frame.Pages{}.TaskManager("a"), "a task without an address": frame.Pages{Split: true}.Task(runs, "cd"),
	} {
		if got != "" {
			t.Errorf("%s leads to %s", name, got)
		}
	}
}

// paged are the three jobs with pages.
func paged() frame.Result {
	result := threeJobs()
	for i := range result.Jobs {
		result.Jobs[i].Pages = frame.Pages{Base: "https://" + result.Jobs[i].Cluster, Split: true}
	}
	return result
}

// Each link of a table or of a node leads to a column of the same row, which has an
// address wherever the cell has a name, and which no table shows.
func TestLinksOfRows(t *testing.T) {
	for view, columns := range map[string]map[string]string{
		"bottlenecks": {"job": "job_url", "task": "task_url"},
		"tasks":       {"job": "job_url", "task": "task_url"},
		"subtasks":    {"job": "job_url", "task": "task_url", "host": "taskmanager_url", "taskmanager": "taskmanager_url"},
		"jobs":        {"job": "job_url", "bottleneck": "task_url"},
		"nodeGraph":   {"title": "task_url"},
	} {
		shown := views[view](paged())[0]
		for name, target := range columns {
			named, pages := field(t, shown, name), field(t, shown, target)
			if len(named.Config.Links) == 0 {
				t.Errorf("%s: %s has no link", view, name)
			}
			for _, link := range named.Config.Links {
				if !link.TargetBlank || !slices.ContainsFunc([]string{"job_url", "task_url", "taskmanager_url"}, func(url string) bool {
					return strings.HasPrefix(link.URL, "${__data.fields."+url+"}")
				}) {
					t.Errorf("%s: %s has the link %+v", view, name, link)
				}
			}
			if !strings.HasPrefix(named.Config.Links[0].URL, "${__data.fields."+target+"}") {
				t.Errorf("%s: %s leads to %s", view, name, named.Config.Links[0].URL)
			}
			if pages.Config.Custom["hidden"] != true {
				t.Errorf("%s: %s is shown", view, target)
			}
			for row := range shown.Rows() {
				_, hasName := named.ConcreteAt(row)
				url, hasPage := pages.ConcreteAt(row)
				if hasName != hasPage || hasPage && !strings.HasPrefix(url.(string), "https://") {
					t.Errorf("%s: row %d of %s has the page %v", view, row, name, url)
				}
			}
		}
	}
}

// A series leads to the page of what it is of, on its own cluster.
func TestLinksOfSeries(t *testing.T) {
	for by, want := range map[diagnosis.By]string{
		diagnosis.ByJob:         "https://default/#/job/running/00000000000000000000000000orders",
		diagnosis.ByTask:        "https://default/#/job/running/00000000000000000000000000orders/overview/" + taskID("in"),
		diagnosis.BySubtask:     "https://default/#/job/running/00000000000000000000000000orders/overview/" + taskID("in"),
		diagnosis.ByTaskManager: "https://default/#/task-manager/10.0.0.0:6122-aa/metrics",
	} {
		fields := frame.Measure(paged(), measureNamed("busy"), by)[0].Fields
		if links := fields[0].Config.Links; len(links) != 1 || links[0].URL != want || !links[0].TargetBlank {
			t.Errorf("by %s the links are %+v, want %s", by, links, want)
		}
		last := fields[len(fields)-1]
		if url := last.Config.Links[0].URL; !strings.HasPrefix(url, "https://"+last.Labels["cluster"]+"/") {
			t.Errorf("by %s a series of cluster %s leads to %s", by, last.Labels["cluster"], url)
		}
	}
	result := twoJobs()
	result.Series[0].Page = "https://flink/#/job/a"
	for name, view := range overTime {
		var links []data.DataLink
		for _, shown := range view(result) {
			for _, each := range shown.Fields[1:] {
				links = append(links, each.Config.Links...)
			}
		}
		if len(links) != 1 || links[0].URL != result.Series[0].Page {
			t.Errorf("%s: the links are %+v", name, links)
		}
	}
}
