package prometheus_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/history"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// Real answers, with label values as Flink's reporter mangles them by default
// (1.20.5) and as they are (2.3.0), join with the graph by ids alone.
func TestRealAnswers(t *testing.T) {
	for version, name := range map[string]string{"1.20.5": "slow_window", "2.3.0": "slow-window"} {
		t.Run(version, func(t *testing.T) {
			of := recorded(t, version)
			reader := served(t, of).Now(of.To.Add(time.Hour))
			count := 0
			over := history.Range{From: of.To.Add(-time.Minute), To: of.To}
			for _, snapshot := range snapshots(t, reader, history.Job{ID: of.JobID}, over, time.Minute) {
				count++
				slow(t, snapshot, name)
			}
			if count != 2 {
				t.Errorf("%d snapshots", count)
			}
		})
	}
}

// slow checks that of the job's four tasks the one of that name is slow.
func slow(t *testing.T, snapshot *job.Snapshot, name string) {
	t.Helper()
	if len(snapshot.Tasks) != 4 || snapshot.MeasuredTasks() != 4 || snapshot.Job.Name != "bottleneck" || snapshot.Window() != 65*time.Second {
		t.Errorf("got %+v of %s over %s", snapshot.Graph, snapshot.Job.Name, snapshot.Window())
	}
	for i, task := range snapshot.Graph.Tasks {
		load := snapshot.Tasks[i]
		if at := load.Busy.Min > 0.95; at != (task.Name == name) || !load.Complete() || load.Subtasks[0].TaskManager == "" {
			t.Errorf("%s: %+v", task.Name, load)
		}
	}
}

func TestRealJobs(t *testing.T) {
	of := recorded(t, "2.3.0")
	reader := served(t, of).Now(of.To.Add(time.Hour))
	jobs, _, err := reader.Jobs(t.Context(), history.Range{From: of.To.Add(-2 * time.Minute), To: of.To})
	if err != nil || len(jobs) == 0 {
		t.Fatalf("got %v, %v", jobs, err)
	}
	for _, found := range jobs {
		if found.ID == of.JobID && found.Name == "bottleneck" && found.First.Before(found.Last) {
			return
		}
	}
	t.Errorf("got %+v", jobs)
}

// recording is what a real Prometheus answered, of a real Flink with the job
// bottleneck of e2e/flink.
type recording struct {
	JobID     string     `json:"jobId"`
	To        time.Time  `json:"to"`
	Exchanges []exchange `json:"said"`
}

// exchange is a request, its form in alphabetical order, and the answer.
type exchange struct {
	Path   string          `json:"path"`
	Form   string          `json:"form"`
	Answer json.RawMessage `json:"answer"`
}

func recorded(t testing.TB, version string) (of recording) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "recorded", version+".json"))
	if err == nil {
		err = json.Unmarshal(content, &of)
	}
	if err != nil {
		t.Fatal(err)
	}
	return of
}

// ServeHTTP answers what was asked before, and which job there was.
func (r recording) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	_ = request.ParseForm() // what cannot be read matches nothing
	if strings.HasSuffix(request.URL.Path, "/values") {
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": []string{r.JobID}})
		return
	}
	for _, known := range r.Exchanges {
		if known.Path == request.URL.Path && known.Form == request.Form.Encode() {
			_, _ = w.Write(known.Answer)
			return
		}
	}
	http.NotFound(w, request)
}
