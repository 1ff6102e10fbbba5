//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// verdicts are the jobs of e2e/flink and the verdict that each must get.
var verdicts = map[string]func(views) error{
	"bottleneck": func(v views) error {
		return errors.Join(v.names("slow-window", "capacity", 4),
			v.statuses(map[string]string{"Source: orders": "backpressured", "enrich": "backpressured", "slow-window": "bottleneck", "sink": "idle mixed"}))
	},
	"skew": func(v views) error {
		return errors.Join(v.names("aggregate", "skew", 1), v.oneHotSubtask("aggregate"),
			v.statuses(map[string]string{"Source: orders": "backpressured", "enrich": "backpressured", "aggregate": "bottleneck", "sink": "idle mixed"}))
	},
	"slow-sink": func(v views) error {
		return errors.Join(v.names("sink", "capacity", 2),
			v.statuses(map[string]string{"Source: orders": "backpressured", "aggregate": "backpressured", "sink": "bottleneck"}))
	},
	"two-sources": func(v views) error {
		return errors.Join(v.names("score", "capacity", 4),
			v.statuses(map[string]string{
				"Source: orders": "backpressured", "parse": "backpressured", "score": "bottleneck",
				"Source: clicks": "idle mixed busy", "validate": "idle mixed busy", "merge": "idle mixed busy",
			}))
	},
	"healthy": func(v views) error {
		return errors.Join(v.isHealthy(),
			v.statuses(map[string]string{"Source: orders": "idle mixed", "enrich": "idle mixed", "count": "idle mixed", "sink": "idle mixed"}))
	},
}

// names checks that the verdict is about that task alone, and that all views agree
// with it.
func (v views) names(task, kind string, hot int) error {
	if len(v.bottlenecks) != 1 || len(v.jobs) != 1 {
		return fmt.Errorf("%d rows of bottlenecks and %d of jobs, want one each", len(v.bottlenecks), len(v.jobs))
	}
	found := v.bottlenecks[0]
	severity, known := found["severity"].(float64)
	errs := []error{v.isDrawn()}
	if found["task"] != task || found["kind"] != kind || !known || severity <= 0.5 {
		errs = append(errs, fmt.Errorf("the verdict is %v, want %s of kind %s with a severity above 0.5", found, task, kind))
	}
	if subtasks := strings.Split(fmt.Sprint(found["hot_subtasks"]), ", "); len(subtasks) != hot {
		errs = append(errs, fmt.Errorf("hot subtasks are %q, want %d", subtasks, hot))
	}
	if found["explanation"] == nil || found["advice"] == nil {
		errs = append(errs, fmt.Errorf("the verdict lacks explanation or advice: %v", found))
	}
	if v.jobs[0]["bottleneck"] != task {
		errs = append(errs, fmt.Errorf("the jobs table names %v", v.jobs[0]["bottleneck"]))
	}
	if v.severity == nil || *v.severity <= 0.5 {
		errs = append(errs, fmt.Errorf("measure bottleneck is %v", v.severity))
	}
	if v.status[task] != 4 {
		errs = append(errs, fmt.Errorf("measure status of %s is %v", task, v.status[task]))
	}
	return errors.Join(errs...)
}

func (v views) isHealthy() error {
	errs := []error{v.isDrawn()}
	if len(v.bottlenecks) != 1 || v.bottlenecks[0]["kind"] != "none" {
		errs = append(errs, fmt.Errorf("the verdict is %v, want kind none", v.bottlenecks))
	}
	if v.severity == nil || *v.severity != 0 {
		errs = append(errs, fmt.Errorf("measure bottleneck is %v, want 0", v.severity))
	}
	return errors.Join(errs...)
}

// statuses checks tasks that may have one of some statuses each.
func (v views) statuses(want map[string]string) error {
	var errs []error
	for _, task := range v.tasks {
		allowed, checked := want[task["task"].(string)]
		if checked && !slices.Contains(strings.Fields(allowed), task["status"].(string)) {
			errs = append(errs, fmt.Errorf("%v is %v (busy %v, backpressured %v), want %s",
				task["task"], task["status"], task["busy_max"], task["backpressured_max"], allowed))
		}
	}
	for task := range want {
		if !slices.ContainsFunc(v.tasks, func(r row) bool { return r["task"] == task }) {
			errs = append(errs, fmt.Errorf("there is no task %s", task))
		}
	}
	return errors.Join(errs...)
}

// oneHotSubtask checks the subtasks of a skewed task.
func (v views) oneHotSubtask(task string) error {
	hot, waiting := 0, 0
	for _, subtask := range v.subtasks {
		switch {
		case subtask["task"] != task:
		case subtask["status"] == "bottleneck":
			hot++
		case subtask["status"] == "idle" || subtask["status"] == "mixed":
			waiting++
		}
	}
	if hot != 1 || waiting != 3 {
		return fmt.Errorf("%d hot and %d waiting subtasks of %s, want 1 and 3", hot, waiting, task)
	}
	return nil
}

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// isDrawn checks the node graph: a coloured node a task, edges between them.
func (v views) isDrawn() error {
	var errs []error
	if len(v.nodes) != len(v.tasks) || len(v.nodes) == 0 || len(v.edges) < len(v.nodes)-1 {
		errs = append(errs, fmt.Errorf("%d nodes and %d edges for %d tasks", len(v.nodes), len(v.edges), len(v.tasks)))
	}
	ids := map[any]bool{}
	for _, node := range v.nodes {
		ids[node["id"]] = true
		if text, ok := node["color"].(string); !ok || !colour.MatchString(text) {
			errs = append(errs, fmt.Errorf("the node %v has the colour %v", node["id"], node["color"]))
		}
	}
	for _, edge := range v.edges {
		if !ids[edge["source"]] || !ids[edge["target"]] {
			errs = append(errs, fmt.Errorf("the edge %v has no node at an end", edge))
		}
	}
	return errors.Join(errs...)
}
