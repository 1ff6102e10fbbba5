package inmemory

import (
	"net/http"
	"sync"
)

// Crowd counts how many requests to its handler are under way at once.
type Crowd struct {
	http.Handler
	mu        sync.Mutex
	now, most int
}

// ServeHTTP counts the request until the handler has returned.
func (c *Crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.add(1)
	defer c.add(-1)
	c.Handler.ServeHTTP(w, r)
}

func (c *Crowd) add(requests int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += requests
	c.most = max(c.most, c.now)
}

// Most is how many requests there were at once at most.
func (c *Crowd) Most() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.most
}
