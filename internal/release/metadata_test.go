package release

import (
	"strings"
	"testing"
)

func inPlugin(old, new string) change {
	return edit("plugin.json", old, new)
}

func TestPluginJSON(t *testing.T) {
	refusals{
		`plugin.json is missing`:                                      remove("plugin.json"),
		`plugin.json cannot be read: unexpected EOF`:                  content("plugin.json", "{"),
		`plugin.json cannot be read: json: unknown field "streaming"`: inPlugin(`"backend"`, `"streaming": true, "backend"`),
		`must be named by the plugin's id, acme-pipes-datasource`:     rename("acme-tubes-datasource"),
		`plugin.json: the type is "panel"`:                            inPlugin(`"type": "datasource"`, `"type": "panel"`),
		`plugin.json: the name is "acme-pipes-datasource"`:            inPlugin(`"name": "Pipes"`, `"name": "acme-pipes-datasource"`),
		`plugin.json: the name is ""`:                                 inPlugin(`"name": "Pipes"`, `"name": ""`),
		`plugin.json: info.updated "31 January 2026" is no date`:      inPlugin(`2026-01-31`, `31 January 2026`),
		`plugin.json: info.updated "2026-02-31" is no date`:           inPlugin(`2026-01-31`, `2026-02-31`),
		`plugin.json: info.description is empty`:                      inPlugin(`"Shows pipes."`, `""`),
		`plugin.json: info.author.name is empty`:                      inPlugin(`{"name": "Acme"}`, `{}`),
		`plugin.json: info.author.url "acme" is no https address`:     inPlugin(`{"name": "Acme"}`, `{"name": "Acme", "url": "acme"}`),
		`plugin.json: info.keywords is empty`:                         inPlugin(`["pipes"]`, `[]`),
		`plugin.json: backend is not true`:                            inPlugin(`"backend": true, `, ``),
	}.test(t)
}

func TestIDsAndVersions(t *testing.T) {
	for _, wrong := range []string{"pipes-datasource", "acme-pipes-panel", "Acme-pipes-datasource", "acme-pipes-red-datasource"} {
		f := valid()
		inPlugin(id, wrong)(t, f)
		rename(wrong)(t, f)
		if err := f.check(t); err == nil || !strings.Contains(err.Error(), "is not of the form") {
			t.Errorf("id %s: got %v", wrong, err)
		}
	}
	for _, wrong := range []string{"", "1.2", "v1.2.3", "01.2.3", "%VERSION%"} {
		f := valid()
		inPlugin(`"1.2.3"`, `"`+wrong+`"`)(t, f)
		if err := f.check(t); err == nil || !strings.Contains(err.Error(), "is no version such as") {
			t.Errorf("version %s: got %v", wrong, err)
		}
	}
}

func TestWithoutANameForTheBackend(t *testing.T) {
	f := valid()
	inPlugin(`"gpx_pipes"`, `""`)(t, f)
	if err := f.check(t); err == nil || !strings.Contains(err.Error(), "executable is empty") {
		t.Errorf("got %v", err)
	}
}

func TestRangesOfGrafana(t *testing.T) {
	for wanted, problem := range map[string]string{
		">=10.4.0":                  "",
		">=10.4.0 <14":              "",
		"^11.2.0 || >=12.1.0-pre.1": "",
		"10.x":                      "",
		"10.4.0":                    "admits one release of Grafana only",
		"10.4.x":                    "admits one release of Grafana only",
		"":                          "is no range",
		"latest":                    "is no range",
		">= 10.4.0":                 "is no range",
		">=10.4.0,<14":              "is no range",
	} {
		f := valid()
		inPlugin(">=10.4.0", wanted)(t, f)
		err := f.check(t)
		if problem == "" && err != nil || problem != "" && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%q: got %v, want %q", wanted, err, problem)
		}
	}
}

func TestWhatPluginJSONNames(t *testing.T) {
	refusals{
		`plugin.json: info.links is empty`:                            inPlugin(`{"name": "repository", "url": "https://example.org/pipes"}`, ``),
		`plugin.json: the link to https://example.org/pipes has no`:   inPlugin(`"repository"`, `""`),
		`the link repository leads to "http://example.org/pipes"`:     inPlugin(`https://example.org/pipes`, `http://example.org/pipes`),
		`the link repository leads to "https:pipes"`:                  inPlugin(`https://example.org/pipes`, `https:pipes`),
		`plugin.json: the small logo's path ""`:                       inPlugin(`"img/small.svg"`, `""`),
		`plugin.json: the large logo's path "./img/large.svg"`:        inPlugin(`"img/large.svg"`, `"./img/large.svg"`),
		`plugin.json: the large logo img/other.svg is not in`:         inPlugin(`"img/large.svg"`, `"img/other.svg"`),
		`plugin.json: the large logo img/pipe.png contains text/pla`:  both(inPlugin(`{"name": "A pipe", "path": "img/pipe.png"}`, ``), both(inPlugin(`img/large.svg`, `img/pipe.png`), content("img/pipe.png", "a pipe"))),
		`plugin.json: the screenshot img/pipe.png contains image/svg`: content("img/pipe.png", drawing),
		`plugin.json: the screenshot img/pipe.png is not in`:          remove("img/pipe.png"),
		`plugin.json: the screenshot img/pipe.png has no name`:        inPlugin(`"A pipe"`, `""`),
		`plugin.json: "Pipes" is included as a "page"`:                inPlugin(`"type": "dashboard"`, `"type": "page"`),
		`plugin.json: the dashboard dashboards/pipes.json has no na`:  inPlugin(`"dashboard", "name": "Pipes"`, `"dashboard"`),
		`plugin.json: the dashboard "dashboards/pipes.json" is not`:   remove("dashboards/pipes.json"),
	}.test(t)
}

func both(a, b change) change {
	return func(t *testing.T, f *fixture) { a(t, f); b(t, f) }
}
