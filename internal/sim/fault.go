package sim

import (
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
	return func(next http.Handler) http.Handler {
		spoiled := fault(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, path) {
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

// LoginPage answers 200 with the page of a proxy that wants a password.
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

// Cut breaks each answer off after that many bytes, though it says that there
// are more.
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
