package plugin_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/flinkscope/flinkscope-flink-datasource/pkg/query"
)

// The expressions that a query may have, each with whether it compiles, are what the
// editor's marking is tested against, in src/query/expression.test.ts:
// go test ./pkg/plugin -run Expressions -update writes them anew.
func TestExpressions(t *testing.T) {
	type expression struct {
		Expression string `json:"expression"`
		Compiles   bool   `json:"compiles"`
	}
	var all []expression
	for _, text := range []string{
		``, `^etl-`, `orders|clicks`, `a.*b+c?`, `a{2,3}`, `a{2,1}`, `a{1000}`, `(?i)ORDERS`, `(?i:a)b`, `(?-s)a`, `(?is-U:a)`,
		`(?P<name>a)`, `(?<name>a)`, `\Q(a\E)`, `\Q(a`, `[[:alpha:]]+`, `[^a-z]`, `\A a \z`, `\d\D\w\W\s\S\b\B`, `\pL`, `\p{Greek}`,
		`\x41`, `\.`, `\/`, `\-`, `a\\`, `{`, `]`, `支払い`,
		`(`, `)`, `(a`, `a)`, `[`, `[a`, `[z-a]`, `*`, `+a`, `a**`, `a\`, `\y`, `\E\q`, `(?=a)`, `a(?!b)`, `(?<=a)b`, `(?<!a)b`, `(a)\1`, `(?z)a`, `(?P<a`,
	} {
		source, err := json.Marshal(map[string]any{"queryType": "tasks", "jobs": []string{"/" + text + "/"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = query.Parse(source, "", false)
		all = append(all, expression{text, err == nil})
	}
	got, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "../query/testdata/expressions.json"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("the expressions are\n%s\nwant\n%s", got, want)
	}
}
