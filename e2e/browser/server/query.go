package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// asked is the body of a request for data: times are milliseconds since 1970.
type asked struct {
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

// query answers for every query of the request; with 400 if one of them fails,
// as Grafana does.
func (a api) query(w http.ResponseWriter, r *http.Request) {
	var request asked
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

// parsed are the queries as the plugin gets them; fault says what is wrong.
func (a asked) parsed() (queries []backend.DataQuery, fault string) {
	over, err := a.timeRange()
	if err != nil || len(a.Queries) == 0 {
		return nil, "no queries, or no time range"
	}
	for _, source := range a.Queries {
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

func (a asked) timeRange() (backend.TimeRange, error) {
	from, err := strconv.ParseInt(a.From, 10, 64)
	if err != nil {
		return backend.TimeRange{}, err
	}
	to, err := strconv.ParseInt(a.To, 10, 64)
	return backend.TimeRange{From: time.UnixMilli(from), To: time.UnixMilli(to)}, err
}
