package turn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// makeCertificate writes a certificate for a name, and its key.
func makeCertificate(t *testing.T, dir, name string, serial int64) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"*." + name, name}, NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(1, 0, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		at := noon.Add(time.Duration(serial) * time.Second)
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestCertificateName(t *testing.T) {
	cert, key := makeCertificate(t, t.TempDir(), "vetroom.example", 1)
	for wanted, want := range map[string]string{
		"vetroom.example": "vetroom.example", "turn.vetroom.example": "turn.vetroom.example", "127.0.0.1": "vetroom.example",
	} {
		if _, name, err := LoadTLS(cert, key, wanted); err != nil || name != want {
			t.Errorf("reached as %s it is named %q, %v", wanted, name, err)
		}
	}
	if _, _, err := LoadTLS(cert, cert, ""); err == nil {
		t.Error("a certificate served as its own key")
	}
	if _, _, err := LoadTLS("nowhere.pem", key, ""); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := makeCertificate(t, dir, "vetroom.example", 1)
	config, _, err := LoadTLS(certFile, keyFile, "")
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		c, err := config.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.Int64()
	}
	makeCertificate(t, dir, "vetroom.example", 2)
	if n := serial(); n != 2 {
		t.Errorf("number %d is shown after it was renewed", n)
	}
	if err := os.WriteFile(keyFile, []byte("half a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := serial(); n != 2 {
		t.Errorf("number %d is shown while another is being written", n)
	}
}
