package plugin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// listing is what a resource answers with: names for the query editor.
type listing struct {
	Names   []string `json:"names"`
	Notices []string `json:"notices,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// CallResource lists names for the query editor: GET clusters, jobs, tasks,
// subtasks or taskmanagers, with repeated parameters cluster, job and task as
// in a query. Nothing of the path reaches Flink.
func (i *Instance) CallResource(ctx context.Context, request *backend.CallResourceRequest, sender backend.CallResourceResponseSender) error {
	status, answer := i.listed(ctx, request)
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return sender.Send(&backend.CallResourceResponse{
		Status: status, Body: body, Headers: map[string][]string{"Content-Type": {"application/json"}},
	})
}

func (i *Instance) listed(ctx context.Context, request *backend.CallResourceRequest) (status int, answer listing) {
	list, known := variables[request.Path]
	switch {
	case !known:
		return http.StatusNotFound, listing{Names: []string{}, Error: "There is no such resource: ask for clusters, jobs, tasks, subtasks or taskmanagers."}
	case request.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, listing{Names: []string{}, Error: "A resource can only be read."}
	case i.err != nil:
		return failure(i.err)
	}
	a, err := askedBy(request.URL)
	if err != nil {
		return failure(err)
	}
	a.clusters = i.clustersFor(request.GetHTTPHeaders())
	found, names, err := list(a, ctx)
	if err != nil {
		return failure(err)
	}
	answer.Names = append([]string{}, names...)
	for _, notice := range found.Notices {
		answer.Notices = append(answer.Notices, notice.Text)
	}
	return http.StatusOK, answer
}

// askedBy reads the parameters of a resource's address.
func askedBy(address string) (a asking, err error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return a, wrong("The resource's address cannot be read.")
	}
	values := parsed.Query()
	for name, into := range map[string]*patterns{"cluster": &a.Clusters, "job": &a.Jobs, "task": &a.Tasks} {
		if *into, err = readPatterns(values[name]); err != nil {
			return a, err
		}
	}
	return a, nil
}

func failure(err error) (int, listing) {
	status, _ := classified(err)
	return int(status), listing{Names: []string{}, Error: sentence(err).Error()}
}
