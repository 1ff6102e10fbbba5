package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// grafanaVersion is the version that the plugin gets in its environment and in
// requests.
const grafanaVersion = "13.2.2"

// passed are the variables that Grafana hands on to a plugin; no other reaches
// it. TMPDIR is where the socket between the two lies.
var passed = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR", "TZ",
}

func environment() []string {
	variables := []string{"GF_VERSION=" + grafanaVersion, "GF_EDITION=Open Source"}
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			variables = append(variables, name+"="+value)
		}
	}
	return variables
}

// Executable is the path at which Grafana expects the backend for this machine, in
// the plugin's directory.
func Executable(directory string) string {
	name := fmt.Sprintf("gpx_flink_%s_%s", runtime.GOOS, runtime.GOARCH)
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(directory, name)
}
