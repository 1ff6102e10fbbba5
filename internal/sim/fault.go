package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Fault spoils the answers of a cluster: it wraps the handler. It applies to
// every request; [On] narrows it.
type Fault func(http.Handler) http.Handler

// Spoiled is the cluster with faults, the first outermost.
func Spoiled(cluster http.Handler, faults ...Fault) http.Handler {
	for i := len(faults) - 1; i >= 0; i-- {
		cluster = faults[i](cluster)
	}
	return cluster
}

// On narrows a fault to the paths that end in the text, such as
// "/backpressure" or "/vertices/" and a task's id.
func On(path string, fault Fault) Fault {
	return where(func(of string) bool { return strings.HasSuffix(of, path) }, fault)
}

// Within narrows a fault to the paths that have the text in them, such as "/vertices/".
func Within(path string, fault Fault) Fault {
	return where(func(of string) bool { return strings.Contains(of, path) }, fault)
}

func where(matches func(path string) bool, fault Fault) Fault {
	return func(next http.Handler) http.Handler {
		spoiled := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if matches(r.URL.Path) {
				spoiled.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// After lets that many requests pass before the fault begins.
func After(requests int64, fault Fault) Fault {
	return func(next http.Handler) http.Handler {
		var seen atomic.Int64
		spoiled := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if seen.Add(1) > requests {
				spoiled.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// instead answers in place of the cluster.
func instead(answer http.HandlerFunc) Fault {
	return func(http.Handler) http.Handler { return answer }
}

// Late delays each answer, or gives up with the request.
func Late(delay time.Duration) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(delay):
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		})
	}
}

// Hanging never answers.
func Hanging() Fault {
	return instead(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// Failing answers 500 with a stack trace.
func Failing() Fault {
	return instead(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, `{"errors":["Internal server error.",%q]}`, "<Exception on server side:\norg.apache.flink.util.FlinkException: simulated"+trace)
	})
}

// Gone answers 404 as Flink does for a job that it has forgotten; with [After]
// the job vanishes between two requests.
func Gone() Fault {
	return instead(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"errors":[%q]}`, "org.apache.flink.runtime.rest.NotFoundException: Job "+r.URL.Path+" not found"+trace)
	})
}

// LoginPage answers 200 with the login page of a proxy.
func LoginPage() Fault {
	return instead(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<!DOCTYPE html><html><title>Sign in</title><form method="post"><input name="user"><input type="password" name="password"></form></html>`)
	})
}

// Huge answers with JSON of that many megabytes, which it makes as it goes.
func Huge(megabytes int) Fault {
	return instead(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		chunk := strings.Repeat(`{"name":"x"},`, 1<<20/len(`{"name":"x"},`))
		_, err := io.WriteString(w, `{"jobs":[`)
		for n := 0; n < megabytes && err == nil && r.Context().Err() == nil; n++ {
			_, err = io.WriteString(w, chunk)
		}
		_, _ = io.WriteString(w, `{}]}`)
	})
}

// Cut breaks each answer off after that many bytes; its Content-Length is that of
// the whole.
func Cut(bytes int) Fault {
	return recorded(func(w http.ResponseWriter, r *http.Request, answer []byte) {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer[:min(bytes, len(answer))])
		_ = http.NewResponseController(w).Flush()
	})
}

// Dripping sends each answer a byte at a time, with a pause before each.
func Dripping(pause time.Duration) Fault {
	return recorded(func(w http.ResponseWriter, r *http.Request, answer []byte) {
		for i := range answer {
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
			_, _ = w.Write(answer[i : i+1])
			_ = http.NewResponseController(w).Flush()
		}
	})
}

// answer is what a handler wrote.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header            { return a.header }
func (a *answer) WriteHeader(status int)         { a.status = status }
func (a *answer) Write(text []byte) (int, error) { return a.body.Write(text) }

// recorded lets the cluster answer, and something else be done with its body.
func recorded(send func(w http.ResponseWriter, r *http.Request, body []byte)) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := &answer{header: w.Header(), status: http.StatusOK}
			next.ServeHTTP(a, r)
			if a.status != http.StatusOK {
				w.WriteHeader(a.status)
			}
			send(w, r, a.body.Bytes())
		})
	}
}

// Rewritten changes the JSON of each answer.
func Rewritten(change func(body any) any) Fault {
	return recorded(func(w http.ResponseWriter, _ *http.Request, body []byte) {
		var value any
		if json.Unmarshal(body, &value) != nil {
			_, _ = w.Write(body)
			return
		}
		_ = json.NewEncoder(w).Encode(change(value)) // a client that went away does not read it
	})
}

// Cyclic leads the last task's output back to the first in each plan.
func Cyclic() Fault {
	return plans(func(nodes []any) {
		last, first := nodes[0].(map[string]any), nodes[len(nodes)-1].(map[string]any)
		first["inputs"] = []any{map[string]any{"id": last["id"]}}
	})
}

// Dangling gives each task in each plan an input that does not exist, and one
// that is the task itself.
func Dangling() Fault {
	return plans(func(nodes []any) {
		for _, node := range nodes {
			node := node.(map[string]any)
			inputs, _ := node["inputs"].([]any)
			node["inputs"] = append(inputs, map[string]any{"id": id("nowhere")}, map[string]any{"id": node["id"]})
		}
	})
}

// plans changes the nodes of each plan, which run from sink to source.
func plans(change func(nodes []any)) Fault {
	return Rewritten(func(body any) any {
		if job, ok := body.(map[string]any); ok {
			if plan, ok := job["plan"].(map[string]any); ok {
				change(plan["nodes"].([]any))
			}
		}
		return body
	})
}

// Uncountable makes every counter and ratio "NaN".
func Uncountable() Fault {
	return numbers(func(float64) any { return "NaN" })
}

// Negative makes every counter and ratio less than zero.
func Negative() Fault {
	return numbers(func(value float64) any { return -1 - value })
}

// numbers changes what is counted in each answer: times, records and ratios.
func numbers(change func(float64) any) Fault {
	counted := map[string]bool{
		"accumulated-idle-time": true, "accumulated-busy-time": true, "accumulated-backpressured-time": true,
		"ratio": true, "idleRatio": true, "busyRatio": true,
	}
	var within func(any) any
	within = func(value any) any {
		switch value := value.(type) {
		case map[string]any:
			for key, inner := range value {
				if number, ok := inner.(float64); ok && counted[key] {
					value[key] = change(number)
				} else {
					value[key] = within(inner)
				}
			}
		case []any:
			for i := range value {
				value[i] = within(value[i])
			}
		}
		return value
	}
	return Rewritten(within)
}
