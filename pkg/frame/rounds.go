package frame

import (
	"slices"
	"time"
)

// roundLength is how far apart the polls of several jobs may be to count as one
// round: a row of a table, a point of a shared crosshair.
const roundLength = 2 * time.Second

// timeList is a list of times that series of a job share, and which round each belongs
// to.
type timeList struct {
	job    int
	times  []time.Time
	rounds []int
}

// inRounds are the series with one time for a round of samples, that of its last
// one, so that the past up to then has the whole round. A job has one sample a
// round. Series that share their times go on to.
func inRounds(series []Series) []Series {
	var lists []*timeList
	places, jobs := make([]int, len(series)), map[jobName]int{}
	for i, of := range series {
		places[i] = slices.IndexFunc(lists, func(list *timeList) bool { return shareTimes(list.times, of.Times) })
		if i > 0 && len(of.Times) > 0 && shareTimes(of.Times, series[i-1].Times) {
			places[i] = places[i-1]
		}
		if places[i] >= 0 {
			continue
		}
		name := nameOf(of)
		if _, known := jobs[name]; !known {
			jobs[name] = len(jobs)
		}
		places[i], lists = len(lists), append(lists, &timeList{job: jobs[name], times: of.Times})
	}
	if len(jobs) < 2 {
		return series
	}
	ends := findRounds(lists, len(jobs))
	aligned := slices.Clone(series)
	times := make([][]time.Time, len(lists))
	for n, list := range lists {
		times[n] = make([]time.Time, len(list.times))
		for i, round := range list.rounds {
			times[n][i] = ends[round]
		}
	}
	for i := range aligned {
		of := &aligned[i]
		of.Times, of.MaxGaps = times[places[i]], movedGaps(*of, times[places[i]])
	}
	return aligned
}

// findRounds puts the times of all lists into rounds, and returns the last time of
// each.
func findRounds(lists []*timeList, jobs int) (ends []time.Time) {
	type place struct {
		at   time.Time
		list *timeList
	}
	var all []place
	for _, list := range lists {
		list.rounds = make([]int, 0, len(list.times))
		for _, at := range list.times {
			all = append(all, place{at, list})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return a.at.Compare(b.at) })
	var begin time.Time
	latest := make([]int, jobs) // round of each job's last sample, counted from 1
	for from, to := 0, 0; from < len(all); from = to {
		another := all[from].at.Sub(begin) > roundLength
		// Grafana has whole milliseconds: all of one are in one round.
		for to = from; to < len(all) && all[to].at.UnixMilli() == all[from].at.UnixMilli(); to++ {
			another = another || latest[all[to].list.job] == len(ends)
		}
		at := all[to-1].at
		if another {
			begin, ends = at, append(ends, at)
		}
		ends[len(ends)-1] = at
		for _, each := range all[from:to] {
			latest[each.list.job] = len(ends)
			each.list.rounds = append(each.list.rounds, len(ends)-1)
		}
	}
	return ends
}

// movedGaps are the series' longest gaps where its times become others: what
// followed within one still does.
func movedGaps(of Series, to []time.Time) []time.Duration {
	moved := slices.Clone(of.MaxGaps)
	for i := range moved {
		if moved[i] > 0 && i+1 < len(to) {
			moved[i] += max(to[i+1].Sub(to[i])-of.Times[i+1].Sub(of.Times[i]), 0)
		}
	}
	return moved
}
