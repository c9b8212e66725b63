package turn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// certificate is one in two files, which are read again when they were replaced: certificates are renewed while a server
// runs.
type certificate struct {
	certFile, keyFile string

	mu    sync.Mutex // guards what follows
	tls   *tls.Certificate
	stamp [2]time.Time // when the files were changed, that it was read from
}

// LoadTLS reads a certificate's chain and its key, both PEM, for [Config].TLS, and gives the name to be reached by: wanted,
// if it is for that, or else the first that it has.
func LoadTLS(certFile, keyFile, wanted string) (config *tls.Config, name string, err error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
	first, err := c.get(nil)
	if err != nil {
		return nil, "", err
	}
	if name = nameOf(first.Leaf, wanted); name == "" {
		return nil, "", fmt.Errorf("the certificate in %s is for no host name", certFile)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, name, nil
}

func nameOf(leaf *x509.Certificate, wanted string) string {
	if leaf.VerifyHostname(wanted) == nil {
		return wanted
	}
	for _, name := range leaf.DNSNames {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	return ""
}

// get gives the certificate as it is in the files now, or, should they be unreadable, as it was.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamp, err := stampOf(c.certFile, c.keyFile)
	if err == nil && c.tls != nil && stamp == c.stamp {
		return c.tls, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile)
	}
	switch {
	case err == nil:
		c.tls, c.stamp = &pair, stamp
	case c.tls == nil:
		return nil, fmt.Errorf("read the certificate for TURN: %w", err)
	}
	return c.tls, nil
}

func stampOf(certFile, keyFile string) (stamp [2]time.Time, err error) {
	for i, file := range []string{certFile, keyFile} {
		info, failed := os.Stat(file)
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		stamp[i] = info.ModTime()
	}
	return stamp, err
}
