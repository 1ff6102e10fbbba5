package frame_test

import (
	"slices"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// shownNames are those that panels have for the series.
func shownNames(frames data.Frames) (names []string) {
	for _, f := range frames {
		for _, field := range f.Fields {
			if field.Config != nil && field.Config.DisplayNameFromDS != "" {
				names = append(names, field.Config.DisplayNameFromDS)
			}
		}
	}
	return names
}

// Series have names as short as still distinguishes them, unless the query says which; the
// labels stay as they are.
func TestNamesOfSeries(t *testing.T) {
	orders := jobOf("default", "orders", chain(task("in", at(0, 0.9)), task("window", at(1, 0), at(1, 0)))...)
	clicks := jobOf("default", "clicks", chain(task("in", at(0, 0.9)), task("out", at(1, 0)))...)
	far := jobOf("eu", "pages", task("all", at(0.5, 0)))
	one, two, three := []frame.Job{orders}, []frame.Job{orders, clicks}, []frame.Job{orders, far}
	for name, c := range map[string]struct {
		jobs   []frame.Job
		by     diagnosis.By
		legend frame.Legend
		want   []string
	}{
		"one job":                 {one, diagnosis.ByJob, frame.Legend{}, []string{"orders"}},
		"jobs":                    {two, diagnosis.ByJob, frame.Legend{}, []string{"orders", "clicks"}},
		"jobs of clusters":        {three, diagnosis.ByJob, frame.Legend{}, []string{"default › orders", "eu › pages"}},
		"tasks of a job":          {one, diagnosis.ByTask, frame.Legend{}, []string{"in", "window"}},
		"tasks of jobs":           {two, diagnosis.ByTask, frame.Legend{}, []string{"orders › in", "orders › window", "clicks › in", "clicks › out"}},
		"tasks of clusters":       {three, diagnosis.ByTask, frame.Legend{}, []string{"default › orders › in", "default › orders › window", "eu › pages › all"}},
		"subtasks":                {one, diagnosis.BySubtask, frame.Legend{}, []string{"in › 0", "window › 0", "window › 1"}},
		"TaskManagers":            {one, diagnosis.ByTaskManager, frame.Legend{}, []string{"10.0.0.0:6122-aa", "10.0.0.1:6122-aa"}},
		"beside another measure":  {one, diagnosis.ByTask, frame.Legend{Measure: true}, []string{"in · records in", "window · records in"}},
		"a format":                {two, diagnosis.ByTask, frame.Legend{Format: "{{job}}/{{ task }} {{measure}}"}, []string{"orders/in records_in", "orders/window records_in", "clicks/in records_in", "clicks/out records_in"}},
		"a format with the host":  {one, diagnosis.BySubtask, frame.Legend{Format: "{{subtask}} on {{host}}"}, []string{"0 on host-0", "0 on host-0", "1 on host-1"}},
		"the TaskManagers' hosts": {one, diagnosis.ByTaskManager, frame.Legend{Format: "{{host}}"}, []string{"host-0", "host-1"}},
		"a label it has not":      {one, diagnosis.ByJob, frame.Legend{Format: "{{job}} {{task}}{{host}}."}, []string{"orders ."}},
	} {
		t.Run(name, func(t *testing.T) {
			frames := frame.Measure(frame.Result{Jobs: c.jobs, Legend: c.legend}, measureNamed("records_in"), c.by)
			if got := shownNames(frames); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if labels := frames[0].Fields[0].Labels; labels["job"] != "orders" || labels["cluster"] != "default" {
				t.Errorf("the labels are %s", labels)
			}
		})
	}
}

// Over time they are the same.
func TestNamesOfSeriesOverTime(t *testing.T) {
	result := twoJobs()
	if got, want := shownNames(frame.History(result, status, 0)), []string{"orders › source", "orders › window", "clicks › source"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	result.Legend.Format = "{{task}}"
	if got, want := shownNames(frame.History(result, status, 0)), []string{"source", "window", "source"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A legend's format with a key that there is not is the writer's mistake.
func TestKeysOfALegend(t *testing.T) {
	for format, want := range map[string]string{
		"": "", "plain": "", "{{job}} {{ host }}": "", "{job}": "", "{{job": "",
		"{{job}} {{hst}}": "hst", "{{}}": "", "{{ $labels.job }}": "$labels.job",
	} {
		key, known := frame.UnknownLegendKey(format)
		if wantKnown := want == "" && format != "{{}}"; key != want || known != wantKnown {
			t.Errorf("%q has the unknown key %q, %t", format, key, known)
		}
	}
}
