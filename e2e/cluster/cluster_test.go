package cluster

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestClusterRunsUntilItIsClosed(t *testing.T) {
	c, err := Start(t.Context(), project(t, flink, maven), "2.3.0", "skew", "healthy")
	if err != nil {
		t.Fatal(err)
	}
	if c.URL() != "http://127.0.0.1:8081" {
		t.Errorf("address is %q", c.URL())
	}
	if !strings.Contains(c.process.Printed(), mainClass+" --job skew --job healthy") {
		t.Errorf("jobs are missing in %s", c.process.Printed())
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := syscall.Kill(c.PID(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", c.PID(), err)
	}
}

// Each reporter has a range of ports to itself.
func TestReportersAreKnownByTheirRange(t *testing.T) {
	const reporters = "echo FLINK_REPORTER=127.0.0.1:22001; echo FLINK_REPORTER=127.0.0.1:21000;" + flink
	c, err := Start(t.Context(), project(t, reporters, maven), "2.3.0", "skew")
	if err != nil {
		t.Fatal(err)
	}
	if a, b, none := c.Reporter(21000, 21999), c.Reporter(22000, 22999), c.Reporter(23000, 23999); a != "127.0.0.1:21000" || b != "127.0.0.1:22001" || none != "" {
		t.Errorf("reporters are at %q, %q and %q", a, b, none)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestFlinkGetsItsSettings(t *testing.T) {
	c, err := StartConfigured(t.Context(), project(t, flink, maven), "2.3.0", map[string]string{"b.key": "2", "a.key": "x y"}, "skew")
	if err != nil {
		t.Fatal(err)
	}
	if want := "--job skew --conf a.key=x y --conf b.key=2"; !strings.Contains(c.process.Printed(), want) {
		t.Errorf("%q is missing in %s", want, c.process.Printed())
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestClusterEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, err := Start(ctx, project(t, flink, maven), "2.3.0", "all")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-c.process.Ended()
}

func TestStartSaysWhatFailed(t *testing.T) {
	for name, test := range map[string]struct {
		version, java, mvn string
		want               []string
	}{
		"version": {"latest", flink, maven, []string{`"latest" is no version of Flink`}},
		"maven": {"2.3.0", flink, "echo '[ERROR] no such artifact'; exit 1",
			[]string{"building the jobs for Flink 2.3.0 with mvn: exit status 1", "no such artifact"}},
		"java": {"1.20.5", "echo 'Unknown job a.' >&2; exit 2", maven,
			[]string{"starting Flink 1.20.5", "exit status 2", "Unknown job a."}},
		"silence": {"1.20.5", "exit 0", maven, []string{"it has printed nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Start(t.Context(), project(t, test.java, test.mvn), test.version, "all")
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func TestStartIsCanceled(t *testing.T) {
	for name, test := range map[string]struct{ java, mvn string }{
		"in Maven": {flink, "exec sleep 60"},
		"in Java":  {"cat > /dev/null", maven},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := Start(ctx, project(t, test.java, test.mvn), "2.3.0", "all")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
	}
}
