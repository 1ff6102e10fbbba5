package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"go.yaml.in/yaml/v3"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/docs"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/tlstest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

var (
	// grafanaKeys are those of jsonData that the SDK reads, or Grafana itself.
	grafanaKeys = regexp.MustCompile(`^(tlsAuth|tlsAuthWithCACert|tlsSkipVerify|serverName|enableSecureSocksProxy|httpHeaderName\d+)$`)
	// secretKeys are those of secureJsonData.
	secretKeys = regexp.MustCompile(`^(bearerToken|prometheusPassword|prometheusBearerToken|prometheusTls(CACert|ClientCert|ClientKey)|basicAuthPassword|tlsCACert|tlsClientCert|tlsClientKey|httpHeaderValue\d+)$`)
	// sourceKeys are those of a data source in a provisioning file. The address is not in
	// its root.
	sourceKeys = []string{"name", "uid", "type", "access", "isDefault", "editable", "orgId", "basicAuth", "basicAuthUser", "jsonData", "secureJsonData"}
)

func pages(t *testing.T) []docs.Page {
	t.Helper()
	pages, err := docs.Read("../..")
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// Each data source and each query in the examples of the documentation is accepted, with
// every key that it has. The other examples can be read.
func TestDocumentedExamples(t *testing.T) {
	sources, queries := 0, 0
	for _, page := range pages(t) {
		for _, example := range page.Examples {
			parts, err := partsOf(example)
			if err != nil {
				t.Errorf("%s, line %d: %v", page.Path, example.Line, err)
			}
			for _, part := range parts {
				var err error
				switch {
				case part.of["jsonData"] != nil:
					sources++
					err = checkSource(t, part.of)
				case part.of["queryType"] != nil:
					queries++
					err = checkQuery(part)
				}
				if err != nil {
					t.Errorf("%s, line %d: %v", page.Path, example.Line, err)
				}
			}
		}
	}
	if sources < 10 || queries < 3 {
		t.Errorf("%d data sources and %d queries were found", sources, queries)
	}
}

// part is an object within an example, and the key that it stands at.
type part struct {
	key string
	of  map[string]any
}

// partsOf are all objects of an example; none where it is in another language.
func partsOf(example docs.Example) (parts []part, err error) {
	text := example.Text
	switch example.Language {
	case "hcl":
		return hclParts(text)
	case "yaml", "json": // JSON is YAML, too
	default:
		return nil, nil
	}
	if example.Language == "json" && !json.Valid([]byte(text)) {
		return nil, errors.New("it is no JSON")
	}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return parts, nil
		} else if err != nil {
			return nil, err
		}
		parts = append(parts, objects("", document)...)
	}
}

func objects(key string, of any) (parts []part) {
	switch of := of.(type) {
	case map[string]any:
		parts = append(parts, part{key, of})
		for _, key := range slices.Sorted(maps.Keys(of)) {
			parts = append(parts, objects(key, of[key])...)
		}
	case []any:
		for _, each := range of {
			parts = append(parts, objects(key, each)...)
		}
	}
	return parts
}

var (
	encoded    = regexp.MustCompile(`(?s)(json_data|secure_json_data)_encoded = jsonencode\(\{\n(.*?)\n  \}\)`)
	assignment = regexp.MustCompile(`(\w+) *= `)
	sourceType = regexp.MustCompile(`type = "(.*)"`)
)

// hclParts is the data source of Terraform: what it encodes as JSON has the keys of a
// provisioning file, in the syntax of YAML but for the sign between key and value.
func hclParts(text string) ([]part, error) {
	of := map[string]any{}
	if found := sourceType.FindStringSubmatch(text); found != nil {
		of["type"] = found[1]
	}
	for _, found := range encoded.FindAllStringSubmatch(text, -1) {
		var data map[string]any
		if err := yaml.Unmarshal([]byte(assignment.ReplaceAllString(found[2], "$1: ")), &data); err != nil {
			return nil, err
		}
		of[map[string]string{"json_data": "jsonData", "secure_json_data": "secureJsonData"}[found[1]]] = data
	}
	return []part{{of: of}}, nil
}

// checkSource makes an instance of a data source; secrets are such that it can.
func checkSource(t *testing.T, of map[string]any) error {
	for key := range of {
		if !slices.Contains(sourceKeys, key) {
			return fmt.Errorf("a data source has no key %s", key)
		}
	}
	if kind := of["type"]; kind != nil && kind != "flinkscope-flink-datasource" {
		return fmt.Errorf("the type is %v", kind)
	}
	jsonData, is := of["jsonData"].(map[string]any)
	if !is {
		return fmt.Errorf("jsonData is %v", of["jsonData"])
	}
	whole, err := json.Marshal(jsonData)
	if err != nil {
		return err
	}
	own := maps.Clone(jsonData)
	maps.DeleteFunc(own, func(key string, _ any) bool { return grafanaKeys.MatchString(key) })
	text, err := json.Marshal(own)
	if err != nil {
		return err
	}
	if err := strict(text, new(settings)); err != nil {
		return err
	}
	source := backend.DataSourceInstanceSettings{UID: "flink", JSONData: whole, DecryptedSecureJSONData: map[string]string{}}
	source.BasicAuthEnabled, _ = of["basicAuth"].(bool)
	source.BasicAuthUser, _ = of["basicAuthUser"].(string)
	secrets, _ := of["secureJsonData"].(map[string]any)
	authority := tlstest.NewAuthority("documentation")
	identity := authority.Issue("grafana", time.Hour)
	certificates := map[string]string{"tlsCACert": authority.Certificate, "tlsClientCert": identity.Certificate, "tlsClientKey": identity.Key}
	for key, text := range maps.Clone(certificates) {
		certificates["prometheusT"+key[1:]] = text
	}
	for key, value := range secrets {
		if !secretKeys.MatchString(key) {
			return fmt.Errorf("there is no secret %s", key)
		}
		source.DecryptedSecureJSONData[key] = fmt.Sprint(value)
		if text, is := certificates[key]; is {
			source.DecryptedSecureJSONData[key] = text
		}
	}
	made, err := Factory{Pool: memory.NewPool(64 << 20)}.New(t.Context(), source)
	if err != nil {
		return err
	}
	instance := made.(*Instance)
	defer instance.Dispose()
	if instance.err == nil && instance.rootURL {
		return errors.New("the address is in the root")
	}
	return instance.err
}

// checkQuery parses a query. One of an alert rule stands at the key model.
func checkQuery(of part) error {
	text, err := json.Marshal(of.of)
	if err != nil {
		return err
	}
	var whole struct {
		query.Query
		// Grafana's own keys.
		RefID         string `json:"refId"`
		Datasource    any    `json:"datasource"`
		Hide          bool   `json:"hide"`
		IntervalMs    int    `json:"intervalMs"`
		MaxDataPoints int    `json:"maxDataPoints"`
	}
	if err := strict(text, &whole); err != nil {
		return err
	}
	_, err = query.Parse(text, "", of.key == "model")
	return err
}

// strict decodes JSON, and fails on a key that is not there.
func strict(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// Each key in the tables of the page about configuration is one that is read, and each
// key of the plugin's settings is in them. So is each key that a page names with jsonData
// or secureJsonData before it.
func TestDocumentedKeys(t *testing.T) {
	all := pages(t)
	configuration, err := docs.Named(all, "docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	known, documented := settingsKeys(reflect.TypeFor[settings]()), map[string]bool{}
	for _, cell := range configuration.FirstCells() {
		for _, key := range docs.Code(cell) {
			documented[key] = true
			if !known[key] && !grafanaKeys.MatchString(key) {
				t.Errorf("the page documents %s, which is read nowhere", key)
			}
		}
	}
	named := regexp.MustCompile(`\b(jsonData|secureJsonData)\.(\w+)`)
	for _, page := range all {
		for _, found := range named.FindAllStringSubmatch(page.Prose(), -1) {
			documented[found[2]] = true
			secret, of := found[1] == "secureJsonData", found[2]
			if secret && !secretKeys.MatchString(of) || !secret && !known[of] && !grafanaKeys.MatchString(of) {
				t.Errorf("%s names %s, which is read nowhere", page.Path, found[0])
			}
		}
	}
	for key := range known {
		if !documented[key] && !strings.Contains(configuration.Prose(), `"`+key+`"`) {
			t.Errorf("the setting %s is not documented", key)
		}
	}
}

// settingsKeys are the keys of the settings, and of the objects within them.
func settingsKeys(of reflect.Type) map[string]bool {
	keys := map[string]bool{}
	for field := range of.Fields() {
		key := field.Tag.Get("json")
		if key == "" {
			continue
		}
		keys[key] = true
		within := field.Type
		if within.Kind() == reflect.Slice {
			within = within.Elem()
		}
		if within.Kind() == reflect.Struct {
			maps.Copy(keys, settingsKeys(within))
		}
	}
	return keys
}
