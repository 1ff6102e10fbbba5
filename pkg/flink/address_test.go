package flink_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/flink"
)

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"http://jobmanager:8081":                        "http://jobmanager:8081",
		"http://jobmanager:8081/":                       "http://jobmanager:8081",
		"https://proxy/flink/orders//":                  "https://proxy/flink/orders",
		"https://yarn:8088/proxy/application_17_0001/":  "https://yarn:8088/proxy/application_17_0001",
		"  http://jobmanager:8081\n":                    "http://jobmanager:8081",
		"http://[::1]:8081":                             "http://[::1]:8081",
		"http://user:secret@jobmanager:8081/#/job/list": "http://jobmanager:8081",
		"http://jobmanager:8081/?token=secret":          "http://jobmanager:8081",
		"HTTP://jobmanager:8081":                        "http://jobmanager:8081",
	} {
		if got, err := flink.Address(text); got != want || err != nil {
			t.Errorf("%q is read as %q, %v; want %q", text, got, err, want)
		}
	}
}

// An address that is none is quoted, but for what may be secret in it.
func TestAddressThatIsNone(t *testing.T) {
	quoted := func(text string) string {
		return `"` + text + `" is no address of a Flink REST API: it must start with http:// or https:// and name a host, such as http://jobmanager:8081.`
	}
	const none = "No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings."
	for text, want := range map[string]string{
		"":                              none,
		"  \t":                          none,
		"jobmanager:8081":               quoted("jobmanager:8081"),
		"jobmanager":                    quoted("jobmanager"),
		"http://":                       quoted("http://"),
		"http:///flink":                 quoted("http:///flink"),
		"file:///etc/passwd":            quoted("file:///etc/passwd"),
		"http://job manager:8081":       quoted("http://job manager:8081"),
		"http://jobmanager:port":        quoted("http://jobmanager:port"),
		"user:secret@jobmanager:8081":   quoted("jobmanager:8081"),
		"ftp://user:secret@jobmanager":  quoted("ftp://jobmanager"),
		"http://user:s%cret@jobmanager": quoted("http://jobmanager"),
		strings.Repeat("ü", 200):        quoted(strings.Repeat("ü", 100) + "…"),
	} {
		_, err := flink.New(http.DefaultClient, text, flink.Slots(1))
		var failed *flink.Error
		if !errors.As(err, &failed) || failed.Error() != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}
