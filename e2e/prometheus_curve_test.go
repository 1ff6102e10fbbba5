//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

const (
	// step is how far apart the points are that Prometheus is asked for, over
	// a range of less than 50 minutes.
	step = 10 * time.Second
	// hole is how far apart looks are, one for each fetch, or for every other:
	// where another data source had Flink fetch before it was due, a look may
	// come too early to bring anything.
	hole = 2*step + 3*time.Second
	// alike is how far apart shares may be of two minutes of an even job.
	alike = 0.15
)

// curve is a series over time; what is not known is NaN.
type curve struct {
	labels data.Labels
	times  []time.Time
	values []float64
	source any
}

// curves are the answer to a query over the whole time.
func (b *behind) curves(t *testing.T, job, measure, by string) (all []curve) {
	t.Helper()
	query := fmt.Sprintf(`{"queryType":"history","jobs":[%q],"measure":%q,"by":%q}`, job, measure, by)
	for _, frame := range b.over(t, ending(b.scraped.Add(-time.Minute), time.Now()), query) {
		if len(frame.Fields) != 2 {
			t.Fatalf("%s by %s: %d fields, notices %v", measure, by, len(frame.Fields), frame.Meta.Notices)
		}
		c := curve{labels: frame.Fields[1].Labels, source: sourceOf(frame)}
		for i := range frame.Rows() {
			value, err := frame.Fields[1].FloatAt(i) // NaN for null
			if err != nil {
				t.Fatal(err)
			}
			c.times, c.values = append(c.times, frame.Fields[0].At(i).(time.Time)), append(c.values, value)
		}
		all = append(all, c)
	}
	return all
}

// seam is the first point that is remembered.
func (c curve) seam(begun time.Time) int {
	seam, _ := slices.BinarySearchFunc(c.times, begun, time.Time.Compare)
	return seam
}

// isWhole looks for points that are there twice, for holes, and for values that
// cannot be.
func (c curve) isWhole(t *testing.T, b *behind, measure string, seam int) {
	t.Helper()
	if seam == 0 || seam == len(c.times) || c.source != "prometheus" {
		t.Fatalf("%s of %v: %d of %d points are Prometheus', and the source is %v", measure, c.labels, seam, len(c.times), c.source)
	}
	if late := c.times[0].Sub(b.scraped); late > step+5*time.Second {
		t.Errorf("%s of %v begins %s after Prometheus did", measure, c.labels, late)
	}
	for i, at := range c.times[1:] {
		most := map[bool]time.Duration{true: step, false: hole}[i+1 <= seam]
		if apart := at.Sub(c.times[i]); apart <= 0 || apart > most {
			t.Errorf("%s of %v: after point %d the next of %d, of which %d are Prometheus', is %s later", measure, c.labels, i, len(c.times), seam, apart)
		}
	}
	for _, value := range c.values {
		if highest := map[bool]float64{true: 4, false: 1}[measure == "status"]; value < 0 || value > highest {
			t.Errorf("%s of %v is %v", measure, c.labels, value)
		}
	}
}

// apart is how far the last that Prometheus knows is from the first that is
// remembered. Of statuses, idle and mixed may be next to each other; a source
// that is held back emits in bursts of a buffer, and its skew says less the
// shorter the time is that it is measured over.
func (c curve) apart(t *testing.T, measure string, seam int) float64 {
	t.Helper()
	known := func(value float64) bool { return !math.IsNaN(value) }
	far, near := slices.Clone(c.values[:seam]), c.values[seam:]
	slices.Reverse(far)
	before, after := slices.IndexFunc(far, known), slices.IndexFunc(near, known)
	if before < 0 || after < 0 || before+after > 3 {
		t.Errorf("%s of %v is not known where the two meet: %.3f, then %.3f", measure, c.labels, c.values[:seam], near)
		return 0
	}
	apart, most := math.Abs(far[before]-near[after]), alike
	if measure == "status" && max(far[before], near[after]) <= 1 || measure == "skew" && bursts(c.labels) {
		most = 1
	}
	if apart > most {
		t.Errorf("%s of %v is %.3f, then %.3f", measure, c.labels, far[before], near[after])
	}
	return apart
}

// bursts tells whether a series is of the source, or of what it is a part of.
func bursts(labels data.Labels) bool {
	return labels["task"] == "" || labels["task"] == "Source: orders"
}
