package host

import (
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// PluginID is the plugin's id in requests.
const PluginID = "flinkscope-flink-datasource"

// Settings are those of a data source of which only Flink's address is set. A
// plugin's instance lives as long as Updated stays: the same Settings are the
// same data source.
func Settings(flinkURL string) (backend.DataSourceInstanceSettings, error) {
	jsonData, err := json.Marshal(map[string]string{"url": flinkURL})
	return backend.DataSourceInstanceSettings{
		ID:       1,
		UID:      "flink",
		Type:     PluginID,
		Name:     "Flink",
		JSONData: jsonData,
		Updated:  time.Now(),
	}, err
}

// pluginContext is Grafana's for a request of a Viewer.
func pluginContext(settings backend.DataSourceInstanceSettings) *pluginv2.PluginContext {
	caller := backend.ToProto().PluginContext(backend.PluginContext{
		Namespace:                  "default",
		PluginID:                   PluginID,
		User:                       &backend.User{Login: "viewer", Name: "Viewer", Role: "Viewer"},
		DataSourceInstanceSettings: &settings,
	})
	caller.OrgId = 1
	caller.UserAgent = fmt.Sprintf("Grafana/%s (%s; %s)", grafanaVersion, runtime.GOOS, runtime.GOARCH)
	return caller
}
