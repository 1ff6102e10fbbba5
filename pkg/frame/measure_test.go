package frame_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

const unknown = "-"

// What every measure says of the three jobs, by all that it can be told of.
// The columns are: bottleneck status busy backpressured idle skew blame.
var measured = map[frame.By]string{
	frame.ByJob: `
		default/orders                0.85 4 1   0.9  0   0.2 -
		default/sessions              0.6  4 1   0.6  0   0.9 -
		eu/pages                      0    2 0.6 0.05 0.4 0   -`,
	frame.ByTask: `
		default/orders/in             0    3 0.1 0.9  0   0.2 -
		default/orders/enrich         0.85 4 1   0    0   0   -
		default/orders/out            0    0 0.2 0    0.8 0   -
		default/sessions/in           0    3 0.2 0.6  0.2 -   -
		default/sessions/window       0.6  4 1   0    0   0.9 -
		default/sessions/report       -    - -   -    -   -   -
		eu/pages/in                   0    0 0.3 0    0.7 -   -
		eu/pages/count                0    2 0.6 0.05 0.4 0   -
		eu/pages/out                  0    0 0.1 0    0.9 -   -`,
	frame.BySubtask: `
		default/orders/in/0           0    3 0.1 0.8  0.1 0.2 -
		default/orders/in/1           0    3 0.1 0.9  0   0.2 -
		default/orders/enrich/0       0.85 4 1   0    0   0   -
		default/orders/enrich/1       0.85 4 0.9 0    0.1 0   -
		default/orders/out/0          0    0 0.2 0    0.8 0   -
		default/orders/out/1          0    0 0.2 0    0.8 0   -
		default/sessions/in/0         0    3 0.2 0.6  0.2 -   -
		default/sessions/window/0     0    0 0.1 0    0.9 0.9 -
		default/sessions/window/1     0.6  4 1   0    0   0.9 -
		default/sessions/window/2     0    0 0.2 0    0.8 0.9 -
		default/sessions/window/3     0    0 0   0    1   0.9 -
		default/sessions/report/0     -    - -   -    -   -   -
		default/sessions/report/1     -    - -   -    -   -   -
		eu/pages/in/0                 0    0 0.3 0    0.7 -   -
		eu/pages/count/0              0    0 0.4 0.05 0.55 0  -
		eu/pages/count/1              0    2 0.6 0    0.4 0   -
		eu/pages/out/0                0    0 0.1 0    0.9 -   -`,
}

// labelsBy are the labels of a series, in the order in which the table above
// names it; none of them is an id, which would change with a restart.
var labelsBy = map[frame.By][]string{
	frame.ByJob:     {"cluster", "job"},
	frame.ByTask:    {"cluster", "job", "task"},
	frame.BySubtask: {"cluster", "job", "task", "subtask"},
}

func TestMeasures(t *testing.T) {
	for column, measure := range frame.Measures {
		for by, table := range measured {
			t.Run(fmt.Sprintf("%s by %s", measure.Name, by), func(t *testing.T) {
				got := readNumeric(t, frame.NumericWide(threeJobs(), measure, by))
				rows := strings.Split(strings.TrimSpace(table), "\n")
				if len(got) != len(rows) {
					t.Fatalf("there are %d series, want %d", len(got), len(rows))
				}
				for i, row := range rows {
					words := strings.Fields(row)
					if want := labelled(by, words[0]); !maps.Equal(got[i].labels, want) {
						t.Errorf("series %d is labelled %v, want %v", i, got[i].labels, want)
					}
					if !equal(got[i].value, words[1+column]) {
						t.Errorf("%s is %s, want %s", words[0], shown(got[i].value), words[1+column])
					}
					if got[i].name != measure.Name {
						t.Errorf("a series of %s is named %s", measure.Name, got[i].name)
					}
				}
			})
		}
	}
}

func labelled(by frame.By, path string) data.Labels {
	labels := data.Labels{}
	for i, value := range strings.Split(path, "/") {
		labels[labelsBy[by][i]] = value
	}
	return labels
}

func equal(value *float64, want string) bool {
	if value == nil || want == unknown {
		return value == nil && want == unknown
	}
	var number float64
	_, err := fmt.Sscan(want, &number)
	return err == nil && math.Abs(*value-number) < 1e-9
}

func shown(value *float64) string {
	if value == nil {
		return unknown
	}
	return fmt.Sprint(*value)
}

// The names are what people write into alert rules, the default first.
func TestMeasureNames(t *testing.T) {
	var names []string
	for _, measure := range frame.Measures {
		names = append(names, measure.Name)
	}
	if want := []string{"bottleneck", "status", "busy", "backpressured", "idle", "skew", "blame"}; !slices.Equal(names, want) {
		t.Errorf("the measures are %v, want %v", names, want)
	}
}

// A measure of the tasks asked for says nothing of others.
func TestMeasureOfSomeTasks(t *testing.T) {
	answer := threeJobs()
	answer.Jobs = answer.Jobs[:1]
	answer.Jobs[0].Tasks = []int{0, 2}
	for by, want := range map[frame.By]int{frame.ByJob: 1, frame.ByTask: 2, frame.BySubtask: 4} {
		for column, worst := range []string{"0", "3", "0.2", "0.9", "0", "0.2", unknown} {
			got := readNumeric(t, frame.NumericWide(answer, frame.Measures[column], by))
			if len(got) != want {
				t.Errorf("%s by %s has %d series, want %d", frame.Measures[column].Name, by, len(got), want)
			}
			if by == frame.ByJob && !equal(got[0].value, worst) {
				t.Errorf("%s is %s, want %s", frame.Measures[column].Name, shown(got[0].value), worst)
			}
		}
	}
}
