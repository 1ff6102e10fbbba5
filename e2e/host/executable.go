package host

import (
	"fmt"
	"path/filepath"
	"runtime"
)

// Executable is where, in the plugin's directory, Grafana looks for the backend
// of this machine.
func Executable(directory string) string {
	name := fmt.Sprintf("gpx_flink_%s_%s", runtime.GOOS, runtime.GOARCH)
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(directory, name)
}
