package main

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// bodyLimit bounds what is read of a request.
const bodyLimit = 1 << 20

// api is the part of Grafana's HTTP API that a data source's frontend asks.
type api struct {
	plugin *host.Plugin
	source *dataSource
}

func (a api) handle(mux *http.ServeMux) {
	const source = "/api/datasources/uid/" + uid
	mux.HandleFunc("GET "+source, a.show)
	mux.HandleFunc("PUT "+source, a.save)
	mux.HandleFunc("GET "+source+"/health", a.health)
	mux.HandleFunc(source+"/resources/{path...}", a.resource)
	mux.HandleFunc("POST /api/ds/query", a.query)
}

func (a api) show(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, a.source.shown())
}

func (a api) save(w http.ResponseWriter, r *http.Request) {
	var sent settings
	if !read(w, r, &sent) {
		return
	}
	a.source.save(sent)
	answer(w, http.StatusOK, map[string]any{"id": 1, "message": "Datasource updated", "name": name, "datasource": a.source.shown()})
}

// health answers with 400 where something is wrong, as Grafana does.
func (a api) health(w http.ResponseWriter, r *http.Request) {
	found, err := a.plugin.CheckHealth(r.Context(), a.source.instance())
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	status, told := http.StatusOK, map[string]any{"status": found.Status.String(), "message": found.Message}
	if found.Status != backend.HealthStatusOk {
		status = http.StatusBadRequest
	}
	if len(found.JSONDetails) > 0 {
		told["details"] = json.RawMessage(found.JSONDetails)
	}
	answer(w, status, told)
}

// resource hands a request on to the plugin, and its answer back.
func (a api) resource(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	path := r.PathValue("path")
	address := path
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	found, err := a.plugin.CallResource(r.Context(), a.source.instance(), backend.CallResourceRequest{
		Path: path, URL: address, Method: r.Method, Headers: r.Header, Body: body,
	})
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	for key, values := range found.Headers {
		w.Header()[key] = values
	}
	w.WriteHeader(found.Status)
	_, _ = w.Write(found.Body) // the page may have gone
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit)).Decode(into); err != nil {
		fail(w, http.StatusBadRequest, "bad request data: "+err.Error())
		return false
	}
	return true
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the page may have gone
}

func fail(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"message": message})
}
