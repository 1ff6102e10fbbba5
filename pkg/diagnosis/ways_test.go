package diagnosis_test

import (
	"fmt"
	"testing"
)

// layers are pairs of tasks, each of which reads from both of the pair before: between the
// first and the last there are 2ⁿ ways.
func layers(count int, of func(layer int) sub) (nodes []node) {
	for layer := range count {
		for _, side := range []string{"left", "right"} {
			made := task(fmt.Sprint(side, layer), of(layer))
			if layer > 0 {
				made = made.after(fmt.Sprint("left", layer-1), fmt.Sprint("right", layer-1))
			}
			nodes = append(nodes, made)
		}
	}
	return nodes
}

// However many ways lead from one task to another, a verdict takes no longer: each task is
// looked at once. A thousand layers have more ways than could be followed.
func TestManyWaysBetweenTasks(t *testing.T) {
	const count = 1000
	for name, of := range map[string]func(layer int) sub{
		"held back down to the last": func(layer int) sub {
			if layer == count-1 {
				return at(1, 0)
			}
			return at(0.05, 0.95)
		},
		"at their limit from the second on": func(layer int) sub {
			if layer == 0 {
				return at(0.05, 0.95)
			}
			return at(1, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, verdict := diagnosed(layers(count, of)...)
			if len(verdict.Roots) < 2 {
				t.Errorf("the verdict is %s, of %d tasks", verdict.Kind, len(verdict.Roots))
			}
		})
	}
}
