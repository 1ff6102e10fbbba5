package proxy

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// Tasks are so many that the answer of their job is larger than nginx's
// buffers, and goes through a file.
const Tasks = 400

// job is the id of the job of [Flink].
const job = "0123456789abcdef0123456789abcdef"

// Flink is one with a job whose tasks have not begun to run. It counts what
// the proxy makes of the requests.
type Flink struct {
	Requests, Connections, Old atomic.Int64 // Old are not HTTP/1.1
}

// Connected is for [http.Server.ConnState].
func (f *Flink) Connected(_ net.Conn, state http.ConnState) {
	if state == http.StateNew {
		f.Connections.Add(1)
	}
}

func (f *Flink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.Requests.Add(1)
	if r.Proto != "HTTP/1.1" {
		f.Old.Add(1)
	}
	answer := map[string]any{
		"/overview":          map[string]any{"flink-version": "2.3.0", "taskmanagers": 1, "jobs-running": 1},
		"/jobmanager/config": []any{},
		"/jobs/overview":     map[string]any{"jobs": []any{map[string]any{"jid": job, "name": "orders", "state": "RUNNING"}}},
		"/jobs/" + job:       graph(),
	}[r.URL.Path]
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if answer == nil {
		w.WriteHeader(http.StatusNotFound)
	}
	_ = json.NewEncoder(w).Encode(answer) // the proxy may have gone
}

func graph() any {
	var tasks, nodes []any
	for n := range Tasks {
		id := fmt.Sprintf("%032x", n)
		tasks = append(tasks, map[string]any{"id": id, "name": fmt.Sprint(strings.Repeat("long name ", 20), n), "parallelism": 1, "status": "CREATED"})
		nodes = append(nodes, map[string]any{"id": id})
	}
	return map[string]any{"jid": job, "name": "orders", "state": "RUNNING", "vertices": tasks, "plan": map[string]any{"nodes": nodes}}
}
