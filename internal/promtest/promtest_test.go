package promtest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/promtest"
)

var noon = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// The API answers as Prometheus does, and as VictoriaMetrics where that differs.
func TestAPI(t *testing.T) {
	server := promtest.New(t)
	server.Load(t, noon, time.Minute, `
		busy{job="a",n="1"} 0+10x10
		busy{job="b"} 1 NaN 3
	`)
	server.Warn("a store is away")
	ask := func(path string, form url.Values) string {
		t.Helper()
		answer, err := http.PostForm(server.URL+"/api/v1/"+path, form)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(body))
	}
	over := func(query string) url.Values {
		return url.Values{"query": {query}, "start": {"1748779500"}, "end": {"1748779560"}, "step": {"60"}}
	}
	success := func(data string) string {
		return `{"data":` + data + `,"status":"success","warnings":["a store is away"]}`
	}
	matrix := func(result string) string { return success(`{"result":[` + result + `],"resultType":"matrix"}`) }
	for _, c := range []struct {
		path            string
		form            url.Values
		victoriaMetrics bool
		want            string
	}{
		{"query_range", over(`delta(busy{job="a"}[5m])`), false, matrix(`{"metric":{"job":"a","n":"1"},"values":[[1748779500,"50"],[1748779560,"50"]]}`)},
		{"query_range", over(`count(busy)`), false, matrix(`{"metric":{},"values":[[1748779500,"2"],[1748779560,"2"]]}`)},
		{"query_range", over(`busy{job="c"}`), false, matrix(``)},
		{"query_range", over(`avg_over_time(busy{job="b"}[10m])`), false, matrix(`{"metric":{"job":"b"},"values":[[1748779500,"NaN"],[1748779560,"NaN"]]}`)},
		{"query", url.Values{"query": {`busy{job="b"}[2m]`}, "time": {"1748779320"}}, false, matrix(`{"metric":{"__name__":"busy","job":"b"},"values":[[1748779260,"NaN"],[1748779320,"3"]]}`)},
		{"query", url.Values{"query": {`busy{`}}, false, `"errorType":"bad_data","status":"error"}`},
		{"query_range", url.Values{"query": {`busy`}, "start": {"0"}, "end": {"20000"}, "step": {"1"}}, false, `{"error":"exceeded maximum resolution of 11,000 points per timeseries","errorType":"bad_data","status":"error"}`},
		{"label/job/values", url.Values{"match[]": {"busy"}}, false, success(`["a","b"]`)},
		{"label/job/values", url.Values{"match[]": {"busy"}, "start": {"1748779500"}, "end": {"1748779560"}}, false, success(`["a"]`)},
		{"query_range", over(`avg_over_time(busy{job="b"}[10m])`), true, matrix(`{"metric":{"__name__":"busy","job":"b"},"values":[[1748779500,"2"],[1748779560,"2"]]}`)},
		{"series", nil, false, `{"error":"no endpoint /api/v1/series","errorType":"not_found","status":"error"}`},
	} {
		if c.victoriaMetrics {
			server.VictoriaMetrics()
		}
		if got := ask(c.path, c.form); !strings.HasSuffix(got, c.want) {
			t.Errorf("%s %s: got\n%s\nwant\n%s", c.path, c.form.Encode(), got, c.want)
		}
	}
	if server.Count("query_range") != 6 || server.Requests()[0].Query() == "" || server.Requests()[0].Points() != 2 || server.MostAtOnce() != 1 {
		t.Errorf("counted %d of %+v", server.Count("query_range"), server.Requests())
	}
}
