package sim

import (
	"bytes"
	"encoding/json"
	"net/http"
)

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
