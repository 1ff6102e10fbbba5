package docs

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T) []Page {
	t.Helper()
	pages, err := Read(root)
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	return pages
}

func TestParse(t *testing.T) {
	page, err := parse("a.md", strings.Join([]string{
		"# The `first` [one](b.md)", "", "## Twice", "## Twice", `<a id="own"></a>Text with ![a picture](p.png), not ` + "`[code](c.md)`.",
		"```yaml", "# no heading", "[no](link.md)", "```", "| head | b |", "|---|---|", "| `x`, `y` | [d](#own) |",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ got, want []string }{
		"anchors":  {sorted(page.Anchors()), []string{"own", "the-first-one", "twice", "twice-1"}},
		"headings": {page.Headings(), []string{"The `first` [one](b.md)", "Twice", "Twice"}},
		"links":    {page.Links(), []string{"b.md", "p.png", "#own"}},
		"cells":    {page.FirstCells(), []string{"`x`, `y`"}},
		"code":     {Code("`x`, `y`"), []string{"x", "y"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", what, c.got, c.want)
		}
	}
	if want := (Example{"yaml", "# no heading\n[no](link.md)\n", 6}); len(page.Examples) != 1 || page.Examples[0] != want {
		t.Errorf("examples %+v, want %+v", page.Examples, want)
	}
	if _, err := parse("a.md", "```\ntext"); err == nil {
		t.Error("a fence that does not end is no error")
	}
}

func sorted(set map[string]bool) (keys []string) {
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// own is an address of a file of the project, as Grafana and its catalogue need it.
var own = regexp.MustCompile(`https://github\.com/flinkscope/flinkscope-flink-datasource/(?:blob|tree)/main/([\w./-]+)(?:#([\w-]+))?`)

// Each link and each picture of a page leads to a file that is there, and to a heading
// that the page has.
func TestLinks(t *testing.T) {
	pages := read(t)
	for _, page := range pages {
		for _, link := range page.Links() {
			if found := own.FindStringSubmatch(link); found != nil {
				checkTarget(t, pages, page.Path, found[1], found[2])
				continue
			}
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			file, heading, _ := strings.Cut(link, "#")
			to := page.Path
			if file != "" {
				to = path.Join(path.Dir(page.Path), file)
			}
			checkTarget(t, pages, page.Path, to, heading)
		}
	}
}

// So does each address of the project's own in plugin.json, the editors, dashboards and
// messages.
func TestAddressesElsewhere(t *testing.T) {
	pages, found := read(t), 0
	for _, below := range []string{"plugin.json", "src", "pkg", "provisioning", ".github"} {
		err := filepath.WalkDir(filepath.Join(root, below), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(name)
			for _, address := range own.FindAllStringSubmatch(string(text), -1) {
				found++
				checkTarget(t, pages, name, address[1], address[2])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 3 {
		t.Errorf("%d addresses were found", found)
	}
}

// checkTarget fails if a file, or the heading of a page, is not there.
func checkTarget(t *testing.T, pages []Page, from, to, heading string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err != nil {
		t.Errorf("%s links to %s, which is not there", from, to)
		return
	}
	if heading == "" {
		return
	}
	if page, err := Named(pages, to); err != nil || !page.Anchors()[heading] {
		t.Errorf("%s links to %s#%s, a heading that is not there", from, to, heading)
	}
}

// Each row of a table has as many cells as its head: a | within a cell, in code too, is
// written as \|.
func TestTables(t *testing.T) {
	border := regexp.MustCompile(`(?:^|[^\\])\|`)
	for _, page := range read(t) {
		cells := 0
		for n, line := range page.lines {
			found := 0
			if strings.HasPrefix(line, "|") {
				found = len(border.FindAllString(line, -1))
			}
			if cells > 0 && found > 0 && found != cells {
				t.Errorf("%s, line %d: the row has %d borders, the one above %d", page.Path, n+1, found, cells)
			}
			cells = found
		}
	}
}

// Each page of docs can be reached from the index, or from the README.
func TestIndex(t *testing.T) {
	pages, linked := read(t), map[string]bool{"docs/README.md": true}
	for _, from := range []string{"README.md", "docs/README.md"} {
		page, err := Named(pages, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range page.Links() {
			file, _, _ := strings.Cut(link, "#")
			linked[path.Join(path.Dir(from), file)] = true
		}
	}
	for _, page := range pages {
		if strings.HasPrefix(page.Path, "docs/") && !linked[page.Path] {
			t.Errorf("neither README.md nor docs/README.md links to %s", page.Path)
		}
	}
}

// A panel that a page names in italics, after the word panel, is one of the dashboards.
func TestPanelsExist(t *testing.T) {
	titles := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(root, "src/dashboards/*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d dashboards, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var dashboard any
		if err := json.Unmarshal(text, &dashboard); err != nil {
			t.Fatal(err)
		}
		addTitles(titles, dashboard)
	}
	named := regexp.MustCompile(`\b(?:panel|dashboard|row)s? \*([^*]+)\*`)
	for _, page := range read(t) {
		if page.Path == "CHANGELOG.md" { // of what was
			continue
		}
		for _, line := range page.lines {
			for _, found := range named.FindAllStringSubmatch(line, -1) {
				if !titles[found[1]] {
					t.Errorf("%s names %q, which no dashboard has", page.Path, found[1])
				}
			}
		}
	}
}

// addTitles adds those of a dashboard and of its panels.
func addTitles(titles map[string]bool, of any) {
	switch of := of.(type) {
	case map[string]any:
		if title, is := of["title"].(string); is {
			titles[title] = true
		}
		for _, each := range of {
			addTitles(titles, each)
		}
	case []any:
		for _, each := range of {
			addTitles(titles, each)
		}
	}
}
