package prometheus_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// recording is what a real Prometheus answered, of a real Flink with the job
// bottleneck of e2e/flink.
type recording struct {
	JobID string     `json:"jobId"`
	To    time.Time  `json:"to"`
	Said  []exchange `json:"said"`
}

// exchange is a request, its form in alphabetical order, and the answer.
type exchange struct {
	Path   string          `json:"path"`
	Form   string          `json:"form"`
	Answer json.RawMessage `json:"answer"`
}

func recorded(t *testing.T, version string) (of recording) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", version+".json"))
	if err == nil {
		err = json.Unmarshal(content, &of)
	}
	if err != nil {
		t.Fatal(err)
	}
	return of
}

// ServeHTTP answers what was asked before, and nothing else.
func (r recording) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	_ = request.ParseForm() // what cannot be read matches nothing
	for _, known := range r.Said {
		if known.Path == request.URL.Path && known.Form == request.Form.Encode() {
			_, _ = w.Write(known.Answer)
			return
		}
	}
	http.NotFound(w, request)
}
