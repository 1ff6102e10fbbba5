package plugin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/raced"
	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// names are that many in JSON, each with its number.
func names(format string, count int) string {
	all := make([]string, count)
	for i := range all {
		all[i] = fmt.Sprintf(`"`+format+`"`, i)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// A query that takes too long for everybody else is refused, in a sentence that says
// what to do, and none quotes more than the beginning of what somebody wrote.
func TestQueriesThatAreTooMuch(t *testing.T) {
	raced.Skip(t)
	long := strings.Repeat("x", 1_500_000/2)
	for name, c := range map[string]struct{ query, want string }{
		"10,000 names":                  {`{"queryType":"tasks","jobs":` + names("orders %d", 10_000) + `}`, "The query has 10000 names and expressions of one kind, and 5000 are the most"},
		"10,000 tasks":                  {`{"queryType":"measure","tasks":` + names("t%d", 10_000) + `}`, "The query has 10000 names"},
		"150,000 names":                 {`{"queryType":"tasks","jobs":` + names("orders %d", 150_000) + `}`, "The query is 2235 KiB of JSON, and 1024 are the most"},
		"201 expressions":               {`{"queryType":"tasks","jobs":` + names("/orders %d/", 201) + `}`, "more than 200 regular expressions, or more than 64 KiB"},
		"60,000 expressions":            {`{"queryType":"tasks","jobs":` + names("/o%d/", 60_000) + `}`, "more than 200 regular expressions, or more than 64 KiB"},
		"an expression of 65 KiB":       {`{"queryType":"tasks","jobs":"/` + strings.Repeat("ab", 33<<10) + `/"}`, "more than 200 regular expressions, or more than 64 KiB"},
		"expressions that add up":       {`{"queryType":"tasks","jobs":["/a{0,1000}b{0,1000}/","/c{0,1000}d{0,1000}/","/e{0,1000}f{0,1000}/","/.{0,1000}/","/.{0,999}/","/.{0,998}/"]}`, "is too large, with all repetitions"},
		"an expression that is not one": {`{"queryType":"tasks","jobs":"/(` + strings.Repeat("x", 9000) + `/"}`, "does not compile"},
		"a query type":                  {`{"queryType":"` + long + `"}`, "There is no query type"},
		"a measure":                     {`{"queryType":"measure","measure":"` + long + `"}`, "There is no measure"},
		"a by":                          {`{"queryType":"measure","by":"` + long + `"}`, "has no series by"},
		"a variable":                    {`{"queryType":"variable","variable":"` + long + `"}`, "There is no variable"},
		"a mode":                        {`{"queryType":"flameGraph","mode":"` + long + `"}`, ""},
		"a type":                        {`{"queryType":"tasks","types":"` + long + `"}`, "There is no job type"},
		"a subtask":                     {`{"queryType":"flameGraph","subtask":"` + long + `"}`, ""},
		"a parallelism":                 {`{"queryType":"scaling","parallelism":{"` + long + `":"` + long[:100] + `"}}`, ""},
		"a job":                         {`{"queryType":"tasks","jobs":"` + long + `"}`, "There is no job"},
		"a task":                        {`{"queryType":"tasks","tasks":"` + long + `"}`, "There is no task"},
		"a cluster":                     {`{"queryType":"tasks","clusters":"` + long + `"}`, "There is no cluster"},
		"a key":                         {`{"` + long + `":1,"queryType":"tasks","jobs":{"a":1}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, smallJobs("orders")...)
			response := send(l.ctx, t, l, c.query)["A"]
			if response.Error == nil || response.Status != backend.StatusBadRequest && response.Status != backend.StatusNotFound || !strings.Contains(response.Error.Error(), c.want) || len(response.Error.Error()) > 600 {
				t.Errorf("status %d: %.700v, want %q", response.Status, response.Error, c.want)
			}
			if requests := len(l.Requests()); requests > 10 {
				t.Errorf("it took %d requests", requests)
			}
		})
	}
}

// What a dashboard sends is answered: 5,000 names, of which most are gone, with a few
// notices; and expressions that repeat as often as Go allows.
func TestQueriesThatAreMuch(t *testing.T) {
	for name, query := range map[string]string{
		"5,000 names":   `{"queryType":"measure","by":"task","jobs":["orders",` + names("gone %d", 4999)[1:] + `}`,
		"200 patterns":  `{"queryType":"tasks","jobs":["/or.*/",` + names("/gone %d/", 199)[1:] + `}`,
		"a long repeat": `{"queryType":"tasks","jobs":"/.{0,1000}s/"}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, smallJobs("orders")...)
			shown := firstFrame(t, send(l.ctx, t, l, query), "A")
			if shown.Rows() == 0 || len(shown.Meta.Notices) > 15 {
				t.Errorf("%d rows, %d notices: %.500q", shown.Rows(), len(shown.Meta.Notices), notices(shown))
			}
		})
	}
}

// Where there are more parameters than are read the answer would be about all jobs.
func TestResourceOfTooManyParameters(t *testing.T) {
	l := newLab(t, smallJobs("orders")...)
	for count, want := range map[int]int{4000: http.StatusOK, 10_001: http.StatusBadRequest} {
		status, body := callResource(l.ctx, t, l.dataSource, http.MethodGet, "tasks", "?job=orders"+strings.Repeat("&job=gone", count-1))
		if status != want || len(body) > 1000 {
			t.Errorf("%d parameters: status %d, want %d: %.1000s", count, status, want, body)
		}
	}
}

// Of a plan in which all tasks read from all others nothing is concluded from a part of
// the connections, and a notice says so.
func TestTooManyConnections(t *testing.T) {
	var vertices, nodes []string
	for n := range 210 {
		var inputs []string
		for from := range n {
			inputs = append(inputs, fmt.Sprintf(`{"id":"%032x","ship_strategy":"HASH"}`, from))
		}
		vertices = append(vertices, fmt.Sprintf(`{"id":"%032x","name":"t%d","parallelism":1,"status":"RUNNING"}`, n, n))
		nodes = append(nodes, fmt.Sprintf(`{"id":"%032x","inputs":[%s]}`, n, strings.Join(inputs, ",")))
	}
	orders := smallJobs("orders")[0]
	l := newLab(t, orders)
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/jobs/"+orders.ID {
			respondWith(200, `{"state":"RUNNING","vertices":[`+strings.Join(vertices, ",")+`],"plan":{"nodes":[`+strings.Join(nodes, ",")+`]}}`)(w, r)
			return
		}
		l.Cluster.ServeHTTP(w, r)
	})})
	responses := send(l.ctx, t, l, `{"queryType":"nodeGraph"}`)
	nodesFrame, edges := responses["A"].Frames[0], responses["A"].Frames[1]
	want := "The tasks of job orders have more than 20000 connections, which are not looked at: what holds the job back is not known."
	if nodesFrame.Rows() != 200 || edges.Rows() != 0 || notices(nodesFrame)[0] != want {
		t.Errorf("%d nodes, %d edges, notices %q", nodesFrame.Rows(), edges.Rows(), notices(nodesFrame))
	}
}

// A thousand jobs of which the same is missing are counted in one notice.
func TestNoticesOfManyJobs(t *testing.T) {
	var all []string
	for n := range 300 {
		all = append(all, fmt.Sprint("job-", n))
	}
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, smallJobs(all...)...)
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": sim.Spoiled(l.Cluster, sim.Uncountable())})
		got := notices(l.frame(t, `{"queryType":"tasks"}`))
		if len(got) != 1 || !strings.HasPrefix(got[0], "Not everything is measured in 300 jobs (job-") || !strings.Contains(got[0], " and 295 more)") {
			t.Errorf("%d notices: %.500q", len(got), got)
		}
	})
}

// 200 copies of a query are answered once, with the same fields, each under its name;
// what differs in anything but that is another query.
func TestCopiesOfAQueryShareAnAnswer(t *testing.T) {
	l := newLab(t, sim.HeldBack("orders", 4, 50, 1))
	request := &backend.QueryDataRequest{}
	for n := range 200 {
		refID := fmt.Sprint("copy-", n)
		request.Queries = append(request.Queries, backend.DataQuery{RefID: refID, TimeRange: backend.TimeRange{}, JSON: []byte(`{"refId":"` + refID + `","queryType":"subtasks"}`)})
	}
	request.Queries = append(request.Queries, backend.DataQuery{RefID: "other", JSON: []byte(`{"queryType":"subtasks","jobs":"orders","detail":true}`)})
	response, err := l.QueryData(l.ctx, request)
	if err != nil || len(response.Responses) != 201 {
		t.Fatal(err, len(response.Responses))
	}
	first := response.Responses["copy-0"].Frames[0]
	for refID, each := range response.Responses {
		shown := firstFrame(t, response.Responses, refID)
		if shown.RefID != refID || shown.Rows() != 200 {
			t.Errorf("the answer to %s is for %s, with %d rows", refID, shown.RefID, shown.Rows())
		}
		if same := each.Frames[0].Fields[0] == first.Fields[0]; same != (refID != "other") {
			t.Errorf("%s shares its fields: %t", refID, same)
		}
	}
}

// Of keys that differ in their case alone the last one counts, so that their order matters.
func TestQueriesThatDifferInTheOrderOfTheirKeys(t *testing.T) {
	for _, other := range []string{"Jobs", "job\u017f"} { // which is folded to s
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, smallJobs("orders", "payments")...)
			queries := []string{`{"queryType":"tasks","jobs":"orders","` + other + `":"payments"}`, `{"queryType":"tasks","` + other + `":"payments","jobs":"orders"}`}
			for refID, want := range map[string]string{"A": "payments", "B": "orders"} {
				if got := cells(t, firstFrame(t, send(l.ctx, t, l, queries...), refID), "job"); len(got) == 0 || got[0] != want {
					t.Errorf("query %s is answered about %q, want %s", refID, got, want)
				}
			}
		})
	}
}

// All answers to a request together are bounded: what is too much is an error.
func TestAnswersToARequestAreBounded(t *testing.T) {
	l := newLab(t, sim.HeldBack("orders-"+strings.Repeat("x", 1500), 2, 4000, 1))
	request := &backend.QueryDataRequest{}
	for n := range 200 {
		request.Queries = append(request.Queries, backend.DataQuery{RefID: fmt.Sprint(n), JSON: []byte(`{"queryType":"subtasks"}`)})
	}
	response, err := l.QueryData(l.ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	answered := 0
	for _, each := range response.Responses {
		if each.Error == nil {
			answered++
		} else if want := "The answers to the 200 queries of this request take more than 64 MiB: choose jobs or tasks in them, or ask in several requests."; each.Error.Error() != want || each.Status != backend.StatusBadRequest {
			t.Fatalf("status %d: %v", each.Status, each.Error)
		}
	}
	if answered < 3 || answered > 5 {
		t.Errorf("%d of 200 queries are answered", answered)
	}
}
