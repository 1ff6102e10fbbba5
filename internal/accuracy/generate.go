package accuracy

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	df "github.com/flinkscope/flinkscope-flink-datasource/internal/dataflow"
)

// Stratum is a class of jobs.
type Stratum struct {
	Name string
	make func(*generator) Case
	// NearTie is set where two causes are so alike that either may be named first.
	NearTie bool
	// Healthy is set for jobs that nothing holds back.
	Healthy bool
}

// Case is a job and the time at which its verdict is judged.
type Case struct {
	Job *df.Job
	// At is when the verdict is made.
	At time.Duration
	// Changes is set where what holds the job back differs from time to time by
	// itself, so that its cause is that of some time and not of a moment.
	Changes bool
	// Moved is when the cause became another; 0 where it did not.
	Moved time.Duration
	// Rescale is set where the job ran with another parallelism before.
	Rescale *Rescale
	// Ended is set where the tasks that read from outside are a second stage: they read
	// what tasks have left that have ended.
	Ended bool
}

// Rescale is a restart with another parallelism of some tasks: From ran until At, and To,
// the case's job, begins after the time that it Lasts. Both have the same tasks and
// TaskManagers.
type Rescale struct {
	From, To  *df.Job
	At, Lasts time.Duration
}

// caseOf is the case of a stratum that follows from the seed.
func caseOf(stratum int, seed uint64) Case {
	return Strata[stratum].make(&generator{rand.New(rand.NewPCG(seed, uint64(stratum)))})
}

// generator makes random jobs.
type generator struct{ *rand.Rand }

func (g generator) between(low, high float64) float64 { return low + (high-low)*g.Float64() }

func (g generator) chance(p float64) bool { return g.Float64() < p }

// parallelism is most often small.
func (g generator) parallelism() int {
	switch {
	case g.chance(0.04):
		return 20 + g.IntN(181)
	case g.chance(0.3):
		return 1 + g.IntN(2)
	default:
		return 2 + g.IntN(15)
	}
}

// plan is a job whose costs are still to be set: use is the share of its time that a
// task works if all records of the sources are taken.
type plan struct {
	job   *df.Job
	rates []float64 // records a second of each task
	use   []float64
	flood bool
	parts []int // of each task, where it is not all connected
	slow  int   // the task that is made the slowest
	// limited are the sources that have a rate, though the job is a flood.
	limited map[int]bool
}

// chain is a plan of tasks one after another, the first a source.
func (g generator) chain(tasks int) *plan {
	p := g.plan()
	wide := g.parallelism()
	for t := range tasks {
		parallelism := wide
		if g.chance(0.4) {
			parallelism = g.parallelism()
		}
		p.task(g, fmt.Sprintf("task-%d", t), parallelism)
		if t > 0 {
			p.exchange(g, t-1, t)
		}
	}
	p.source(g, 0)
	g.place(p)
	return p
}

// graph is a chain, a diamond, two sources that are joined or two chains that are not
// connected.
func (g generator) graph() *plan {
	switch g.IntN(6) {
	case 0:
		return g.diamond()
	case 1:
		return g.join()
	case 2:
		return g.unconnected()
	default:
		return g.chain(3 + g.IntN(5))
	}
}

// diamond is a source whose records go two ways to one sink.
func (g generator) diamond() *plan {
	return g.of([]string{"source", "parse", "left", "right", "merge", "sink"}, [][]int{{}, {0}, {1}, {1}, {2, 3}, {4}})
}

// join is two sources with a task each, a join and a sink.
func (g generator) join() *plan {
	return g.of([]string{"orders", "payments", "clean", "check", "join", "sink"}, [][]int{{}, {}, {0}, {1}, {2, 3}, {4}})
}

// unconnected are two chains that share nothing but TaskManagers.
func (g generator) unconnected() *plan {
	p := g.of([]string{"orders", "enrich", "store", "clicks", "count", "publish"}, [][]int{{}, {0}, {1}, {}, {3}, {4}})
	p.parts = []int{0, 0, 0, 1, 1, 1}
	return p
}

// of is a plan of tasks with these inputs, by index; those without any are sources.
func (g generator) of(names []string, inputs [][]int) *plan {
	p := g.plan()
	for t, name := range names {
		p.task(g, name, g.parallelism())
		for _, input := range inputs[t] {
			p.exchange(g, input, t)
		}
	}
	for t := range names {
		if len(inputs[t]) == 0 {
			p.source(g, t)
		}
	}
	g.place(p)
	return p
}

// plan is one without tasks.
func (g generator) plan() *plan {
	return &plan{job: &df.Job{Seed: g.Uint64(), Noise: g.between(0.01, 0.08)}}
}

// place has the job run on some TaskManagers.
func (g generator) place(p *plan) {
	managers := 1 + g.IntN(4)
	hosts := 1 + g.IntN(managers)
	for m := range managers {
		p.job.TaskManagers = append(p.job.TaskManagers, df.TaskManager{Host: fmt.Sprintf("host-%d", m%hosts), Speed: 1})
	}
}

func (p *plan) task(g generator, name string, parallelism int) {
	p.job.Tasks = append(p.job.Tasks, df.Task{Name: name, Parallelism: parallelism})
	p.use = append(p.use, g.between(0.05, 0.6))
	p.rates = append(p.rates, 0)
}

func (p *plan) source(g generator, t int) {
	p.rates[t] = math.Exp(g.between(math.Log(100), math.Log(100_000)))
	p.job.Tasks[t].Source = &df.Source{}
}

func (p *plan) exchange(g generator, from, to int) {
	e := df.Exchange{From: from, To: to, Selectivity: g.between(0.5, 1.5)}
	switch same := p.job.Tasks[from].Parallelism == p.job.Tasks[to].Parallelism; {
	case same && g.chance(0.4):
		e.Shipping = df.Forward
	case g.chance(0.3):
		e.Shipping = df.Rebalance
	default:
		e.Shipping = df.Hash
		e.Weights = make([]float64, p.job.Tasks[to].Parallelism)
		for b := range e.Weights {
			e.Weights[b] = g.between(0.93, 1.07)
		}
	}
	p.job.Exchanges = append(p.job.Exchanges, e)
}

// flow fills in the rates of the tasks below the sources.
func (p *plan) flow() {
	for t := range p.job.Tasks {
		if p.job.Tasks[t].Source != nil {
			continue
		}
		p.rates[t] = 0
		for _, e := range p.job.Exchanges {
			if e.To == t {
				p.rates[t] += p.rates[e.From] * e.Selectivity
			}
		}
	}
}

// slowest is the highest use of any task but these.
func (p *plan) slowest(but ...int) (most float64) {
next:
	for t, use := range p.use {
		for _, b := range but {
			if b == t {
				continue next
			}
		}
		most = max(most, use)
	}
	return most
}

// hottest is how much more than the mean the subtask of the task gets that gets most.
func (p *plan) hottest(t int) float64 {
	most := 1.0
	for _, e := range p.job.Exchanges {
		if e.To != t || len(e.Weights) == 0 {
			continue
		}
		sum, top := 0.0, 0.0
		for _, w := range e.Weights {
			sum, top = sum+w, max(top, w)
		}
		most = max(most, top*float64(len(e.Weights))/sum)
	}
	return most
}

// finish sets costs and buffers. The use of a task is that of its hottest subtask.
// Where the job is not a flood its sources have so many records a second as the use is
// meant for.
func (p *plan) finish(g generator) *df.Job {
	p.flow()
	for t := range p.job.Tasks {
		task := &p.job.Tasks[t]
		working := float64(task.Parallelism)
		if task.Source != nil && task.Source.Splits > 0 {
			working = float64(task.Source.Splits)
		}
		task.Cost = p.use[t] * working / p.rates[t] / p.hottest(t)
		if task.Source != nil && (!p.flood || p.apart(t) || p.limited[t]) {
			task.Source.Rate = p.rates[t]
		}
	}
	most := max(p.slowest(), 1)
	for e := range p.job.Exchanges {
		x := &p.job.Exchanges[e]
		each := p.rates[x.From] * x.Selectivity / float64(p.job.Tasks[x.To].Parallelism) / most * 2
		if source := p.job.Tasks[x.From].Source; source != nil && source.Splits > 0 { // the others' channels are empty
			each *= float64(p.job.Tasks[x.From].Parallelism) / float64(source.Splits)
		}
		x.Buffered = each * max(p.hottest(x.To), p.hottest(x.From)) * g.between(0.5, 1.5)
	}
	return p.job
}

// apart reports whether a task is in another part of the job than the slowest.
func (p *plan) apart(t int) bool { return p.parts != nil && p.parts[t] != p.parts[p.slow] }

// rescaled is the job with another parallelism of one of its tasks.
func (g generator) rescaled(job *df.Job) *df.Job {
	other := *job
	other.Tasks, other.Exchanges = slices.Clone(job.Tasks), slices.Clone(job.Exchanges)
	t := g.IntN(len(other.Tasks))
	other.Tasks[t].Parallelism = max(other.Tasks[t].Parallelism+1+g.IntN(4)-g.IntN(6), 1)
	for e := range other.Exchanges {
		if x := &other.Exchanges[e]; x.Shipping == df.Forward && (x.From == t || x.To == t) {
			x.Shipping = df.Rebalance
		}
	}
	return &other
}

// below is a task of the plan that is no source.
func (p *plan) below(g generator) int {
	for {
		if t := g.IntN(len(p.job.Tasks)); p.job.Tasks[t].Source == nil {
			return t
		}
	}
}

// input is the exchange that leads to a task, the first of several.
func (p *plan) input(t int) *df.Exchange {
	for e := range p.job.Exchanges {
		if p.job.Exchanges[e].To == t {
			return &p.job.Exchanges[e]
		}
	}
	return nil
}

// settled is a time at which a job's buffers are as full as they get and that falls
// anywhere between two polls.
func (g generator) settled() time.Duration {
	return settledAfter + time.Duration(g.Float64()*float64(20*time.Second))
}

// heldBack makes one task of a plan the slowest.
func (g generator) heldBack(p *plan, t int) {
	p.slow = t
	p.use[t] = g.between(1.3, 4)
	for i := range p.use {
		if i != t {
			p.use[i] = min(p.use[i], 0.8*p.use[t])
		}
	}
	p.flood = g.chance(0.5)
}

// busyAbove has the task above one of them, in some jobs, be busy for much of the time,
// so that it waits for less.
func (p *plan) busyAbove(g generator, t int) {
	if g.chance(0.3) {
		p.use[p.input(t).From] = max(p.use[t], 1) * g.between(0.4, 0.7)
	}
}

// Strata are the classes of jobs, of which each is as frequent.
var Strata = []Stratum{
	{Name: "one task at its capacity", make: func(g *generator) Case {
		p := g.graph()
		g.heldBack(p, p.below(*g))
		p.job.Tasks[0].Source.Legacy = g.chance(0.1)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "two in series within 10 %", NearTie: true, make: func(g *generator) Case {
		p := g.chain(4 + g.IntN(4))
		first := 1 + g.IntN(len(p.use)-2)
		if g.chance(0.15) {
			first = 0 // the source
		}
		second := first + 1 + g.IntN(len(p.use)-first-1)
		g.heldBack(p, first)
		p.use[second] = p.use[first] * g.between(0.9, 1.1)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "equally slow branches", NearTie: true, make: func(g *generator) Case {
		p := g.diamond()
		g.heldBack(p, 2)
		p.use[3] = p.use[2] * g.between(0.99, 1.01)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "join held by its slower input", make: func(g *generator) Case {
		p := g.join()
		g.heldBack(p, 2)
		p.use[3], p.use[4], p.use[5] = g.between(0.05, 0.7), g.between(0.05, 0.7), g.between(0.05, 0.7)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "some hot subtasks", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(4))
		t := p.below(*g)
		p.job.Tasks[t].Parallelism = 4 + g.IntN(13)
		hot := 1 + g.IntN(p.job.Tasks[t].Parallelism/3)
		p.reship(*g)
		p.skew(t, hot, math.Exp(g.between(math.Log(1.25), math.Log(12))))
		g.heldBack(p, t)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "hot key through several tasks", make: func(g *generator) Case {
		p := g.chain(4 + g.IntN(3))
		first := 1 + g.IntN(len(p.use)-2)
		parallelism := 4 + g.IntN(13)
		p.job.Tasks[first].Parallelism, p.job.Tasks[first+1].Parallelism = parallelism, parallelism
		p.reship(*g)
		p.skew(first, 1, g.between(4, 12))
		if g.chance(0.5) {
			p.input(first+1).Shipping, p.input(first+1).Weights = df.Forward, nil
		} else {
			p.input(first+1).Shipping, p.input(first+1).Weights = df.Hash, p.input(first).Weights
		}
		slow := first + g.IntN(2)
		g.heldBack(p, slow)
		other := first + (first + 1 - slow)
		p.use[other] = p.use[slow] * g.between(0.4, 0.85)
		if p.input(first+1).Shipping == df.Forward { // the use is that of its hottest
			p.use[first+1] /= p.hottest(first)
		}
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "subtasks of the slow task that wait", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(3))
		t := 1 + g.IntN(len(p.use)-2)
		parallelism := 4 + g.IntN(9)
		p.job.Tasks[t].Parallelism, p.job.Tasks[t+1].Parallelism = parallelism, parallelism
		p.reship(*g)
		p.input(t+1).Shipping, p.input(t+1).Weights = df.Forward, nil
		p.input(t).Shipping, p.input(t).Weights = df.Rebalance, nil
		g.heldBack(p, t)
		p.use[t+1] = p.use[t] * g.between(0.5, 0.8)
		below := &p.job.Tasks[t+1]
		below.DearSubtasks, below.Dearness = []int{g.IntN(parallelism)}, p.use[t]/p.use[t+1]*g.between(0.98, 1.6)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "slow host or TaskManager", make: func(g *generator) Case {
		return g.slowMachine(false)
	}},
	{Name: "neighbour on a host", make: func(g *generator) Case {
		return g.slowMachine(true)
	}},
	{Name: "source bound by its own work", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(4))
		switch g.IntN(7) {
		case 0:
			p = g.chain(1) // all operators are chained
		case 1:
			p = g.join()
			p.limited = map[int]bool{1: true}
		}
		g.heldBack(p, 0)
		p.flood = true
		if g.chance(0.2) {
			p.job.Checkpoints = df.Checkpoints{Every: 5 * time.Second, Align: time.Duration(g.between(0.05, 0.5) * float64(time.Second))}
		}
		return Case{Job: p.finish(*g), At: g.settled(), Ended: len(p.use) > 1 && g.chance(0.15)}
	}},
	{Name: "source that sleeps", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(4))
		p.job.Tasks[0].Source.Sleeps = true
		if g.chance(0.5) { // few records
			p.rates[0] = math.Exp(g.between(math.Log(1), math.Log(50))) * float64(p.job.Tasks[0].Parallelism)
		} else { // that mean little work
			for t := range p.use {
				p.use[t] = g.between(0.005, 0.07)
			}
		}
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "few splits", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(4))
		source := &p.job.Tasks[0]
		source.Parallelism = 4 + g.IntN(60)
		p.reship(*g)
		source.Source.Splits = 1 + g.IntN(source.Parallelism/2)
		p.use[0] = g.between(1.3, 4)
		p.flood = true
		if g.chance(0.5) { // the others have ended
			for s := source.Source.Splits; s < source.Parallelism; s++ {
				source.Finished = append(source.Finished, s)
			}
		}
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "source limited from outside", Healthy: true, make: func(g *generator) Case {
		p := g.graph()
		if g.chance(0.1) {
			p = g.chain(1)
		}
		for t := range p.job.Tasks {
			if s := p.job.Tasks[t].Source; s != nil && g.chance(0.5) {
				s.Swing, s.Period = g.between(0, 0.3), time.Duration(g.between(10, 60)*float64(time.Second))
			}
		}
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "sink limited from outside", make: func(g *generator) Case {
		p := g.graph()
		g.heldBack(p, len(p.use)-1)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "waits of its own that count as backpressure", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(4))
		t := p.below(*g)
		g.heldBack(p, t)
		p.busyAbove(*g, t)
		p.job.Tasks[t].CountedAsWait = g.between(0.6, 0.97)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "network", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(4))
		t := p.below(*g)
		x := p.input(t)
		if x.Shipping == df.Forward {
			x.Shipping = df.Rebalance
		}
		p.busyAbove(*g, t)
		p.flow()
		x.Capacity = p.rates[x.From] * x.Selectivity * g.between(0.3, 0.7)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "unmeasured work", make: func(g *generator) Case {
		p := g.chain(3 + g.IntN(4))
		t := p.below(*g)
		g.heldBack(p, t)
		p.busyAbove(*g, t)
		p.job.Tasks[t].Uncounted = g.between(0.6, 1)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "alternating", make: func(g *generator) Case { return g.alternating() }},
	{Name: "healthy at 80 to 95 %", Healthy: true, make: func(g *generator) Case {
		p := g.graph()
		p.use[p.below(*g)] = g.between(0.8, 0.95)
		p.job.Noise = min(p.job.Noise, 0.04)
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "healthy with checkpoint stalls", Healthy: true, make: func(g *generator) Case {
		p := g.graph()
		p.job.Checkpoints = df.Checkpoints{Every: time.Duration(g.between(2, 20)*float64(time.Second)) / time.Second * time.Second, Align: time.Duration(g.between(0.05, 0.5) * float64(time.Second))}
		return Case{Job: p.finish(*g), At: g.settled()}
	}},
	{Name: "restart or rescaling in mid-poll", make: func(g *generator) Case {
		p := g.graph()
		g.heldBack(p, p.below(*g))
		at := g.settled()
		if g.chance(0.5) {
			job := p.finish(*g)
			ago, lasts := time.Duration(g.between(1, 60)*float64(time.Second)), time.Duration(g.between(1, 15)*float64(time.Second))
			return Case{Job: job, At: at, Rescale: &Rescale{From: g.rescaled(job), To: job, At: (at - ago).Truncate(time.Second), Lasts: lasts.Truncate(time.Second)}}
		}
		restart := df.Restart{At: at - time.Duration(g.between(1, 25)*float64(time.Second)), Lasts: time.Duration(g.between(2, 20) * float64(time.Second))}
		if g.chance(0.5) {
			restart.Below = 1 + g.IntN(3)
		}
		restart.At = restart.At.Truncate(time.Second)
		p.job.Restarts = []df.Restart{restart}
		return Case{Job: p.finish(*g), At: at}
	}},
	{Name: "moved within the last minute", make: func(g *generator) Case {
		p := g.chain(4 + g.IntN(4))
		first := 1 + g.IntN(len(p.use)-1)
		second := 1 + g.IntN(len(p.use)-1)
		for second == first {
			second = 1 + g.IntN(len(p.use)-1)
		}
		g.heldBack(p, first)
		moved := time.Duration(g.between(60, 75) * float64(time.Second))
		job := p.finish(*g)
		slow := job.Tasks[first].Cost
		fast := slow * 0.4 / p.use[first]
		become := p.use[first] / p.use[second] * job.Tasks[second].Cost
		job.Tasks[first].Changes = []df.Change{{At: moved, Cost: fast}}
		job.Tasks[second].Changes = []df.Change{{At: moved, Cost: become}}
		return Case{Job: job, At: moved + time.Duration(g.between(30, 60)*float64(time.Second)), Moved: moved}
	}},
	{Name: "mixtures", make: func(g *generator) Case { return g.mixture() }},
}

// reship makes the exchanges fit parallelisms that have changed.
func (p *plan) reship(g generator) {
	old := p.job.Exchanges
	p.job.Exchanges = nil
	for _, e := range old {
		p.exchange(g, e.From, e.To)
	}
}

// skew gives some subtasks of a task so many times the records of another.
func (p *plan) skew(t, hot int, times float64) {
	x := p.input(t)
	x.Shipping, x.Weights = df.Hash, make([]float64, p.job.Tasks[t].Parallelism)
	for b := range x.Weights {
		x.Weights[b] = 1
		if b < hot {
			x.Weights[b] = times
		}
	}
}

// slowMachine is a job one of whose TaskManagers, or hosts, is slow.
func (g generator) slowMachine(neighbour bool) Case {
	p := g.chain(3 + g.IntN(4))
	managers := 3 + g.IntN(4)
	for t := range p.job.Tasks {
		p.job.Tasks[t].Parallelism = managers * (1 + g.IntN(3))
	}
	p.reship(g)
	for e := range p.job.Exchanges {
		p.job.Exchanges[e].Weights = nil
	}
	p.job.TaskManagers = nil
	for m := range managers {
		host := fmt.Sprintf("host-%d", m)
		if neighbour {
			host = fmt.Sprintf("host-%d", m/2)
		}
		p.job.TaskManagers = append(p.job.TaskManagers, df.TaskManager{Host: host, Speed: 1})
	}
	slowness := g.between(2, 5)
	for m := range p.job.TaskManagers {
		if p.job.TaskManagers[m].Host == "host-0" && (neighbour || m == 0) {
			p.job.TaskManagers[m].Speed = 1 / slowness
		}
	}
	t := p.below(g)
	for i := range p.use {
		p.use[i] = g.between(0.05, 0.5) / slowness
	}
	p.use[t] = g.between(0.5, 0.9)
	p.flood = true
	p.use[0] = 0.3 / slowness
	job := p.finish(g)
	return Case{Job: job, At: g.settled()}
}

// alternating is a window and the task below it that take turns.
func (g generator) alternating() Case {
	p := g.chain(4 + g.IntN(2))
	t := 1 + g.IntN(len(p.use)-2)
	p.flood = true
	g.heldBack(p, t)
	p.flood = true
	period := time.Duration(g.between(10, 120)) * time.Second
	job := p.finish(g)
	job.Tasks[t].Window = &df.Window{Every: period, EmitCost: job.Tasks[t].Cost * 0.05}
	// The task below takes as long for what the window hoards as the window did.
	below := &job.Tasks[t+1]
	x := p.input(t + 1)
	below.Cost = job.Tasks[t].Cost * float64(below.Parallelism) / float64(job.Tasks[t].Parallelism) / x.Selectivity / p.hottest(t+1) * g.between(0.5, 1)
	return Case{Job: job, At: 150*time.Second + 2*period + time.Duration(g.Float64()*20)*time.Second, Changes: true}
}

// mixture is a job with several of these at once.
func (g generator) mixture() Case {
	p := g.graph()
	if g.chance(0.7) {
		g.heldBack(p, p.below(g))
	}
	if g.chance(0.3) {
		t := p.below(g)
		if p.job.Tasks[t].Parallelism > 3 {
			p.skew(t, 1+g.IntN(2), g.between(2, 6))
		}
	}
	if g.chance(0.3) {
		p.job.Checkpoints = df.Checkpoints{Every: 5 * time.Second, Align: time.Duration(g.between(0.05, 0.3) * float64(time.Second))}
	}
	if g.chance(0.2) {
		p.job.Tasks[p.below(g)].Uncounted = g.between(0.1, 0.9)
	}
	if g.chance(0.2) {
		s := p.job.Tasks[0].Source
		s.Swing, s.Period = g.between(0, 0.3), 30*time.Second
	}
	return Case{Job: p.finish(g), At: g.settled()}
}
