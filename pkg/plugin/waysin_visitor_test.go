package plugin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/experimental/datasourcetest"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// visitor asks a data source over gRPC, where the SDK forwards headers, as
// Grafana asks it for a user.
type visitor struct {
	asked    datasourcetest.TestPlugin
	settings backend.DataSourceInstanceSettings
	headers  map[string]string
}

// visits are the ways to ask. Each tells how it ends: with "in", or with the
// status and the sentence that refuses.
var visits = []func(visitor, *testing.T) string{visitor.query, visitor.resource, visitor.health}

func (v visitor) context() backend.PluginContext {
	return backend.PluginContext{PluginID: v.settings.Type, DataSourceInstanceSettings: &v.settings}
}

// prefixed are the headers of queries and health checks: Grafana gives the
// tokens and cookies by their own names, the others with a prefix.
func (v visitor) prefixed() map[string]string {
	prefixed := map[string]string{}
	for name, value := range v.headers {
		switch name {
		case "Authorization", "X-ID-Token", "Cookie":
			prefixed[name] = value
		default:
			prefixed["http_"+name] = value
		}
	}
	return prefixed
}

func (v visitor) query(t *testing.T) string {
	response, err := v.asked.Client.QueryData(t.Context(), &backend.QueryDataRequest{
		PluginContext: v.context(), Headers: v.prefixed(),
		Queries: []backend.DataQuery{{RefID: "A", JSON: json.RawMessage(`{"queryType": "jobs"}`), TimeRange: now()}},
	})
	if err != nil {
		return err.Error()
	}
	if failed := response.Responses["A"]; failed.Error != nil {
		return fmt.Sprintf("%d %s", failed.Status, failed.Error)
	}
	return "in"
}

func (v visitor) resource(t *testing.T) string {
	end, headers := "no answer", map[string][]string{}
	for name, value := range v.headers {
		headers[name] = []string{value}
	}
	err := v.asked.Client.CallResource(t.Context(), &backend.CallResourceRequest{
		PluginContext: v.context(), Path: "tasks", URL: "tasks", Method: http.MethodGet, Headers: headers,
	}, backend.CallResourceResponseSenderFunc(func(response *backend.CallResourceResponse) error {
		if end = "in"; response.Status != http.StatusOK || !strings.Contains(string(response.Body), `"sink"`) {
			var listed struct{ Error string }
			_ = json.Unmarshal(response.Body, &listed) // else the end has no sentence
			end = fmt.Sprintf("%d %s", response.Status, listed.Error)
		}
		return nil
	}))
	if err != nil {
		return err.Error()
	}
	return end
}

func (v visitor) health(t *testing.T) string {
	health, err := v.asked.Client.DiagnosticsClient.CheckHealth(t.Context(), &pluginv2.CheckHealthRequest{
		PluginContext: backend.ToProto().PluginContext(v.context()), Headers: v.prefixed(),
	})
	if err != nil {
		return err.Error()
	}
	if health.Status != pluginv2.CheckHealthResponse_OK {
		return "403 " + health.Message // health has no status of its own
	}
	return "in"
}
