package demo

import (
	"strings"
	"unicode/utf8"
)

const (
	indent = "  "
	gap    = "  "
	// widest is how much of a name is shown: chained tasks have long ones.
	widest = 40
)

// cell is a piece of text in a table, painted after it is aligned.
type cell struct {
	text  string
	right bool
	fill  string // a colour, #rrggbb; empty for none
}

func left(text string) cell  { return cell{text: short(text)} }
func right(text string) cell { return cell{text: text, right: true} }

// table aligns the columns of the lines.
func table(paint painter, lines [][]cell) string {
	widths := map[int]int{}
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.text))
		}
	}
	var text strings.Builder
	for _, line := range lines {
		texts := make([]string, len(line))
		for i, cell := range line {
			texts[i] = paint.fill(cell.padded(widths[i]), cell.fill)
		}
		text.WriteString(strings.TrimRight(indent+strings.Join(texts, gap), " ") + "\n")
	}
	return text.String()
}

func (c cell) padded(width int) string {
	blank := strings.Repeat(" ", width-utf8.RuneCountInString(c.text))
	if c.right {
		return blank + c.text
	}
	return c.text + blank
}

func short(text string) string {
	letters := []rune(text)
	if len(letters) <= widest {
		return text
	}
	return string(letters[:widest-1]) + "…"
}
