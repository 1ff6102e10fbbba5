package dataflow

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// tick is the step of time: short beside what a channel's buffers hold.
const tick = 100 * time.Millisecond

// mostChannels is how many channels of an exchange have buffers of their own; where
// there are more, those that lead to one subtask share theirs.
const mostChannels = 1024

// backlog is how many seconds of its rate a source has to catch up with at most.
const backlog = 60

// Spent is what a subtask has done since its attempt began, in seconds and records.
type Spent struct {
	Idle, Busy, Backpressured float64
	RecordsIn, RecordsOut     float64
}

// Run is a job that runs.
type Run struct {
	job   *Job
	ticks int
	// faster is by how much each subtask is, by task.
	faster    [][]float64
	carries   []float64 // by exchange, its capacity a tick; +Inf without limit
	subtasks  [][]subtask
	channels  []channels
	ins, outs [][]int // exchanges by task
	// read is how many records each source has read, by task.
	read []float64
	// arrived is how many records there were to read, by task.
	arrived []float64
	// frozen is the time at which what changes by the clock stands still, or negative.
	frozen time.Duration
	random *rand.Rand
}

type subtask struct {
	Spent
	marked   Spent
	attempt  int
	up       bool
	hoard    float64 // records that a window has
	firing   bool
	fired    int     // windows so far
	behind   float64 // records that a source could read already, as far as it will catch up
	aligned  float64 // until when it waits for a checkpoint, in seconds
	unlucky  float64 // its noise of this second
	hungry   float64 // how full its input is, 0 to 1
	speed    float64
	upSince  time.Duration
	finished bool
}

// channels are the buffers of an exchange. Of a dense one, the queue from a to b is at
// b·senders + a; of one that is forward, or shared, a receiver has one queue.
type channels struct {
	Exchange
	dense              bool
	senders, receivers int
	weights            []float64
	queue, room        []float64 // room is what each may hold
	left               []float64 // what the network still carries to each receiver in this tick

	// Of one whose receivers share their buffers: how many records the senders may send
	// together in this tick until one is full, and have sent, and how full they are.
	least, sent, full float64
}

// Start begins a run of the job at time 0, with buffers empty. The units are twice as
// fast.
func Start(job *Job, faster ...Unit) *Run {
	r := &Run{
		job: job, frozen: -1, random: rand.New(rand.NewPCG(job.Seed, 1)), read: make([]float64, len(job.Tasks)), arrived: make([]float64, len(job.Tasks)),
		subtasks: make([][]subtask, len(job.Tasks)), ins: make([][]int, len(job.Tasks)), outs: make([][]int, len(job.Tasks)),
	}
	for t, task := range job.Tasks {
		r.subtasks[t] = make([]subtask, task.Parallelism)
		for s := range r.subtasks[t] {
			r.subtasks[t][s].finished = slices.Contains(task.Finished, s)
		}
	}
	for e, exchange := range job.Exchanges {
		r.outs[exchange.From], r.ins[exchange.To] = append(r.outs[exchange.From], e), append(r.ins[exchange.To], e)
		r.channels = append(r.channels, job.channelsOf(exchange))
	}
	r.accelerate(faster)
	return r
}

func (r *Run) accelerate(units []Unit) {
	r.faster = make([][]float64, len(r.job.Tasks))
	for t, task := range r.job.Tasks {
		r.faster[t] = make([]float64, task.Parallelism)
		for s := range r.faster[t] {
			r.faster[t][s] = r.job.speedup(units, t, s)
		}
	}
	r.carries = make([]float64, len(r.job.Exchanges))
	for e, exchange := range r.job.Exchanges {
		r.carries[e] = math.Inf(1)
		if exchange.Capacity > 0 {
			r.carries[e] = exchange.Capacity * tick.Seconds()
		}
		if slices.Contains(units, Unit{Kind: OfExchange, Index: e}) {
			r.carries[e] *= 2
		}
	}
}

func (j *Job) channelsOf(exchange Exchange) channels {
	from, to := j.Tasks[exchange.From], j.Tasks[exchange.To]
	c := channels{Exchange: exchange, senders: from.Parallelism, receivers: to.Parallelism, weights: make([]float64, to.Parallelism), left: make([]float64, to.Parallelism)}
	if c.Selectivity == 0 {
		c.Selectivity = 1
	}
	c.dense = exchange.Shipping != Forward && c.senders*c.receivers <= mostChannels
	sum := 0.0
	for b := range c.weights {
		c.weights[b] = 1
		if exchange.Shipping == Hash && b < len(exchange.Weights) {
			c.weights[b] = exchange.Weights[b]
		}
	}
	if exchange.Shipping == Hash && len(exchange.KeyGroups) > 0 {
		c.weights = KeyGroupWeights(exchange.KeyGroups, to.Parallelism)
	}
	for _, weight := range c.weights {
		sum += weight
	}
	each := exchange.Buffered
	queues := c.receivers
	if c.dense {
		queues, each = c.receivers*c.senders, each/float64(c.senders)
	}
	c.queue, c.room = make([]float64, queues), make([]float64, queues)
	for b := range c.weights {
		if exchange.Shipping != Forward {
			c.weights[b] /= sum
		}
	}
	for q := range c.room {
		c.room[q] = each
	}
	return c
}

// clone is the run as it stands, with other units twice as fast from here on.
func (r *Run) clone(faster ...Unit) *Run {
	c := *r
	c.random = rand.New(rand.NewPCG(r.job.Seed, uint64(r.ticks)))
	c.read, c.arrived, c.subtasks, c.channels = slices.Clone(r.read), slices.Clone(r.arrived), make([][]subtask, len(r.subtasks)), slices.Clone(r.channels)
	for t := range c.subtasks {
		c.subtasks[t] = slices.Clone(r.subtasks[t])
	}
	for e := range c.channels {
		c.channels[e].queue, c.channels[e].left = slices.Clone(r.channels[e].queue), slices.Clone(r.channels[e].left)
	}
	c.accelerate(faster)
	return &c
}

// Now is how long the job has run.
func (r *Run) Now() time.Duration { return time.Duration(r.ticks) * tick }

// Until runs the job until that time.
func (r *Run) Until(then time.Duration) {
	for r.Now() < then {
		r.step()
	}
}

// clock is the time that decides what changes by it.
func (r *Run) clock() time.Duration {
	if r.frozen >= 0 {
		return r.frozen
	}
	return r.Now()
}

// step is one tick: the lowest tasks first, so that the room that they make is there
// for those above.
func (r *Run) step() {
	if r.ticks%int(time.Second/tick) == 0 {
		r.draw()
	}
	for e := range r.channels {
		for b, weight := range r.channels[e].weights {
			if r.channels[e].Shipping == Forward {
				weight = 1 / float64(r.channels[e].receivers)
			}
			if r.channels[e].left[b] = 0; weight > 0 { // of no limit, a share of 0 is not a number
				r.channels[e].left[b] = r.carries[e] * weight
			}
		}
	}
	for t := len(r.job.Tasks) - 1; t >= 0; t-- {
		for _, e := range r.outs[t] {
			r.channels[e].begin()
		}
		cost := r.costNow(t)
		subtasks := r.subtasks[t]
		first := r.ticks % len(subtasks) // none is always the first that finds room
		for n := range subtasks {
			s := n + first
			if s >= len(subtasks) {
				s -= len(subtasks)
			}
			r.work(t, s, cost)
		}
		for _, e := range r.outs[t] {
			r.channels[e].end()
		}
	}
	for t := range r.job.Tasks {
		if source := r.job.Tasks[t].Source; source != nil {
			r.arrived[t] += r.rate(source) * tick.Seconds()
		}
	}
	r.ticks++
}

// draw sets what differs from one second to the next: noise, checkpoints and who runs.
func (r *Run) draw() {
	now := r.Now()
	begun := r.job.Checkpoints.Every > 0 && now%r.job.Checkpoints.Every < time.Second
	for t, task := range r.job.Tasks {
		for s := range r.subtasks[t] {
			sub := &r.subtasks[t][s]
			sub.unlucky = math.Exp(r.job.Noise * r.random.NormFloat64())
			if begun && task.Source == nil {
				sub.aligned = now.Seconds() + r.random.Float64()*r.job.Checkpoints.Align.Seconds()
			}
			up := !sub.finished && !r.interrupted(t, s)
			if up && !sub.up {
				*sub = subtask{attempt: sub.attempt + 1, unlucky: sub.unlucky, upSince: now}
				if now == 0 {
					sub.attempt = 0
				}
			}
			sub.up = up
			sub.speed = r.faster[t][s] * r.job.TaskManagers[s%len(r.job.TaskManagers)].Speed
			if slices.Contains(task.DearSubtasks, s) {
				sub.speed /= task.Dearness
			}
		}
	}
}

// interrupted reports whether a restart keeps the subtask from running now.
func (r *Run) interrupted(t, s int) bool {
	now := r.Now()
	for _, restart := range r.job.Restarts {
		if now >= restart.At && now < restart.At+restart.Lasts && (len(restart.Region) == 0 || slices.Contains(restart.Region, t)) && (restart.Below == 0 || s < restart.Below) {
			return true
		}
	}
	return false
}

// costNow is what a record costs the task at full speed.
func (r *Run) costNow(t int) float64 {
	cost, now := r.job.Tasks[t].Cost, r.clock()
	for _, change := range r.job.Tasks[t].Changes {
		if now >= change.At {
			cost = change.Cost
		}
	}
	return cost
}

// work is what a subtask does in one tick.
func (r *Run) work(t, s int, cost float64) {
	sub, task := &r.subtasks[t][s], &r.job.Tasks[t]
	if !sub.up {
		return
	}
	free := tick.Seconds()
	cost *= sub.unlucky / sub.speed
	if now := r.Now().Seconds(); sub.aligned > now {
		wait := min(sub.aligned-now, free)
		sub.Idle += wait
		free -= wait
	}
	room := math.Inf(1)
	for _, e := range r.outs[t] {
		room = min(room, r.channels[e].admits(s)/r.channels[e].Selectivity)
	}
	if task.Window != nil {
		r.hoards(t, s, cost, free, room)
		return
	}
	offered := r.offered(t, s)
	records := max(min(free/cost, offered, room), 0)
	r.take(t, s, records)
	r.emit(t, s, records)
	worked := records * cost
	sub.Busy += worked * (1 - task.Uncounted - task.CountedAsWait)
	sub.Idle += worked * task.Uncounted
	sub.Backpressured += worked * task.CountedAsWait
	waits := max(free-worked, 0)
	switch {
	case room <= offered:
		sub.Backpressured += waits
	case task.Source != nil && task.Source.Sleeps:
		sub.Busy += waits
	default:
		sub.Idle += waits
	}
}

// hoards is the tick of a window.
func (r *Run) hoards(t, s int, cost, free, room float64) {
	sub, window := &r.subtasks[t][s], r.job.Tasks[t].Window
	if due := int(r.Now() / window.Every); due > sub.fired {
		sub.fired, sub.firing = due, true
	}
	if sub.firing {
		each := window.EmitCost * sub.unlucky / sub.speed
		records := min(free/each, room, sub.hoard)
		r.emit(t, s, records)
		sub.hoard -= records
		sub.Busy += records * each
		if sub.firing = sub.hoard > 1e-9; sub.firing {
			sub.Backpressured += max(free-records*each, 0)
			return
		}
		free -= records * each
	}
	records := min(free/cost, r.offered(t, s))
	r.take(t, s, records)
	sub.hoard += records
	sub.Busy += records * cost
	sub.Idle += max(free-records*cost, 0)
}

// offered is how many records the subtask could read in this tick.
func (r *Run) offered(t, s int) (records float64) {
	sub, task := &r.subtasks[t][s], &r.job.Tasks[t]
	if task.Source == nil {
		most, has := 0.0, 0.0
		for _, e := range r.ins[t] {
			c := &r.channels[e]
			in, fits := c.content(s)
			has, most = has+in, most+fits
			records += min(in, c.left[s])
		}
		sub.hungry = has / most
		if records < has {
			sub.hungry = 0 // the network has not delivered it
		}
		return records
	}
	splits := task.Source.Splits
	if splits == 0 {
		splits = task.Parallelism
	}
	switch {
	case s >= splits:
		return 0
	case task.Source.Rate == 0:
		return math.Inf(1)
	}
	rate := r.rate(task.Source) / float64(splits)
	sub.behind = min(sub.behind+rate*tick.Seconds(), rate*backlog)
	return sub.behind
}

// rate is how many records a second there are for a source to read now.
func (r *Run) rate(of *Source) float64 {
	if of.Swing == 0 {
		return of.Rate
	}
	return of.Rate * (1 + of.Swing*math.Sin(2*math.Pi*r.clock().Seconds()/of.Period.Seconds()))
}

// take reads records from the inputs, more from those that have more.
func (r *Run) take(t, s int, records float64) {
	sub := &r.subtasks[t][s]
	if r.job.Tasks[t].Source != nil {
		sub.behind = max(sub.behind-records, 0)
		r.read[t] += records
		return
	}
	sub.RecordsIn += records
	has := 0.0
	for _, e := range r.ins[t] {
		in, _ := r.channels[e].content(s)
		has += min(in, r.channels[e].left[s])
	}
	if has <= 0 {
		return
	}
	for _, e := range r.ins[t] {
		c := &r.channels[e]
		in, _ := c.content(s)
		part := records * min(in, c.left[s]) / has
		c.left[s] -= part
		if in > 0 {
			c.keep(s, max(1-part/in, 0))
		}
	}
}

// emit sends what becomes of the records to the tasks below.
func (r *Run) emit(t, s int, records float64) {
	for _, e := range r.outs[t] {
		c := &r.channels[e]
		r.subtasks[t][s].RecordsOut += records * c.Selectivity
		c.send(s, records*c.Selectivity)
	}
}

// admits is how many records the subtask may send until a channel is full.
func (c *channels) admits(sender int) float64 {
	switch {
	case c.Shipping == Forward:
		return c.room[sender] - c.queue[sender]
	case c.dense:
		least := math.Inf(1)
		for b, at := 0, sender; b < c.receivers; b, at = b+1, at+c.senders {
			if w := c.weights[b]; w > 0 {
				least = min(least, (c.room[at]-c.queue[at])/w)
			}
		}
		return least
	default:
		return c.least / float64(c.senders) // as each has buffers of its own
	}
}

// begin prepares shared buffers for what is sent in a tick, and end fills them.
func (c *channels) begin() {
	if c.dense || c.Shipping == Forward {
		return
	}
	c.least, c.sent, c.full = math.Inf(1), 0, 0
	for b, w := range c.weights {
		if w > 0 {
			c.least = min(c.least, (c.room[b]-c.queue[b])/w)
		}
		c.full += c.queue[b] / c.room[b] / float64(c.receivers)
	}
}

func (c *channels) end() {
	if c.dense || c.Shipping == Forward || c.sent == 0 {
		return
	}
	for b, w := range c.weights {
		c.queue[b] += c.sent * w
	}
}

// fullFor is how full the channels of a sender are, all together.
func (c *channels) fullFor(sender int) float64 {
	switch {
	case c.Shipping == Forward:
		return c.queue[sender] / c.room[sender]
	case c.dense:
		queued, room := 0.0, 0.0
		for at := sender; at < len(c.queue); at += c.senders {
			queued, room = queued+c.queue[at], room+c.room[at]
		}
		return queued / room
	default:
		return c.full
	}
}

func (c *channels) send(sender int, records float64) {
	switch {
	case c.Shipping == Forward:
		c.queue[sender] += records
	case c.dense:
		for b, at := 0, sender; b < c.receivers; b, at = b+1, at+c.senders {
			c.queue[at] += records * c.weights[b]
		}
	default:
		c.sent += records
	}
}

// content is what waits for a receiver, and what could.
func (c *channels) content(receiver int) (records, room float64) {
	if !c.dense {
		return c.queue[receiver], c.room[receiver]
	}
	for _, queued := range c.queue[receiver*c.senders : (receiver+1)*c.senders] {
		records += queued
	}
	return records, c.room[receiver*c.senders] * float64(c.senders)
}

// keep leaves a part of what waits for a receiver.
func (c *channels) keep(receiver int, part float64) {
	if !c.dense {
		c.queue[receiver] *= part
		return
	}
	queue := c.queue[receiver*c.senders : (receiver+1)*c.senders]
	for i := range queue {
		queue[i] *= part
	}
}
