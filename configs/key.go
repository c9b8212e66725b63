package configs

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyFile holds the session key in the data folder.
const keyFile = "session.key"

// LoadOrMakeKey returns the session key kept in a data folder. Where there is
// none it makes one, and the folder; of several processes that do so at once,
// all get the same. It refuses a key that is too short or that others than the
// owner may read.
func LoadOrMakeKey(dir string) (Secret, error) {
	path := filepath.Join(dir, keyFile)
	key, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(path); err != nil {
		return "", fmt.Errorf("make the session key: %w", err)
	}
	return loadKey(path)
}

func loadKey(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others may read the session key: run chmod 600 %s", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key := Secret(strings.TrimSpace(string(text)))
	if len(key) < shortestKey {
		return "", fmt.Errorf("the session key in %s has %d bytes, fewer than %d: remove the file and a new one is made (whoever is logged in logs in again)", path, len(key), shortestKey)
	}
	return key, nil
}

// makeKey writes a new key beside path and links it there, which fails if
// another process was first; its key is then the one.
func makeKey(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, keyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	random := make([]byte, shortestKey)
	rand.Read(random) // never fails
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(random) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
