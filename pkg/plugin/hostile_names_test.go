package plugin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/log"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
	"github.com/flinkscope/flinkscope-flink-datasource/pkg/frame"
)

// hostile is a name that means something to each that might take it for more than a text:
// a browser, a log, Grafana's links, a path.
const hostile = "\"><script>alert(1)</script> javascript:alert(1) ${__user.token} [[x]] \r\n{\"level\":\"error\"} \x1b[31m ../yarn-cancel?x=%2e%2e"

// loggedLines keeps what is logged.
type loggedLines struct {
	log.Logger
	mu    sync.Mutex
	lines []string
}

func (l *loggedLines) add(message string, values []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, message+fmt.Sprintln(values...))
}

func (l *loggedLines) Warn(message string, values ...any)  { l.add(message, values) }
func (l *loggedLines) Error(message string, values ...any) { l.add(message, values) }
func (l *loggedLines) Info(message string, values ...any)  { l.add(message, values) }
func (l *loggedLines) Debug(message string, values ...any) { l.add(message, values) }

// linkRest is how a link goes on that begins with a field of its row, such as job_url.
var linkRest = regexp.MustCompile(`^[a-z]+_url\}(/[a-z-]+)?$`)

// What a job, a task, a TaskManager or an exception is called is a text wherever it is
// shown, and nowhere else: in no log line, no path that is requested, and no link.
func TestHostileNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orders := sim.HeldBack("orders", 4, 2, 2)
		orders.Name = hostile
		for i := range orders.Tasks {
			orders.Tasks[i].Name = fmt.Sprint(hostile, i)
		}
		l := newLab(t, orders)
		logged := &loggedLines{Logger: log.DefaultLogger}
		before := log.DefaultLogger
		log.DefaultLogger = logged
		defer func() { log.DefaultLogger = before }()
		exceptions, err := json.Marshal(map[string]any{"exceptionHistory": map[string]any{"entries": []any{map[string]any{
			"exceptionName": hostile, "stacktrace": hostile, "taskName": hostile, "endpoint": hostile, "taskManagerId": hostile, "timestamp": time.Now().UnixMilli(),
			"failureLabels": map[string]string{hostile: hostile},
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		cluster := instead(l.Cluster, "/exceptions$", respondWith(200, string(exceptions)))
		var failing atomic.Bool
		var requested sync.Map
		l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requested.Store(r.URL.RequestURI(), true)
			if failing.Load() && strings.Contains(r.URL.Path, "/vertices/") {
				respondWith(500, hostile)(w, r)
				return
			}
			cluster.ServeHTTP(w, r)
		})})
		queries := append([]string{`{"queryType":"flameGraph","tasks":["/0$/"]}`, `{"queryType":"events"}`, `{"queryType":"measure","by":"taskmanager"}`}, everyView...)
		shown, links := 0, 0
		for range 2 {
			for name, response := range send(l.ctx, t, l, queries...) {
				for _, each := range response.Frames {
					for _, field := range each.Fields {
						for row := range field.Len() {
							if text, known := field.ConcreteAt(row); known && strings.Contains(fmt.Sprint(text), "<script>") {
								shown++
								if strings.HasSuffix(field.Name, "_url") {
									t.Errorf("%s: %s is %q", name, field.Name, text)
								}
							} else if known && strings.HasSuffix(field.Name, "_url") {
								links++
								checkLink(t, fmt.Sprint(text))
							}
						}
						if field.Config == nil {
							continue
						}
						for _, link := range field.Config.Links {
							links++
							if rest, of := strings.CutPrefix(link.URL, "${__data.fields."); of && linkRest.MatchString(rest) {
								continue // an address of the row, and a page of it
							}
							checkLink(t, link.URL)
							if strings.Contains(link.Title, "<") {
								t.Errorf("a link is called %q", link.Title)
							}
						}
					}
					if custom, is := each.Meta.Custom.(frame.Custom); !is {
						t.Errorf("the metadata are %v", custom)
					}
				}
			}
			time.Sleep(20 * time.Second)
			failing.Store(true)
		}
		if shown == 0 || links == 0 {
			t.Errorf("the name is shown %d times, and there are %d links", shown, links)
		}
		for _, line := range logged.lines {
			if strings.Contains(line, "<script>") || strings.Contains(line, "\x1b") {
				t.Errorf("logged: %q", line)
			}
		}
		requested.Range(func(path, _ any) bool {
			if !allowedPath.MatchString(path.(string)) {
				t.Errorf("requested: %q", path)
			}
			return true
		})
	})
}

// allowedPath is what a path of the plugin's requests consists of.
var allowedPath = regexp.MustCompile(`^[A-Za-z0-9/?=&.,_:%-]+$`)

// checkLink checks an address that Grafana makes a link of.
func checkLink(t *testing.T, text string) {
	t.Helper()
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "http" || address.Host != "flink:8081" || strings.ContainsAny(text, "<>\"$ \r\n") {
		t.Errorf("a link is %q, %v", text, err)
	}
}
