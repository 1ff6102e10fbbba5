package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// bodyLimit bounds what is read of a request.
const bodyLimit = 1 << 20

// api is the part of Grafana's HTTP API that a data source's frontend uses.
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
	status, body := http.StatusOK, map[string]any{"status": found.Status.String(), "message": found.Message}
	if found.Status != backend.HealthStatusOk {
		status = http.StatusBadRequest
	}
	if len(found.JSONDetails) > 0 {
		body["details"] = json.RawMessage(found.JSONDetails)
	}
	answer(w, status, body)
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

// query answers for every query of the request; with 400 if one of them fails,
// as Grafana does.
func (a api) query(w http.ResponseWriter, r *http.Request) {
	var request dataRequest
	if !read(w, r, &request) {
		return
	}
	queries, fault := request.parsed()
	if fault != "" {
		fail(w, http.StatusBadRequest, fault)
		return
	}
	found, err := a.plugin.QueryData(r.Context(), a.source.instance(), queries...)
	if err != nil {
		fail(w, http.StatusInternalServerError, err.Error())
		return
	}
	status := http.StatusOK
	for _, response := range found.Responses {
		if response.Error != nil {
			status = http.StatusBadRequest
		}
	}
	answer(w, status, found)
}

// dataRequest is the body of a request for data: times are milliseconds since
// 1970.
type dataRequest struct {
	Queries []json.RawMessage `json:"queries"`
	From    string            `json:"from"`
	To      string            `json:"to"`
}

// common is what Grafana itself reads of a query.
type common struct {
	RefID         string  `json:"refId"`
	QueryType     string  `json:"queryType"`
	MaxDataPoints int64   `json:"maxDataPoints"`
	IntervalMS    float64 `json:"intervalMs"`
	Datasource    struct {
		UID string `json:"uid"`
	} `json:"datasource"`
}

// parsed are the queries as the plugin gets them; fault is what is wrong.
func (d dataRequest) parsed() (queries []backend.DataQuery, fault string) {
	over, err := d.timeRange()
	if err != nil || len(d.Queries) == 0 {
		return nil, "no queries, or no time range"
	}
	for _, source := range d.Queries {
		read := common{MaxDataPoints: 100, IntervalMS: 1000}
		if err := json.Unmarshal(source, &read); err != nil || read.RefID == "" {
			return nil, "a query cannot be read, or has no refId"
		}
		if read.Datasource.UID != uid {
			return nil, "there is no data source " + strconv.Quote(read.Datasource.UID)
		}
		queries = append(queries, backend.DataQuery{
			RefID: read.RefID, QueryType: read.QueryType, MaxDataPoints: read.MaxDataPoints,
			Interval: time.Duration(read.IntervalMS * float64(time.Millisecond)), TimeRange: over, JSON: source,
		})
	}
	return queries, ""
}

func (d dataRequest) timeRange() (backend.TimeRange, error) {
	from, err := strconv.ParseInt(d.From, 10, 64)
	if err != nil {
		return backend.TimeRange{}, err
	}
	to, err := strconv.ParseInt(d.To, 10, 64)
	return backend.TimeRange{From: time.UnixMilli(from), To: time.UnixMilli(to)}, err
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
