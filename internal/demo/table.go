package demo

import (
	"fmt"
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

// painter paints text with 24-bit ANSI colours, or, if false, not at all.
type painter bool

// fill gives the text a background, #rrggbb, with black or white letters on
// it, whichever can be read. Any other colour leaves it as it is.
func (p painter) fill(text, colour string) string {
	var r, g, b int
	if !p {
		return text
	}
	if n, err := fmt.Sscanf(colour, "#%02x%02x%02x", &r, &g, &b); n != 3 || err != nil {
		return text
	}
	letters := "38;2;0;0;0"
	if 299*r+587*g+114*b < 128_000 { // the eye's weights of red, green and blue
		letters = "38;2;255;255;255"
	}
	return fmt.Sprintf("\x1b[%s;48;2;%d;%d;%dm%s\x1b[0m", letters, r, g, b, text)
}

// strong is for headings.
func (p painter) strong(text string) string {
	if !p {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}
