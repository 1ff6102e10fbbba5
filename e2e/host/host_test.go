package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestStartFailsWithOneSentence(t *testing.T) {
	for name, test := range map[string]struct {
		executable, want string
	}{
		"absent":         {filepath.Join(t.TempDir(), "gpx_flink"), "build it with `go tool mage build`"},
		"no plugin":      {script(t, "exit 0"), "did not start as a Grafana backend plugin"},
		"other protocol": {script(t, "echo '1|1|tcp|127.0.0.1:9|grpc'; exec sleep 60"), "incompatible API version"},
		"no handshake":   {script(t, "echo hello; exec sleep 60"), "Unrecognized remote plugin message: hello"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Start(t.Context(), test.executable, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want an error with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, script(t, "exec sleep 60"), nil)
	if err == nil || !strings.HasSuffix(err.Error(), context.DeadlineExceeded.Error()) {
		t.Errorf("got %v, want it over its deadline", err)
	}
}

func script(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "plugin.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}
