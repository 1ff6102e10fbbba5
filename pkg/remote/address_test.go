package remote_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/remote"
)

// An address is kept without what is not part of a base URL; credentials in it
// would not be sent.
func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"http://jobmanager:8081":                        "http://jobmanager:8081",
		"http://jobmanager:8081/":                       "http://jobmanager:8081",
		"https://proxy/flink/orders//":                  "https://proxy/flink/orders",
		"https://yarn:8088/proxy/application_17_0001/":  "https://yarn:8088/proxy/application_17_0001",
		"https://proxy/a%2Fb/":                          "https://proxy/a%2Fb",
		"  http://jobmanager:8081\n":                    "http://jobmanager:8081",
		"http://[::1]:8081":                             "http://[::1]:8081",
		"http://user:secret@jobmanager:8081/#/job/list": "http://jobmanager:8081",
		"http://secret@jobmanager:8081/flink":           "http://jobmanager:8081/flink",
		"http://jobmanager:8081/?token=secret":          "http://jobmanager:8081",
		"http://jobmanager:8081/?":                      "http://jobmanager:8081",
		"HTTP://jobmanager:8081":                        "http://jobmanager:8081",
	} {
		for _, system := range []remote.System{remote.Flink, remote.Prometheus} {
			got, err := remote.Address(system, text)
			if err != nil || got.String() != want {
				t.Errorf("%q is read as %v, %v; want %q", text, got, err, want)
			}
		}
	}
}

// An address that is none is quoted, but for what may be secret in it.
func TestAddressThatIsNone(t *testing.T) {
	const long = 250
	for text, quoted := range map[string]string{
		"jobmanager:8081":                                 "jobmanager:8081",
		"jobmanager":                                      "jobmanager",
		"http://":                                         "http://",
		"http:///flink":                                   "http:///flink",
		"file:///etc/passwd":                              "file:///etc/passwd",
		"http://job manager:8081":                         "http://job manager:8081",
		"http://jobmanager:port":                          "http://jobmanager:port",
		"user:secret@jobmanager:8081":                     "jobmanager:8081",
		"ftp://user:secret@jobmanager":                    "ftp://jobmanager",
		"http://user:s%cret@jobmanager":                   "http://jobmanager",
		"http://user:secret/@jobmanager":                  "http://jobmanager",
		"http://user:12/secret@jobmanager":                "http://jobmanager",
		"http://user:p@secret@[::1":                       "http://[::1",
		"http://user:secret@user:@@:8081:":                "http://:8081:",
		"http://user:2024#secret@jobmanager:8081":         "http://jobmanager:8081",
		"http://user:2024?secret@jobmanager:8081":         "http://jobmanager:8081",
		"http://user:secret%40jobmanager:8081":            "http://jobmanager:8081",
		"http://user:s%40cret@jobmanager:port":            "http://jobmanager:port",
		"user:hunter://secret@jobmanager:8081":            "jobmanager:8081",
		"htp://jobmanager:8081/?access_token=secret":      "htp://jobmanager:8081/",
		"jobmanager:8081/#secret":                         "jobmanager:8081/",
		"http://user:secret@jobmanager:80x/?token=secret": "http://jobmanager:80x/",
		strings.Repeat("ü", long):                         strings.Repeat("ü", 200) + "…",
	} {
		for system, example := range map[remote.System]string{remote.Flink: "a Flink REST API: %, such as http://jobmanager:8081.", remote.Prometheus: "a Prometheus API: %, such as http://prometheus:9090."} {
			want := `"` + quoted + `" is no address of ` + strings.Replace(example, "%", "it must start with http:// or https:// and name a host", 1)
			_, err := remote.Address(system, text)
			if !remote.IsKind(err, remote.BadAddress) || err.Error() != want {
				t.Errorf("%q: %v\nwant %s", text, err, want)
			}
		}
	}
}

// No address at all is another mistake than a wrong one.
func TestNoAddress(t *testing.T) {
	for system, want := range map[remote.System]string{
		remote.Flink:      "No Flink address is configured: enter the URL of the JobManager's REST API, such as http://jobmanager:8081, in the data source's settings.",
		remote.Prometheus: "No Prometheus address is configured: enter the URL of its API, such as http://prometheus:9090, in the data source's settings.",
	} {
		for _, text := range []string{"", "  \t"} {
			_, err := remote.Address(system, text)
			var failed *remote.Error
			if !errors.As(err, &failed) || failed.Kind != remote.NoAddress || failed.System != system || failed.Error() != want {
				t.Errorf("%q: %v\nwant %s", text, err, want)
			}
		}
	}
}
