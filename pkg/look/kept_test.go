package look_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/look"
)

// server answers a key with itself after a second, and notes what it was asked.
type server struct {
	*look.Kept[string, string]
	mu    sync.Mutex
	asked []string
	ended []error // how the rounds ended
}

// newServer keeps ten values of 100 bytes together for a minute.
func newServer() *server {
	weigh := func(value string) (int, time.Duration) {
		if value == "passing" {
			return 1, 0
		}
		return len(value), time.Minute
	}
	return &server{Kept: look.NewKept[string](look.Bounds{Values: 10, Bytes: 100}, weigh)}
}

var errServer = errors.New("no answer")

func (s *server) get(ctx context.Context, key string) (value string, started bool, err error) {
	return s.Get(ctx, key, func(ctx context.Context) (value string, err error) {
		s.mu.Lock()
		s.asked = append(s.asked, key)
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ended = append(s.ended, err)
		}()
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
		if key == "wrong" {
			return "beside", errServer
		}
		return key, nil
	})
}

// What several ask at a time is asked once, whatever it is; what comes of it is
// kept for its time, unless it is an error or of no time.
func TestKeptForItsTime(t *testing.T) {
	for name, c := range map[string]struct {
		key   string
		after time.Duration
		asked int
	}{
		"at once":                {"a", 0, 1},
		"just in time":           {"a", time.Minute - 40*time.Millisecond, 1}, // the last asker comes 40 ms after the first
		"too late":               {"a", time.Minute + 1, 2},
		"what is of no time":     {"passing", 0, 2},
		"what failed":            {"wrong", 0, 2},
		"what failed long since": {"wrong", time.Hour, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := newServer()
				for round := range 2 {
					var group sync.WaitGroup
					var began []bool
					var mu sync.Mutex
					for asker := range 5 {
						group.Go(func() {
							time.Sleep(time.Duration(asker) * 10 * time.Millisecond)
							value, started, err := asked.get(t.Context(), c.key)
							if c.key == "wrong" && (err != errServer || value != "beside") || c.key != "wrong" && (err != nil || value != c.key) {
								t.Errorf("round %d: asker %d got %q, %v", round, asker, value, err)
							}
							mu.Lock()
							defer mu.Unlock()
							began = append(began, started)
						})
					}
					group.Wait()
					if started := slices.Contains(began, true); started != (len(asked.asked) > round) {
						t.Errorf("round %d: begun by one who asked: %t, and asked %q", round, started, asked.asked)
					}
					time.Sleep(c.after)
				}
				if len(asked.asked) != c.asked {
					t.Errorf("asked %q", asked.asked)
				}
			})
		})
	}
}

// Of more than the bounds allow, the newest is kept.
func TestKeptWithinBounds(t *testing.T) {
	short, long := make([]string, 12), make([]string, 12)
	for n := range short {
		short[n], long[n] = fmt.Sprintf("%05d", n), fmt.Sprintf("%030d", n)
	}
	for name, c := range map[string]struct {
		keys []string
		kept int
	}{
		"many": {short, 10}, "large": {long, 3}, "larger than all": {[]string{fmt.Sprintf("%0101d", 1)}, 0},
		"a large one after small ones": {append(slices.Clone(short[:5]), fmt.Sprintf("%090d", 1)), 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := newServer()
				for _, key := range c.keys {
					_, _, _ = asked.get(t.Context(), key)
				}
				asked.asked = nil
				for _, key := range slices.Backward(c.keys) {
					if len(c.keys)-slices.Index(c.keys, key) <= c.kept {
						_, _, _ = asked.get(t.Context(), key)
					}
				}
				if len(asked.asked) > 0 {
					t.Errorf("asked again for %q", asked.asked)
				}
				if beyond := len(c.keys) - c.kept - 1; beyond >= 0 {
					if _, started, _ := asked.get(t.Context(), c.keys[beyond]); !started {
						t.Errorf("%s is kept, too", c.keys[beyond])
					}
				}
			})
		})
	}
}

// Who goes away leaves the round to those who wait; the last one ends it, and
// whoever asks then begins anew.
func TestKeptWhileSomebodyWaits(t *testing.T) {
	for name, c := range map[string]struct {
		patience []time.Duration // of each asker
		ended    []error
	}{
		"all wait":        {[]time.Duration{time.Hour, time.Hour}, []error{nil}},
		"the first goes":  {[]time.Duration{time.Second / 2, time.Hour}, []error{nil}},
		"the second goes": {[]time.Duration{time.Hour, time.Second / 2}, []error{nil}},
		"both go":         {[]time.Duration{time.Second / 4, time.Second / 2}, []error{context.Canceled, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := newServer()
				var group sync.WaitGroup
				for _, patience := range c.patience {
					group.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), patience)
						defer cancel()
						if value, _, err := asked.get(ctx, "a"); (err == nil) != (patience == time.Hour) || err == nil && value != "a" {
							t.Errorf("who waits %s got %q, %v", patience, value, err)
						}
					})
				}
				group.Wait()
				synctest.Wait() // for the round to end
				for range 2 {
					if value, _, err := asked.get(t.Context(), "a"); value != "a" || err != nil {
						t.Errorf("got %q, %v", value, err)
					}
				}
				if !slices.Equal(asked.ended, c.ended) {
					t.Errorf("the rounds ended with %v", asked.ended)
				}
			})
		})
	}
}
