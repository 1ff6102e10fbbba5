// Package docs reads the project's own pages, for the tests that compare them with the
// code: their links, headings, examples and tables.
package docs

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Page is one page in Markdown.
type Page struct {
	// Path is from the repository's root, with slashes: docs/queries.md.
	Path string
	// lines are those outside of fenced code; a line of code is empty.
	lines    []string
	Examples []Example
}

// Example is one block of fenced code.
type Example struct {
	// Language stands after the fence; empty if none does.
	Language string
	Text     string
	// Line is that of the fence, from 1.
	Line int
}

// Read reads all pages: those of the repository's root and of docs. root is the path to
// the repository. Errors are those of reading files, and of a fence that does not end.
func Read(root string) ([]Page, error) {
	var pages []Page
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			below, err := filepath.Rel(root, name)
			if err != nil {
				return nil, err
			}
			page, err := parse(filepath.ToSlash(below), string(text))
			if err != nil {
				return nil, err
			}
			pages = append(pages, page)
		}
	}
	return pages, nil
}

var fence = regexp.MustCompile("^ *```+ *(\\S*)")

func parse(path, text string) (Page, error) {
	page := Page{Path: path}
	var open *Example
	for n, line := range strings.Split(text, "\n") {
		found := fence.FindStringSubmatch(line)
		switch {
		case found != nil && open == nil:
			open = &Example{Language: found[1], Line: n + 1}
		case found != nil:
			page.Examples, open = append(page.Examples, *open), nil
		case open != nil:
			open.Text += line + "\n"
		}
		if found != nil || open != nil {
			line = ""
		}
		page.lines = append(page.lines, line)
	}
	if open != nil {
		return page, fmt.Errorf("%s: the code that begins in line %d does not end", path, open.Line)
	}
	return page, nil
}

var (
	heading  = regexp.MustCompile(`^#{1,6} +(.*?) *$`)
	anchor   = regexp.MustCompile(`<a id="([^"]+)"`)
	markup   = regexp.MustCompile("\\]\\([^)]*\\)|[\\[`*]")
	unslug   = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
	codeSpan = regexp.MustCompile("`[^`]*`")
	target   = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
)

// Prose is the page's text outside of fenced code.
func (p Page) Prose() string { return strings.Join(p.lines, "\n") }

// Headings are the texts of the page's headings, without their #, in their order.
func (p Page) Headings() (texts []string) {
	for _, line := range p.lines {
		if found := heading.FindStringSubmatch(line); found != nil {
			texts = append(texts, found[1])
		}
	}
	return texts
}

// Anchors are what a link may have after its #, as GitHub makes them of headings, and
// those that the page sets itself.
func (p Page) Anchors() map[string]bool {
	anchors := map[string]bool{}
	for _, text := range p.Headings() {
		slug := strings.ReplaceAll(unslug.ReplaceAllString(strings.ToLower(markup.ReplaceAllString(text, "")), ""), " ", "-")
		unique := slug
		for n := 1; anchors[unique]; n++ {
			unique = fmt.Sprintf("%s-%d", slug, n)
		}
		anchors[unique] = true
	}
	for _, line := range p.lines {
		for _, found := range anchor.FindAllStringSubmatch(line, -1) {
			anchors[found[1]] = true
		}
	}
	return anchors
}

// Links are where the page's links and pictures lead, as they are written.
func (p Page) Links() (links []string) {
	for _, line := range p.lines {
		for _, found := range target.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, ""), -1) {
			links = append(links, cmp.Or(found[1], found[2]))
		}
	}
	return links
}

// FirstCells are the texts of the first cells of the rows of the page's tables, in their
// order, without heads.
func (p Page) FirstCells() (cells []string) {
	for n, line := range p.lines {
		cell, found := strings.CutPrefix(line, "| ")
		head := n+1 < len(p.lines) && strings.HasPrefix(p.lines[n+1], "|---")
		if cell, _, _ = strings.Cut(cell, " |"); found && !head {
			cells = append(cells, strings.TrimSpace(cell))
		}
	}
	return cells
}

// Code are the texts of the code spans in a text.
func Code(text string) (texts []string) {
	for _, span := range codeSpan.FindAllString(text, -1) {
		texts = append(texts, strings.Trim(span, "`"))
	}
	return texts
}

// Named finds a page by its path.
func Named(pages []Page, path string) (Page, error) {
	at := slices.IndexFunc(pages, func(p Page) bool { return p.Path == path })
	if at < 0 {
		return Page{}, fmt.Errorf("there is no page %s", path)
	}
	return pages[at], nil
}
