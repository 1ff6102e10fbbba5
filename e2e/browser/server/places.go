package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/flinkscope/flinkscope-flink-datasource/e2e/host"
)

// places are the directories that are served as they are.
type places struct{ plugin, page, icons string }

// routes are those of the host page.
var routes = []string{"/config", "/dashboard", "/explore", "/filters", "/help", "/query", "/variable"}

func (p places) handle(mux *http.ServeMux) {
	for _, route := range routes {
		mux.HandleFunc("GET "+route, p.index)
	}
	for prefix, directory := range map[string]string{
		"/host/":                                 p.page,
		"/public/plugins/" + host.PluginID + "/": p.plugin,
		"/public/build/img/icons/":               p.icons,
		"/public/img/icons/":                     p.icons, // up to Grafana 11
	} {
		mux.Handle("GET "+prefix, kept(http.StripPrefix(prefix, http.FileServer(http.Dir(directory)))))
	}
	for _, icons := range []string{"/public/build/img/icons/", "/public/img/icons/"} {
		mux.HandleFunc("GET "+icons+"unicons/spinner.svg", spinner)
	}
	mux.HandleFunc("GET /healthy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

// kept has the browser keep files, and with them what it has compiled, for as long as the
// server lives: nothing of them changes meanwhile.
func kept(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", fmt.Sprintf("max-age=%.0f", longest.Seconds()))
		files.ServeHTTP(w, r)
	})
}

// index is the page whose React warns, or, with react=production in the address,
// one that is as fast as Grafana.
func (p places) index(w http.ResponseWriter, r *http.Request) {
	mode := "development"
	if r.URL.Query().Get("react") == "production" {
		mode = "production"
	}
	http.ServeFile(w, r, filepath.Join(p.page, mode, "index.html"))
}

// spinner is the one icon that is not in the package.
func spinner(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M12 4a8 8 0 1 0 8 8" fill="none" stroke="currentColor" stroke-width="2"/></svg>`)
}
