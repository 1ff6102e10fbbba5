package demo

import (
	"strings"
	"testing"
)

func TestLogFilterKeepsWarningsAndErrors(t *testing.T) {
	var out strings.Builder
	log := &logFilter{to: &out}
	for _, part := range []string{
		`{"@level":"debug","@message":"Serving plugin"}` + "\n" + `{"@level":"err`,
		`or","@message":"A query failed","error":"no such job"}` + "\npanic: oh\n",
	} {
		if _, err := log.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "The plugin logs: A query failed (no such job)\npanic: oh\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
