//go:build bench

package soak

import (
	"os"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// usage is how much of the machine was used up to a moment.
type usage struct {
	at                      time.Time
	plugin, cluster, viewer float64 // seconds of CPU
	busy                    float64 // of all cores
	resident, peak          float64 // of the plugin, in MiB
}

// used reads it, as Linux has it.
func (l lab) used(t *testing.T) usage {
	t.Helper()
	files, err := procfs.NewDefaultFS()
	if err != nil {
		t.Skip("what a process uses is read as Linux has it: ", err)
	}
	seconds := func(pid int) float64 {
		of, err := files.Proc(pid)
		if err != nil {
			t.Fatal(err)
		}
		stat, err := of.Stat()
		if err != nil {
			t.Fatal(err)
		}
		return stat.CPUTime()
	}
	machine, err := files.Stat()
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := files.Proc(l.plugin.PID())
	if err != nil {
		t.Fatal(err)
	}
	status, err := plugin.NewStatus()
	if err != nil {
		t.Fatal(err)
	}
	all := machine.CPUTotal
	return usage{
		at: time.Now(), plugin: seconds(l.plugin.PID()), cluster: seconds(l.pid), viewer: seconds(os.Getpid()),
		busy:     all.User + all.Nice + all.System + all.IRQ + all.SoftIRQ + all.Steal,
		resident: float64(status.VmRSS) / (1 << 20), peak: float64(status.VmHWM) / (1 << 20),
	}
}

// cores are how many cores were busy since, of the machine and of each process.
func (u usage) cores(since usage) (machine, plugin, cluster, viewer float64) {
	seconds := u.at.Sub(since.at).Seconds()
	return (u.busy - since.busy) / seconds, (u.plugin - since.plugin) / seconds, (u.cluster - since.cluster) / seconds, (u.viewer - since.viewer) / seconds
}
