package prometheus_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
)

// asked are the requests of one call, to an address with a path prefix.
func asked(t *testing.T, prom http.Handler, tenant string) {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/prometheus", prom))
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() { client.CloseIdleConnections(); server.Close() })
	address := strings.Replace(server.URL, "://", "://user:password@", 1) + "/prometheus/?x=y"
	reader, err := prometheus.New(client, address, prometheus.Options{Tenant: tenant})
	if err != nil {
		t.Fatal(err)
	}
	if len(snapshots(t, reader, minutes(0, 10), time.Minute)) != 11 {
		t.Error("the answer is not whole")
	}
}

func TestRequests(t *testing.T) {
	for _, tenant := range []string{"", "team-a"} {
		prom := &fake{series: scraped(always("a", 0, mixed))}
		asked(t, prom, tenant)
		if len(prom.requests) != 7 {
			t.Errorf("%d requests", len(prom.requests))
		}
		for _, request := range prom.requests {
			if got, present := request.Header["X-Scope-Orgid"]; present != (tenant != "") || present && got[0] != tenant {
				t.Errorf("the tenant is %q", got)
			}
			if _, _, any := request.BasicAuth(); any || request.Form.Has("x") {
				t.Errorf("%s has what the address had, with %v", request.URL, request.Header)
			}
		}
	}
}

// Behind some proxies POST is not allowed.
func TestGetWherePostIsNot(t *testing.T) {
	prom := &fake{series: scraped(always("a", 0, mixed))}
	asked(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		prom.ServeHTTP(w, r)
	}), "")
}

// One cluster's other jobs and tasks are not asked for: every query names the
// job by its id alone.
func TestQueriesNameTheJob(t *testing.T) {
	prom := &fake{series: scraped(always("a", 0, mixed))}
	asked(t, prom, "")
	for _, query := range prom.rangeQueries() {
		if strings.Count(query, `{job_id="`+jobID+`"}`) != 1 {
			t.Errorf("asked %s", query)
		}
	}
}
