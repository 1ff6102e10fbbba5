package remote_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// openConnections counts those of a server.
type openConnections struct {
	mu   sync.Mutex
	open map[net.Conn]bool
	none chan struct{} // gets a value when the last one is closed
}

func (o *openConnections) note(connection net.Conn, state http.ConnState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch state {
	case http.StateNew:
		o.open[connection] = true
	case http.StateClosed:
		if delete(o.open, connection); len(o.open) == 0 {
			o.none <- struct{}{}
		}
	}
}

func (o *openConnections) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.open)
}

// Fifty clients with the same settings share their connections, and those with other
// credentials do not. When the last one is closed none is left.
func TestClientsShareConnections(t *testing.T) {
	open := &openConnections{open: map[net.Conn]bool{}, none: make(chan struct{}, 1000)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Authorization")) }))
	server.Config.ConnState = open.note
	server.Start()
	defer server.Close()
	var clients []*remote.Client
	for n := range 50 {
		token := "one"
		if n%2 == 1 {
			token = "two"
		}
		client, err := remote.NewClient(remote.Config{Concurrency: 8, Timeout: time.Minute, BearerToken: token})
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, client)
		for range 3 {
			answer, err := client.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			if err != nil || string(body) != "Bearer "+token {
				t.Errorf("%s: %q, %v", token, body, err)
			}
			_ = answer.Body.Close()
		}
	}
	if count := open.count(); count != 2 {
		t.Errorf("%d connections are open, want 2", count)
	}
	for n, client := range clients {
		client.Close()
		client.Close() // again does nothing
		if n == 40 && open.count() != 2 {
			t.Errorf("%d connections are open while clients are left, want 2", open.count())
		}
	}
	<-open.none
}
