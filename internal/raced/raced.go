// Package raced keeps tests from under the race detector that compute for long, one thing
// after another: there they take ten to twenty times as long, and what they do side by side
// other tests do, too. The check runs them without it.
package raced

import "testing"

// Skip skips a test if the race detector is on. It is called by the test itself, in its
// first line: Magefile.go finds it by that.
func Skip(t testing.TB) {
	t.Helper()
	if on {
		t.Skip("it runs without the race detector")
	}
}
