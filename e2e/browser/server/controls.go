package main

import "net/http"

// controls let a test choose the settings of the data source, and read requests
// and settings.
type controls struct {
	source *dataSource
	flinks map[string]*flink
	past   string
}

func (c controls) handle(mux *http.ServeMux) {
	mux.HandleFunc("PUT /test/settings", c.reset)
	mux.HandleFunc("GET /test/state", c.state)
}

// reset makes the data source anew with the settings sent, and answers as
// state does.
func (c controls) reset(w http.ResponseWriter, r *http.Request) {
	var sent settings
	if !read(w, r, &sent) {
		return
	}
	c.source.reset(sent)
	c.state(w, r)
}

// state has the clusters' addresses, that of the Prometheus with the past of the
// cluster "shop", how many requests each cluster got so far, and what is saved, secrets
// too.
func (c controls) state(w http.ResponseWriter, _ *http.Request) {
	addresses, requests := map[string]string{}, map[string]int64{}
	for name, flink := range c.flinks {
		addresses[name], requests[name] = flink.address, flink.requests.Load()
	}
	c.source.mu.Lock()
	saved := c.source.saved
	c.source.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"addresses": addresses, "past": c.past, "requests": requests, "saved": saved})
}
