// Package tlstest makes certificates, and servers that have them, for tests.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Authority is a certificate authority that lives as long as a test.
type Authority struct {
	// Certificate is its own, in PEM.
	Certificate string
	parsed      *x509.Certificate
	key         *ecdsa.PrivateKey
}

// Identity is a certificate and its key, in PEM.
type Identity struct{ Certificate, Key string }

// NewAuthority makes an authority of that name.
func NewAuthority(name string) *Authority {
	template := certificate(name, time.Hour)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage |= x509.KeyUsageCertSign
	made := &Authority{parsed: template}
	made.Certificate, made.key = made.sign(template)
	return made
}

// Issue makes a certificate for those hosts, names or IP addresses, that is
// valid for so long from now; negative, it has expired. It serves a server
// and a client alike.
func (a *Authority) Issue(name string, valid time.Duration, hosts ...string) Identity {
	template := certificate(name, valid)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	signed, key := a.sign(template)
	return Identity{signed, text("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key)))}
}

func certificate(name string, valid time.Duration) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(valid), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// sign signs with the authority's key, or, for an authority that has none yet,
// with the certificate's own.
func (a *Authority) sign(template *x509.Certificate) (string, *ecdsa.PrivateKey) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	signer := a.key
	if signer == nil {
		signer = key
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.parsed, &key.PublicKey, signer))
	return text("CERTIFICATE", der), key
}

func text(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// must panics where a certificate cannot be made, which no test can do anything
// about.
func must[T any](made T, err error) T {
	if err != nil {
		panic(err)
	}
	return made
}
