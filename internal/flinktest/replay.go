package flinktest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// requestLine is how long a request line Flink reads.
const requestLine = 4096

// ServeHTTP answers as the cluster did, always the same.
func (m *Moment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.answer(r).write(w)
}

// answer is what the cluster said to a request. A path that was not recorded
// is not there.
func (m *Moment) answer(r *http.Request) reply {
	path := r.URL.Path
	if m.Set == "_errors" {
		path = r.URL.RequestURI()
	}
	switch said, found := m.answers[path]; {
	case r.Method != http.MethodGet:
		return failure("Not found: " + path)
	case len(r.Method+" "+r.URL.RequestURI()+" HTTP/1.1") > requestLine:
		return failure("Unable to load requested file /bad-request.")
	case found:
		return said
	case strings.HasSuffix(path, "/metrics"):
		return m.measured(path, strings.Split(r.URL.Query().Get("get"), ","))
	}
	return failure("Unable to load requested file " + path + ".")
}

// measured answers for the metrics named, and leaves out those that the
// recording does not know.
func (m *Moment) measured(path string, ids []string) reply {
	known := []json.RawMessage{}
	for _, id := range ids {
		if metric, found := m.metrics[path][id]; found {
			known = append(known, metric)
		}
	}
	body, _ := json.Marshal(known)
	return reply{Status: http.StatusOK, Body: body}
}

func failure(text string) reply {
	body, _ := json.Marshal(map[string][]string{"errors": {text}})
	return reply{Status: http.StatusNotFound, Body: body}
}

func (r reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}
