package plugin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// settings are the keys of jsonData that are ours; the SDK reads the others.
type settings struct {
	URL            string            `json:"url"`
	ClusterName    string            `json:"clusterName"`
	Clusters       []clusterSettings `json:"clusters"`
	TimeoutSeconds float64           `json:"timeoutSeconds"`
	MaxConcurrency int               `json:"maxConcurrency"`
	MaxAge         string            `json:"maxAge"`
	History        historySettings   `json:"history"`
	Prometheus     struct {
		URL    string `json:"url"`
		User   string `json:"user"`
		Tenant string `json:"tenant"`
	} `json:"prometheus"`
	// Grafana's own keys: it forwards the user's OAuth token, or these of the
	// user's cookies.
	OAuthPassThru bool     `json:"oauthPassThru"`
	KeepCookies   []string `json:"keepCookies"`

	maxAge time.Duration
}

// clusterSettings is one more cluster behind the data source.
type clusterSettings struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Defaults and bounds of the settings.
const (
	defaultCluster     = "default"
	defaultTimeout     = 10 * time.Second
	defaultConcurrency = 8
	mostConcurrency    = 256
	defaultMaxAge      = 2 * time.Second
)

// readSettings checks the settings and fills in the defaults. Its errors are
// sentences for the person who configures the data source.
func readSettings(source backend.DataSourceInstanceSettings) (s settings, err error) {
	if len(source.JSONData) > 0 {
		if err := json.Unmarshal(source.JSONData, &s); err != nil {
			return s, wrong("The data source's settings cannot be read (%s): check the types of the values in jsonData.", decodingFault(err))
		}
	}
	s.trim()
	s.URL = cmp.Or(s.URL, source.URL)
	s.ClusterName = cmp.Or(s.ClusterName, defaultCluster)
	s.MaxConcurrency = min(cmp.Or(s.MaxConcurrency, defaultConcurrency), mostConcurrency)
	s.TimeoutSeconds = cmp.Or(s.TimeoutSeconds, defaultTimeout.Seconds())
	s.maxAge = defaultMaxAge
	if s.MaxAge != "" {
		if s.maxAge, err = time.ParseDuration(s.MaxAge); err != nil || s.maxAge < 0 {
			return s, wrong("The setting maxAge is %q: it must be a duration such as 2s.", s.MaxAge)
		}
	}
	if err := s.History.read(); err != nil {
		return s, err
	}
	switch {
	case s.MaxConcurrency < 1:
		return s, wrong("The setting maxConcurrency is %d: it must be at least 1.", s.MaxConcurrency)
	case s.TimeoutSeconds < 0.1 || s.TimeoutSeconds > 600:
		return s, wrong("The setting timeoutSeconds is %g: it must be between 0.1 and 600.", s.TimeoutSeconds)
	}
	return s, s.distinctClusters()
}

// trim forgets what somebody left empty: spaces, and clusters without a name
// and an address.
func (s *settings) trim() {
	s.URL, s.ClusterName, s.MaxAge = strings.TrimSpace(s.URL), strings.TrimSpace(s.ClusterName), strings.TrimSpace(s.MaxAge)
	var kept []clusterSettings
	for _, each := range s.Clusters {
		each.Name, each.URL = strings.TrimSpace(each.Name), strings.TrimSpace(each.URL)
		if each != (clusterSettings{}) {
			kept = append(kept, each)
		}
	}
	s.Clusters = kept
}

// timeout is how long one request may take.
func (s settings) timeout() time.Duration {
	return time.Duration(s.TimeoutSeconds * float64(time.Second))
}

// forwards tells whether Grafana forwards who asks.
func (s settings) forwards() bool { return s.OAuthPassThru || len(s.KeepCookies) > 0 }

// all lists every cluster, the first one first.
func (s settings) all() []clusterSettings {
	return append([]clusterSettings{{Name: s.ClusterName, URL: s.URL}}, s.Clusters...)
}

// distinctClusters refuses two clusters of one name: their series would
// carry the same labels.
func (s settings) distinctClusters() error {
	seen := map[string]bool{}
	for _, cluster := range s.all() {
		switch {
		case cluster.Name == "":
			return wrong("A cluster in the data source's settings has no name: give each of them one.")
		case seen[cluster.Name]:
			return wrong("Two clusters in the data source's settings are called %q: give each its own name.", cluster.Name)
		}
		seen[cluster.Name] = true
	}
	return nil
}

// decodingFault names the field that could not be read, without quoting it.
func decodingFault(err error) string {
	if fault, ok := err.(*json.UnmarshalTypeError); ok {
		article := "a"
		if strings.HasPrefix(fault.Value, "array") || strings.HasPrefix(fault.Value, "object") {
			article = "an"
		}
		return fmt.Sprintf("%s cannot be %s %s", cmp.Or(fault.Field, "the whole"), article, fault.Value)
	}
	return err.Error()
}
