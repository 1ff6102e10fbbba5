package query

import (
	"context"
	"fmt"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Matching ends with its caller: of 100,000 names no more are looked at.
func TestMatchingEndsWithItsCaller(t *testing.T) {
	selectors, err := ReadSelectors([]string{"/a.{0,1000}b/", "absent"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	looked := 0
	selectors.matching(ctx, func(yield func(name, id string) bool) {
		for n := range 100_000 {
			if looked++; n == 10 {
				cancel()
			}
			if !yield(fmt.Sprint("job ", n), "") {
				return
			}
		}
	})
	if looked != 11 {
		t.Errorf("%d names were looked at, want 11", looked)
	}
}

// Of many names and expressions those are found that match, each by name or id.
func TestMatching(t *testing.T) {
	selectors, err := ReadSelectors([]string{"orders", "0123", "/pay.*/", "/none/", "gone", "orders"})
	if err != nil {
		t.Fatal(err)
	}
	matching := selectors.matching(t.Context(), func(yield func(name, id string) bool) {
		_ = yield("orders", "1") && yield("payments", "2") && yield("other", "0123")
	})
	for text, want := range map[string]bool{"orders": true, "0123": true, "/pay.*/": true, "/none/": false, "gone": false} {
		if matching[text] != want {
			t.Errorf("%s matches: %t, want %t", text, matching[text], want)
		}
	}
}

// So does choosing tasks, of a present and of a past job.
func TestChoosingTasksEndsWithItsCaller(t *testing.T) {
	tasks, err := ReadSelectors([]string{"/t.*/"})
	if err != nil {
		t.Fatal(err)
	}
	graph, summaries := &job.Graph{}, history.Summaries{}
	for n := range 10 {
		graph.Tasks = append(graph.Tasks, job.Task{Name: fmt.Sprint("task ", n)})
		summaries.Tasks = append(summaries.Tasks, history.TaskSummaries{Name: fmt.Sprint("task ", n)})
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for ctx, want := range map[context.Context]int{t.Context(): 10, gone: 0} {
		query := Query{Tasks: tasks}
		if chosen := query.tasksOf(ctx, graph); len(chosen) != want {
			t.Errorf("%d tasks are chosen, want %d", len(chosen), want)
		}
		past := jobRange{req: Request{Query: query}, job: &jobResult{}}
		if chosen := past.tasksOf(ctx, summaries); len(chosen) != want {
			t.Errorf("%d tasks of the past are chosen, want %d", len(chosen), want)
		}
	}
}
