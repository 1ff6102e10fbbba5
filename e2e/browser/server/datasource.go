package main

import (
	"encoding/json"
	"maps"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// uid and name are those of the only data source.
const uid, name = "flink", "Flink"

// settings are what the config page edits and saves, as Grafana's API has it.
type settings struct {
	URL             string            `json:"url"`
	User            string            `json:"user"`
	Database        string            `json:"database"`
	BasicAuth       bool              `json:"basicAuth"`
	BasicAuthUser   string            `json:"basicAuthUser"`
	WithCredentials bool              `json:"withCredentials"`
	JSONData        map[string]any    `json:"jsonData"`
	SecureJSONData  map[string]string `json:"secureJsonData,omitempty"`
}

// dataSource is the data source as Grafana keeps it.
type dataSource struct {
	mu      sync.Mutex
	saved   settings
	version int
	updated time.Time
}

// reset replaces all settings and secrets.
func (d *dataSource) reset(to settings) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saved = settings{}
	d.put(to)
}

// save keeps the secrets that are not sent, which the page never gets.
func (d *dataSource) save(to settings) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.put(to)
}

func (d *dataSource) put(to settings) {
	secrets := map[string]string{}
	maps.Copy(secrets, d.saved.SecureJSONData)
	maps.Copy(secrets, to.SecureJSONData)
	to.SecureJSONData = secrets
	d.saved = to
	d.version++
	d.updated = time.Now() // makes it another instance for the plugin
}

// shown is the data source as Grafana's API returns it: of the secrets only which
// are set.
func (d *dataSource) shown() map[string]any {
	d.mu.Lock()
	defer d.mu.Unlock()
	set := map[string]bool{}
	for key, secret := range d.saved.SecureJSONData {
		set[key] = secret != ""
	}
	open := d.saved
	open.SecureJSONData = nil
	shown := map[string]any{}
	encoded, _ := json.Marshal(open) // texts, numbers and JSON that was read before
	_ = json.Unmarshal(encoded, &shown)
	maps.Copy(shown, map[string]any{
		"id": 1, "uid": uid, "orgId": 1, "name": name, "type": host.PluginID, "typeName": "Flink Backpressure",
		"access": "proxy", "isDefault": true, "readOnly": false, "version": d.version, "secureJsonFields": set,
	})
	return shown
}

// instance is the data source as the plugin gets it with every request.
func (d *dataSource) instance() backend.DataSourceInstanceSettings {
	d.mu.Lock()
	defer d.mu.Unlock()
	jsonData, _ := json.Marshal(d.saved.JSONData) // was read as JSON before
	return backend.DataSourceInstanceSettings{
		ID: 1, UID: uid, Type: host.PluginID, Name: name, Updated: d.updated,
		URL: d.saved.URL, User: d.saved.User, Database: d.saved.Database,
		BasicAuthEnabled: d.saved.BasicAuth, BasicAuthUser: d.saved.BasicAuthUser,
		JSONData: jsonData, DecryptedSecureJSONData: maps.Clone(d.saved.SecureJSONData),
	}
}
