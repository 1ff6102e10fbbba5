package accuracy

import (
	"fmt"
	"os"
	"sort"
	"strconv"
	"testing"
	"time"
	"sync"
)

func TestZZ(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("N"))
	only := os.Getenv("ONLY")
	show, _ := strconv.Atoi(os.Getenv("SHOW"))
	type sum struct{ n, named, kind, fa int; riv [4]int; took time.Duration }
	sums := make([]sum, len(Strata))
	for i := range Strata {
		if only != "" && only != fmt.Sprint(i) {
			continue
		}
		shown := 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		work := make(chan uint64)
		for range 2 {
			wg.Go(func() {
				for seed := range work {
					begin := time.Now()
					o := Judge(i, seed)
					mu.Lock()
					s := &sums[i]
					s.n++
					s.took += time.Since(begin)
					if o.Named { s.named++ }
					if o.Kind { s.kind++ }
					if o.FalseAlarm { s.fa++ }
					for k, r := range o.Rivals { if r { s.riv[k]++ } }
					if (!o.Named || (os.Getenv("KIND") != "" && !o.Kind)) && shown < show {
						shown++
						fmt.Println("seed", seed, o.Text)
					}
					mu.Unlock()
				}
			})
		}
		for k := range n { work <- uint64(k) }
		close(work)
		wg.Wait()
	}
	var tot sum
	for i, s := range sums {
		if s.n == 0 { continue }
		fmt.Printf("%2d %-46s n %4d named %5.1f kind %5.1f fa %3d  riv", i, Strata[i].Name, s.n, 100*float64(s.named)/float64(s.n), 100*float64(s.kind)/float64(s.n), s.fa)
		for k := range s.riv { fmt.Printf(" %5.1f", 100*float64(s.riv[k])/float64(s.n)); tot.riv[k] += s.riv[k] }
		fmt.Printf("  %v\n", (s.took / time.Duration(s.n)).Round(time.Millisecond))
		tot.n += s.n; tot.named += s.named; tot.kind += s.kind; tot.fa += s.fa
	}
	fmt.Println(tot.n, float64(tot.named)/float64(tot.n), float64(tot.kind)/float64(tot.n), tot.fa, tot.riv)
	_ = sort.Ints
}
