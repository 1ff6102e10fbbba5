package dashboard

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// FieldConfig is how a panel shows fields.
type FieldConfig struct {
	Overrides []Override `json:"overrides"`
}

// Override is about the fields that its matcher names.
type Override struct {
	Matcher struct {
		ID      string `json:"id"`
		Options string `json:"options"`
	} `json:"matcher"`
	Properties []Property `json:"properties"`
}

// Property is a setting of a field.
type Property struct {
	ID    string          `json:"id"`
	Value json.RawMessage `json:"value"`
}

// Links are the addresses to which a field leads.
func (o Override) Links() (urls []string) {
	for _, property := range o.Properties {
		var links []struct{ URL string }
		if property.ID == "links" && json.Unmarshal(property.Value, &links) == nil {
			for _, link := range links {
				urls = append(urls, link.URL)
			}
		}
	}
	return urls
}

// Options are those of a panel about which fields it shows, and how.
type Options struct {
	ReduceOptions struct {
		// Calcs are how a stat panel makes one value of a field's.
		Calcs  []string `json:"calcs"`
		Fields string   `json:"fields"`
	} `json:"reduceOptions"`
	SortBy []struct {
		DisplayName string `json:"displayName"`
	} `json:"sortBy"`
}

// Transformation changes the frames before a panel shows them.
type Transformation struct {
	ID      string `json:"id"`
	Options struct {
		ExcludeByName map[string]bool   `json:"excludeByName"`
		IndexByName   map[string]int    `json:"indexByName"`
		RenameByName  map[string]string `json:"renameByName"`
		// Filters are those of filterByValue, and Sort those of sortBy.
		Filters []struct {
			FieldName string `json:"fieldName"`
		} `json:"filters"`
		Sort []struct {
			Field string `json:"field"`
		} `json:"sort"`
	} `json:"options"`
}

// linked is a field of the same row as a link names it.
var linked = regexp.MustCompile(`__data\.fields\.(\w+)`)

// Linked are the fields whose values its links take along.
func (o Override) Linked() (names []string) {
	for _, url := range o.Links() {
		for _, match := range linked.FindAllStringSubmatch(url, -1) {
			names = append(names, match[1])
		}
	}
	return names
}

// Fields are the names and /regular expressions/ by which the panel means
// fields. What may name fields in a way that is not known here is an error.
func (p Panel) Fields() (names []string, err error) {
	for _, override := range p.FieldConfig.Overrides {
		if id := override.Matcher.ID; id != "byName" && id != "byRegexp" {
			return nil, fmt.Errorf("an override matches %s", id)
		}
		names = append(append(names, override.Matcher.Options), override.Linked()...)
	}
	for _, transformation := range p.Transformations {
		switch transformation.ID {
		case "organize", "filterByValue", "sortBy", "limit":
		case "reduce": // what it makes has names of its own
			return names, nil
		default:
			return nil, fmt.Errorf("a transformation is %s", transformation.ID)
		}
		for _, filter := range transformation.Options.Filters {
			names = append(names, filter.FieldName)
		}
		for _, sorted := range transformation.Options.Sort {
			names = append(names, sorted.Field)
		}
		names = slices.AppendSeq(names, maps.Keys(transformation.Options.ExcludeByName))
		names = slices.AppendSeq(names, maps.Keys(transformation.Options.IndexByName))
		names = slices.AppendSeq(names, maps.Keys(transformation.Options.RenameByName))
	}
	if fields := p.Options.ReduceOptions.Fields; fields != "" {
		names = append(names, fields)
	}
	for _, sorted := range p.Options.SortBy {
		names = append(names, p.shownAs(sorted.DisplayName))
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// shownAs is the field that an override gives the name, or the name itself.
func (p Panel) shownAs(displayName string) string {
	for _, override := range p.FieldConfig.Overrides {
		for _, property := range override.Properties {
			var name string
			if property.ID == "displayName" && json.Unmarshal(property.Value, &name) == nil && name == displayName {
				return override.Matcher.Options
			}
		}
	}
	return displayName
}

// Missing are the names, of those that a panel gives, of no field in the
// frames.
func Missing(names []string, frames data.Frames) (missing []string) {
	for _, name := range names {
		if !slices.ContainsFunc(frames, func(frame *data.Frame) bool {
			return slices.ContainsFunc(frame.Fields, func(field *data.Field) bool { return means(name, field.Name) })
		}) {
			missing = append(missing, name)
		}
	}
	return missing
}

func means(name, field string) bool {
	if len(name) > 1 && strings.HasPrefix(name, "/") && strings.HasSuffix(name, "/") {
		matched, err := regexp.MatchString(name[1:len(name)-1], field)
		return err == nil && matched
	}
	return name == field
}
