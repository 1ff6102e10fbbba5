package prometheus

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// scraped is a target that can be scraped.
func scraped(t *testing.T) (address string) {
	t.Helper()
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "answer 42") // Prometheus may have gone
	}))
	t.Cleanup(target.Close)
	return target.Listener.Addr().String()
}

func TestPrometheusRunsUntilItIsClosed(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	for _, system := range Systems {
		p, err := system.Start(t.Context(), t.TempDir(), time.Second, scraped(t), scraped(t))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.URL, "http://127.0.0.1:") {
			t.Errorf("the address of %s is %q", system, p.URL)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := syscall.Kill(p.PID(), 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s's process %d is still there: %v", system, p.PID(), err)
		}
	}
}

// What keeps Prometheus from starting is in what it has printed.
func TestStartFails(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	_, err := Start(t.Context(), t.TempDir(), -time.Second)
	if err == nil || !strings.Contains(err.Error(), "it ended before it listened (exit status") || !strings.Contains(err.Error(), "prometheus.yml") {
		t.Errorf("got %v", err)
	}
}

func TestPrometheusIsNamedWhereItIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := Available(); err == nil || !strings.Contains(err.Error(), "install Debian's package prometheus") || !strings.Contains(err.Error(), "package victoria-metrics") {
		t.Errorf("got %v", err)
	}
}
