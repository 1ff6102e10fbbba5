package frame

import (
	"net/url"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Pages are the pages of a cluster's own UI.
type Pages struct {
	// Base is the address at which a browser reaches the UI, without a slash at its
	// end; empty where that is not known.
	Base string
	// Split is set where jobs that have ended are at another address than those that
	// run: from Flink 1.16 on.
	Split bool
}

// Job is the page of a job; empty where that is not known.
func (p Pages) Job(of job.Info) string {
	switch {
	case of.ID == "" || p.Base == "":
		return ""
	case !p.Split:
		return p.page("job", of.ID)
	case of.State.Terminal():
		return p.page("job", "completed", of.ID)
	default:
		return p.page("job", "running", of.ID)
	}
}

// JobTab is a tab of a job's page, such as its exceptions.
func (p Pages) JobTab(of job.Info, tab string) string { return below(p.Job(of), tab) }

// Task is the page of a task of a job.
func (p Pages) Task(of job.Info, taskID string) string {
	if taskID == "" {
		return ""
	}
	return below(p.Job(of), "overview", taskID)
}

// TaskManager is the page of a TaskManager, without the tab that a link adds.
func (p Pages) TaskManager(id string) string {
	if id == "" {
		return ""
	}
	return p.page("task-manager", id)
}

// page is the address of a page by its route, which Flink's UI keeps behind the hash.
func (p Pages) page(route ...string) string {
	if p.Base == "" {
		return ""
	}
	return below(p.Base+"/#", route...)
}

// below is the address of something below a page. Grafana fills variables into links:
// no part begins one.
func below(page string, route ...string) string {
	if page == "" {
		return ""
	}
	for _, part := range route {
		page += "/" + strings.ReplaceAll(url.PathEscape(part), "$", "%24")
	}
	return page
}

// URLs are the pages of what each of the job's labels names, in their order.
func (j Job) URLs(by diagnosis.By) (all []string) {
	info := j.Snapshot.Job
	switch by {
	case diagnosis.ByJob:
		return []string{j.Pages.Job(info)}
	case diagnosis.ByTaskManager:
		for _, id := range j.TaskManagers() {
			all = append(all, below(j.Pages.TaskManager(id), "metrics"))
		}
		return all
	}
	for _, task := range j.Tasks {
		page := j.Pages.Task(info, j.task(task).ID)
		if by == diagnosis.ByTask {
			all = append(all, page)
			continue
		}
		for range j.load(task).Subtasks {
			all = append(all, page)
		}
	}
	return all
}

// pageLink is the link of a series to the page of what it is of; none if there is none.
func pageLink(page string) []data.DataLink {
	if page == "" {
		return nil
	}
	return []data.DataLink{{Title: "Flink/Show in Flink", URL: page, TargetBlank: true}}
}

// linked is a column with links to the page in another column of the same row.
func linked[R any](column column[R], links ...data.DataLink) column[R] {
	return func(rows []R) *data.Field {
		field := column(rows)
		if field.Config == nil {
			field.Config = &data.FieldConfig{}
		}
		field.Config.Links = links
		return field
	}
}

// The links of tables and nodes. Their menus group by what is before the slash.
var (
	jobLink          = data.DataLink{Title: "Flink/Job", URL: "${__data.fields.job_url}", TargetBlank: true}
	taskLink         = data.DataLink{Title: "Flink/Task", URL: "${__data.fields.task_url}", TargetBlank: true}
	taskManagerLinks = []data.DataLink{
		{Title: "Flink/Log of the TaskManager", URL: "${__data.fields.taskmanager_url}/logs", TargetBlank: true},
		{Title: "Flink/Thread dump of the TaskManager", URL: "${__data.fields.taskmanager_url}/thread-dump", TargetBlank: true},
	}
)

// page is a column of addresses that links lead to, which no table shows.
func page[R any](name string, value func(*R) string) column[R] {
	pages := word(name, value)
	return func(rows []R) *data.Field {
		return pages(rows).SetConfig(&data.FieldConfig{Custom: map[string]any{
			"hidden": true, "hideFrom": map[string]any{"viz": true, "legend": true, "tooltip": true},
		}})
	}
}
