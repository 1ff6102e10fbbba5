package plugin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/sim"
)

// prometheusAway answers each request with 503 and keeps what it was sent.
type prometheusAway struct {
	mu   sync.Mutex
	sent []http.Header
}

func (p *prometheusAway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.sent = append(p.sent, r.Header.Clone())
	p.mu.Unlock()
	says(503, "away")(w, r)
}

// withPrometheus samples a job, and has a Prometheus that is away for what is
// older; Flink and it have credentials of their own.
func withPrometheus(t *testing.T, keys map[string]any) (l lab, away *prometheusAway) {
	t.Helper()
	all := map[string]any{
		"url": "http://flink:8081", "history": map[string]any{"idleAfter": "1h"},
		"prometheus": map[string]any{"url": "http://prometheus:9090/prefix", "tenant": "team-a"},
	}
	for key, value := range keys {
		all[key] = value
	}
	l, away = inLab(t, sim.HeldBack("orders", 3, 2, 1)), &prometheusAway{}
	settings := with(all)
	settings.DecryptedSecureJSONData = map[string]string{"bearerToken": "flink-secret", "prometheusBearerToken": "prometheus-secret"}
	l.source = open(t, settings)
	l.ctx = inMemory(t.Context(), map[string]http.Handler{"flink:8081": l.Cluster, "prometheus:9090": away})
	return l, away
}

// That Prometheus is away is told, and costs only what it alone has.
func TestHistoryWithPrometheusAway(t *testing.T) {
	for _, query := range []string{`{"queryType": "history"}`, `{"queryType": "history", "by": "subtask"}`, `{"queryType": "timeline"}`} {
		t.Run(query, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, away := withPrometheus(t, nil)
				answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
				time.Sleep(5 * time.Minute)
				shown := answer(t, queried(l.ctx, t, l, query), "A") // the last hour
				if looks := shown.Fields[0].Len(); looks < 25 {
					t.Errorf("%d points", looks)
				}
				if told := strings.Join(notices(shown), " "); !strings.Contains(told, "The past is not known as a whole") || !strings.Contains(told, "prometheus:9090") {
					t.Errorf("notices %q", told)
				}
				for _, header := range away.sent {
					if header.Get("Authorization") != "Bearer prometheus-secret" || header.Get("X-Scope-OrgID") != "team-a" {
						t.Errorf("Prometheus was sent %v", header)
					}
				}
				if len(away.sent) == 0 {
					t.Error("Prometheus was not asked")
				}
			})
		})
	}
}

// What the built-in history reaches back to is not asked of Prometheus, nor is
// anything where every user sees only what Flink's proxy shows them.
func TestPrometheusIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, away := withPrometheus(t, nil)
		begin := now()
		answer(t, queried(l.ctx, t, l, `{"queryType": "jobs"}`), "A")
		time.Sleep(30 * time.Minute)
		over := now()
		over.From = begin.To.Add(10 * time.Minute)
		shown := answer(t, queriedOver(l.ctx, t, l, over, nil, `{"queryType": "history"}`), "A")
		if len(away.sent) != 0 {
			t.Errorf("Prometheus was asked %d times, with the notices %q", len(away.sent), notices(shown))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l, away := withPrometheus(t, map[string]any{"oauthPassThru": true})
		queried(l.ctx, t, l, `{"queryType": "history"}`)
		if len(away.sent) != 0 {
			t.Errorf("Prometheus was asked %d times for a user whose identity is forwarded", len(away.sent))
		}
	})
}

// An address that cannot be used is told as such.
func TestPrometheusAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := withPrometheus(t, map[string]any{"prometheus": map[string]any{"url": "prometheus"}})
		failed := queried(l.ctx, t, l, `{"queryType": "jobs"}`)["A"]
		if failed.Error == nil || !strings.Contains(failed.Error.Error(), "The setting prometheus.url") {
			t.Errorf("%v", failed.Error)
		}
	})
}
