package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// message is a text of the plugin's, as a format.
type message struct {
	text  string
	where token.Position
}

// sentence is what an error, a warning or a notice looks like, or a part of one that ends
// with another.
var sentence = regexp.MustCompile(`^\S+( \S+)+(\.|:|: %s|\. %s)$|^the plugin failed `)

// messages are the texts in the plugin's source, of which [sentence] matches those that
// users get as errors, warnings or notices, or by Save & test. A verdict's words have
// docs/verdict.md; what goes into Grafana's log, or describes the plugin's own metrics, is
// no answer.
func messages(t *testing.T) (all []message) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(filepath.Join(root, "pkg"), func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "diagnosis" || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				return !logs(node) && !describes(node)
			case *ast.KeyValueExpr:
				key, is := node.Key.(*ast.Ident)
				return !is || key.Name != "Help" // of a metric
			case *ast.CompositeLit:
				of, is := node.Type.(*ast.SelectorExpr)
				return !is || of.Sel.Name != "Event" // an annotation of what happened to a job
			case *ast.BinaryExpr, *ast.BasicLit:
				text := strings.TrimSpace(literal(node.(ast.Expr)))
				if text != "" {
					all = append(all, message{text, files.Position(node.Pos())})
				}
				return text == ""
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// logs reports whether a call writes into the log.
func logs(call *ast.CallExpr) bool {
	of, is := call.Fun.(*ast.SelectorExpr)
	return is && slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, of.Sel.Name) && len(call.Args) > 0
}

// describes reports whether a call describes a metric.
func describes(call *ast.CallExpr) bool {
	of, is := call.Fun.(*ast.Ident)
	return is && of.Name == "gauge"
}

// literal is the text of a string, also of one in several lines; empty for anything else.
func literal(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(of.Value)
		if err != nil || of.Kind != token.STRING {
			return ""
		}
		return text
	case *ast.BinaryExpr:
		left, right := literal(of.X), literal(of.Y)
		if left != "" && right != "" {
			return left + right
		}
	}
	return ""
}

// quote is a part of messages, as the page has it.
type quote struct {
	text string
	in   *regexp.Regexp
}

// quotes of a page are what stands in code in its headings, and in the first cells of its
// tables: parts of messages, in which … stands for what is formatted.
func quotes(page Page) (all []quote) {
	for _, text := range slices.Concat(page.Headings(), page.FirstCells()) {
		for _, code := range Code(text) {
			pattern := strings.ReplaceAll(regexp.QuoteMeta(code), "…", "(%[a-z]|…)")
			all = append(all, quote{code, regexp.MustCompile(pattern)})
		}
	}
	return all
}

// Each message that the page about troubleshooting quotes is one of the plugin's, and
// each of the plugin's is there.
func TestEachMessageIsExplained(t *testing.T) {
	page, err := Named(read(t), "docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	all, quoted := messages(t), quotes(page)
	if len(all) < 50 {
		t.Fatalf("%d messages were found", len(all))
	}
	for _, quote := range quoted {
		if !slices.ContainsFunc(all, func(m message) bool { return quote.in.MatchString(m.text) }) {
			t.Errorf("%s explains %q, which is in no message", page.Path, quote.text)
		}
	}
	for _, m := range all {
		if sentence.MatchString(m.text) && !slices.ContainsFunc(quoted, func(q quote) bool { return q.in.MatchString(m.text) }) {
			t.Errorf("%s does not explain %q (%s)", page.Path, m.text, m.where)
		}
	}
}
