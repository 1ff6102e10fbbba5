package dashboard

import (
	"strings"
	"testing"
)

func TestInterpolated(t *testing.T) {
	values := map[string][]string{"cluster": {All}, "job": {"orders", `a "b", c`}, "none": {}}
	for name, c := range map[string]struct{ query, want string }{
		"no variable":           {`{"queryType":"tasks","tasks":["map",1]}`, `{"queryType":"tasks","tasks":["map",1]}`},
		"all":                   {`{"clusters":["${cluster}"]}`, `{"clusters":["$__all"]}`},
		"an element a value":    {`{"jobs":["${job}","/^etl-/"]}`, `{"jobs":["orders","a \"b\", c","/^etl-/"]}`},
		"no value":              {`{"jobs":["${none}"]}`, `{"jobs":[]}`},
		"not in a list":         {`{"datasource":{"uid":"${datasource}"}}`, `{"datasource":{"uid":"${datasource}"}}`},
		"part of a longer text": {`{"jobs":["/${job}/"]}`, `jobs: /${job}/ is not one variable that there is`},
		"an unknown variable":   {`{"tasks":["${task}"]}`, `tasks: ${task} is not one variable that there is`},
	} {
		t.Run(name, func(t *testing.T) {
			filled, err := Interpolated([]byte(c.query), values)
			got := string(filled)
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestReferences(t *testing.T) {
	text := `/d/${__dashboard.uid}?${datasource:queryparam}&var-job=${__data.fields.job:percentencode}&${job}&${job}&$__all`
	if got := strings.Join(References([]byte(text)), " "); got != "datasource job" {
		t.Errorf("it refers to %q", got)
	}
}
