package history

import (
	"strings"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

// remembered is what is kept of one job: its blocks, oldest first, and the one
// that looks are added to, if any.
type remembered struct {
	blocks []*sealedBlock
	open   *open
	sealed int      // the bytes of blocks
	kind   job.Type // as Flink told it last
}

// jobBytes is what a job takes beside its blocks.
const jobBytes = 400

func (r *remembered) bytes() int {
	bytes := jobBytes + r.sealed + 8*cap(r.blocks)
	if r.open != nil {
		bytes += r.open.bytes()
	}
	return bytes
}

func (r *remembered) empty() bool { return len(r.blocks) == 0 && r.open == nil }

// newest is when the job was last looked at, 0 if it never was.
func (r *remembered) newest() int64 {
	switch {
	case r.open != nil:
		return r.open.last
	case len(r.blocks) > 0:
		return r.blocks[len(r.blocks)-1].last
	}
	return 0
}

// add remembers a look, unless it is late or brings nothing new.
func (r *remembered) add(look *job.Sample, row Row) bool {
	at := look.At.UnixNano()
	if at <= r.newest() {
		return false
	}
	if r.open == nil {
		r.open = newOpen(look)
	}
	draft := draftOf(r.open, look, row)
	if at-r.open.last < int64(repeated) && r.open.same(draft) {
		return false
	}
	r.open.add(draft)
	if kind := look.Job.Type; kind != "" && kind != r.kind {
		r.kind = job.Type(strings.Clone(string(kind)))
	}
	return true
}

// closes tells whether a look has to begin a new block, given the limits of
// one. A block has one graph.
func (o *open) closes(look *job.Sample, limits Limits) bool {
	switch at := look.At.UnixNano(); {
	case o.looks >= mostLooks, at-o.first >= int64(limits.Retention), at-o.last > int64(pause):
		return true
	case o.looks >= leastLooks && o.bytes() >= limits.Bytes:
		return true
	}
	return !alike(o.graph, look.Graph)
}

// close puts the sealed block in the place of the open one.
func (r *remembered) close(sealed *sealedBlock) {
	r.blocks, r.open = append(r.blocks, sealed), nil
	r.sealed += sealed.size
}

// forgetBefore forgets what ended before a time, and packs a block that was
// not added to since the other.
func (r *remembered) forgetBefore(horizon, idle time.Time) {
	before := nanos(horizon)
	for len(r.blocks) > 0 && r.blocks[0].last < before {
		r.forgetOldest()
	}
	switch {
	case r.open == nil:
	case r.open.last < before:
		r.open = nil
	case r.open.last < nanos(idle):
		r.close(r.open.seal())
	}
}

// forgetOldest forgets the oldest block.
func (r *remembered) forgetOldest() {
	if len(r.blocks) == 0 {
		r.open = nil
		return
	}
	r.sealed -= r.blocks[0].size
	r.blocks[0] = nil // the slice is cut, and holds on to it
	r.blocks = r.blocks[1:]
}

// forgetAfter forgets the blocks that end after a time.
func (r *remembered) forgetAfter(at time.Time) {
	after := nanos(at)
	if r.open != nil && r.open.last > after {
		r.open = nil
	}
	for n := len(r.blocks); n > 0 && r.blocks[n-1].last > after; n-- {
		r.sealed -= r.blocks[n-1].size
		r.blocks[n-1] = nil
		r.blocks = r.blocks[:n-1]
	}
}

// oldest is when the oldest look was taken.
func (r *remembered) oldest() int64 {
	if len(r.blocks) > 0 {
		return r.blocks[0].first
	}
	return r.open.first
}

// during are the blocks of a span of time, to be read without a lock.
func (r *remembered) during(from, to int64) (blocks []kept) {
	for _, sealed := range r.blocks {
		if sealed.last >= from && sealed.first <= to {
			blocks = append(blocks, sealed)
		}
	}
	if r.open != nil && r.open.looks > 0 && r.open.last >= from && r.open.first <= to {
		blocks = append(blocks, r.open.frozen())
	}
	return blocks
}
