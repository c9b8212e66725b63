package jetstream

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// The server's two users (contract, "may do everything" and "may only consume").
const (
	applicationUser = "application"
	subscriberUser  = "subscriber"
)

const (
	usersFile   = "nats.users.json" // mode 0600: passwords of both users
	addressFile = "nats.address"    // mode 0600: host:port while the server runs
)

// Credentials are the addresses of a server, each with the user and password in it. They are secrets.
type Credentials struct {
	ApplicationURL string
	SubscriberURL  string
}

// ReadCredentials finds the server that runs on dir, for a command beside it. It returns ErrNotRunning if none does. A
// server that was killed leaves its address behind; connecting to it then fails.
func ReadCredentials(dir string) (Credentials, error) {
	addr, err := os.ReadFile(filepath.Join(dir, addressFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Credentials{}, fmt.Errorf("%w: %s", ErrNotRunning, dir)
	}
	if err != nil {
		return Credentials{}, fmt.Errorf("read the server's address: %w", err)
	}
	pw, err := readPasswords(dir)
	if err != nil {
		return Credentials{}, err
	}
	return pw.credentials(strings.TrimSpace(string(addr))), nil
}

// passwords are the two users' passwords, as kept in usersFile.
type passwords struct {
	Application string `json:"application"`
	Subscriber  string `json:"subscriber"`
}

func (p passwords) credentials(addr string) Credentials {
	return Credentials{
		ApplicationURL: clientURL(applicationUser, p.Application, addr),
		SubscriberURL:  clientURL(subscriberUser, p.Subscriber, addr),
	}
}

func clientURL(user, password, addr string) string {
	return (&url.URL{Scheme: "nats", User: url.UserPassword(user, password), Host: addr}).String()
}

// loadOrMakePasswords reads dir's passwords, or makes them at the first start.
func loadOrMakePasswords(dir string) (passwords, error) {
	pw, err := readPasswords(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return pw, err
	}
	pw = passwords{Application: rand.Text(), Subscriber: rand.Text()}
	body, err := json.MarshalIndent(pw, "", "  ")
	if err != nil {
		return passwords{}, fmt.Errorf("encode the server's passwords: %w", err)
	}
	if err := writePrivate(filepath.Join(dir, usersFile), append(body, '\n')); err != nil {
		return passwords{}, fmt.Errorf("keep the server's passwords: %w", err)
	}
	return pw, nil
}

// readPasswords reads dir's passwords and takes the file back from other users where its mode had been opened.
func readPasswords(dir string) (passwords, error) {
	path := filepath.Join(dir, usersFile)
	body, err := os.ReadFile(path)
	if err != nil {
		return passwords{}, fmt.Errorf("read the server's passwords: %w", err)
	}
	var pw passwords
	if err := json.Unmarshal(body, &pw); err != nil {
		return passwords{}, fmt.Errorf("read the server's passwords in %s: %w; remove the file to have new ones made", path, err)
	}
	if pw.Application == "" || pw.Subscriber == "" {
		return passwords{}, fmt.Errorf("read the server's passwords: %s holds an empty one; remove the file to have new ones made", path)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return passwords{}, fmt.Errorf("close the server's passwords to others: %w", err)
	}
	return pw, nil
}

// writePrivate writes a file of mode 0600 that is there as a whole or not at all.
func writePrivate(path string, body []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
