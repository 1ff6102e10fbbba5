package proxy

import (
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/flinkscope/flinkscope-flink-datasource/internal/tlstest"
)

// Doors are what the proxy is in front of, and the credentials that it demands.
type Doors struct {
	// Flink is where the REST API is, host and port; Away an address where
	// nothing listens.
	Flink, Away string
	// Own is the certificate of the proxy; Clients, in PEM, of the authority
	// of those who may enter by mutual TLS.
	Own     tlstest.Identity
	Clients string
	// User and Password, Token and Session are who may enter by /basic/,
	// /bearer/ and /login/; who has no session there is sent to a page.
	User, Password, Token, Session string
}

// write fills the directory with the configuration and its files. At the path
// ready nginx answers 204.
func (d Doors) write(directory string, ports []string, ready string) error {
	var text strings.Builder
	err := configuration.Execute(&text, struct {
		Doors
		Directory, Ready                 string
		Plain, PlainIPv6, TLS, MutualTLS string
	}{d, directory, ready, ports[0], ports[1], ports[2], ports[3]})
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"nginx.conf": text.String(), "htpasswd": d.User + ":{PLAIN}" + d.Password + "\n",
		"own.pem": d.Own.Certificate, "own.key": d.Own.Key, "clients.pem": d.Clients,
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// configuration has nothing that nginx's defaults have. It
// has one process, so that none is left when that ends.
var configuration = template.Must(template.New("nginx.conf").Parse(`
daemon off;
master_process off;
pid {{.Directory}}/nginx.pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path {{.Directory}}/client;
	proxy_temp_path {{.Directory}}/proxy;
	fastcgi_temp_path {{.Directory}}/fastcgi;
	uwsgi_temp_path {{.Directory}}/uwsgi;
	scgi_temp_path {{.Directory}}/scgi;
	gzip on;
	gzip_types application/json;
	gzip_proxied any;
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	ssl_certificate {{.Directory}}/own.pem;
	ssl_certificate_key {{.Directory}}/own.key;
	upstream flink {
		server {{.Flink}};
		keepalive 4;
	}
	server {
		listen {{.Plain}};
		listen {{.PlainIPv6}};
		location / { return 404; }
		location = /{{.Ready}} { return 204; }
		location /flink/ { proxy_pass http://flink/; }
		location /away/ { proxy_pass http://{{.Away}}/; }
		location /basic/ {
			auth_basic "Flink";
			auth_basic_user_file {{.Directory}}/htpasswd;
			proxy_pass http://flink/;
		}
		location /bearer/ {
			if ($http_authorization != "Bearer {{.Token}}") { return 403; }
			proxy_pass http://flink/;
		}
		location /login/ {
			if ($cookie_session != "{{.Session}}") { return 302 /login; }
			proxy_pass http://flink/;
		}
		location = /login {
			default_type text/html;
			return 200 "<!DOCTYPE html><html><body>Sign in to MegaCorp</body></html>";
		}
	}
	server {
		listen {{.TLS}} ssl;
		location / { proxy_pass http://flink; }
	}
	server {
		listen {{.MutualTLS}} ssl;
		ssl_client_certificate {{.Directory}}/clients.pem;
		ssl_verify_client on;
		location / { proxy_pass http://flink; }
	}
}
`))
