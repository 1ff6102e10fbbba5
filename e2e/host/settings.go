package host

import (
	"encoding/json"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// Settings are those of a data source of which only Flink's address is set.
// Grafana keeps a plugin's instance as long as Updated stays: ask with the same
// Settings to be the same data source.
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
