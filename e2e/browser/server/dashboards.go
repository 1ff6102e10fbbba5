package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/dashboard"
)

// dashboards are those that the page can draw, by uid.
type dashboards map[string]json.RawMessage

// readDashboards reads those of some folders.
func readDashboards(folders []string) (dashboards, error) {
	all := dashboards{}
	for _, folder := range folders {
		found, err := dashboard.Read(folder)
		if err != nil {
			return nil, err
		}
		for file, d := range found {
			if _, twice := all[d.UID]; twice {
				return nil, fmt.Errorf("two dashboards have the uid %q, one of them is %s", d.UID, file)
			}
			all[d.UID] = d.Source
		}
	}
	return all, nil
}

func (d dashboards) handle(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/dashboards/uid/{uid}", func(w http.ResponseWriter, r *http.Request) {
		found, known := d[r.PathValue("uid")]
		if !known {
			fail(w, http.StatusNotFound, "Dashboard not found")
			return
		}
		answer(w, http.StatusOK, map[string]any{"dashboard": found, "meta": map[string]any{"type": "db"}})
	})
}
