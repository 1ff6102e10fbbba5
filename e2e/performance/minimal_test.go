//go:build bench

package performance

import (
	"context"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// finished answers any query with the same frames: the least that a plugin on the
// SDK does.
type finished struct{ frames data.Frames }

// QueryData implements [backend.QueryDataHandler].
func (f finished) QueryData(_ context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	response := backend.NewQueryDataResponse()
	for _, query := range request.Queries {
		response.Responses[query.RefID] = backend.DataResponse{Frames: f.frames, Status: backend.StatusOK}
	}
	return response, nil
}

// CheckHealth implements [backend.CheckHealthHandler].
func (finished) CheckHealth(context.Context, *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	return &backend.CheckHealthResult{Status: backend.HealthStatusOk}, nil
}

// minimal is the plugin's main.
func minimal(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	var encoded [][]byte
	if err := gob.NewDecoder(file).Decode(&encoded); err != nil {
		return err
	}
	frames, err := data.UnmarshalArrowFrames(encoded)
	if err != nil {
		return err
	}
	return datasource.Manage(host.PluginID, func(context.Context, backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
		return finished{frames}, nil
	}, datasource.ManageOpts{})
}

// startMinimal runs a plugin that answers with these frames.
func startMinimal(t *testing.T, frames data.Frames) *host.Plugin {
	t.Helper()
	encoded, err := frames.MarshalArrow()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file, err := os.Create(filepath.Join(folder, "frames"))
	if err != nil {
		t.Fatal(err)
	}
	if err := gob.NewEncoder(file).Encode(encoded); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(folder, "minimal")
	if err := os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\n%s='%s' exec '%s'\n", framesKey, file.Name(), own), 0o700); err != nil {
		t.Fatal(err)
	}
	started, err := host.Start(t.Context(), script, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.Close)
	return started
}
