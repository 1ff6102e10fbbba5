package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

// listing is what a resource answers with: names for the query editor.
type listing struct {
	Names   []string `json:"names"`
	Notices []string `json:"notices,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// CallResource lists names for the query editor: GET clusters, jobs, tasks,
// subtasks, taskmanagers or hosts, with repeated parameters cluster, job and task as
// in a query, and from and to, the time range in milliseconds, by default now. Nothing of
// the path reaches Flink.
func (i *Instance) CallResource(ctx context.Context, request *backend.CallResourceRequest, sender backend.CallResourceResponseSender) error {
	defer i.ending.begin()()
	status, answer := i.list(ctx, request)
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return sender.Send(&backend.CallResourceResponse{
		Status: status, Body: body, Headers: map[string][]string{"Content-Type": {"application/json"}},
	})
}

func (i *Instance) list(ctx context.Context, request *backend.CallResourceRequest) (status int, answer listing) {
	switch {
	case !query.IsVariable(request.Path):
		return http.StatusNotFound, listing{Names: []string{}, Error: "There is no such resource: ask for clusters, jobs, tasks, subtasks, taskmanagers or hosts."}
	case request.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, listing{Names: []string{}, Error: "A resource can only be read."}
	case i.err != nil:
		return listingError(i.err)
	}
	asked, over, err := readResource(request)
	if err != nil {
		return listingError(err)
	}
	who := requester{request.PluginContext.User, request.PluginContext.Namespace, request.GetHTTPHeaders()}
	names := query.NewRequest(asked, over, time.Now(), 0, false)
	names.Ending = i.ending.context()
	found, err := i.viewFor(who).engine.Names(ctx, names)
	if err != nil {
		return listingError(err)
	}
	answer.Names = append([]string{}, found.Names...)
	for _, notice := range found.Notices {
		answer.Notices = append(answer.Notices, notice.Text)
	}
	return http.StatusOK, answer
}

// readResource reads the path and the parameters of a resource's address.
func readResource(request *backend.CallResourceRequest) (asked query.Query, over history.Range, err error) {
	parsed, err := url.Parse(request.URL)
	if err != nil {
		return asked, over, &query.Error{Kind: query.BadQuery, Text: "The resource's address cannot be read."}
	}
	asked.Type, asked.Variable = "variable", request.Path
	values, err := url.ParseQuery(parsed.RawQuery)
	if err != nil { // what could be read is not what was asked for
		return asked, over, &query.Error{Kind: query.BadQuery, Text: "The resource's parameters cannot be read, or are too many."}
	}
	for name, into := range map[string]*query.Selectors{"cluster": &asked.Clusters, "job": &asked.Jobs, "task": &asked.Tasks} {
		if *into, err = query.ReadSelectors(values[name]); err != nil {
			return asked, over, err
		}
	}
	for name, into := range map[string]*time.Time{"from": &over.From, "to": &over.To} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		milliseconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return asked, over, &query.Error{Kind: query.BadQuery, Text: fmt.Sprintf("The parameter %s is %q: it must be a time in milliseconds since 1970.", name, quoted(text))}
		}
		*into = time.UnixMilli(milliseconds)
	}
	return asked, over, nil
}

func listingError(err error) (int, listing) {
	status, _ := classify(err)
	return int(status), listing{Names: []string{}, Error: query.Sentence(err).Error()}
}
