package plugin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/memory"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// settings are the keys of jsonData that are ours; the SDK reads the others.
type settings struct {
	URL            string             `json:"url"`
	ClusterName    string             `json:"clusterName"`
	WebURL         string             `json:"webUrl"`
	Clusters       []clusterSettings  `json:"clusters"`
	TimeoutSeconds float64            `json:"timeoutSeconds"`
	MaxConcurrency int                `json:"maxConcurrency"`
	MaxAge         string             `json:"maxAge"`
	History        historySettings    `json:"history"`
	Prometheus     prometheusSettings `json:"prometheus"`
	// Grafana's own keys: it forwards the user's OAuth token, or these of the
	// user's cookies.
	OAuthPassThru bool     `json:"oauthPassThru"`
	KeepCookies   []string `json:"keepCookies"`

	maxAge, timeout time.Duration
}

// clusterSettings is one more cluster behind the data source.
type clusterSettings struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	// WebURL is the address at which a browser reaches the cluster's own UI; the same as
	// URL where it is empty.
	WebURL string `json:"webUrl"`
}

// prometheusSettings name a Prometheus that scrapes Flink's reporter.
type prometheusSettings struct {
	URL    string `json:"url"`
	User   string `json:"user"`
	Tenant string `json:"tenant"`
	// TLS, by Grafana's names: whether prometheusTlsCACert is trusted, and whether
	// prometheusTlsClientCert is shown.
	TLSAuthWithCACert bool   `json:"tlsAuthWithCACert"`
	TLSAuth           bool   `json:"tlsAuth"`
	TLSSkipVerify     bool   `json:"tlsSkipVerify"`
	ServerName        string `json:"serverName"`
}

// tls are the SDK's options of TLS, with the certificates among the secrets.
func (p prometheusSettings) tls(secrets map[string]string) *httpclient.TLSOptions {
	options := &httpclient.TLSOptions{InsecureSkipVerify: p.TLSSkipVerify, ServerName: p.ServerName}
	if p.TLSAuthWithCACert {
		options.CACertificate = secrets["prometheusTlsCACert"]
	}
	if p.TLSAuth {
		options.ClientCertificate, options.ClientKey = secrets["prometheusTlsClientCert"], secrets["prometheusTlsClientKey"]
	}
	return options
}

// historySettings bound the built-in history.
type historySettings struct {
	Retention    string   `json:"retention"`
	MaxMemoryMiB *float64 `json:"maxMemoryMiB"`
	IdleAfter    string   `json:"idleAfter"`

	limits    memory.Limits
	idleAfter time.Duration
}

// Defaults and bounds of the settings.
const (
	defaultCluster     = "default"
	defaultTimeout     = 10 * time.Second
	defaultConcurrency = 8
	maxConcurrency     = 256
	defaultMaxAge      = 2 * time.Second
	defaultRetention   = time.Hour
	minRetention       = time.Minute
	maxDuration        = 30 * 24 * time.Hour
	defaultMemoryMiB   = 64.0
	minMemoryMiB       = 1.0
	maxMemoryMiB       = 16 * 1024.0
	defaultIdleAfter   = time.Hour
	maxClusters        = 100 // each has connections and samples of its own
)

// readSettings checks the settings and fills in the defaults. Its errors are
// sentences for the person who configures the data source.
func readSettings(source backend.DataSourceInstanceSettings) (s settings, err error) {
	if len(source.JSONData) > 0 {
		if err := json.Unmarshal(source.JSONData, &s); err != nil {
			return s, badSettings("The data source's settings cannot be read (%s): check the types of the values in jsonData.", query.DecodingFault(err))
		}
	}
	s.trim()
	s.URL = cmp.Or(s.URL, source.URL)
	s.ClusterName = cmp.Or(s.ClusterName, defaultCluster)
	s.MaxConcurrency = min(cmp.Or(s.MaxConcurrency, defaultConcurrency), maxConcurrency)
	s.TimeoutSeconds = cmp.Or(s.TimeoutSeconds, defaultTimeout.Seconds())
	s.maxAge = defaultMaxAge
	if s.MaxAge != "" {
		if s.maxAge, err = time.ParseDuration(s.MaxAge); err != nil || s.maxAge < 0 {
			return s, badSettings("The setting maxAge is %q: it must be a duration such as 2s.", s.MaxAge)
		}
	}
	if err := s.History.read(); err != nil {
		return s, err
	}
	switch {
	case s.MaxConcurrency < 1:
		return s, badSettings("The setting maxConcurrency is %d: it must be at least 1.", s.MaxConcurrency)
	case s.TimeoutSeconds < 0.1 || s.TimeoutSeconds > 600:
		return s, badSettings("The setting timeoutSeconds is %g: it must be between 0.1 and 600.", s.TimeoutSeconds)
	}
	s.timeout = time.Duration(s.TimeoutSeconds * float64(time.Second))
	return s, s.checkNames()
}

// trim drops what somebody left empty: spaces, and clusters without a name and
// an address.
func (s *settings) trim() {
	s.WebURL = strings.TrimSpace(s.WebURL)
	s.URL, s.ClusterName, s.MaxAge = strings.TrimSpace(s.URL), strings.TrimSpace(s.ClusterName), strings.TrimSpace(s.MaxAge)
	p := &s.Prometheus
	p.URL, p.User, p.Tenant, p.ServerName = strings.TrimSpace(p.URL), strings.TrimSpace(p.User), strings.TrimSpace(p.Tenant), strings.TrimSpace(p.ServerName)
	var kept []clusterSettings
	for _, each := range s.Clusters {
		each.Name, each.URL, each.WebURL = strings.TrimSpace(each.Name), strings.TrimSpace(each.URL), strings.TrimSpace(each.WebURL)
		if each != (clusterSettings{}) {
			kept = append(kept, each)
		}
	}
	s.Clusters = kept
}

// patience is how long a query waits for Flink: for two requests that take as long as
// they may, and for what else there is to do. With the default time-out Grafana's own is
// longer.
func (s settings) patience() time.Duration { return 2*s.timeout + 5*time.Second }

// forwards reports whether Grafana forwards its users' credentials.
func (s settings) forwards() bool { return s.OAuthPassThru || len(s.KeepCookies) > 0 }

// all lists every cluster, the first one first.
func (s settings) all() []clusterSettings {
	return append([]clusterSettings{{Name: s.ClusterName, URL: s.URL, WebURL: s.WebURL}}, s.Clusters...)
}

// webURL is the address of the cluster's own UI for links: without credentials, and
// without what Grafana would take for a variable. api is the address of its REST API.
func (c clusterSettings) webURL(api string) (string, error) {
	address, err := remote.Address(remote.Flink, cmp.Or(c.WebURL, api))
	if err != nil {
		return "", badSettings("The setting webUrl of cluster %s is %q: it must start with http:// or https:// and name a host, such as https://flink.example.com.", c.Name, quoted(remote.WithoutCredentials(c.WebURL)))
	}
	return strings.ReplaceAll(address.String(), "$", "%24"), nil
}

// checkNames refuses too many clusters, and two of one name: their series would carry the
// same labels.
func (s settings) checkNames() error {
	if count := len(s.all()); count > maxClusters {
		return badSettings("The data source's settings have %d clusters: at most %d can be in one data source, so use several.", count, maxClusters)
	}
	seen := map[string]bool{}
	for _, cluster := range s.all() {
		switch {
		case cluster.Name == "":
			return badSettings("A cluster in the data source's settings has no name: give each of them one.")
		case seen[cluster.Name]:
			return badSettings("Two clusters in the data source's settings are called %q: give each its own name.", cluster.Name)
		}
		seen[cluster.Name] = true
	}
	return nil
}

// read checks the settings and fills in the defaults. So little that nothing
// would be kept is refused: jobs would be sampled for nothing.
func (h *historySettings) read() (err error) {
	if h.limits.Retention, err = readDuration("history.retention", h.Retention, defaultRetention); err != nil {
		return err
	}
	if h.limits.Retention > 0 && h.limits.Retention < minRetention {
		return badSettings("The setting history.retention is %q: it must be at least %s, or 0s for no history.", quoted(h.Retention), minRetention)
	}
	if h.idleAfter, err = readDuration("history.idleAfter", h.IdleAfter, defaultIdleAfter); err != nil {
		return err
	}
	mebibytes := defaultMemoryMiB
	if h.MaxMemoryMiB != nil {
		mebibytes = *h.MaxMemoryMiB
	}
	if mebibytes != 0 && !(mebibytes >= minMemoryMiB && mebibytes <= maxMemoryMiB) {
		return badSettings("The setting history.maxMemoryMiB is %g: it must be between %g and %g, or 0 for no history.", mebibytes, minMemoryMiB, maxMemoryMiB)
	}
	h.limits.MaxBytes = int(mebibytes * (1 << 20))
	return nil
}

// on reports whether anything is kept.
func (h historySettings) on() bool { return h.limits.Retention > 0 && h.limits.MaxBytes > 0 }

// readDuration reads a duration between 0 and 30 days.
func readDuration(key, text string, otherwise time.Duration) (time.Duration, error) {
	if text = strings.TrimSpace(text); text == "" {
		return otherwise, nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < 0 || length > maxDuration {
		return 0, badSettings("The setting %s is %q: it must be a duration such as 1h, at most %s.", key, quoted(text), maxDuration)
	}
	return length, nil
}

// settingsError is a sentence for the person who configures the data source.
type settingsError struct{ text string }

// Error is the sentence.
func (e *settingsError) Error() string { return e.text }

func badSettings(format string, values ...any) error {
	return &settingsError{fmt.Sprintf(format, values...)}
}

// quoted keeps what somebody typed to the length of a sentence.
func quoted(text string) string {
	text = text[:min(len(text), 1000)]
	if runes := []rune(text); len(runes) > 100 {
		return string(runes[:100]) + "…"
	}
	return text
}
