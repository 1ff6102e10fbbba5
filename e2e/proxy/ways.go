package proxy

import (
	"fmt"
	"strings"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/tlstest"
)

// The plugin's sentences about a way that is closed; ADDRESS is the way's.
const (
	unreached = "Flink could not be reached at ADDRESS/overview (%s): check the address and port, and that Grafana's server can reach it."
	refused   = "ADDRESS/overview was refused with %s: check the authentication in the data source's settings."
	redirects = "ADDRESS/overview redirects to %s, which is not followed, as the credentials would go there too: if that is where Flink is, enter that address in the data source's settings; if it is a login page, check the authentication."
	noFlink   = "ADDRESS/overview answered %s with something that is not Flink's JSON, such as a proxy's login page: check the address, its path prefix and the authentication."
)

// Way is one into a site: the settings of the data source and, where it is
// closed, the answer's status and its one sentence.
type Way struct {
	Address  string
	User     string // of basic authentication
	JSONData map[string]any
	Secrets  map[string]string
	Status   int
	Text     string // "" where the way is open
}

// Ways are all, with the right credentials and with wrong ones.
func (s *Site) Ways() map[string]Way {
	type keys = map[string]any
	ca := map[string]string{"tlsCACert": s.Ours.Certificate}
	own, mutual := keys{"tlsAuthWithCACert": true}, keys{"tlsAuthWithCACert": true, "tlsAuth": true}
	login := func(password string) map[string]string { return map[string]string{"basicAuthPassword": password} }
	token := func(token string) map[string]string { return map[string]string{"bearerToken": token} }
	shown := func(identity tlstest.Identity) map[string]string {
		return map[string]string{"tlsCACert": s.Ours.Certificate, "tlsClientCert": identity.Certificate, "tlsClientKey": identity.Key}
	}
	cookie := keys{"httpHeaderName1": "Cookie"}
	unsigned := fmt.Sprintf(unreached, "its TLS certificate is signed by an unknown authority, see tlsAuthWithCACert and tlsCACert")
	unauthorized, forbidden := fmt.Sprintf(refused, "401 Unauthorized"), fmt.Sprintf(refused, "403 Forbidden")
	page := fmt.Sprintf(noFlink, "400 Bad Request")
	ways := map[string]Way{
		"path prefix":           {Address: s.Plain + "/flink"},
		"path prefix over IPv6": {Address: s.PlainIPv6 + "/flink/"},
		"no path prefix":        {s.Plain, "", nil, nil, 502, fmt.Sprintf(noFlink, "404 Not Found")},
		"Flink is away":         {s.Plain + "/away", "", nil, nil, 502, "The proxy before Flink failed to answer ADDRESS/overview (502 Bad Gateway): check that the JobManager is up, and the proxy's log."},

		"basic login":    {Address: s.Plain + "/basic", User: "grafana", Secrets: login(s.secret)},
		"wrong password": {s.Plain + "/basic", "grafana", nil, login(s.secret + "2"), 401, unauthorized},
		"no login":       {s.Plain + "/basic", "", nil, nil, 401, unauthorized},

		"token":            {Address: s.Plain + "/bearer", Secrets: token(s.secret)},
		"wrong token":      {s.Plain + "/bearer", "", nil, token(s.secret + "2"), 403, forbidden},
		"no token":         {s.Plain + "/bearer", "", nil, nil, 403, forbidden},
		"a token too long": {s.Plain + "/bearer", "", nil, token(strings.Repeat(s.secret, 2000)), 502, page},

		"session":       {Address: s.Plain + "/login", JSONData: cookie, Secrets: map[string]string{"httpHeaderValue1": "session=" + s.secret}},
		"wrong session": {s.Plain + "/login", "", cookie, map[string]string{"httpHeaderValue1": "session=" + s.secret + "2"}, 502, fmt.Sprintf(redirects, s.Plain)},
		"no session":    {s.Plain + "/login", "", nil, nil, 502, fmt.Sprintf(redirects, s.Plain)},

		"TLS":                 {Address: s.TLS, JSONData: own, Secrets: ca},
		"TLS without a check": {Address: s.TLS, JSONData: keys{"tlsSkipVerify": true}},
		"TLS without the CA":  {s.TLS, "", nil, nil, 502, unsigned},
		"another's CA":        {s.TLS, "", own, map[string]string{"tlsCACert": s.Theirs.Certificate}, 502, unsigned},
		"another's name":      {s.TLS, "", keys{"tlsAuthWithCACert": true, "serverName": "kafka.example"}, ca, 502, fmt.Sprintf(unreached, "its TLS certificate is not for this host, see serverName, but for flink.example, 127.0.0.1")},
		"plain HTTP to TLS":   {strings.Replace(s.TLS, "https", "http", 1), "", nil, nil, 502, page},
		"TLS to plain HTTP":   {strings.Replace(s.Plain, "http", "https", 1), "", own, ca, 502, fmt.Sprintf(unreached, "server gave HTTP response to HTTPS client")},

		"mutual TLS":                {Address: s.MutualTLS, JSONData: mutual, Secrets: shown(s.Client)},
		"no client certificate":     {s.MutualTLS, "", own, ca, 502, page},
		"a stranger's certificate":  {s.MutualTLS, "", mutual, shown(s.Stranger), 502, page},
		"mutual TLS without the CA": {s.MutualTLS, "", keys{"tlsAuth": true}, map[string]string{"tlsClientCert": s.Client.Certificate, "tlsClientKey": s.Client.Key}, 502, unsigned},
	}
	for name, way := range ways {
		way.Text = strings.ReplaceAll(way.Text, "ADDRESS", way.Address)
		ways[name] = way
	}
	return ways
}
