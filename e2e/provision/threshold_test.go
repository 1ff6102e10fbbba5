package provision

import (
	"strings"
	"testing"
)

func TestMet(t *testing.T) {
	rule := provisioned(t)["flink-job-has-bottleneck"]
	threshold, _, err := rule.Threshold()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		value *float64
		want  bool
	}{
		"measured and well": {new(0.0), false},
		"at the threshold":  {new(0.5), false},
		"held back":         {new(0.51), true},
		"not known":         {nil, false},
	} {
		if got, err := threshold.Met(c.value); err != nil || got != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// Annotations are sentences with and without a value, which is missing when a
// job stops answering.
func TestAnnotationsAreFilledIn(t *testing.T) {
	labels := map[string]string{"cluster": "eu", "job": "orders"}
	for name, c := range map[string]struct {
		values map[string]Value
		ends   string
	}{
		"with a value":    {map[string]Value{"A": {labels, 0.953}}, "by itself. Severity: 95.3%."},
		"without a value": {nil, "by itself."},
	} {
		filled, err := provisioned(t)["flink-job-has-bottleneck"].Annotated(labels, c.values)
		if err != nil {
			t.Fatal(err)
		}
		if got := filled["summary"]; got != "Flink job orders (cluster eu) is held back by a bottleneck" {
			t.Errorf("%s: the summary is %q", name, got)
		}
		if got := filled["description"]; !strings.HasPrefix(got, "For five minutes, tasks of job orders have ") || !strings.HasSuffix(got, c.ends) {
			t.Errorf("%s: the description is %q", name, got)
		}
	}
}
