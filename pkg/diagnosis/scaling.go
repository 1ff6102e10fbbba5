package diagnosis

import (
	"math"
	"slices"
	"time"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/job"
)

const (
	// aim is the utilisation at which a task has time left for what varies (Flink's
	// autoscaler, job.autoscaler.utilization.target).
	aim = 0.7
	// catchUp is in what time a source should have read what is pending.
	catchUp = 30 * time.Minute
	// mostOf is how many times as many subtasks as would do are recommended at most,
	// rounded, and no more than half more than would do if a limit is a little off.
	mostOf = 1.4
	// little is by how much a limit may be off, and certain how many times what would be
	// enough a task can process for which that is certain.
	little, certain = 0.025, 1.08
	// fewestOf is the part of its subtasks that a task keeps at least: what it could
	// process is measured where it has little to do, and may be less (Flink's autoscaler,
	// job.autoscaler.scale-down.max-factor).
	fewestOf = 0.4
	// full is how busy a task gets that limits a job: what varies leaves it some time.
	full = 0.9
	// farthest is up to how many times the present rate a demand that is not known is
	// guessed from how busy tasks are.
	farthest = 20
	// behind is how many times what a source emits it would emit that falls behind.
	behind = 1.05
	// waitsForData is the share of time from which a source that is idle has nothing to
	// read at times, so that it keeps up with what there is.
	waitsForData job.Share = 0.05
	// uneven is how many more records than the median, relative to it, a key group has at
	// least where a few keys are the reason.
	uneven = 0.5
)

// MostParallelism is the highest parallelism that Flink allows.
const MostParallelism = 1 << 15

// Limit is what limits a recommendation, or why there is none.
type Limit string

// The limits, the one that says most first.
const (
	Unlimited        Limit = ""
	ByEdges          Limit = "graph"           // how tasks are connected is not known
	ByMeasurement    Limit = "unmeasured"      // its busy time does not show what it could process
	ByTurns          Limit = "alternating"     // it takes turns with other tasks
	ByNetwork        Limit = "network"         // the network before it carries no more
	BySkew           Limit = "skew"            // a few keys make one subtask work more than others can take over
	BySplits         Limit = "few_splits"      // a source has less to read from than subtasks
	BySource         Limit = "source"          // the source may only wait for what it reads from
	ByMaxParallelism Limit = "max_parallelism" // there are not more key groups
	ByKeyGroups      Limit = "key_groups"      // subtasks get whole key groups: some more, some less
	ByMachine        Limit = "machine"         // one machine is slower than the others
	ByPartitions     Limit = "partitions"      // a source can use more only if what it reads from has as many parts
	ByDemand         Limit = "demand"          // how much the sources would emit is not known
)

// Demand is how it is known what a source would emit.
type Demand int

// The kinds of demand.
const (
	// DemandUnknown is that of a source that runs as fast as it is let.
	DemandUnknown Demand = iota
	// DemandMet is that of a source that waits for data at times: it emits all there is.
	DemandMet
	// DemandPending is what arrives, by what it emits and by how much its backlog grows.
	DemandPending
)

// Confidence is how far the figures of a task can be relied on.
type Confidence string

// From few or unsteady samples to many that are alike.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

const (
	// fewSamples is below how many samples confidence is low, and manySamples from how
	// many it can be high.
	fewSamples, manySamples = 6, 18
	// slightError and largeError are how far a true rate may be off for high and for
	// medium confidence, and unsteady is how much what the sources emit may vary.
	slightError, largeError, unsteady = 0.05, 0.15, 0.3
)

// TaskScaling is what a task could process and what it has to. Rates are records a
// second, those that it reads, of a source those that it emits; NaN is not known.
type TaskScaling struct {
	// Rate is the present one.
	Rate float64
	// TrueRate is what it could process at its present parallelism: its rate divided by
	// the busy share of its busiest subtask.
	TrueRate float64
	// TargetRate is what it has to process: what the sources would emit, carried down by
	// how many records each task makes of one.
	TargetRate float64
	// Recommended is the parallelism at which it would be busy 70 % of its time; 0 if
	// none is known.
	Recommended int
	// Least is that at which it would be busy all the time.
	Least      int
	Limit      Limit
	Confidence Confidence
	// CatchUp is how long it takes a source to read what is pending as it runs now, and
	// CatchUpScaled with the recommended parallelism of all tasks.
	CatchUp, CatchUpScaled time.Duration
}

// UnknownTaskScaling is that of a task of which nothing was measured.
var UnknownTaskScaling = TaskScaling{Rate: math.NaN(), TrueRate: math.NaN(), TargetRate: math.NaN(), Confidence: Low, CatchUp: NeverCatchesUp, CatchUpScaled: NeverCatchesUp}

// Utilisation is the share of its time that the task would need for its target; above 1
// where it has not enough. NaN is not known.
func (t TaskScaling) Utilisation() float64 { return t.TargetRate / t.TrueRate }

// Scaling is what the tasks of a job could process, by an average.
type Scaling struct {
	Average
	// Verdict is that on the average.
	Verdict *Verdict
	// Tasks are in the order of the graph's.
	Tasks []TaskScaling
	// Demands are, by task, how it is known what a source would emit.
	Demands []Demand

	flow      flow
	models    []capacity
	most      []float64 // by source, what it would emit at most
	saturated []bool    // by task, whether it is known to process all it can
}

// capacity is how much a task can process at another parallelism.
type capacity struct {
	rate        float64 // at the present one
	parallelism int
	most        int // max parallelism
	groups      int // key groups; 0 where it has none
	// differ is the standard deviation of how many records key groups have, relative to
	// their mean, and share the part of all records that a subtask gets at most now.
	differ, share float64
	// hot is the part of all records that stays with one subtask however many there are,
	// and even that of all that others can take over.
	hot, even float64
	fixed     bool // more subtasks change nothing
	// slowest is how much its slowest subtask can process: of a task whose input is
	// forward each gets as much at any other parallelism. NaN where it is not.
	slowest float64
}

// at is the rate at so many subtasks.
func (c capacity) at(parallelism int) float64 {
	if parallelism == c.parallelism || c.fixed {
		return c.rate
	}
	if !math.IsNaN(c.slowest) {
		return c.slowest * float64(parallelism)
	}
	share := c.even * c.each(parallelism)
	if c.hot > 0 {
		share = max(share, c.hot+c.even*c.typical(parallelism))
	}
	return c.rate * c.share / share
}

// each is the part of what key groups have that a subtask gets that gets most. With fewer
// key groups to a subtask there are more of them at once, and how much they differ evens
// out less.
func (c capacity) each(parallelism int) float64 {
	if c.groups == 0 {
		return 1 / float64(parallelism)
	}
	n := min(parallelism, c.groups)
	more := (c.groups + n - 1) / n // than others have, which is one less
	have := c.groups - (more-1)*n
	return max(c.highest(more, have), c.highest(more-1, n-have))
}

// typical is the part of it that most subtasks get.
func (c capacity) typical(parallelism int) float64 {
	if c.groups == 0 {
		return 1 / float64(parallelism)
	}
	n := min(parallelism, c.groups)
	return float64((c.groups+n-1)/n) / float64(c.groups)
}

// highest is what that of some subtasks gets that gets most, each with so many key groups.
func (c capacity) highest(groups, subtasks int) float64 {
	if groups == 0 || subtasks == 0 {
		return 0
	}
	of := float64(groups)
	return (of + c.differ*highest(subtasks)*math.Sqrt(of)) / float64(c.groups)
}

// highest is about how many standard deviations the highest of so many values is above
// their mean, if they are normally distributed.
func highest(of int) float64 {
	switch {
	case of < 2:
		return 0
	case of == 2:
		return 0.5
	}
	far := math.Sqrt(2 * math.Log(float64(of)))
	return far - (math.Log(math.Log(float64(of)))+math.Log(4*math.Pi))/(2*far)
}

// least is the lowest parallelism that can process the rate; found is false if none can.
// Of a task whose input is forward, the present one may be worse than a lower one.
func (c capacity) least(rate float64) (parallelism int, found bool) {
	low, high := 1, c.most
	if !(c.at(high) >= rate) {
		return high, false
	}
	for low < high {
		middle := (low + high) / 2
		if c.at(middle) >= rate || middle == c.parallelism && middle > low && c.at(middle-1) >= rate {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, true
}

// Scale finds for each task of a job what it could process, what it has to, and which
// parallelism that takes, by the formulas of Flink's Kubernetes operator.
func Scale(of Average) *Scaling {
	snapshot := of.Snapshot
	s := &Scaling{Average: of, Tasks: make([]TaskScaling, len(snapshot.Tasks)), Demands: make([]Demand, len(snapshot.Tasks)), saturated: make([]bool, len(snapshot.Tasks))}
	s.Verdict = Diagnose(snapshot)
	edges := edgeRates(snapshot)
	lanes := make([]bool, len(s.Tasks))
	for i := range s.Tasks { // in topological order
		task := &s.Tasks[i]
		*task = UnknownTaskScaling
		task.Rate = sourceRate(snapshot, i, edges)
		if snapshot.Graph.Tasks[i].Source() {
			_, s.Demands[i] = s.demand(i)
		}
		lanes[i] = s.inLanes(i, lanes)
		s.models = append(s.models, s.model(i, s.Verdict, lanes[i]))
		task.TrueRate = s.models[i].rate
	}
	if snapshot.Graph.EdgesUnknown {
		for i := range s.Tasks {
			s.Tasks[i].Limit = ByEdges
		}
		return s
	}
	s.flow = flowOf(snapshot)
	targets := s.targets()
	reached := s.flow.fill(targets, s.attainable(targets)).emitted
	for i := range s.Tasks {
		s.recommend(i, s.flow.rate(i, targets), s.flow.rate(i, reached))
		s.Tasks[i].Confidence = s.confidence(i)
	}
	s.catchUp()
	return s
}

// inLanes reports whether the subtasks of a task depend on none but the one above: of a
// source that runs as fast as it is let, and of tasks that it reaches forward, each emits
// what it can, whatever the others do.
func (s *Scaling) inLanes(i int, lanes []bool) bool {
	task := s.Snapshot.Graph.Tasks[i]
	if task.Source() {
		return s.Demands[i] == DemandUnknown
	}
	for n, input := range task.Inputs {
		if n >= len(task.Forward) || !task.Forward[n] || !lanes[input] {
			return false
		}
	}
	return true
}

// model is how much a task can process, and what limits it by itself.
func (s *Scaling) model(i int, verdict *Verdict, lanes bool) capacity {
	task, load, root := s.Snapshot.Graph.Tasks[i], s.Snapshot.Tasks[i], verdict.RootAt(i)
	rate, limit := s.Tasks[i].Rate, &s.Tasks[i].Limit
	c := capacity{rate: math.NaN(), parallelism: max(len(load.Subtasks), 1), most: task.MaxParallelism, slowest: math.NaN()}
	if c.most == 0 {
		c.most = MostParallelism
	}
	c.most = max(c.most, c.parallelism)
	if task.Keyed {
		c.groups = task.MaxParallelism
	}
	c.even = 1
	c.share = c.each(c.parallelism)
	if task.Keyed {
		c.setKeys(load)
	}
	unmeasured := root != nil && (root.Kind == UnmeasuredWork || root.Kind == Capacity && load.Busy.Max < half)
	s.saturated[i] = unmeasured || root != nil && root.Kind == Network
	switch {
	case s.saturated[i]:
		c.rate = rate // it holds others back: it processes all it can
	case lanes:
		c.rate = sumOfLanes(task, load)
	case task.Source():
		c.rate = sourceCapacity(rate, load)
	default:
		c.rate = rate / float64(load.Busy.Max)
	}
	if math.IsInf(c.rate, 0) || !(c.rate > 0) {
		c.rate = math.NaN()
	}
	switch {
	case math.IsNaN(c.rate):
		*limit = ByMeasurement
	case unmeasured:
		*limit = ByMeasurement
	case root != nil && root.Kind == Network:
		*limit, c.fixed = ByNetwork, true
	case root != nil && root.Kind == Alternating:
		*limit = ByTurns
	case root != nil && root.Kind == Machine:
		*limit = ByMachine
	case root != nil && root.Kind == AtSource && fewSplits(*root, load), task.Source() && unreadSubtasks(load):
		*limit, c.fixed = BySplits, true
	}
	if !s.saturated[i] && slices.Contains(task.Forward, true) {
		c.slowest = slowest(load)
	}
	return c
}

// sourceCapacity is what a source could emit, by how busy it is, and by how much of its
// time it is not held back if that is less.
func sourceCapacity(rate float64, load job.TaskLoad) float64 {
	waits := float64(waiting(load))
	free := rate / (1 - waits)
	if !load.Busy.Max.Known() {
		if !heldBack(load) {
			return math.NaN()
		}
		return free
	}
	busy := rate / float64(load.Busy.Max)
	if waits > float64(waitsForData) {
		return min(busy, free)
	}
	return busy
}

// unreadSubtasks reports whether some of a source's subtasks have nothing to read while
// others never wait for data.
func unreadSubtasks(load job.TaskLoad) bool {
	unread, reading := false, false
	for i := range load.Subtasks {
		subtask := &load.Subtasks[i]
		unread = unread || subtask.State == job.Finished || subtask.Idle > limit && subtask.RecordsOut == 0
		reading = reading || subtask.Idle < waitsForData
	}
	return unread && reading
}

// setKeys sets by how much key groups differ, by how much the records of the subtasks do,
// and what is of a few keys: that by which a subtask gets more than others, if it is
// much.
func (c *capacity) setKeys(load job.TaskLoad) {
	each := make([]float64, len(load.Subtasks)) // records by key group
	all, known := 0.0, 0
	for i := range load.Subtasks {
		records := load.Subtasks[i].RecordsIn
		each[i] = records / float64(c.groupsOf(i))
		if records >= 0 {
			all, known = all+records, known+1
		}
	}
	if !(all > 0) || known < len(each) {
		return
	}
	sorted := slices.Sorted(slices.Values(each))
	median := sorted[(len(sorted)-1)/2]
	var of spread
	hot, most, busiest := 0.0, 0.0, -1
	for i := range load.Subtasks {
		if each[i] > median*c.uneven(i) {
			hot += (each[i] - median) * float64(c.groupsOf(i))
		} else {
			of.add(each[i])
		}
		most = max(most, load.Subtasks[i].RecordsIn)
		if busiest < 0 || load.Subtasks[i].Busy > load.Subtasks[busiest].Busy {
			busiest = i
		}
	}
	if each[busiest] > median*c.uneven(busiest) {
		c.hot = (each[busiest] - median) * float64(c.groupsOf(busiest)) / all
		c.even = 1 - hot/all
		most = load.Subtasks[busiest].RecordsIn
	}
	if differ := of.relative(); c.groups > 0 && differ > 0 {
		c.differ = differ * math.Sqrt(float64(c.groups)/float64(c.parallelism))
	}
	c.share = most / all
}

// uneven is how many times as many records a key group as the median subtask one has that
// gets some for a few keys: what key groups differ by evens out where it has several.
func (c *capacity) uneven(subtask int) float64 {
	return 1 + max(uneven/2, uneven/math.Sqrt(float64(c.groupsOf(subtask))))
}

// groupsOf is how many key groups a subtask has by Flink's rule (KeyGroupRangeAssignment);
// 1 where their number is not known.
func (c *capacity) groupsOf(subtask int) int {
	if c.groups == 0 {
		return 1
	}
	return ((subtask+1)*c.groups+c.parallelism-1)/c.parallelism - (subtask*c.groups+c.parallelism-1)/c.parallelism
}

// slowest is how many records a second the slowest of a task's subtasks could process,
// of those that work about as much as the busiest.
func slowest(load job.TaskLoad) float64 {
	least := math.NaN()
	for i := range load.Subtasks {
		subtask := &load.Subtasks[i]
		if rate := subtask.RecordsIn / float64(subtask.Busy); subtask.Busy > load.Busy.Max/2 && !(rate >= least) {
			least = rate
		}
	}
	return least
}

// sumOfLanes is how many records a second the subtasks could process, each by itself.
func sumOfLanes(task job.Task, load job.TaskLoad) (rate float64) {
	for i := range load.Subtasks {
		subtask := &load.Subtasks[i]
		records, works := subtask.RecordsIn, subtask.Busy
		if task.Source() {
			records = subtask.RecordsOut
			if !works.Known() || subtask.Backpressured > waitsForData {
				works = 1 - subtask.Backpressured
			}
		}
		if records > 0 && works > 0 {
			rate += records / float64(works)
		}
	}
	return rate
}

// utilisation is the share of its time that a task needs at its present rate.
func (s *Scaling) utilisation(i int) float64 {
	return s.Tasks[i].Rate / s.models[i].rate
}

// targets are by source what it would emit. Where that is not known, it is as much as
// tasks can process that have time left at present: then these limit the job.
func (s *Scaling) targets() []float64 {
	sources := s.flow.sources
	targets := make([]float64, len(sources))
	s.most = make([]float64, len(sources))
	unknown := make([]float64, len(sources)) // the present rates
	for n, i := range sources {
		rate := s.Tasks[i].Rate
		if math.IsNaN(rate) {
			rate = 0
		}
		targets[n], s.most[n] = rate, rate
		if demand, kind := s.demand(i); kind != DemandUnknown {
			targets[n], s.most[n] = demand, demand
			continue
		}
		unknown[n] = rate
		if s.models[i].rate > rate {
			s.most[n] = s.models[i].rate
		}
	}
	limits := s.limits()
	alike := s.flow.grow(targets, unknown, limits)
	endless := make([]bool, len(sources))
	for n, rate := range unknown {
		endless[n] = rate > 0
	}
	turns := s.flow.inTurns(targets, endless, limits)
	for n := range targets {
		if unknown[n] > 0 {
			targets[n] = max(targets[n], alike[n], turns[n])
		}
	}
	return targets
}

// limits are by task what it could process where the demand is not known: of those that
// need at most 70 % of their time now, which are not to be scaled, as they are, and of
// others at their highest parallelism. NaN is without limit.
func (s *Scaling) limits() []float64 {
	limits := make([]float64, len(s.models))
	for i, model := range s.models {
		limits[i] = full * model.rate
		if s.hot(i) {
			limits[i] = full * model.at(model.most)
		}
	}
	return limits
}

// demand is what a source would emit, if that is known.
func (s *Scaling) demand(i int) (float64, Demand) {
	load, rate := s.Snapshot.Tasks[i], s.Tasks[i].Rate
	if demand, known := s.pendingDemand(i); known {
		return demand, DemandPending
	}
	switch {
	case load.Idle.Min > waitsForData:
		return rate, DemandMet
	case !load.Idle.Min.Known() && load.Known() && !heldBack(load): // a legacy source
		return rate, DemandMet
	case s.onlyWaits(i):
		return rate, DemandMet
	}
	return rate, DemandUnknown
}

// pendingDemand is what a source would emit that reports pending records: as many as
// arrive, and what it takes to catch up.
func (s *Scaling) pendingDemand(i int) (demand float64, known bool) {
	backlog, rate := s.Backlogs[i], s.Tasks[i].Rate
	if math.IsNaN(backlog.Arriving) || math.IsNaN(rate) {
		return 0, false
	}
	return max(backlog.Arriving, 0) + backlog.Records/catchUp.Seconds(), true
}

// onlyWaits reports whether a source is busy all the time and may only wait on the
// task's thread. One that falls behind works.
func (s *Scaling) onlyWaits(i int) bool {
	load := s.Snapshot.Tasks[i]
	if demand, pending := s.pendingDemand(i); pending && demand > s.Tasks[i].Rate*behind {
		return false
	}
	return load.Busy.Max > limit && !heldBack(load) && newSearch(s.Snapshot).onlyWaits(i)
}

// attainable is by task how much it could process at most, with as many subtasks as
// there can be, if more help.
func (s *Scaling) attainable(targets []float64) []float64 {
	most := make([]float64, len(s.models))
	for i, model := range s.models {
		most[i] = max(model.rate, model.at(model.most))
		if model.hot > 0 && !s.freed(i, s.flow.rate(i, targets)) {
			most[i] = model.rate
		}
	}
	return most
}

// freed reports whether enough subtasks of a task free the job of it.
func (s *Scaling) freed(i int, target float64) bool {
	most := s.models[i].at(s.models[i].most)
	if s.demandKnown(i) {
		return most > target*(1-little)
	}
	return full*most > target*1.001 // something else limits the target
}

// hot reports whether a task needs more than 70 % of its time at present.
func (s *Scaling) hot(i int) bool { return s.utilisation(i) > aim }

// recommend fills in what a task has to process and how many subtasks that takes: no
// more than for what can reach it, as more subtasks do not help each task.
func (s *Scaling) recommend(i int, target, reached float64) {
	task, model := &s.Tasks[i], s.models[i]
	demandKnown := s.demandKnown(i)
	if !math.IsNaN(task.Rate) {
		task.TargetRate = target
	}
	freed := s.freed(i, target)
	switch {
	case math.IsNaN(task.TrueRate) || math.IsNaN(task.TargetRate) || s.Snapshot.Graph.Tasks[i].State.Terminal():
		return
	case model.fixed && task.Utilisation() > aim:
		return
	case s.Snapshot.Graph.Tasks[i].Source() && s.onlyWaits(i):
		task.Limit, task.TrueRate = BySource, math.NaN()
		return
	case !demandKnown && !s.hot(i), model.fixed:
		task.Recommended, task.Least = model.parallelism, model.parallelism
		return
	case !demandKnown && target > farthest*task.Rate:
		task.Limit = ByDemand
		return
	case model.hot > 0 && !freed:
		task.Limit = BySkew
		return
	}
	if s.Alternates && s.hot(i) {
		task.Limit = ByTurns
	}
	if !freed {
		task.Recommended, task.Least, task.Limit = model.most, model.most, ByMaxParallelism
		return
	}
	target = min(target, reached)
	enough := target * (1 - little) // what limits the job then is at its capacity
	if !demandKnown {
		enough /= full
	}
	task.Least, _ = model.least(enough)
	task.Recommended = model.roomy(enough, target/aim)
	if !s.hot(i) {
		task.Recommended = max(task.Recommended, int(math.Ceil(fewestOf*float64(model.parallelism))))
	}
	switch {
	case task.Limit != Unlimited:
	case model.hot > 0 && s.hot(i):
		task.Limit = BySkew
	case task.Recommended == model.most && model.at(model.most) < target/aim:
		task.Limit = ByMaxParallelism
	case model.groups > 0 && model.at(task.Recommended) < 0.9*model.rate*float64(task.Recommended)/float64(model.parallelism):
		task.Limit = ByKeyGroups
	case s.Snapshot.Graph.Tasks[i].Source() && task.Recommended > model.parallelism:
		task.Limit = ByPartitions
	}
}

// roomy is the parallelism that can process the rate, but not far more than it takes for
// what is enough, to allow for what is measured wrongly. Subtasks get whole key groups: a
// divisor of their number is taken if one is near, else no more subtasks than have an
// effect.
func (c capacity) roomy(enough, rate float64) int {
	least, _ := c.least(enough)
	fewest, _ := c.least(enough * (1 - little))
	wanted, found := c.least(rate)
	if !found {
		wanted = c.most
	}
	most := max(min(int(math.Round(mostOf*float64(least))), fewest+fewest/2), least)
	if wanted > most {
		wanted = max(most, min(wanted, c.parallelism))
	}
	if c.groups == 0 || wanted >= c.groups {
		return wanted
	}
	for n := wanted; n <= min(most, wanted+wanted/8); n++ {
		if c.groups%n == 0 {
			return n
		}
	}
	for n := wanted; n > least; n-- {
		if c.at(n-1) < min(c.at(wanted)*(1-little), enough*certain) {
			return n
		}
	}
	return least
}

// demandKnown reports whether it is known what all sources emit that reach a task.
func (s *Scaling) demandKnown(i int) bool {
	for n, source := range s.flow.sources {
		if s.flow.of[i][n] > 0 && s.Demands[source] == DemandUnknown {
			return false
		}
	}
	return true
}

// catchUp fills in how long it takes sources to read what is pending: as they run now, and
// at the recommended parallelism, where they read as fast as tasks take it.
func (s *Scaling) catchUp() {
	scaled := make([]float64, len(s.models))
	for i, model := range s.models {
		scaled[i] = model.rate
		if n := s.Tasks[i].Recommended; n > 0 {
			scaled[i] = model.at(n)
		}
	}
	start, by := make([]float64, len(s.flow.sources)), make([]float64, len(s.flow.sources))
	for n, i := range s.flow.sources {
		if start[n] = s.Tasks[i].Rate; s.Demands[i] == DemandPending {
			by[n] = s.Tasks[i].Rate
		}
	}
	emitted := s.flow.grow(start, by, scaled)
	for n, i := range s.flow.sources {
		if task := &s.Tasks[i]; s.Demands[i] == DemandPending {
			task.CatchUp = s.Backlogs[i].CatchUp(task.Rate)
			task.CatchUpScaled = s.Backlogs[i].CatchUp(emitted[n])
		}
	}
}

// confidence is low with few samples, or where they differ much.
func (s *Scaling) confidence(i int) Confidence {
	off := s.Errors[i]
	switch {
	case math.IsNaN(s.Tasks[i].TrueRate) || s.saturated[i] || s.Samples < fewSamples || !(off <= largeError) || !(s.Swing <= unsteady):
		return Low
	case s.Samples < manySamples || off > slightError || s.Swing > unsteady/2 || !s.demandKnown(i):
		return Medium
	default:
		return High
	}
}

// Prediction is what a job would do with other numbers of subtasks.
type Prediction struct {
	// Throughput is how many records a second its sources would emit together.
	Throughput float64
	// Bottleneck is the task that would hold it back, −1 for none. Doubtful is set where
	// it is not known whether a source would, which may only wait for what it reads from.
	Bottleneck int
	Doubtful   bool
	// TrueRates and Rates are by task what it could process, and what it would.
	TrueRates, Rates []float64
}

// WhatIf predicts what the job does if tasks are scaled, by their index, all sources
// emitting as much as they can. Of sources whose demand is not known that is as fast as
// they run. It is what the present rates show: it knows nothing of machines that get
// too full.
func (s *Scaling) WhatIf(parallelism map[int]int) Prediction {
	p := Prediction{Throughput: math.NaN(), Bottleneck: -1, TrueRates: make([]float64, len(s.Tasks)), Rates: make([]float64, len(s.Tasks))}
	for i := range s.Tasks {
		p.TrueRates[i], p.Rates[i] = s.models[i].rate, math.NaN()
		if n, scaled := parallelism[i]; scaled {
			p.TrueRates[i] = s.models[i].at(min(n, s.models[i].most))
		}
	}
	if s.Snapshot.Graph.EdgesUnknown || len(s.flow.sources) == 0 {
		return p
	}
	most := slices.Clone(s.most)
	for n, source := range s.flow.sources {
		if s.Demands[source] == DemandUnknown && !math.IsNaN(s.models[source].rate) {
			most[n] = p.TrueRates[source]
		}
	}
	filled := s.flow.fill(most, p.TrueRates)
	p.Throughput = 0
	for n, source := range s.flow.sources {
		p.Throughput += filled.emitted[n]
		p.Doubtful = p.Doubtful || len(filled.bottlenecks) == 0 && s.onlyWaits(source)
		if len(filled.bottlenecks) == 0 && p.Bottleneck < 0 && s.Demands[source] == DemandUnknown && most[n] > 0 {
			p.Bottleneck = source
		}
	}
	if len(filled.bottlenecks) > 0 {
		p.Bottleneck = filled.bottlenecks[0]
	}
	for i := range s.Tasks {
		p.Rates[i] = s.flow.rate(i, filled.emitted)
	}
	return p
}
