package release

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// refusedImports are packages that the catalogue refuses in pkg: a data source has no
// business with the machine that Grafana runs on.
var refusedImports = map[string]string{
	"io/fs": "files", "io/ioutil": "files", "path/filepath": "files", "embed": "files",
	"os/exec": "programs",
}

// allowedOS are what pkg may use of the package os.
var allowedOS = map[string]bool{"Exit": true, "Args": true, "Stderr": true, "Interrupt": true, "Signal": true}

// backendSources are about what the Go files in pkg use, tests left out.
func backendSources(c *contained) error {
	if _, err := fs.Stat(c.source, "pkg"); err != nil {
		return nil // the build manifest names what is missing
	}
	var refused []error
	err := fs.WalkDir(c.source, "pkg", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		content, err := fs.ReadFile(c.source, name)
		if err != nil {
			return err
		}
		refused = append(refused, goFile(name, content))
		return nil
	})
	return errors.Join(append(refused, err)...)
}

// goFile is about what one Go file uses.
func goFile(name string, content []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	var refused []error
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		what, bad := refusedImports[imported]
		refused = append(refused, demand(!bad, "%s imports %s: a plugin may not use %s", name, imported, what))
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if of, ok := selector.X.(*ast.Ident); ok {
				refused = append(refused,
					demand(of.Name != "os" || allowedOS[selector.Sel.Name], "%s uses os.%s: a plugin may not use files or the environment", name, selector.Sel.Name),
					demand(of.Name != "syscall" || strings.HasPrefix(selector.Sel.Name, "SIG"), "%s uses syscall.%s: of the system, a plugin may use the names of signals alone", name, selector.Sel.Name),
					demand(of.Name != "fmt" || !strings.HasPrefix(selector.Sel.Name, "Print"), "%s uses fmt.%s: write to the logger of the SDK", name, selector.Sel.Name))
			}
		}
		return true
	})
	return errors.Join(refused...)
}

// standardBuild is about whether the sources are built with Grafana's tools.
func standardBuild(c *contained) error {
	magefile, err := fs.ReadFile(c.source, "Magefile.go")
	if err != nil {
		return errors.New("the sources have no Magefile.go: the catalogue builds the backends with it")
	}
	text := string(magefile)
	frontend, _ := fs.ReadFile(c.source, ".config/webpack/webpack.config.ts") // a file that is missing has no such text
	return errors.Join(
		demand(strings.Contains(string(frontend), "@grafana/create-plugin"), ".config/webpack/webpack.config.ts is missing, or not the one of create-plugin"),
		demand(strings.Contains(text, "grafana-plugin-sdk-go/build"), "Magefile.go does not use the build package of Grafana's SDK"),
		demand(strings.Contains(text, "func BuildAll("), "Magefile.go has no target buildAll, which the catalogue calls"),
		demand(strings.Contains(text, "func Coverage("), "Magefile.go has no target coverage, which the catalogue calls"))
}
