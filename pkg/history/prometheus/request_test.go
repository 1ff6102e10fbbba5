package prometheus_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history/prometheus"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// asked are the requests of one call, to an address with a path prefix.
func asked(t *testing.T, prom http.Handler, tenant string) {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/prometheus", prom))
	t.Cleanup(server.Close)
	address := strings.Replace(server.URL, "://", "://user:password@", 1) + "/prometheus/?x=y"
	if len(snapshots(t, reader(t, address, prometheus.Options{Tenant: tenant}), orders, minutes(0, 10), time.Minute)) != 11 {
		t.Error("the answer is not whole")
	}
}

func TestRequests(t *testing.T) {
	for _, tenant := range []string{"", "team-a"} {
		prom := fake(t, scraped(always("a", 0, mixed)))
		asked(t, prom, tenant)
		if len(prom.Requests()) != 7 {
			t.Errorf("%d requests", len(prom.Requests()))
		}
		for _, request := range prom.Requests() {
			if got, present := request.Header["X-Scope-Orgid"]; present != (tenant != "") || present && got[0] != tenant {
				t.Errorf("the tenant is %q", got)
			}
			if any := request.Header.Get("Authorization"); any != "" || request.Form.Has("x") {
				t.Errorf("%s has what the address had, with %v", request.Path, request.Header)
			}
		}
	}
}

// Behind some proxies POST is not allowed.
func TestGetWherePostIsNot(t *testing.T) {
	prom := fake(t, scraped(always("a", 0, mixed)))
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
	prom := fake(t, scraped(always("a", 0, mixed)))
	asked(t, prom, "")
	for _, query := range rangeQueries(prom) {
		if strings.Count(query, `{job_id="`+jobID+`"}`) != 1 {
			t.Errorf("asked %s", query)
		}
	}
}

// rangeQueries are the expressions that were evaluated over time.
func rangeQueries(prom *promtest.Server) (expressions []string) {
	for _, request := range prom.Requests() {
		if request.Points() > 0 {
			expressions = append(expressions, request.Query())
		}
	}
	return expressions
}

// Whatever a Prometheus redirects to, another server or a path that acts, such as
// Flink's old way to cancel a job, gets no request, so no token and no tenant,
// and nothing of what it would answer is in the error.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for name, location := range map[string]func(here, there string) string{
		"another server":       func(_, there string) string { return there + "/api/v1/query_range?token=hunter2" },
		"a path that acts":     func(here, _ string) string { return here + "/jobs/" + jobID + "/yarn-cancel" },
		"another host's login": func(_, there string) string { return strings.Replace(there, "127.0.0.1", "localhost", 1) + "/login" },
	} {
		t.Run(name, func(t *testing.T) {
			var followed atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				followed.Add(1)
				_, _ = io.WriteString(w, `{"status":"error","errorType":"bad_data","error":"secret of the other"}`)
			}))
			t.Cleanup(other.Close)
			var here *httptest.Server
			here = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
					followed.Add(1)
				}
				if r.Header.Get("Authorization") != "Bearer token" || r.Header.Get("X-Scope-Orgid") != "tenant" {
					t.Errorf("asked with %v", r.Header)
				}
				http.Redirect(w, r, location(here.URL, other.URL), http.StatusTemporaryRedirect)
			}))
			t.Cleanup(here.Close)
			over, err := remote.NewClient(remote.Config{Options: httpclient.Options{}, BearerToken: "token\n", Timeout: time.Minute, Concurrency: 1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(over.Close)
			for asked, err := range redirected(t, over, here.URL) {
				to, _ := url.Parse(location(here.URL, other.URL))
				checked(t, asked, err, remote.Redirected, []string{here.URL + "/api/v1/", "redirects to http://" + to.Host, "enter that address"})
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: %v", asked, err)
				}
			}
			if followed.Load() > 0 {
				t.Errorf("%d requests were redirected", followed.Load())
			}
		})
	}
}

// redirected are the errors of a reader for each call, each of a new one.
func redirected(t *testing.T, over *remote.Client, address string) map[string]error {
	t.Helper()
	failures := map[string]error{}
	ask := func(what string, call func(context.Context, *prometheus.Reader) error) {
		made, err := prometheus.New(over, address, prometheus.Options{Tenant: "tenant"})
		if err != nil {
			t.Fatal(err)
		}
		failures[what] = call(t.Context(), made)
	}
	ask("check", func(ctx context.Context, r *prometheus.Reader) error { return r.Check(ctx) })
	ask("jobs", func(ctx context.Context, r *prometheus.Reader) error { return everything(ctx, r)["jobs"] })
	ask("at", func(ctx context.Context, r *prometheus.Reader) error { return everything(ctx, r)["at"] })
	return failures
}
