package dashboard

import (
	"encoding/json"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/diagnosis"
)

// column is how a panel of a bundled dashboard shows a field.
type column struct {
	dashboard Dashboard
	panel     Panel
	Override
}

func (c column) String() string {
	return fmt.Sprintf("%s of %q in %q", c.Matcher.Options, c.panel.Title, c.dashboard.Title)
}

func columns(t *testing.T) iter.Seq[column] {
	return func(yield func(column) bool) {
		for _, d := range bundled(t) {
			for _, p := range d.Panels {
				for _, o := range p.FieldConfig.Overrides {
					if !yield(column{d, p, o}) {
						return
					}
				}
			}
		}
	}
}

// What Flink's own UI shows in a colour has that colour here.
func TestSharesHaveFlinksColours(t *testing.T) {
	want := map[string]string{
		"idle": diagnosis.Fill(0, 0), "busy": diagnosis.Fill(1, 0), "backpressured": diagnosis.Fill(0, 1),
		"busy_max": diagnosis.Fill(1, 0), "backpressured_max": diagnosis.Fill(0, 1),
	}
	seen := map[string]bool{}
	for c := range columns(t) {
		if colour, known := want[c.Matcher.Options]; known {
			seen[c.Matcher.Options] = true
			if got := c.fixedColour(); got != colour {
				t.Errorf("%s is %q, want %s", c, got, colour)
			}
		}
	}
	if len(seen) != len(want) {
		t.Errorf("only %v have colours", seen)
	}
}

func (c column) fixedColour() string {
	for _, property := range c.Properties {
		var colour struct{ Mode, FixedColor string }
		if property.ID == "color" && json.Unmarshal(property.Value, &colour) == nil && colour.Mode == "fixed" {
			return colour.FixedColor
		}
	}
	return ""
}

// A link cannot use a field that is left out.
func TestLinksTakeAlongWhatIsThere(t *testing.T) {
	links := 0
	for c := range columns(t) {
		for _, name := range c.Linked() {
			links++
			for _, transformation := range c.panel.Transformations {
				if transformation.Options.ExcludeByName[name] {
					t.Errorf("%s takes %s along, which is left out", c, name)
				}
			}
		}
	}
	if links == 0 {
		t.Error("there are no links")
	}
}

// Links set variables that there are, and names in them are encoded, as they
// may hold anything. A link to Flink is an address as a whole.
func TestLinksFilterTheDashboard(t *testing.T) {
	boards := bundled(t)
	leads := regexp.MustCompile(`^/d/([\w-]+)`)
	sets, takes := regexp.MustCompile(`[?&]var-(\w+)=`), regexp.MustCompile(`\$\{__data\.fields\.[^}]*\}`)
	for c := range columns(t) {
		for _, url := range c.Links() {
			target := c.dashboard
			if match := leads.FindStringSubmatch(url); match != nil {
				found := false
				for _, other := range boards {
					if other.UID == match[1] {
						target, found = other, true
					}
				}
				if !found {
					t.Errorf("%s leads to the dashboard %s, which there is not", c, match[1])
				}
			}
			for _, match := range sets.FindAllStringSubmatch(url, -1) {
				if !slices.ContainsFunc(target.Templating.List, func(v Variable) bool { return v.Name == match[1] }) {
					t.Errorf("%s sets %s, which is no variable", c, match[1])
				}
			}
			for _, value := range takes.FindAllString(url, -1) {
				page := url == value && strings.HasSuffix(value, "_url}") // an address that the backend has made
				if !page && !strings.HasSuffix(value, ":percentencode}") {
					t.Errorf("%s does not encode %s", c, value)
				}
			}
		}
	}
}
