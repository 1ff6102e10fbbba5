package history

// near is how far a change may be from what was foretold and yet foretell the
// next series' change; a subtask that begins anew is further off.
const near = 1 << 14

// chain foretells how a series changes by how the series before it changed.
// In a table's first look, where a change is the value itself, that goes for
// all columns.
type chain struct {
	layout *layout
	first  bool
	change [mostColumns]int64
}

// chain begins a look; elapsed is what its chained columns change by.
func (l *layout) chain(first bool, elapsed int64) (c chain) {
	c.layout, c.first = l, first
	for column := range l.columns {
		if l.chained.has(column) && !first {
			c.change[column] = elapsed
		}
	}
	return c
}

// foretold is the change to be expected in a column. The first column is never
// foretold: by its being 0 a series that is yet to come is absent.
func (c *chain) foretold(column int) int64 {
	if column == 0 {
		return 0
	}
	if c.first || c.layout.chained.has(column) {
		return c.change[column]
	}
	return 0
}

// saw notes a change and how far off what was foretold it was.
func (c *chain) saw(column int, change, off int64) {
	if c.first || off < near && off > -near {
		c.change[column] = change
	}
}
