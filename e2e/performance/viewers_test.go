//go:build bench

package performance

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/figures"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/inmemory"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/prepared"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/plugin"
)

// However many look at a dashboard, its requests to Flink are those of one poll per
// age limit. Each viewer's panels refresh every 5 s, at a moment of the viewer's own.
func TestViewers(t *testing.T) {
	const tasks, panels, refresh, during = 10, 10, 5 * time.Second, time.Minute
	var alone int
	for _, viewers := range []int{1, 10, 100} {
		var sent int
		synctest.Test(t, func(t *testing.T) {
			served := prepared.New(tasks, 4)
			inMemory := httpclient.MiddlewareFunc(func(httpclient.Options, http.RoundTripper) http.RoundTripper {
				return inmemory.Transport{Handler: served}
			})
			jsonData, err := json.Marshal(map[string]any{"url": "http://flink:8081"})
			if err != nil {
				t.Fatal(err)
			}
			ctx := backend.WithPluginContext(context.Background(), backend.PluginContext{Namespace: "default"})
			instance, err := plugin.Factory{Middlewares: []httpclient.Middleware{inMemory}}.New(ctx, backend.DataSourceInstanceSettings{UID: fmt.Sprint("viewers", viewers), JSONData: jsonData})
			if err != nil {
				t.Fatal(err)
			}
			defer instance.(interface{ Dispose() }).Dispose()
			source := dataSource{QueryDataHandler: instance.(backend.QueryDataHandler)}
			source.query(t, 1, bottlenecks)
			time.Sleep(time.Minute)
			served.Paths()
			var group sync.WaitGroup
			for viewer := range viewers {
				group.Go(func() {
					time.Sleep(refresh * time.Duration(viewer) / time.Duration(viewers))
					for range during / refresh {
						for range panels {
							source.query(t, 1, bottlenecks)
						}
						time.Sleep(refresh)
					}
				})
			}
			group.Wait()
			sent = len(served.Paths())
		})
		figures.Add(t, viewersTable, fmt.Sprint(viewers), fmt.Sprint(viewers*panels*int(during/refresh)), fmt.Sprint(sent))
		if viewers == 1 {
			alone = sent
		}
		if most := int(during/sharedFor)*(tasks+2) + 2*tasks; sent > most || sent < alone/2 {
			t.Errorf("%d viewers cause %d requests a minute, one %d, and at most %d are needed", viewers, sent, alone, most)
		}
	}
}
