package diagnosis

import (
	"fmt"
	"math"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// rgb is a colour, a channel 0 to 255 each.
type rgb [3]float64

// Flink's own colours of a job graph's nodes (its web UI's node component).
var (
	idleFill, busyFill, backpressuredFill       = rgb{0x5d, 0xb1, 0xff}, rgb{0xee, 0x64, 0x64}, rgb{0x88, 0x88, 0x88}
	idleBorder, busyBorder, backpressuredBorder = rgb{0x18, 0x90, 0xff}, rgb{0xee, 0x22, 0x22}, rgb{0x00, 0x00, 0x00}
)

// UnknownColour marks what was not measured; Flink has no colour for it.
const UnknownColour = "#c9a7eb"

// Fill is the colour in which Flink's UI fills the node of a task that is
// busy and backpressured for those shares of time, as #rrggbb.
func Fill(busy, backpressured job.Share) string {
	return blend(idleFill, busyFill, backpressuredFill, busy, backpressured)
}

// Border is the colour of the node's border in Flink's UI. A node that is
// backpressured all the time has a black one, which vanishes on dark.
func Border(busy, backpressured job.Share) string {
	return blend(idleBorder, busyBorder, backpressuredBorder, busy, backpressured)
}

// TaskFill is the fill of a task by the highest shares of its subtasks, as
// Flink's UI has it.
func TaskFill(load job.TaskLoad) string { return Fill(load.Busy.Max, load.Backpressured.Max) }

// blend goes from idle toward busy, then from there toward backpressured, in
// whole per cents. Where only the busy share is unknown, a task that is held
// back most of the time looks so, and any other is unknown: it is not idle.
func blend(idle, busy, backpressured rgb, busyShare, backpressuredShare job.Share) string {
	if !backpressuredShare.Known() || (!busyShare.Known() && !(backpressuredShare > half)) {
		return UnknownColour
	}
	colour := toward(idle, busy, busyShare.Percent())
	colour = toward(colour, backpressured, backpressuredShare.Percent())
	return fmt.Sprintf("#%02x%02x%02x", int(colour[0]), int(colour[1]), int(colour[2]))
}

func toward(from, to rgb, percent int) (blended rgb) {
	for channel := range blended {
		blended[channel] = math.Round(from[channel] + (to[channel]-from[channel])*float64(percent)/100)
	}
	return blended
}
